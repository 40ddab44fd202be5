"""`gradsim record`: whole files or none, the same bytes each time, a sentence for what is wrong."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradsim.cli.main import run

SCENARIO = """\
title = "Small"
[experiment]
depth = 3
width = 8
batch-size = 16
[[steps]]
say = "Look."
[[steps]]
run = { phases = 2 }
[[steps]]
run = { steps = 5 }
[[steps]]
say = "That was all."
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def digests(folder: Path, seed: str) -> dict[str, str]:
    """What a process of its own records, by kind."""
    names = ["x.cast", "x.gif", "x.html", "x.txt", "x.svg", "x.png"]
    code = (
        "from gradsim.cli.main import run; import sys\n"
        "for name in sys.argv[1:]:\n"
        "    assert run(['record', 'small.toml', '-o', name, '--size', '80x24']) == 0\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, *names],
        cwd=folder,
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": seed},
    )
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def test_two_processes_record_the_same_bytes(folder: Path) -> None:
    assert digests(folder, "1") == digests(folder, "2")


def test_cast_has_the_size_and_the_speed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["record", "small.toml", "-o", "a.cast", "--size", "80x24"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("written: a.cast, ")
    assert "\x1b" not in err  # no bar where stderr is no terminal
    assert run(["record", "small.toml", "-o", "b.cast", "--size", "80x24", "--speed", "2"]) == 0
    one, two = (
        [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
        for name in ("a.cast", "b.cast")
    )
    assert (one[0]["width"], one[0]["height"]) == (80, 24)
    assert len(one) == len(two)
    assert two[0]["duration"] == pytest.approx(one[0]["duration"] / 2, abs=1e-3)


def test_at_picks_a_picture(folder: Path) -> None:
    assert run(["record", "small.toml", "-o", "first.txt", "--at", "0"]) == 0
    assert "Look." in (folder / "first.txt").read_text("utf-8")
    assert run(["record", "small.toml", "-o", "last.txt", "--at", "chapter:1"]) == 0
    last = (folder / "last.txt").read_text("utf-8")
    assert "That was all." in last
    assert len(last.splitlines()) == 1 + 36
    assert run(["record", "small.toml", "-o", "last.svg"]) == 0
    assert "That" in (folder / "last.svg").read_text("utf-8")


def test_a_session_is_found_by_its_name(folder: Path, home: Path) -> None:
    (home / "sessions").mkdir()
    (home / "sessions" / "mine.toml").write_text(SCENARIO, encoding="utf-8")
    assert run(["record", "mine", "-o", "mine.svg"]) == 0
    assert (folder / "mine.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["small.toml"], "say where it goes: gradsim record small.toml -o small.cast"),
        (["small.toml", "-o", "x.mp4"], "the name of a recording ends in one of .cast, .gif"),
        (["small.toml", "-o", "no/x.cast"], "no/x.cast cannot be written: no such file"),
        (["small.toml", "-o", "x.cast", "--size", "10x5"], '--size is "10x5", but must be'),
        (["small.toml", "-o", "x.cast", "--speed", "0"], '--speed is "0", but must be a number'),
        (["small.toml", "-o", "x.cast", "--speed", "nan"], '--speed is "nan", but must be'),
        (["small.toml", "-o", "x.cast", "--at", "3"], "--at picks one picture"),
        (["small.toml", "-o", "x.svg", "--at", "soon"], '--at is "soon", but must be seconds'),
        (["small.toml", "-o", "x.svg", "--at", "chapter:0"], '--at is "chapter:0", but must'),
        (["small.toml", "-o", "x.svg", "--at", "999"], "--at is 999, but the recording ends at"),
        (["small.toml", "-o", "x.svg", "--at", "chapter:2"], "the scenario has one chapter"),
        (["no-such", "-o", "x.cast"], "no-such: there is no such file, and no scenario"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert run(["record", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith("gradsim: ")
    assert sentence in err
    assert err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["small.toml"]


@pytest.mark.parametrize("name", ["x.gif", "x.png"])
def test_without_the_library_a_sentence_says_what_to_install(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert run(["record", "small.toml", "-o", name]) == 2
    assert "pip install 'gradsim[record]'" in capsys.readouterr().err
    assert not (folder / name).exists()
