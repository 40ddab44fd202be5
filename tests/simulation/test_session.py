"""The session: the same bits by every way, and what each action does to runs and weights."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import experiment, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from straight import (
    Line,
    Model,
    Straight,
    check_cursors,
    check_events,
    check_look,
    check_network,
    check_pinned,
    same_network,
    together,
)

from gradsim.errors import InputError
from gradsim.experiment.batches import Batches
from gradsim.experiment.data import load
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.experiment.knobs import Effect
from gradsim.nn.arrays import Array
from gradsim.simulation import records
from gradsim.simulation import session as sessions
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
from gradsim.simulation.budget import Budget
from gradsim.simulation.events import Phase
from gradsim.simulation.machine import OPS_AT_ONCE
from gradsim.simulation.measure import LAYER_COLUMNS
from gradsim.simulation.run import Position, Segment
from gradsim.simulation.session import Session


def small(**knobs: Any) -> Experiment:
    """A network that trains fast and whose weights move a lot in each step."""
    settings = {
        "activation": "tanh", "depth": 2, "width": 4, "batch_size": 5, "learning_rate": 0.5,
        "data": "digits", "seed": 3,
    }  # fmt: skip
    return experiment(**(settings | knobs))


def weights(session: Session) -> dict[str, Array]:
    """Copies of all parameters at the cursor, by name."""
    store = session.network().parameters
    return {name: store.view(name, store.values).copy() for name in store.shapes}


def forget(patch: pytest.MonkeyPatch, events_kept: int = 2, runs_at_hand: int = 1) -> None:
    """Keep next to nothing: two checkpoints, few steps with events and tables, one run at hand."""
    patch.setattr(records, "EVENTS_KEPT", events_kept)
    patch.setattr(sessions, "RUNS_AT_HAND", runs_at_hand)
    patch.setattr(sessions, "Budget", lambda: Budget(1))


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch)


# -- random walks -------------------------------------------------------------------------------

GRAINS = st.sampled_from(list(Grain))

SWITCHES: list[dict[str, Any]] = [
    {"activation": "relu"},
    {"activation": "sigmoid"},
    {"activation": "tanh"},
    {"activation": "prelu", "learning-rate": 0.1},
    {"optimizer": "adam", "learning-rate": 0.01},
    {"optimizer": "momentum", "momentum": 0.8},
    {"optimizer": "sgd"},
    {"normalization": "batch"},
    {"normalization": "layer"},
    {"normalization": "none"},
    {"skip": "residual"},
    {"skip": "residual-scaled", "clip": "none"},
    {"clip": "global-norm", "clip-threshold": 0.1},
    {"learning-rate": 0.1},
    {"batch-size": 7},
    {"loss-factor": 2.0},
    {"normalization": "batch", "skip": "residual", "learning-rate": 0.2},
    {"seed": 4},
    {"depth": 1},
    {"dtype": "float32"},
]

READS: dict[str, Callable[[Session], object]] = {
    "look": Session.look,
    "network": Session.network,
    "events": Session.events,
    "held_out_accuracy": Session.held_out_accuracy,
    "past": lambda session: [session.events_of(r.step, 3) for r in session.past()[::4]],
}

MOVES = st.one_of(
    st.builds(Advance, GRAINS, st.integers(1, 3)),
    st.builds(Advance, st.just(Grain.STEP), st.integers(1, 7)),
    st.builds(Back, GRAINS, st.integers(1, 3)),
    st.builds(Back, st.just(Grain.STEP), st.integers(1, 7)),
    st.builds(Switch, st.sampled_from(SWITCHES)),
    st.just(Restart()),
    st.just(Pin()),
    st.just(Swap()),
    st.just(Undo()),
    st.just(Redo()),
    st.builds(Visit, st.integers(0, 5)),
    st.sampled_from(sorted(READS)),
)


@settings(max_examples=100)
@given(
    moves=st.lists(MOVES, max_size=14),
    start=st.sampled_from([{}, {"normalization": "batch"}, {"optimizer": "adam"}]),
    keep=st.sampled_from([True, False]),
    in_slices=st.sampled_from(["", *sorted(READS)]),
)
def test_any_walk(
    moves: list[Action | str], start: dict[str, Any], keep: bool, in_slices: str
) -> None:
    """After every move, by whatever way: the cursor, events and bits of training straight on.

    `in_slices` reads the session between the slices of each action, as a live picture does.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not keep:
            forget(patch)
        declared = small(**start)
        session, model = Session(declared), Model(declared)
        taken = []
        for move in moves:
            if isinstance(move, str):
                READS[move](session)
                continue
            if isinstance(move, Undo) and model.run.parent is None:
                continue
            if isinstance(move, Redo) and not model.undone:
                continue
            if isinstance(move, Swap) and model.pinned in (None, model.number):
                continue
            action = Visit(move.run % len(session.runs)) if isinstance(move, Visit) else move
            for count, _ in enumerate(session.perform(action)):
                if in_slices and count in (0, 3, 4, 17, 60):
                    READS[in_slices](session)
            model.do(action)
            taken.append(action)
            check_cursors(session, model)
            check_events(session, model)
            check_pinned(session, model)
            if len(taken) % 2:
                check_network(session, model)
            if len(taken) % 3 == 0:
                check_look(session, model)
        check_network(session, model)
        again = Session(declared)
        for action in session.actions:
            again.do(action)
        check_cursors(again, model)
        check_pinned(again, model)
        check_network(again, model)


