"""Sessions that are kept: the file is a scenario, and gives the same bits again."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.keeping import keeper as keeping
from gradsim.keeping.keeper import Keeper
from gradsim.keeping.sessions import ago, entries, find, latest, open_file
from gradsim.scenario.player import Player
from gradsim.scenario.reading import read
from gradsim.scenario.shelf import find as find_scenario
from gradsim.simulation import state
from gradsim.simulation.actions import (
    Action,
    Advance,
    Back,
    Grain,
    Pin,
    Redo,
    Restart,
    Swap,
    Switch,
    Undo,
    Visit,
)
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session

SMALL: dict[str, Any] = {"depth": 3, "width": 8, "batch-size": 8}


def session(*actions: Action, **knobs: Any) -> Session:
    it = Session(Experiment.of(SMALL | knobs))
    for action in actions:
        it.do(action)
    return it


def kept(it: Session, folder: Path) -> Path:
    path = folder / "kept.toml"
    Keeper(it, folder).keep_as(path)
    return path


def same(one: Session, other: Session) -> None:
    """Both stand at the same place with the same bits, and the same lies behind them."""
    assert (one.run.number, one.cursor) == (other.run.number, other.cursor)
    assert one.experiment == other.experiment
    assert [r.loss for r in one.past()] == [r.loss for r in other.past()]
    np.testing.assert_array_equal(
        one.network().parameters.values, other.network().parameters.values
    )


EVERYTHING: tuple[Action, ...] = (
    Advance(Grain.STEP, 4),
    Switch({"activation": "tanh", "layers.2.activation": "relu"}),
    Advance(Grain.OP, 7),
    Pin(),
    Advance(Grain.LAYER),
    Back(Grain.PHASE),
    Undo(),
    Redo(),
    Switch({"depth": 5, "learning-rate": 1e-05}),
    Advance(Grain.PHASE, 2),
    Swap(),
    Visit(1),
    Visit(0, Position(2, 3)),
    Restart(),
    Advance(Grain.STEP, 2),
)


def test_every_action_is_written_down_and_done_again(tmp_path: Path) -> None:
    it = session(*EVERYTHING)
    path = kept(it, tmp_path)
    again = open_file(path).session
    assert again.actions == it.actions
    same(again, it)
    assert len(again.runs) == len(it.runs)


def test_a_kept_session_is_a_scenario_that_plays(tmp_path: Path) -> None:
    it = session(*EVERYTHING)
    player = Player(find_scenario(str(kept(it, tmp_path))))
    while not player.finished:
        player.do_next()
    same(player.session, it)


MOVES = st.one_of(
    st.builds(Advance, st.sampled_from(list(Grain)), st.integers(1, 3)),
    st.builds(Back, st.sampled_from(list(Grain)), st.integers(1, 3)),
    st.sampled_from([Undo(), Redo(), Pin(), Swap(), Restart()]),
    st.sampled_from(
        [
            Switch({"activation": "relu"}),
            Switch({"depth": 2}),
            Switch({"depth": 4}),
            Switch({"layers.4.activation": "tanh"}),
            Switch({"normalization": "batch", "clip": "global-norm"}),
            Switch({"optimizer": "adam"}),
        ]
    ),
)


@settings(max_examples=25)
@given(st.lists(MOVES, min_size=1, max_size=12))
def test_whatever_is_done_comes_back(
    tmp_path_factory: pytest.TempPathFactory, moves: list[Action]
) -> None:
    it = session()
    for move in moves:
        try:
            it.do(move)
        except InputError:
            continue  # it is then as it was, and not in the log
    if not it.actions:
        return
    again = open_file(kept(it, tmp_path_factory.mktemp("kept"))).session
    assert again.actions == it.actions
    same(again, it)


@pytest.mark.parametrize(
    "knobs",
    [
        {"optimizer": "adam", "normalization": "batch", "learning-rate": 0.003},
        {"optimizer": "sgd", "clip": "global-norm"},
        {"cell": "gru", "data": "adding", "loss": "mean-squared-error", "sequence-length": 6},
    ],
)
def test_a_long_session_opens_from_the_state_beside_it(
    knobs: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradsim.keeping.sessions.LONG_WAY", 20)
    monkeypatch.setattr(keeping, "STATE_FROM", 10)
    it = session(Advance(Grain.STEP, 70), Advance(Grain.OP, 5), **knobs)
    path = kept(it, tmp_path)
    quick, whole = open_file(path), open_file(path, replay=True)
    assert len(quick.session.past()) < 10
    assert "--replay" in quick.said
    same(whole.session, it)
    for opened in (quick.session, whole.session):
        opened.do(Advance(Grain.STEP, 3))
    np.testing.assert_array_equal(
        quick.session.network().parameters.values, whole.session.network().parameters.values
    )
    # A session that began with a state can be kept in its turn.
    second = tmp_path / "second"
    second.mkdir()
    again = open_file(kept(quick.session, second)).session
    same(again, quick.session)
    with pytest.raises(InputError, match="begins with a saved state: gradsim open"):
        find_scenario(str(second / "kept.toml"))


def test_a_state_that_does_not_fit_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradsim.keeping.sessions.LONG_WAY", 20)
    monkeypatch.setattr(keeping, "STATE_FROM", 10)
    it = session(Advance(Grain.STEP, 30))
    path = kept(it, tmp_path)
    beside = tmp_path / "kept.state.npz"
    beside.write_bytes(beside.read_bytes()[:400])
    same(open_file(path).session, it)
    beside.unlink()
    same(open_file(path).session, it)


def test_a_saved_state_opens(tmp_path: Path) -> None:
    it = session(Advance(Grain.STEP, 3))
    state.save(it, tmp_path / "a.npz")
    opened = open_file(tmp_path / "a.npz")
    assert "from step 3" in opened.said
    np.testing.assert_array_equal(
        opened.session.network().parameters.values, it.network().parameters.values
    )


def test_a_data_file_is_found_from_anywhere_and_a_change_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(60))
    (tmp_path / "my.csv").write_text("a,b,c\n" + rows)
    monkeypatch.chdir(tmp_path)
    it = session(Advance(Grain.STEP, 2), data="my.csv")
    path = kept(it, tmp_path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    opened = open_file(path)
    same_bits = opened.session.network().parameters.values
    np.testing.assert_array_equal(same_bits, it.network().parameters.values)
    assert "changed" not in opened.said
    (tmp_path / "my.csv").write_text("a,b,c\n" + rows.replace("3", "4"))
    assert "my.csv has changed since" in open_file(path).said
    (tmp_path / "my.csv").unlink()
    with pytest.raises(InputError, match=r"my\.csv: there is no such file"):
        open_file(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.replace("format = 1", "format = 2\nnew = 3"), "from a newer gradsim"),
        (lambda t: t[: len(t) // 3], "kept.toml"),
        (lambda t: t.replace("relu", "rule"), 'did you mean "relu"'),
        (lambda t: t.replace("run = { steps = 2 }", "run = { stops = 2 }"), "stops"),
        (lambda t: re.sub(r"\[session\].*?\n\n", "", t, flags=re.DOTALL), "gradsim play"),
        (lambda t: t + "\n[[steps]]\nundo = true\n" * 2, "nothing to undo"),
        (lambda t: "", "kept.toml"),
        (lambda t: "\x00\x01", "kept.toml"),
    ],
)
def test_a_damaged_file_is_a_sentence_and_stays(change: Any, sentence: str, tmp_path: Path) -> None:
    path = kept(session(Advance(Grain.STEP, 2), Switch({"activation": "relu"})), tmp_path)
    text = change(path.read_text())
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        open_file(path)
    assert sentence in str(caught.value)
    assert all("kept.toml" in problem for problem in caught.value.problems)
    assert path.read_text() == text


def test_the_folder_lists_what_can_be_read_the_latest_first(tmp_path: Path) -> None:
    assert entries(tmp_path / "none") == []
    for name, saved in (("one", "2026-01-01T10:00:00+00:00"), ("two", "2026-01-01T12:00:00+01:00")):
        path = kept(session(Advance(Grain.STEP, 2)), tmp_path)
        text = re.sub(r'saved = ".*"', f'saved = "{saved}"', path.read_text())
        (tmp_path / f"{name}.toml").write_text(text)
        path.unlink()
    (tmp_path / "torn.toml").write_text("title = ")
    (tmp_path / "odd.toml").write_text("title = 'x'\n[session]\nsaved = 3\n")
    (tmp_path / "no.toml").mkdir()
    found = entries(tmp_path)
    assert [entry.path.stem for entry in found] == ["two", "one"]
    assert found[0].title == "3x8 sigmoid, step 2"
    for seconds, name in enumerate(("one", "two", "torn")):
        os.utime(tmp_path / f"{name}.toml", (seconds, seconds))
    assert latest(tmp_path) == found[0]
    assert latest(tmp_path / "none") is None
    (tmp_path / "two.toml").write_text(
        (tmp_path / "two.toml").read_text().replace("op = 0", f"op = 0\nprocess = {os.getpid()}")
    )
    if os.name == "posix":
        assert latest(tmp_path) == found[1]
    assert find("one", tmp_path) == tmp_path / "one.toml"
    assert find(str(tmp_path / "two.toml"), tmp_path / "x") == tmp_path / "two.toml"
    for name in ("three", "a\0b", "x" * 3000):
        with pytest.raises(InputError, match="no session of this name"):
            find(name, tmp_path)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (59, "just now"), (61, "1 minute ago"), (7300, "2 hours ago"),
     (200000, "2 days ago"), (-5, "just now")],
)  # fmt: skip
def test_how_long_ago(seconds: int, words: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert ago(now - timedelta(seconds=seconds), now) == words


def test_a_kept_session_reads_as_a_scenario_without_a_word_against_it(tmp_path: Path) -> None:
    scenario = read(kept(session(*EVERYTHING), tmp_path))
    assert scenario.session is not None
    assert scenario.session.format == 1
