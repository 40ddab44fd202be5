"""Exports: into a new file each time, with the numbers of the command line."""

import builtins
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gradsim.cli.main import run
from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.keeping.exports import KINDS, Screen, export
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session

SEEN = Screen(lambda: "<svg/>", lambda: "seen")
ARGUMENTS = ("run", "--depth", "3", "--width", "8", "--steps", "4")


@pytest.fixture
def session() -> Session:
    it = Session(Experiment.of({"depth": 3, "width": 8}))
    it.do(Advance(Grain.STEP, 4))
    return it


@pytest.mark.parametrize(
    ("kind", "options"),
    [("layers", ["--csv"]), ("history", ["--csv", "--history"]), ("json", ["--json"])],
)
def test_numbers_are_those_of_run(
    kind: str,
    options: list[str],
    session: Session,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = export(kind, SEEN, session, tmp_path)
    assert run([*ARGUMENTS, *options]) == 0
    printed = capsys.readouterr().out
    if kind == "json":
        wanted = json.loads(printed)
        del wanted["memory"]  # that is of the process, not of the state
        assert json.loads(path.read_text()) == wanted
        assert wanted["experiment"]["depth"] == 3
    else:
        assert path.read_text() == printed


def test_no_file_is_written_over(session: Session, tmp_path: Path) -> None:
    names = [export("text", SEEN, session, tmp_path).name for _ in range(3)]
    stem = "gradsim-3x8-sigmoid-step-4"
    assert names == [f"{stem}.txt", f"{stem}-2.txt", f"{stem}-3.txt"]
    kinds = [export(kind, SEEN, session, tmp_path).name for kind in KINDS if kind != "png"]
    assert len(set(kinds)) == len(kinds)


def test_where_nothing_can_be_written_it_is_said(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: no such file or directory"):
        export("svg", SEEN, session, tmp_path / "none")
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    if not os.access(locked, os.W_OK):  # root may write anywhere
        with pytest.raises(InputError, match="cannot be written: permission denied"):
            export("svg", SEEN, session, locked)
    assert list(locked.iterdir()) == []


def test_without_its_library_a_png_says_what_to_install(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "resvg_py":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'gradsim\[png\]'"):
        export("png", SEEN, session, tmp_path)
    assert list(tmp_path.iterdir()) == []