# -- the same bits ------------------------------------------------------------------------------


@pytest.mark.parametrize("normalization", ["none", "batch"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_experiment_same_bits(normalization: str, dtype: str) -> None:
    declared = small(normalization=normalization, dtype=dtype, clip="global-norm")
    one, other = Session(declared), Session(declared)
    one.do(Advance(Grain.STEP, 12))
    for _ in range(12):
        other.do(Advance(Grain.STEP))
    assert [r.loss for r in one.past()] == [r.loss for r in other.past()]
    assert same_bits(one.network().parameters.values, other.network().parameters.values)
    same_network(one.network(), Straight.of((Segment(0, declared),)), Position(12, 0))
    other_seed = Session(declared.switch({"seed": 4}))
    assert other_seed.look().loss != one.runs[0].records[0].loss


@pytest.mark.parametrize("grain", Grain)
@pytest.mark.parametrize("knobs", [{}, {"normalization": "batch", "skip": "residual"}])
def test_back_and_forward_again(grain: Grain, knobs: dict[str, Any]) -> None:
    """Over a switch, by every grain: each position has the bits that it had on the way there."""
    declared = small(clip="global-norm", clip_threshold=0.3, **knobs)
    session, model = Session(declared), Model(declared)
    for action in (
        Advance(Grain.STEP, 2),
        Switch({"activation": "relu", "normalization": "batch", "batch-size": 6}),
        Advance(Grain.STEP, 1),
        Advance(Grain.PHASE, 2),
    ):
        session.do(action)
        model.do(action)
    count = 70 if grain is Grain.OP else 12
    for way in (Back, Advance):
        for number in range(count):
            session.do(way(grain))
            model.do(way(grain))
            check_cursors(session, model)
            check_events(session, model)
            if number % 9 in (0, 1):
                check_network(session, model)
        check_network(session, model)


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_far_back_when_next_to_nothing_is_kept(normalization: str) -> None:
    declared = small(normalization=normalization)
    session, model = Session(declared), Model(declared)
    far: list[Action] = [
        Advance(Grain.STEP, 30),
        Back(Grain.STEP, 27),
        Advance(Grain.LAYER, 2),
        Switch({"skip": "residual"}),
        Advance(Grain.STEP, 25),
        Back(Grain.STEP, 24),
        Advance(Grain.PHASE, 3),
        Back(Grain.OP, 40),
        Visit(0),
        Advance(Grain.STEP, 26),
        Back(Grain.PHASE, 1),
        Visit(1),
        Advance(Grain.STEP, 20),
    ]
    for action in far:
        session.do(action)
        model.do(action)
        check_cursors(session, model)
        check_events(session, model)
        check_network(session, model)
    assert sum(r.events is not None for r in session.runs[0].records) < 8
    line = model.runs[0]
    for step in (0, 13, 29):
        count = len(line.straight.events(step))
        session.do(Visit(0))
        assert list(session.events_of(step, count)) == line.straight.events(step)


def test_more_steps_than_are_recorded() -> None:
    """With the windows as they are: events are let go of, and come back the same."""
    declared = small(normalization="batch")
    session = Session(declared)
    session.do(Advance(Grain.OP))
    ops = len(session.run.records[0].plan)
    session.do(Advance(Grain.OP, 4 * records.EVENTS_KEPT * ops - 1))
    kept = [r.step for r in session.past() if r.events is not None]
    assert 0 < len(kept) <= records.EVENTS_KEPT + 1
    losses = [r.loss for r in session.past()]
    line = Line((Segment(0, declared),))
    session.do(Back(Grain.STEP, 3 * records.EVENTS_KEPT))
    for _ in range(30):
        session.do(Back(Grain.OP))
        step, op = session.cursor
        assert list(session.events()) == line.straight.events(step)[:op]
    same_network(session.network(), line.straight, session.cursor)
    session.do(Advance(Grain.STEP, 3 * records.EVENTS_KEPT))
    assert [r.loss for r in session.run.records[: len(losses)]] == losses
    same_network(session.network(), line.straight, session.cursor)


@pytest.mark.usefixtures("forgetful")
def test_keyframes_stay_within_their_budget() -> None:
    session = Session(small())
    session.do(Advance(Grain.STEP, 40))
    kept = [step for step in range(41) if session.run.keyframes.has(step)]
    assert kept[-1] >= 32
    assert len(kept) <= 4


@pytest.mark.parametrize("read", READS)
def test_reading_changes_nothing_that_comes_later(read: str) -> None:
    """Read at every op of two steps, or not at all: the same numbers ever after."""
    made = []
    for reading in (True, False):
        session = Session(small(normalization="batch"))
        for _ in range(60):
            session.do(Advance(Grain.OP))
            if reading:
                READS[read](session)
        session.do(Advance(Grain.STEP, 4))
        made.append(session)
    one, other = made
    assert one.cursor == other.cursor
    assert one.actions == other.actions
    assert [r.loss for r in one.past()] == [r.loss for r in other.past()]
    for a, b in zip(one.past(), other.past(), strict=True):
        assert a.layers is not None
        assert b.layers is not None
        assert same_bits(a.layers, b.layers)
    assert same_bits(one.network().parameters.values, other.network().parameters.values)
    buffers, wanted = dict(one.network().buffers()), dict(other.network().buffers())
    assert buffers.keys() == wanted.keys()
    assert all(same_bits(array, wanted[name]) for name, array in buffers.items())


def test_look_knows_the_gradients_of_the_step_at_the_cursor() -> None:
    session = Session(small())
    session.do(Advance(Grain.STEP, 2))
    for _ in range(3):
        record = session.look()
        assert session.cursor.step == record.step == 2
        deltas = record.column("delta_norm")
        assert deltas is not None
        wanted = Straight.of((Segment(0, small()),)).at(Position(2, len(record.plan) - 3))
        for column, layer in enumerate(wanted.layers):
            delta = wanted.gradients[layer.pre_activation]
            assert delta is not None
            assert deltas[column] == pytest.approx(np.linalg.norm(delta), rel=1e-14, abs=0.0)
        session.do(Advance(Grain.PHASE))


def test_steps_computed_whole_have_no_events_until_they_are_asked_for() -> None:
    declared = small(normalization="batch")
    session, line = Session(declared), Line((Segment(0, declared),))
    session.do(Advance(Grain.STEP, 5))
    assert [record.events for record in session.past()] == [None] * 5
    session.do(Back(Grain.OP, 3))
    step, op = session.cursor
    assert list(session.events()) == line.straight.events(step)[:op]
    session.do(Advance(Grain.STEP, 2))
    same_network(session.network(), line.straight, session.cursor)


@pytest.mark.parametrize("slices", [1, 2])
def test_a_step_left_in_its_middle_is_made_again_from_its_start(slices: int) -> None:
    declared = small(depth=40)
    session, line = Session(declared), Line((Segment(0, declared),))
    session.do(Advance(Grain.STEP, 2))
    work = session.perform(Advance(Grain.STEP))
    for _ in range(slices):
        next(work)
    del work
    assert session.cursor == (2, 0)
    session.do(Advance(Grain.OP, 7))
    assert list(session.events()) == line.straight.events(2)[:7]
    session.do(Advance(Grain.STEP, 2))
    same_network(session.network(), line.straight, session.cursor)


def test_slices_are_small_and_all_of_them_are_the_action() -> None:
    whole, sliced = Session(small()), Session(small())
    whole.do(Advance(Grain.STEP, 3))
    slices = list(sliced.perform(Advance(Grain.STEP, 3)))
    assert len(slices) >= 3 * len(sliced.run.records[0].plan) / OPS_AT_ONCE
    assert whole.cursor == sliced.cursor
    assert same_bits(whole.network().parameters.values, sliced.network().parameters.values)


def test_the_log_is_short_and_replays() -> None:
    session = Session(small())
    for _ in range(5):
        session.do(Advance(Grain.OP))
    session.do(Advance(Grain.STEP, 2))
    session.do(Back(Grain.OP))
    session.do(Back(Grain.OP, 3))
    session.do(Switch({"skip": "residual"}))
    session.do(Visit(0))
    session.do(Visit(1))
    assert session.actions == [
        Advance(Grain.OP, 5),
        Advance(Grain.STEP, 2),
        Back(Grain.OP, 4),
        Switch({"skip": "residual"}),
        Visit(0),
        Visit(1),
    ]


def test_before_the_first_op_there_is_nothing_to_go_back_to() -> None:
    for grain in Grain:
        session = Session(small())
        session.do(Back(grain, 3))
        assert session.cursor == Position(0, 0)
        assert session.events() == ()


@pytest.mark.parametrize("grain", Grain)
def test_where_each_grain_stops(grain: Grain) -> None:
    session = Session(small(skip="residual"))
    events = Straight.of((Segment(0, small(skip="residual")),)).events(0)
    stops = []
    while session.cursor.step == 0:
        session.do(Advance(grain))
        stops.append(session.cursor.op)
    ends = [at for at in range(1, len(events)) if not together(grain, events[at - 1], events[at])]
    assert stops == [*ends, 0]
    if grain is Grain.PHASE:
        assert len(stops) == len(Phase)
    if grain is Grain.STEP:
        assert len(stops) == 1


# -- switches -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"activation": "relu"},
        {"clip": "global-norm"},
        {"clip-threshold": 0.01},
        {"learning-rate": 0.001},
        {"skip": "residual"},
        {"batch-size": 11},
        {"loss-factor": 3.0},
        {"activation": "sigmoid", "skip": "residual-scaled", "clip": "global-norm"},
    ],
    ids=str,
)
@pytest.mark.parametrize("op", [0, 4])
def test_a_switch_that_keeps_the_weights(changes: dict[str, Any], op: int) -> None:
    session = Session(small(normalization="batch"))
    session.do(Advance(Grain.STEP, 3))
    before = weights(session)
    running = {name: array.copy() for name, array in session.network().buffers()}
    if op:
        session.do(Advance(Grain.OP, op))
    session.do(Switch(changes))
    assert session.cursor == Position(3, 0)
    assert {name: session.experiment.value(name) for name in changes} == changes
    after = weights(session)
    # Where the skip leads around a layer that is wider than the data there is a projection.
    added = {"layers.1.skip.weight"} if "skip" in changes else set()
    assert set(after) == set(before) | added
    for name, array in before.items():
        assert same_bits(array, after[name]), name
    for name, array in session.network().buffers():
        assert same_bits(array, running[name]), name
    told = session.switched
    assert told is not None
    assert told.effects == (Effect.KEEP,)
    assert {name: new for name, (_, new) in told.changes.items()} == changes
    assert told.before.step == told.after.step == 3


