"""The command line as a process of its own: what only shows there."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import gradsim

ROOT = Path(gradsim.__file__).parent.parent
COMMAND = (sys.executable, "-m", "gradsim.cli.main")
SECONDS = 60


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": ""}


def call(
    *arguments: str, command: Sequence[str] = COMMAND, **others: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        env=environment() | others,
        check=False,
    )


def test_without_a_terminal_it_ends_and_says_how_to_go_on() -> None:
    for arguments in ([], ["--depth", "3"]):
        done = call(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Usage: ")
    done = call("play", "sigmoid-starves-relu-repairs")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "gradsim: there is no terminal to play in: add --headless for frames of text\n"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["play", "--help"], ["list"], ["--version"]])
def test_what_needs_no_numbers_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from gradsim.cli.main import run; code = run(sys.argv[1:]);"
        "heavy = {'numpy', 'textual', 'plotext', 'pydantic', 'rich'} & set(sys.modules);"
        "sys.exit(f'loaded: {heavy}' if heavy else code)"
    )
    done = call(*arguments, command=(sys.executable, "-c", code))
    assert (done.returncode, done.stderr) == (0, "")


def test_running_loads_no_app() -> None:
    code = (
        "import sys; from gradsim.cli.main import run; code = run(sys.argv[1:]);"
        "heavy = {'textual', 'plotext', 'rich'} & set(sys.modules);"
        "sys.exit(f'loaded: {heavy}' if heavy else code)"
    )
    done = call("run", "--steps", "1", "--depth", "2", command=(sys.executable, "-c", code))
    assert done.returncode == 0, done.stderr


def test_linear_algebra_has_one_thread_whatever_the_environment_says() -> None:
    code = (
        "import os, sys; from gradsim.cli import main, run as r;"
        "r._train = lambda *_: print(__import__('threadpoolctl').threadpool_info(),"
        " {k: os.environ[k] for k in main.ONE_THREAD}, file=sys.stderr) or 0.0;"
        "main.main()"
    )
    done = call(
        "run", "--depth", "2", "--json",
        command=(sys.executable, "-c", code),
        OPENBLAS_NUM_THREADS="2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "'num_threads': 1" in done.stderr
    assert "'num_threads': 2" not in done.stderr
    assert "'OPENBLAS_NUM_THREADS': '1'" in done.stderr


def test_stdout_is_data_and_the_same_bits_each_time() -> None:
    arguments = ("run", "--steps", "3", "--depth", "3", "--width", "8", "--json")
    one, two = call(*arguments), call(*arguments)
    assert json.loads(one.stdout)["history"]["step"] == [0, 1, 2, 3]
    assert one.stdout == two.stdout
    assert one.stderr.startswith("3 training steps in ")
    assert len(one.stderr.splitlines()) == 1


def test_numbers_that_leave_the_range_are_no_warning() -> None:
    done = call("run", "--steps", "5", "--depth", "3", "--activation", "relu",
                "--learning-rate", "1e120")  # fmt: skip
    assert done.returncode == 0
    assert done.stderr.startswith("5 training steps in ")
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_goes_away_is_no_reason_to_complain() -> None:
    with subprocess.Popen(
        [*COMMAND, "list", "knobs"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(SECONDS) == 141
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "list", "knobs"],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=SECONDS,
            env=environment(),
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "gradsim: output: no space left on device\n"


def test_a_terminal_without_unicode_gets_question_marks() -> None:
    done = call("run", "--set", "depth=é", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 2
    assert done.stderr.startswith('gradsim: --set: depth is "?", but must be')


@pytest.mark.parametrize("module", ["click", "gradsim.cli.main"])
def test_ctrl_c_while_it_loads_is_no_traceback(module: str) -> None:
    code = (
        "import sys; from gradsim.cli import start\n"
        "class Impatient:\n"
        "    @staticmethod\n"
        "    def find_spec(name, *_):\n"
        f"        if name == {module!r}:\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient)\n"
        "start.main()"
    )
    done = call("list", command=(sys.executable, "-c", code))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
