"""Worker processes for trials: as many as there are cores, each with one thread, gone when asked.

Nothing here imports NumPy: a worker first sets what NumPy reads when it is imported.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, redirect_stderr
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from threading import Thread
from types import TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that hold the linear algebra to one thread."""


def cores() -> int:
    """How many processes can compute at once on this machine, as far as it is ours."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers(ProcessPoolExecutor):
    """An executor with a fresh process for each core; nothing is forked from a running app.

    The processes start with the first call that is submitted. They end at once, whatever they are
    at, on `stop`, at the end of a `with` block, and when this process is gone, even if it was
    killed; one of the first two is needed, or Python waits at its end for all that was submitted.
    An interrupt from the keyboard is left to this process. With `gently` they let others
    go first, such as the app's screen. A process that dies by itself breaks the pool: what is not
    yet done raises `concurrent.futures.process.BrokenProcessPool`. To cancel, stop the pool: a
    single future cancelled by itself upsets the pools of Python 3.11 when they break later.
    """

    def __init__(self, count: int | None = None, gently: bool = False) -> None:
        context = get_context("spawn")
        _start_tracker()
        # Only this process holds the writing end: when it is closed, the readers hear of it.
        self._lifeline, self._lifeline_out = context.Pipe(duplex=False)
        super().__init__(count or cores(), context, _begin, (self._lifeline, 10 if gently else 0))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As every executor does; processes that start now do not hear the keyboard's interrupt."""
        with _deaf():
            return super().submit(fn, *args, **kwargs)

    def stop(self) -> None:
        """End all processes now, and return when they are gone.

        What was not begun is cancelled or broken, what was under way is broken.
        """
        # The pool must know that it is being shut down before its processes go, and be waited for
        # when they are gone; its own `shutdown` cannot be asked for both in two calls.
        closing = Thread(target=self.shutdown, kwargs={"wait": True, "cancel_futures": True})
        closing.start()
        self._lifeline_out.close()
        closing.join()
        self._lifeline.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()


def _start_tracker() -> None:
    """Start what multiprocessing keeps its books with; it inherits stderr, if that is a real one.

    In the app something without a descriptor stands in its place.
    """
    if sys.platform != "win32":
        with redirect_stderr(sys.__stderr__):
            resource_tracker.ensure_running()


@contextmanager
def _deaf() -> Iterator[None]:
    """What is started in here has the interrupt blocked from its first instruction on."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(lifeline: Connection, niceness: int) -> None:
    """What a worker does first."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(niceness)
    Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    """Wait until the other end is closed, which it also is when its process is gone; then end."""
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        # A worker may be in the midst of a long product: no unwinding, nothing is left behind.
        os._exit(0)