def test_adding_batch_norm_keeps_weights_and_starts_fresh() -> None:
    session = Session(small())
    session.do(Advance(Grain.STEP, 3))
    before = weights(session)
    session.do(Switch({"normalization": "batch"}))
    assert session.switched is not None
    assert session.switched.effects == (Effect.NORMALIZATION,)
    after = weights(session)
    added = {f"layers.{k}.norm.{name}" for k in (1, 2) for name in ("weight", "bias")}
    assert set(after) == set(before) | added
    for name, array in before.items():
        assert same_bits(after[name], array), name
    for name in added:
        assert (after[name] == (1.0 if name.endswith("weight") else 0.0)).all(), name
    for name, array in session.network().buffers():
        assert (array == (1.0 if name.endswith("var") else 0.0)).all(), name
    session.do(Advance(Grain.STEP, 2))
    moved = weights(session)
    assert all((moved[name] != after[name]).any() for name in added)
    session.do(Switch({"normalization": "none"}))
    assert set(weights(session)) == set(before)
    for name, array in weights(session).items():
        assert same_bits(array, moved[name]), name


def test_the_network_at_the_cursor_is_the_switched_one() -> None:
    """At once, before its first op is done, and whatever was computed before."""
    session = Session(small())
    session.do(Advance(Grain.STEP, 3))
    session.do(Switch({"activation": "relu", "normalization": "batch", "skip": "residual"}))
    for _ in range(2):
        names = [node.op.name for node in session.network().nodes]
        assert names == ["linear", "batch", "relu", "skip-projection", "skip-join",
                         "linear", "batch", "relu", "skip-join", "linear"]  # fmt: skip
        session.do(Advance(Grain.STEP, 2))
        session.do(Back(Grain.STEP, 2))


