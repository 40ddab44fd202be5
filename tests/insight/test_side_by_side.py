"""Side by side: what differs, whether both see the same batches, and the difference in decades."""

from math import inf, isnan, log10, nan
from pathlib import Path
from typing import Any

import pytest
from helpers import experiment

from gradsim.experiment.experiment import Experiment
from gradsim.insight.compare import compare
from gradsim.insight.side_by_side import SideBySide, decades, side_by_side
from gradsim.insight.verdict import Shape
from gradsim.simulation.actions import Action, Advance, Grain, Pin, Restart, Swap, Switch, Undo
from gradsim.simulation.session import Session
from gradsim.simulation.state import read, save


def small(**knobs: Any) -> Experiment:
    return experiment(**({"depth": 4, "width": 8, "batch_size": 16} | knobs))


def after(*actions: Action, **knobs: Any) -> Session:
    session = Session(small(**knobs))
    for action in actions:
        session.do(action)
    return session


def both(session: Session) -> SideBySide:
    found = side_by_side(session, session.cursor.step - 1)
    assert found is not None
    return found


def test_decades() -> None:
    assert decades([1e-3, 0.0, 2.0], [1.0, 1.0, 0.0, 5.0]) == [pytest.approx(-3), -inf, inf]
    assert decades([inf, 5e-324], [1.0, 1e300]) == [inf, pytest.approx(log10(5e-324) - 300)]
    assert all(isnan(value) for value in decades([0.0, nan, inf], [0.0, 1.0, inf]))


def test_there_is_nothing_without_two_runs() -> None:
    assert side_by_side(after(Advance(Grain.STEP, 2)), 1) is None
    assert side_by_side(after(Advance(Grain.STEP, 2), Pin()), 1) is None
    back = after(Advance(Grain.STEP, 2), Pin(), Switch({"activation": "relu"}), Undo())
    assert side_by_side(back, 1) is None


def test_what_differs_is_told_from_the_pinned_run_to_the_live_one() -> None:
    session = after(Pin(), Switch({"activation": "relu", "initializer": "he-normal"}))
    session.do(Advance(Grain.STEP, 3))
    found = both(session)
    assert found.differing == {
        "activation": ("sigmoid", "relu"), "initializer": ("glorot-normal", "he-normal"),
    }  # fmt: skip
    assert found.same_batches
    assert found.notes == ()
    assert (found.live.record.step, found.pinned.record.step) == (2, 2)
    session.do(Swap())
    assert both(session).differing["activation"] == ("relu", "sigmoid")


@pytest.mark.parametrize(
    ("changes", "same", "note"),
    [
        ({"depth": 6}, True, ""),
        ({"batch-size": 8}, False, ""),
        ({"seed": 5}, False, "another seed: other weights at the start, and other batches"),
        ({"data": "wine"}, False, "other data: each run goes on with its own"),
        ({"loss-factor": 2.0}, True, ""),
    ],
)
def test_same_batches_or_why_not(changes: dict[str, Any], same: bool, note: str) -> None:
    found = both(after(Pin(), Switch(changes), Advance(Grain.STEP, 2)))
    assert found.same_batches is same
    assert "".join(found.notes).startswith(note)
    assert bool(found.notes) == bool(note)


def test_recurrent_cells_read_the_same_sequences() -> None:
    knobs = {"data": "digits-rows", "depth": 1, "width": 4}
    session = after(Pin(), Switch({"cell": "gru"}), Advance(Grain.STEP, 1), cell="rnn", **knobs)
    found = both(session)
    assert found.same_batches
    assert found.notes == ()
    session.do(Switch({"cell": "none", "data": "digits"}))
    session.do(Advance(Grain.STEP, 1))
    assert not both(session).same_batches


def test_a_rebuilt_run_beside_one_from_a_state_sees_other_batches(tmp_path: Path) -> None:
    save(after(Advance(Grain.STEP, 4)), tmp_path / "state.npz")
    state = read(tmp_path / "state.npz")
    session = Session(state.experiment, state.origin)
    for action in (Pin(), Switch({"activation": "tanh"}), Advance(Grain.STEP, 2)):
        session.do(action)
    assert both(session).same_batches
    session.do(Switch({"depth": 5}))
    session.do(Advance(Grain.STEP, 2))
    found = both(session)
    assert not found.same_batches
    assert "the pinned run goes on from step 4 of a state" in found.notes[0]


def test_a_run_that_left_the_number_range_is_said_to_have() -> None:
    session = after(Pin(), Switch({"learning-rate": 0.01}), activation="relu", learning_rate=1e200)
    session.do(Advance(Grain.STEP, 5))
    found = both(session)
    assert found.pinned.verdict.shape is Shape.NOT_FINITE
    broken = next(r.step for r in found.pinned.run.records if r.broke_at is not None)
    assert found.notes == (f"the pinned run has NaN or infinity since step {broken}",)


def test_a_switch_that_the_pinned_run_comes_to_later_is_foretold() -> None:
    session = after(Advance(Grain.STEP, 3), Switch({"activation": "tanh"}), Pin())
    session.do(Advance(Grain.STEP, 1))
    session.do(Switch({"depth": 3}))
    session.do(Advance(Grain.STEP, 2))
    assert both(session).differing == {"activation": ("sigmoid", "tanh"), "depth": (4, 3)}
    assert both(session).notes == ("the pinned run has another activation from step 3 on",)
    session.do(Advance(Grain.STEP, 3))
    assert both(session).differing == {"depth": (4, 3)}
    assert both(session).notes == ()


def test_the_same_as_the_headless_comparison() -> None:
    start = small()
    other = start.switch({"activation": "tanh", "learning-rate": 0.3})
    data = compare([("a", start), ("b", other)], 7)
    session = after(Pin(), Switch({"activation": "tanh", "learning-rate": 0.3}))
    session.do(Advance(Grain.STEP, 8))
    found = both(session)
    assert list(found.differing) == data["knobs"]
    for side, row in ((found.pinned, data["runs"][0]), (found.live, data["runs"][1])):
        assert str(side.verdict.shape) == row["end"]["shape"]
        assert side.verdict.evidence.reach_decades == row["end"]["reach_decades"]
        assert (side.record.loss, side.record.grad_norm) == (
            row["end"]["loss"], row["end"]["grad_norm"],
        )  # fmt: skip
    sizes = [side.record.column("delta_norm") for side in (found.live, found.pinned)]
    assert sizes[0] is not None
    assert sizes[1] is not None
    assert data["runs"][1]["decades"] == decades(sizes[0][:-1].tolist(), sizes[1][:-1].tolist())
    assert data["runs"][0]["decades"] == [0.0] * 4


def test_headless_decades_of_other_depths_and_through_time() -> None:
    rnn = experiment(cell="rnn", data="adding", loss="mean-squared-error", width=6,
                     sequence_length=5, recurrent_layers=2)  # fmt: skip
    runs = [("a", small()), ("b", small(depth=2)), ("c", rnn), ("d", small(depth=9))]
    decades_of = [row["decades"] for row in compare(runs, 1)["runs"]]
    assert [each and len(each) for each in decades_of] == [4, 2, None, 4]
    assert len(compare([("c", rnn), ("d", rnn)], 1)["runs"][1]["decades"]) == 5


def test_a_restarted_run_is_judged_from_its_start() -> None:
    session = after(Pin(), Switch({"activation": "relu"}), Advance(Grain.STEP, 4), Restart())
    session.do(Advance(Grain.STEP, 1))
    found = both(session)
    assert found.live.record.step == found.pinned.record.step == 0
    assert found.differing == {"activation": ("sigmoid", "relu")}
