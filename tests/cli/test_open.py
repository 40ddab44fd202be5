"""`gradsim open`, and the options of the app that bring a state back."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gradsim.cli.main import run
from gradsim.experiment.experiment import Experiment
from gradsim.keeping.keeper import Keeper
from gradsim.simulation.actions import Switch
from gradsim.simulation.session import Session

Call = tuple[tuple[Any, ...], dict[str, Any]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What the app was opened with, in a terminal that is always there."""
    calls: list[Call] = []

    def note(*arguments: Any, **more: Any) -> None:
        more.pop("report", None)
        calls.append((arguments, more))

    opening = ModuleType("gradsim.tui.opening")
    opening.__dict__.update(open_app=note, open_kept=note)
    monkeypatch.setitem(sys.modules, "gradsim.tui.opening", opening)
    for module in ("commands", "open"):
        monkeypatch.setattr(f"gradsim.cli.{module}.has_terminal", lambda: True)
    return calls


def kept(home: Path) -> Path:
    session = Session(Experiment.of({"depth": 2, "width": 8}))
    keeper = Keeper(session, home / "sessions")
    session.do(Switch({"activation": "relu"}))
    keeper.close()
    return keeper.path


def test_without_a_name_the_last_session_opens(
    home: Path, opened: list[Call], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["open"]) == 2
    assert "no session has been kept yet" in capsys.readouterr().err
    path = kept(home)
    assert run(["open"]) == 0
    assert run(["open", "--replay", path.stem]) == 0
    assert opened == [((path,), {"replay": False}), ((path,), {"replay": True})]
    assert run(["open", "never"]) == 2
    assert "no session of this name in" in capsys.readouterr().err


def test_it_needs_a_terminal(
    home: Path,
    opened: list[Call],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept(home)
    monkeypatch.setattr("gradsim.cli.open.has_terminal", lambda: False)
    assert run(["open"]) == 2
    assert "no terminal" in capsys.readouterr().err
    assert opened == []


def test_only_who_asks_for_nothing_is_offered_the_last_session(opened: list[Call]) -> None:
    for arguments in ([], ["--depth", "3"], ["--steps", "20", "--set", "depth=3"]):
        assert run(arguments) == 0
    assert [(call[0][1], call[1]["offered"]) for call in opened] == [
        (0, True), (0, False), (20, False),
    ]  # fmt: skip


def test_steps_of_the_app_are_a_whole_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--steps", "many"]) == 2
    assert '--steps is "many"' in capsys.readouterr().err
    assert run(["--steps", "3", "list"]) == 2
    assert "are for the app" in capsys.readouterr().err