@pytest.mark.parametrize("read_before", [True, False])
def test_held_out_accuracy_after_a_switch_is_that_of_the_switched_network(
    read_before: bool,
) -> None:
    declared = small(depth=3, width=16, activation="relu", initializer="he-normal")
    session, model = Session(declared), Model(declared)
    actions: list[Action] = [Advance(Grain.STEP, 13), Switch({"activation": "sigmoid"})]
    for action in actions:
        if read_before:
            session.network()
        session.do(action)
        model.do(action)
    wanted = model.run.straight.held_out_accuracy(13)
    assert wanted != model.runs[0].straight.held_out_accuracy(13), "the example shows nothing"
    assert session.held_out_accuracy() == wanted


@pytest.mark.usefixtures("forgetful")
def test_off_and_on_again_at_one_step_is_no_switch() -> None:
    """Far from any checkpoint, where the network of the step is computed anew each time."""
    declared = small(normalization="batch")
    session, model = Session(declared), Model(declared)
    for action in (
        Advance(Grain.STEP, 9),
        Back(Grain.STEP, 4),
        Switch({"normalization": "none"}),
        Switch({"normalization": "batch"}),
    ):
        session.do(action)
        model.do(action)
    check_network(session, model)
    session.do(Advance(Grain.STEP, 3))
    model.do(Advance(Grain.STEP, 3))
    check_network(session, model)


