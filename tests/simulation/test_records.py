"""Records in bounded memory: what is let go of comes back by replay, the same to the bit."""

from collections.abc import Callable

import numpy as np
import pytest
from helpers import experiment, same_bits

from gradsim.experiment.experiment import Experiment
from gradsim.insight.report import report
from gradsim.simulation import records
from gradsim.simulation.actions import Advance, Back, Grain, Switch, Visit
from gradsim.simulation.budget import Budget
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session

STEPS = 1_500


def small() -> Experiment:
    return experiment(
        depth=2, width=3, batch_size=4, activation="tanh", seed=3, learning_rate=0.3,
        clip="global-norm", clip_threshold=1.0,
    )  # fmt: skip


@pytest.fixture
def thinned(monkeypatch: pytest.MonkeyPatch) -> Session:
    """A run of which few records are left."""
    monkeypatch.setattr(records, "FAR", 64)
    monkeypatch.setattr(records, "AGAIN", 32)
    session = Session(small(), budget=Budget(steps=128))
    session.do(Advance(Grain.STEP, STEPS))
    return session


@pytest.fixture(scope="module")
def whole() -> Session:
    session = Session(small(), budget=Budget(steps=STEPS))
    session.do(Advance(Grain.STEP, STEPS))
    return session


def numbers(session: Session, step: int) -> list[object]:
    r = session.run.records[step]
    return [
        r.loss, r.accuracy, r.held_out_accuracy, r.grad_norm, r.clipped_grad_norm, r.fired,
        r.clip_coefficient, r.clip_angle, r.learning_rate, r.plan, r.places, r.complete,
    ]  # fmt: skip


def test_few_are_kept_and_the_latest_whole(thinned: Session, whole: Session) -> None:
    kept = thinned.run.records
    assert len(kept) == STEPS
    assert len({id(record) for record in kept.all()}) < 128 + 64 + 32
    assert not kept.whole
    for step in (0, 1_024, *range(STEPS - 128, STEPS)):
        assert numbers(thinned, step) == numbers(whole, step)
    assert kept[701].loss is None
    assert kept[701].plan == whole.run.records[701].plan


def test_what_is_looked_at_comes_back(thinned: Session, whole: Session) -> None:
    for step in (702, 3, 1_303, 702):
        thinned.do(Visit(0, Position(step + 1, 0)))
        for _ in thinned.recalling():
            pass
        assert numbers(thinned, step) == numbers(whole, step)
        table, wanted = (s.run.records[step].layers for s in (thinned, whole))
        assert table is not None
        assert wanted is not None
        assert same_bits(table, wanted)
        thinned.look()
        assert thinned.run.records[step + 1].loss == whole.run.records[step + 1].loss
        count = len(thinned.run.records[step].plan)
        assert list(thinned.events_of(step, count)) == list(whole.events_of(step, count))
    assert len({id(record) for record in thinned.run.records.all()}) < 128 + 64 + 32


def test_every_step_can_be_told_of(thinned: Session, whole: Session) -> None:
    made, wanted = report(thinned), report(whole)
    assert made["history"] == wanted["history"]
    assert made["layers"] == wanted["layers"]


def test_how_often_clipping_fired_is_known_for_all(thinned: Session, whole: Session) -> None:
    fired = np.cumsum([0, *(record.fired for record in whole.past())])
    assert 0 < fired[-1] < STEPS
    for step in (0, 1, 7, 8, 9, 701, STEPS - 129, STEPS - 128, STEPS - 1, STEPS):
        assert thinned.run.records.fired(step) == whole.run.records.fired(step) == fired[step]
    assert [r.fired for r in thinned.past()] == [r.fired for r in whole.past()]


def test_the_first_that_are_not_finite_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "FAR", 16)
    declared = experiment(depth=2, width=3, batch_size=4, activation="identity")
    session = Session(declared, budget=Budget(steps=64))
    session.do(Advance(Grain.STEP, 40))
    session.do(Switch({"learning-rate": "1e300"}))
    session.do(Advance(Grain.STEP, 300))
    found = list(session.run.records.broken(len(session.run.records)))
    assert found[:3] == [41, 42, 43]
    assert list(session.run.records.broken(41)) == []
    assert session.run.records[42].broke_at is not None


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(lambda s: s.do(Visit(0, Position(701, 0))), id="old"),
        pytest.param(lambda s: s.do(Back(Grain.STEP, 5)), id="new"),
    ],
)
def test_a_fork_goes_on_from_what_is_known(
    thinned: Session, whole: Session, way: Callable[[Session], None]
) -> None:
    way(thinned)
    step = thinned.cursor.step
    thinned.do(Switch({"learning-rate": "0.1"}))
    thinned.do(Advance(Grain.STEP, 300))
    straight = Session(small(), budget=Budget(steps=STEPS + 300))
    straight.do(Advance(Grain.STEP, step))
    straight.do(Switch({"learning-rate": "0.1"}))
    straight.do(Advance(Grain.STEP, 300))
    assert numbers(thinned, step) == numbers(straight, step)
    assert report(thinned)["history"] == report(straight)["history"]
    assert thinned.run.records.fired(step + 300) == straight.run.records.fired(step + 300)
    steps, columns = thinned.run.records.scalars.first(thinned.run.records, step + 300)
    assert steps[-1] == step + 299
    assert columns[0, -50:].tolist() == [r.loss for r in straight.past()[-50:]]
