"""Worker processes: one thread each, and gone when asked, when interrupted, when alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from gradsim.insight.workers import ONE_THREAD, Workers

PARENT = """
import os, sys, time
from gradsim.insight.workers import Workers
if __name__ == "__main__":
    with Workers(2) as workers:
        print(*{workers.submit(os.getpid).result() for _ in range(8)}, flush=True)
        endless = [workers.submit(time.sleep, 1000) for _ in range(4)]
        time.sleep(1000)
"""


def environment() -> tuple[str | None, ...]:
    """What a worker finds in its environment."""
    return tuple(os.environ.get(name) for name in ONE_THREAD)


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process whose workers are busy for a long time."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def gone(pid: int) -> bool:
    """Whether a process ends within a time that no endless call would keep to."""
    for _ in range(1000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text():
            return True
        time.sleep(0.02)
    return False


def test_workers_are_other_processes_with_one_thread_and_end_with_the_block() -> None:
    with Workers(1) as workers:
        pid = workers.submit(os.getpid).result()
        assert pid != os.getpid()
        assert workers.submit(environment).result() == ("1",) * len(ONE_THREAD)
        endless = [workers.submit(time.sleep, 1000) for _ in range(4)]
    assert gone(pid)
    assert all(future.done() for future in endless)


def test_stop_without_a_start_and_twice() -> None:
    workers = Workers()
    workers.stop()
    workers.stop()


def test_the_interrupt_is_left_to_the_parent() -> None:
    with Workers(1) as workers:
        pid = workers.submit(os.getpid).result()
        os.kill(pid, signal.SIGINT)
        assert workers.submit(os.getpid).result() == pid


def test_a_worker_that_dies_breaks_what_is_not_done() -> None:
    with Workers(1) as workers:
        futures: list[Future[object]] = [workers.submit(os._exit, 3)]
        futures.append(workers.submit(time.sleep, 0.0))
        for future in futures:
            with pytest.raises(BrokenProcessPool):
                future.result()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_when_their_parent_does(
    parent: subprocess.Popen[str], how: signal.Signals
) -> None:
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert pids
    parent.send_signal(how)
    parent.wait()
    assert all(gone(pid) for pid in pids)