@pytest.mark.parametrize(
    "changes",
    [
        {"initializer": "he-normal"},
        {"initializer-gain": 2.0},
        {"depth": 3},
        {"width": 6},
        {"seed": 4},
        {"dtype": "float32"},
        {"depth": 3, "activation": "relu"},
    ],
    ids=str,
)
def test_a_switch_that_rebuilds(changes: dict[str, Any]) -> None:
    session = Session(small())
    session.do(Advance(Grain.STEP, 3))
    session.do(Advance(Grain.OP, 2))
    session.do(Switch(changes))
    assert session.cursor == Position(0, 0)
    assert session.switched is not None
    assert session.switched.effects == (Effect.REBUILD,)
    fresh = Session(small().switch(changes))
    assert same_bits(session.network().parameters.values, fresh.network().parameters.values)
    session.do(Advance(Grain.STEP, 2))
    fresh.do(Advance(Grain.STEP, 2))
    assert same_bits(session.network().parameters.values, fresh.network().parameters.values)


def test_switching_to_what_is_already_so_is_nothing() -> None:
    session = Session(small())
    session.do(Advance(Grain.OP, 3))
    session.do(Switch({"activation": "tanh", "seed": 3}))
    assert len(session.runs) == 1
    assert session.cursor == Position(0, 3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"activation": "rleu"}, 'did you mean "relu"'),
        ({"depht": 3}, 'did you mean "depth"'),
        ({"depth": 0}, "from 1 to 10000"),
        ({"normalization": "batch", "batch-size": 1}, "batch-size of at least 2"),
        ({"batch-size": 60_000}, "rows to train on"),
        ({"depth": 1000, "width": 1024}, "GiB"),
        ({"learning-rate": float("nan")}, "a finite number of at least 0"),
    ],
    ids=str,
)
def test_a_bad_switch_leaves_everything_as_it_was(changes: dict[str, Any], words: str) -> None:
    session = Session(small())
    session.do(Advance(Grain.STEP, 2))
    session.do(Advance(Grain.OP, 3))
    session.do(Pin())
    before = weights(session)
    state = (session.run, session.cursor, list(session.runs), list(session.actions),
             session.experiment, session.pinned, session.switched)  # fmt: skip
    with pytest.raises(InputError, match=words):
        session.do(Switch(changes))
    assert state == (session.run, session.cursor, list(session.runs), list(session.actions),
                     session.experiment, session.pinned, session.switched)  # fmt: skip
    for name, array in weights(session).items():
        assert same_bits(array, before[name])


@pytest.mark.parametrize("number", [-1, 1, 99])
def test_visiting_a_run_that_is_not_there(number: int) -> None:
    session = Session(small())
    session.do(Advance(Grain.OP))
    with pytest.raises(InputError, match=f"there is no run {number}"):
        session.do(Visit(number))
    assert session.cursor == Position(0, 1)
    assert session.actions == [Advance(Grain.OP)]


# -- runs ---------------------------------------------------------------------------------------


