"""Keeping, opening, copying and exporting by key."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from driving import SMALL, SameFrame, advance, press, running, text

from gradsim.experiment.experiment import Experiment
from gradsim.insight.csv_text import csv_history
from gradsim.insight.report import report
from gradsim.keeping.exports import KINDS
from gradsim.keeping.folders import sessions_folder
from gradsim.keeping.keeper import Keeper
from gradsim.keeping.sessions import Entry, entries, open_file
from gradsim.simulation import records
from gradsim.simulation.actions import Advance, Grain, Switch
from gradsim.simulation.budget import Budget
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.kept import named, offer, rows


def kept_app() -> GradsimApp:
    session = Session(Experiment.of({"depth": 3, "width": 8}))
    keeper = Keeper(session, sessions_folder())
    return GradsimApp(session, live=False, playing=False, keeper=keeper)


async def test_a_session_is_kept_under_a_name_and_listed(home: Path, same_frame: SameFrame) -> None:
    it = kept_app()
    async with running(it, SMALL) as pilot:
        await press(pilot, "ctrl+s")
        assert "nothing has been done yet" in await text(pilot)
        await press(pilot, "a", "ctrl+s", "enter")
        assert "a name is right" in await text(pilot)
        await press(pilot, *"first", "enter")
        assert "kept: gradsim open first" in await text(pilot)
        assert open_file(home / "sessions" / "first.toml").session.actions == it.session.actions
        await press(pilot, "ctrl+s", *"first", "enter")
        assert "a session named first already" in await text(pilot)
        await press(pilot, "escape", "ctrl+o")
        same_frame("sessions-80x24", await text(pilot))
        await press(pilot, "escape")
        assert it.wanted is None
        await press(pilot, "ctrl+o", "enter")
    assert it.wanted == home / "sessions" / "first.toml"


async def test_where_nothing_is_kept_the_keys_say_so(home: Path) -> None:
    it = kept_app()
    async with running(it, SMALL) as pilot:
        await press(pilot, "ctrl+o")
        assert "no other session has been kept yet" in await text(pilot)
    bare = GradsimApp(Session(Experiment.of({"depth": 2})), live=False, playing=False)
    async with running(bare, SMALL) as pilot:
        await press(pilot, "ctrl+s")
        assert "leaves no file behind" in await text(pilot)
    assert list(home.iterdir()) == []


async def test_the_command_is_copied_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    it = kept_app()
    copied: list[str] = []
    monkeypatch.setattr(it, "copy_to_clipboard", copied.append)
    async with running(it, SMALL) as pilot:
        advance(it, 2)
        await press(pilot, "ctrl+y")
        assert copied == ["gradsim run --depth 3 --width 8 --steps 2"]
        assert f"copied: {copied[0]}" in await text(pilot)
        it.driver.request(Switch({"activation": "relu"}))
        it.advance()
        await press(pilot, "ctrl+y")
    assert it.keeper is not None
    assert copied[1] == f"gradsim open {it.keeper.path}"
    it.keeper.close()
    assert it.keeper.path.exists()


async def test_what_is_seen_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same_frame: SameFrame
) -> None:
    monkeypatch.chdir(tmp_path)
    it = kept_app()
    async with running(it, SMALL) as pilot:
        advance(it, 2)
        screen = await text(pilot)
        await press(pilot, "ctrl+e")
        same_frame("export-80x24", await text(pilot))
        await press(pilot, "down", "down", "enter")
        path = tmp_path / "gradsim-3x8-sigmoid-step-2.txt"
        assert path.read_text() == screen + "\n"
        assert f"written: {path.name} in " in await text(pilot)
        await press(pilot, "ctrl+e", "enter")
        root = ElementTree.fromstring((tmp_path / "gradsim-3x8-sigmoid-step-2.svg").read_text())
        assert "gradient" in "".join(root.itertext())
        monkeypatch.chdir("/proc")
        await press(pilot, "ctrl+e", "enter")
        assert "cannot be written" in await text(pilot)


async def test_the_numbers_of_every_step_are_written_also_those_let_go_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(records, "FAR", 8)
    session = Session(Experiment.of({"depth": 2, "width": 2}), budget=Budget(steps=64))
    session.do(Advance(Grain.STEP, 200))
    assert session.past()[71].loss is None
    it = GradsimApp(session, live=False, playing=False)
    async with running(it, SMALL) as pilot:
        await press(pilot, "ctrl+e", *["down"] * list(KINDS).index("history"), "enter")
        assert "the numbers of all 200 steps are computed again" in await text(pilot)
        it.advance()
        assert "written: " in await text(pilot)
    whole = Session(Experiment.of({"depth": 2, "width": 2}))
    whole.do(Advance(Grain.STEP, 200))
    written = (tmp_path / "gradsim-2x2-sigmoid-step-200-history.csv").read_text()
    assert written == csv_history(report(whole))
    assert session.cursor == whole.cursor


def test_the_last_session_is_offered_in_a_line_that_fits() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)

    def entry(name: str, hours: int, running: bool = False) -> Entry:
        title = "20x64 sigmoid, step 431"
        return Entry(Path(f"{name}.toml"), title, now - timedelta(hours=hours), running)

    found = [entry("session-b", 1, running=True), entry("session-a", 2), entry("mine", 50)]
    said = offer(found[1], "ctrl o", now)
    assert said == "ctrl o opens the last session: 20x64 sigmoid, step 431, 2 hours ago"
    assert len(said) < 78
    assert offer(None, "x", now) == ""
    assert [(name, remark) for name, _, remark in rows(found, now)] == [
        ("", "1 hour ago, open in another window"),
        ("", "2 hours ago"),
        ("mine", "2 days ago"),
    ]


@pytest.mark.parametrize("text", ["", " ", ".hidden", "session-1", "a\x1bb"])
def test_what_is_no_name_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="a name is right"):
        named(text, Path("folder"))


def test_a_name_may_be_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert named("v1.5", Path("folder")) == Path("folder/v1.5.toml")
    assert named("mine.toml", Path("folder")) == tmp_path / "mine.toml"
    assert named("./mine", Path("folder")) == tmp_path / "mine.toml"
    assert entries(tmp_path) == []
