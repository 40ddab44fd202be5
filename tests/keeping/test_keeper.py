"""The keeper: it writes by itself, whole or not at all, and never over another's file."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.keeping import keeper as keeping
from gradsim.keeping.keeper import Keeper
from gradsim.keeping.sessions import entries, open_file
from gradsim.simulation.actions import Action, Advance, Grain, Switch
from gradsim.simulation.keyframes import EVERY_SMALL
from gradsim.simulation.session import Session

SMALL: dict[str, Any] = {"depth": 2, "width": 8, "batch-size": 8}
NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


def session(*actions: Action) -> Session:
    it = Session(Experiment.of(SMALL))
    for action in actions:
        it.do(action)
    return it


def written(keeper: Keeper) -> None:
    """Wait until the worker has written."""
    assert keeper._writing is not None
    keeper._writing.result()


def test_what_was_done_is_in_the_file_before_the_app_ends(tmp_path: Path) -> None:
    it = session()
    keeper = Keeper(it, tmp_path / "sessions")
    it.do(Switch({"activation": "relu"}))
    keeper.keep()
    written(keeper)
    assert open_file(keeper.path).session.actions == it.actions
    first = keeper.path.read_text()
    it.do(Advance(Grain.OP, 3))
    it.do(Advance(Grain.OP, 4))
    keeper.keep()
    written(keeper)
    assert open_file(keeper.path).session.actions == it.actions
    assert keeper.path.read_text().count("[[steps]]") == first.count("[[steps]]") + 1
    # While it is open it says whose it is; afterwards it is anybody's.
    assert f"process = {os.getpid()}" in keeper.path.read_text()
    assert [entry.running for entry in entries(keeper.folder)] == [os.name == "posix"]
    keeper.close()
    assert [entry.running for entry in entries(keeper.folder)] == [False]
    assert sorted(path.name for path in keeper.folder.iterdir()) == [keeper.path.name]


def test_nothing_is_written_where_nothing_was_done(tmp_path: Path) -> None:
    it = session()
    keeper = Keeper(it, tmp_path / "sessions")
    keeper.keep()
    it.do(Advance(Grain.STEP, 3))  # the app plays by itself
    keeper.keep()
    keeper.close()
    assert not (tmp_path / "sessions").exists()
    it.do(Advance(Grain.STEP, 30))
    assert keeper.worth_keeping


def test_a_session_gone_on_with_leaves_its_file_alone(tmp_path: Path) -> None:
    first = Keeper(session(Switch({"activation": "relu"})), tmp_path, now=NOW)
    first.keep_as(tmp_path / "mine.toml")
    text = (tmp_path / "mine.toml").read_text()
    it = open_file(tmp_path / "mine.toml").session
    second = Keeper(it, tmp_path, tmp_path / "mine.toml", now=NOW)
    assert second.file == tmp_path / "mine.toml"
    it.do(Advance(Grain.OP))
    assert second.file != tmp_path / "mine.toml"
    second.close()
    assert (tmp_path / "mine.toml").read_text() == text
    assert open_file(second.file).session.cursor == it.cursor


def test_two_at_once_have_files_of_their_own(tmp_path: Path) -> None:
    keepers = []
    for name in ("relu", "tanh"):
        it = session()
        keeper = Keeper(it, tmp_path, now=NOW)
        it.do(Switch({"activation": name}))
        keeper.keep()
        written(keeper)
        keepers.append(keeper)
    for keeper in keepers:
        keeper.close()
    found = [open_file(keeper.path).session.experiment.activation for keeper in keepers]
    assert found == ["relu", "tanh"]


def test_a_write_that_breaks_off_leaves_the_file_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = session()
    keeper = Keeper(it, tmp_path)
    it.do(Switch({"activation": "relu"}))
    keeper.keep()
    written(keeper)
    before = keeper.path.read_text()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gradsim.files.os.fsync", full)
        it.do(Switch({"activation": "tanh"}))
        keeper.keep()
        written(keeper)
        assert keeper.path.read_text() == before
        assert keeper.trouble().endswith("cannot be written: no space left on device")
        assert keeper.trouble() == ""
    assert [path.name for path in tmp_path.iterdir()] == [keeper.path.name]
    it.do(Advance(Grain.OP))
    keeper.keep()
    written(keeper)
    assert keeper.problem == ""
    keeper.close()


def test_a_name_is_never_taken_twice(tmp_path: Path) -> None:
    it = session()
    keeper = Keeper(it, tmp_path)
    with pytest.raises(InputError, match="nothing has been done yet"):
        keeper.keep_as(tmp_path / "a.toml")
    it.do(Advance(Grain.OP))
    keeper.keep_as(tmp_path / "a.toml")
    with pytest.raises(InputError, match="a session named a already"):
        keeper.keep_as(tmp_path / "a.toml")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        keeper.keep_as(tmp_path / "file" / "b.toml")


def test_the_oldest_without_a_name_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "FILES_KEPT", 2)
    (tmp_path / "session-damaged.toml").write_text("title = ")
    for day in range(1, 6):
        it = session()
        keeper = Keeper(it, tmp_path, now=NOW.replace(day=day))
        it.do(Switch({"activation": "relu"}))
        if day == 1:
            keeper.keep_as(tmp_path / "mine.toml")
        keeper.close()
        text = keeper.path.read_text()
        saved = text.split('saved = "')[1].split('"')[0]
        keeper.path.write_text(text.replace(saved, f"2026-05-0{day}T12:00:00+00:00"))
    # The limit holds when the next one is closed.
    names = {path.name for path in tmp_path.iterdir()}
    assert {"mine.toml", "session-damaged.toml"} <= names
    assert {name[:18] for name in names - {"mine.toml", "session-damaged.toml"}} == {
        "session-2026-05-04", "session-2026-05-05",
    }  # fmt: skip


def test_a_larger_state_is_written_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "STATE_FROM", 1)
    it = session()
    keeper = Keeper(it, tmp_path)
    beside = keeper.path.with_name(f"{keeper.path.stem}.state.npz")
    it.do(Advance(Grain.STEP, EVERY_SMALL))
    keeper.keep()
    written(keeper)
    first = beside.read_bytes()
    monkeypatch.setattr(keeping, "STATE_RATE", 1)  # a byte a second
    for seconds, same in ((2.0, True), (1e6, False)):
        it.do(Advance(Grain.STEP, EVERY_SMALL))
        keeper.keep(seconds)
        written(keeper)
        assert (beside.read_bytes() == first) == same
        assert f"step = {it.cursor.step}\n" in keeper.path.read_text()
    monkeypatch.setattr(keeping, "STATE_BYTES", 10)
    it.do(Advance(Grain.STEP, EVERY_SMALL))
    latest = beside.read_bytes()
    keeper.close()
    assert beside.read_bytes() == latest


def test_a_long_way_that_is_left_before_its_end_is_kept_as_far_as_it_went(tmp_path: Path) -> None:
    it = session()
    keeper = Keeper(it, tmp_path)
    way = it.perform(Advance(Grain.STEP, 1000))
    while it.cursor.step < 12:
        next(way)
    keeper.close()
    again = open_file(keeper.path, replay=True).session
    assert again.cursor.step == 12
    assert [row.loss for row in again.past()] == [row.loss for row in it.past()]