def test_acting_in_the_past_forks_and_the_old_future_stays() -> None:
    declared = small()
    session = Session(declared)
    session.do(Advance(Grain.STEP, 8))
    session.do(Advance(Grain.OP, 5))
    old = weights(session)
    losses = [r.loss for r in session.past()]
    session.do(Back(Grain.STEP, 6))
    assert session.cursor == Position(3, 0)
    session.do(Switch({"learning-rate": 0.01}))
    assert session.run is session.runs[1]
    assert session.runs[1].parent == 0
    session.do(Advance(Grain.STEP, 6))
    new = [r.loss for r in session.past()]
    assert new[:4] == losses[:4], "up to the switch, and the loss of its own batch, all is shared"
    assert new[4:8] != losses[4:8]
    session.do(Visit(0))
    assert session.cursor == Position(3, 0)
    assert session.ahead()
    assert [r.loss for r in session.run.records[:8]] == losses
    session.do(Advance(Grain.STEP, 5))
    session.do(Advance(Grain.OP, 5))
    for name, array in weights(session).items():
        assert same_bits(array, old[name])
    session.do(Visit(1))
    assert session.cursor == Position(9, 0)
    assert [r.loss for r in session.past()] == new


def test_a_fork_computes_its_own_step_anew() -> None:
    """Though the run it came from has computed that step already, and others after it."""
    declared = small()
    session, model = Session(declared), Model(declared)
    for action in (Advance(Grain.STEP, 5), Back(Grain.STEP, 3), Switch({"activation": "relu"})):
        session.do(action)
        model.do(action)
    old, new = session.runs[0].records[2], session.look()
    assert new is not old
    assert new.loss != old.loss
    assert len(session.runs[0].records) == 5
    assert len(session.run.records) == 3
    for _ in range(20):
        session.do(Advance(Grain.OP))
        model.do(Advance(Grain.OP))
        check_cursors(session, model)
        check_events(session, model)
        check_network(session, model)


def test_visiting_a_position_of_another_run() -> None:
    declared = small()
    session, model = Session(declared), Model(declared)
    for action in (
        Advance(Grain.STEP, 4),
        Switch({"skip": "residual"}),
        Advance(Grain.STEP, 2),
        Visit(0, Position(2, 7)),
        Visit(1, Position(5, 0)),
        Visit(0),
    ):
        session.do(action)
        model.do(action)
        check_cursors(session, model)
        check_events(session, model)
        check_network(session, model)
    count = len(session.run.records[0].plan)
    for wrong in (Position(9, 0), Position(0, count + 5), Position(1, -1), Position(-1, 3)):
        with pytest.raises(InputError):
            session.do(Visit(0, wrong))
        check_cursors(session, model)


def test_undo_and_redo_go_to_the_run_before_and_back() -> None:
    session = Session(small())
    with pytest.raises(InputError, match="nothing"):
        session.do(Undo())
    session.do(Advance(Grain.STEP, 3))
    session.do(Switch({"activation": "relu"}))
    session.do(Advance(Grain.STEP, 2))
    session.do(Switch({"seed": 9}))
    runs = []
    for action in (Undo(), Undo(), Redo(), Redo()):
        session.do(action)
        runs.append((session.run.number, session.cursor.step))
    assert runs == [(1, 5), (0, 3), (1, 5), (2, 0)]
    with pytest.raises(InputError, match="nothing"):
        session.do(Redo())
    session.do(Undo())
    session.do(Switch({"skip": "residual"}))
    with pytest.raises(InputError, match="nothing"):
        session.do(Redo())


def test_switching_the_optimizer_starts_its_state_anew() -> None:
    session = Session(small(optimizer="momentum", learning_rate=0.1))
    session.do(Advance(Grain.STEP, 3))
    before = weights(session)
    session.do(Switch({"optimizer": "adam"}))
    assert session.switched is not None
    assert session.switched.effects == (Effect.OPTIMIZER,)
    for name, array in weights(session).items():
        assert same_bits(array, before[name])
    session.do(Advance(Grain.STEP))
    for name, array in weights(session).items():
        # The first step of a fresh Adam is the learning rate, whatever the gradient.
        moved = np.abs(array - before[name])
        assert moved.max() == pytest.approx(0.1, rel=1e-3), name


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_a_kept_optimizer_keeps_its_state(optimizer: str) -> None:
    """Switching on a clipping that never fires is like no switch at all."""
    switched, plain = (Session(small(optimizer=optimizer)) for _ in range(2))
    for session in (switched, plain):
        session.do(Advance(Grain.STEP, 3))
    switched.do(Switch({"clip": "value", "clip-threshold": 1e9}))
    for session in (switched, plain):
        session.do(Advance(Grain.STEP, 3))
    assert same_bits(switched.network().parameters.values, plain.network().parameters.values)


