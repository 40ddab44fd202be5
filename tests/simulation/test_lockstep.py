"""Lockstep: the pinned run goes on with the live one, to the bits it has when it trains alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import experiment, same_bits

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.nn.arrays import Array
from gradsim.simulation import lockstep, machine, records
from gradsim.simulation import session as sessions
from gradsim.simulation.actions import (
    Action,
    Advance,
    Back,
    Grain,
    Pin,
    Restart,
    Swap,
    Switch,
    Undo,
)
from gradsim.simulation.budget import Budget
from gradsim.simulation.events import Phase, Plan
from gradsim.simulation.lockstep import counterpart
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session
from gradsim.simulation.state import read, save


def small(**knobs: Any) -> Experiment:
    settings = {"activation": "tanh", "depth": 3, "width": 5, "batch_size": 6,
                "learning_rate": 0.5, "seed": 3}  # fmt: skip
    return experiment(**(settings | knobs))


def after(*actions: Action, **knobs: Any) -> Session:
    session = Session(small(**knobs))
    for action in actions:
        session.do(action)
    return session


def pinned(session: Session) -> Sequence[StepRecord]:
    assert session.pinned is not None
    return session.pinned.run.records


def values(session: Session) -> Array:
    return session.network().parameters.values.copy()


def same_record(one: StepRecord, other: StepRecord) -> None:
    assert one.layers is not None
    assert other.layers is not None
    assert same_bits(one.layers, other.layers)
    for name in ("loss", "accuracy", "held_out_accuracy", "grad_norm", "clipped_grad_norm"):
        assert getattr(one, name) == getattr(other, name), name


@pytest.mark.parametrize("grain", [Grain.OP, Grain.PHASE, Grain.STEP])
def test_both_go_on_together(grain: Grain) -> None:
    session = after(Advance(Grain.STEP, 2), Pin(), Switch({"activation": "relu"}))
    alone = after(Advance(Grain.STEP, 40))
    for _ in range(12):
        session.do(Advance(grain, 3))
        step = session.cursor.step
        same_record(pinned(session)[step], alone.run.records[step])
        assert len(pinned(session)) == step + 1, "no further than it is looked at"


def test_back_goes_back_in_both_and_what_was_known_stays() -> None:
    session = after(Pin(), Switch({"activation": "relu"}), Advance(Grain.STEP, 9))
    table = pinned(session)[4].layers
    session.do(Back(Grain.STEP, 5))
    assert pinned(session)[4].layers is table
    session.do(Swap())
    assert session.cursor == Position(4, 0)
    assert same_bits(values(session), values(after(Advance(Grain.STEP, 4))))


def test_swap_goes_on_with_the_other_run_and_back() -> None:
    session = after(Advance(Grain.STEP, 2), Pin(), Switch({"activation": "relu"}))
    session.do(Advance(Grain.STEP, 3))
    relu = values(session)
    session.do(Swap())
    assert session.experiment.activation == "tanh"
    assert same_bits(values(session), values(after(Advance(Grain.STEP, 5))))
    session.do(Advance(Grain.STEP, 2))
    assert same_bits(values(session), values(after(Advance(Grain.STEP, 7))))
    alone = after(Advance(Grain.STEP, 2), Switch({"activation": "relu"}), Advance(Grain.STEP, 6))
    same_record(pinned(session)[7], alone.run.records[7])
    session.do(Back(Grain.STEP, 2))
    session.do(Swap())
    assert session.experiment.activation == "relu"
    assert same_bits(values(session), relu)


def test_swap_inside_a_step_is_as_far_through_the_same_phase() -> None:
    session = after(Pin(), Switch({"activation": "relu"}), Advance(Grain.STEP, 1))
    session.do(Advance(Grain.OP, 11))
    session.do(Swap())
    assert session.cursor == Position(1, 11)
    session.do(Swap())
    assert session.cursor == Position(1, 11)
    deeper = after(Pin(), Switch({"depth": 6}), Advance(Grain.PHASE, 3))
    deeper.do(Swap())
    assert [event.phase for event in deeper.events()][-1] is Phase.BACKWARD
    deeper.do(Advance(Grain.OP, 1))
    assert deeper.events()[-1].phase is Phase.CLIP


def plan(**phases: int) -> Plan:
    return tuple((Phase(name), 1, "main", "op") for name, ops in phases.items() for _ in range(ops))


def test_counterpart() -> None:
    short = plan(forward=2, loss=1, backward=4, clip=1, update=2)
    long = plan(forward=20, loss=1, backward=40, clip=1, update=20)
    assert [counterpart(op, short, short) for op in range(10)] == list(range(10))
    assert [counterpart(op, short, long) for op in range(10)] == [
        0, 10, 20, 21, 31, 41, 51, 61, 62, 72,
    ]  # fmt: skip
    assert counterpart(81, long, short) == 9
    assert counterpart(1, long, short) == 1


@pytest.mark.parametrize(
    "changes", [{"depth": 5}, {"seed": 9}, {"width": 4}, {"data": "wine"}, {"batch-size": 3}]
)
def test_a_rebuilt_run_starts_beside_the_start_of_the_pinned_one(changes: dict[str, Any]) -> None:
    session = after(Advance(Grain.STEP, 3), Pin(), Switch(changes), Advance(Grain.STEP, 5))
    alone = after(Advance(Grain.STEP, 6))
    assert session.cursor.step in (5, 8)
    assert len(pinned(session)) == session.cursor.step + 1
    same_record(pinned(session)[5], alone.run.records[5])


def test_restart_fork_and_undo() -> None:
    session = after(Advance(Grain.STEP, 3), Pin(), Switch({"activation": "relu"}))
    session.do(Advance(Grain.STEP, 3))
    session.do(Restart())
    assert session.cursor == Position(0, 0)
    assert session.experiment.activation == "relu"
    session.do(Advance(Grain.STEP, 8))
    same_record(pinned(session)[8], after(Advance(Grain.STEP, 9)).run.records[8])
    session.do(Back(Grain.STEP, 4))
    session.do(Switch({"learning-rate": 0.1}))
    session.do(Advance(Grain.STEP, 6))
    same_record(pinned(session)[10], after(Advance(Grain.STEP, 11)).run.records[10])
    for _ in range(3):
        session.do(Undo())
    assert session.pinned is not None
    assert session.run is session.pinned.run
    session.do(Advance(Grain.STEP, 12))
    assert same_bits(values(session), values(after(Advance(Grain.STEP, 15))))


def test_a_loaded_state_goes_on_from_where_it_was_saved(tmp_path: Path) -> None:
    save(after(Advance(Grain.STEP, 4), optimizer="adam"), tmp_path / "state.npz")
    state = read(tmp_path / "state.npz")
    session = Session(state.experiment, state.origin)
    for action in (Pin(), Switch({"activation": "relu"}), Advance(Grain.STEP, 3)):
        session.do(action)
    alone = after(Advance(Grain.STEP, 8), optimizer="adam")
    loaded, straight = pinned(session)[3], alone.run.records[7]
    assert loaded.layers is not None
    assert straight.layers is not None
    assert same_bits(loaded.layers, straight.layers)
    assert loaded.loss == straight.loss
    session.do(Swap())
    assert same_bits(values(session), values(after(Advance(Grain.STEP, 7), optimizer="adam")))


def test_a_pinned_run_that_leaves_the_number_range_goes_on_too() -> None:
    session = after(Pin(), Switch({"learning-rate": 0.01}), activation="relu", learning_rate=1e200)
    session.do(Advance(Grain.STEP, 6))
    assert not np.isfinite(pinned(session)[6].loss or 0.0)
    assert np.isfinite(session.look().loss or np.nan)


def test_pinning_costs_nothing_until_there_are_two_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: object) -> None:
        raise AssertionError("a second machine")

    monkeypatch.setattr(lockstep, "Machine", none)
    session = after(Advance(Grain.STEP, 2), Pin(), Advance(Grain.STEP, 9), Back(Grain.STEP, 4))
    session.do(Pin())
    session.do(Switch({"activation": "relu"}))
    session.do(Advance(Grain.STEP, 2))
    assert session.pinned is None
    session.do(Pin())
    with pytest.raises(AssertionError, match="second machine"):
        session.do(Switch({"activation": "sigmoid"}))


def test_slices_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "OPS_AT_ONCE", 4)
    session = after(Pin(), Switch({"activation": "relu"}))
    ops = len(session.look().plan)
    slices = sum(1 for _ in session.perform(Advance(Grain.STEP, 3)))
    assert slices >= 2 * 3 * ops // 4


def test_what_was_let_go_of_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "Budget", lambda: Budget(1))
    monkeypatch.setattr(records, "EVENTS_KEPT", 2)
    session = after(Pin(), Switch({"activation": "relu"}), Advance(Grain.STEP, 30))
    assert pinned(session)[3].layers is None
    session.do(Back(Grain.STEP, 26))
    alone = after(Advance(Grain.STEP, 5))
    for step in (3, 4):
        same_record(pinned(session)[step], alone.run.records[step])


def test_a_pinned_run_is_at_hand_however_many_runs_there_are() -> None:
    session = after(Advance(Grain.STEP, 3), Pin())
    for rate in (0.1, 0.2, 0.3, 0.4, 0.6, 0.7):
        session.do(Switch({"learning-rate": rate}))
    assert session.pinned is not None
    assert session.pinned.run.keyframes.latest(3) is not None


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ([Swap()], "no run is pinned: there is nothing to swap with"),
        ([Pin(), Swap()], "the live run is the pinned one"),
        ([Pin(), Switch({"activation": "relu"}), Undo(), Swap()], "the live run is the pinned one"),
    ],
)
def test_a_swap_without_two_runs_is_refused(actions: list[Action], words: str) -> None:
    session = after(*actions[:-1])
    before = session.run, session.cursor, list(session.actions)
    with pytest.raises(InputError, match=words):
        session.do(actions[-1])
    assert (session.run, session.cursor, session.actions) == before


def test_the_log_replays() -> None:
    session = after(
        Advance(Grain.STEP, 2), Pin(), Switch({"activation": "relu"}), Advance(Grain.OP, 9),
        Swap(), Advance(Grain.STEP, 2), Switch({"depth": 4}), Advance(Grain.STEP, 1), Swap(),
    )  # fmt: skip
    again = after(*session.actions)
    assert again.cursor == session.cursor
    assert [run.cursor for run in again.runs] == [run.cursor for run in session.runs]
    assert same_bits(values(again), values(session))
    assert again.actions == session.actions