def test_restart() -> None:
    declared = small()
    session = Session(declared)
    session.do(Advance(Grain.STEP, 3))
    session.do(Restart())
    assert (session.cursor, len(session.runs)) == (Position(0, 0), 1)
    session.do(Advance(Grain.STEP, 2))
    session.do(Switch({"activation": "relu"}))
    session.do(Restart())
    assert session.cursor == Position(0, 0)
    fresh = Session(declared.switch({"activation": "relu"}))
    for each in (session, fresh):
        each.do(Advance(Grain.STEP, 2))
    assert same_bits(session.network().parameters.values, fresh.network().parameters.values)


def test_what_a_switch_did_outlasts_the_tables(forgetful: None) -> None:
    session = Session(small())
    session.do(Switch({"activation": "relu"}))
    session.do(Advance(Grain.STEP, 12))
    assert session.switched is not None
    for record in (session.switched.before, session.switched.after):
        assert record.layers is not None


# -- weights and batches ------------------------------------------------------------------------


FAMILIES = [
    ("glorot-normal", "he-normal", "normal"),
    ("glorot-uniform", "he-uniform", "uniform"),
]


def wanted_std(initializer: str, fan_in: int, fan_out: int) -> float:
    kind = initializer.split("-", maxsplit=1)[0]
    fans = {"glorot": (fan_in + fan_out) / 2.0, "he": fan_in / 2.0}
    return 0.2 if kind not in fans else float(fans[kind] ** -0.5)


@pytest.mark.parametrize("family", FAMILIES, ids=["normal", "uniform"])
def test_another_initializer_is_a_factor_on_each_layer(family: tuple[str, ...]) -> None:
    made = {
        name: weights(Session(small(depth=3, width=32, initializer=name, initializer_std=0.2)))
        for name in family
    }
    for name, array in made[family[0]].items():
        if not name.endswith("weight"):
            assert not array.any(), "biases start at zero"
            continue
        fan_out, fan_in = array.shape
        unit = array / wanted_std(family[0], fan_in, fan_out)
        assert unit.std() == pytest.approx(1.0, abs=3.0 / np.sqrt(array.size))
        assert abs(unit.mean()) < 4.0 / np.sqrt(array.size)
        if "uniform" in family[0]:
            assert np.abs(unit).max() <= np.sqrt(3.0)
        for other in family[1:]:
            np.testing.assert_allclose(
                made[other][name], unit * wanted_std(other, fan_in, fan_out), rtol=1e-14
            )


def test_gain_is_a_factor_on_every_weight() -> None:
    plain, tripled = (weights(Session(small(initializer_gain=gain))) for gain in (1.0, 3.0))
    for name, array in plain.items():
        np.testing.assert_allclose(tripled[name], 3.0 * array, rtol=1e-14)


def test_no_two_layers_share_their_draws() -> None:
    made = weights(Session(small(depth=4, width=10, initializer="normal")))
    drawn = [array for name, array in made.items() if name.endswith("weight")]
    assert len(drawn) == 5
    for index, one in enumerate(drawn):
        for other in drawn[index + 1 :]:
            assert not np.isin(one, other).any()


@pytest.mark.parametrize(
    # What LSUV divides by depends on all that stands before.
    "initializer",
    [name for name in KNOBS["initializer"].choices if name != "lsuv"],
)
def test_depth_changes_no_other_draw(initializer: str) -> None:
    shallow = weights(Session(small(depth=2, initializer=initializer)))
    deep = weights(Session(small(depth=5, initializer=initializer)))
    assert set(shallow) < set(deep)
    for name, array in shallow.items():
        assert same_bits(array, deep[name]), name


@pytest.mark.parametrize("knobs", [{"activation": "relu"}, {"skip": "residual"},
                                   {"normalization": "batch"}, {"batch_size": 9}])  # fmt: skip
def test_nothing_but_initializer_shape_and_seed_decides_the_draws(knobs: dict[str, Any]) -> None:
    plain, other = weights(Session(small())), weights(Session(small(**knobs)))
    for name, array in plain.items():
        assert same_bits(array, other[name]), name


@pytest.mark.parametrize("batch_size", [1, 7, 64, 1000])
def test_an_epoch_visits_each_row_at_most_once(batch_size: int) -> None:
    data = load("digits")
    count = len(data.inputs)
    # A data set of distinguishable rows: the number of the row stands in its first column.
    data = replace(data, inputs=np.arange(2.0 * count).reshape(count, 2))
    batches = Batches(data, batch_size, seed=0, dtype="float64")
    per_epoch = len(data.inputs) // batch_size
    assert batches.per_epoch == per_epoch
    epochs = []
    for epoch in range(2):
        order: list[int] = []
        for step in range(epoch * per_epoch, (epoch + 1) * per_epoch):
            inputs, targets = batches.batch(step)
            assert inputs.shape == (batch_size, 2)
            rows = (inputs[:, 0] / 2.0).astype(int)
            np.testing.assert_array_equal(inputs, data.inputs[rows])
            np.testing.assert_array_equal(targets, data.targets[rows])
            order += rows.tolist()
        assert len(set(order)) == len(order) == per_epoch * batch_size
        epochs.append(order)
    assert epochs[0] != epochs[1], "each epoch is shuffled anew"


def test_batches_depend_on_seed_and_step_alone() -> None:
    data = load("digits")
    order: Iterator[int] = iter([40, 3, 22, 3, 0, 44, 40])
    one = Batches(data, 32, seed=5, dtype="float64")
    for step in order:
        fresh = Batches(data, 32, seed=5, dtype="float64")
        assert same_bits(one.batch(step)[0], fresh.batch(step)[0])
        assert same_bits(one.batch(step)[1], fresh.batch(step)[1])
    other = Batches(data, 32, seed=6, dtype="float64")
    assert not same_bits(one.batch(0)[0], other.batch(0)[0])


def test_held_out_rows_are_never_trained_on() -> None:
    data = load("digits")
    trained = {row.tobytes() for row in data.inputs}
    held = [row.tobytes() for row in data.held_out_inputs]
    assert len(held) == round(0.2 * (len(held) + len(data.inputs)))
    assert sum(row in trained for row in held) < 5, "but for digits that were drawn twice"


def test_tables_let_go_of_come_back_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Session(small(normalization="batch"))
    thinned = Session(small(normalization="batch"), budget=Budget(1))
    whole.do(Advance(Grain.STEP, 60))
    thinned.do(Advance(Grain.STEP, 60))
    kept = thinned.run.records
    assert sum(record.layers is not None for record in kept) <= 2 * records.EVENTS_KEPT
    thinned.do(Back(Grain.STEP, 50))
    assert kept[9].layers is None
    for _ in thinned.recalling():
        pass
    thinned.look()
    for step in (9, 10):
        table, wanted = kept[step].layers, whole.run.records[step].layers
        assert table is not None
        assert wanted is not None
        if step == 9:
            assert same_bits(table, wanted)
        else:
            gradients = [name not in ("update_norm", "update_ratio") for name in LAYER_COLUMNS]
            assert same_bits(table[gradients], wanted[gradients])
    assert same_bits(
        thinned.network().parameters.values, values_at(small(normalization="batch"), 10)
    )


def values_at(declared: Experiment, step: int) -> Array:
    fresh = Session(declared)
    fresh.do(Advance(Grain.STEP, step))
    return fresh.network().parameters.values


@pytest.mark.parametrize("grain", [Grain.STEP, Grain.OP])
@pytest.mark.parametrize("slices", [1, 5, 20])
def test_whoever_else_moves_the_machine_the_run_is_the_same(grain: Grain, slices: int) -> None:
    settings = {"depth": 2, "width": 4, "batch-size": 8, "normalization": "batch"}
    alone, watched = (Session(Experiment.of(settings)) for _ in range(2))
    for it in (alone, watched):
        it.do(Advance(Grain.STEP, 3))
    alone.do(Advance(grain))
    # The machine stands at an earlier step; on the way back others look, also ahead of it.
    watched.machine_with_gradients(1)
    moving = watched.perform(Advance(grain))
    for _ in range(slices):
        next(moving, None)
    watched.machine_with_gradients(2)
    next(moving, None)
    watched.machine_with_gradients()
    for _ in moving:
        pass
    assert watched.cursor == alone.cursor
    assert watched.events() == alone.events()
    for it in (alone, watched):
        it.do(Advance(Grain.STEP, 2))
    assert [r.loss for r in watched.past()] == [r.loss for r in alone.past()]
    one, other = (it.network().parameters.values for it in (alone, watched))
    assert same_bits(one, other)
