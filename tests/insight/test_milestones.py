"""Milestones: what happened in a run, found step by step and never looked for twice."""

from functools import partial
from typing import Any

import pytest
from helpers import experiment

from gradsim.experiment.experiment import Experiment
from gradsim.insight import verdict
from gradsim.insight.milestones import CLIP, FORK, KINDS, SWITCH, Log, Milestones
from gradsim.insight.verdict import Evidence, Shape, judge, looked_at
from gradsim.simulation.actions import Advance, Grain, Restart, Switch, Undo, Visit
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session


def started(**knobs: Any) -> tuple[Session, Milestones]:
    session = Session(experiment(**({"depth": 3, "width": 6, "batch_size": 8} | knobs)))
    return session, Milestones(session)


def read(found: Milestones) -> Log:
    while found.read(lambda: True):
        pass
    return found.log


def test_they_are_what_a_second_look_at_every_record_finds() -> None:
    session, found = started(clip="global-norm", activation="relu", learning_rate=3.0, depth=6)
    session.do(Advance(Grain.STEP, 40))
    log = read(found)
    run = session.run
    fired = [record.fired for record in run.records]
    begun = [k for k, now in enumerate(fired) if now and not (k and fired[k - 1])]
    assert log.steps[CLIP] == begun
    assert [k for k in range(40) if log.fires(k)] == [k for k in range(40) if fired[k]]
    shapes = [judge(record, run.experiment_at(record.step)).shape for record in run.records]
    changed = [k for k in range(1, 40) if shapes[k] != shapes[k - 1]]
    assert changed, "nothing happened: the test says nothing"
    assert sorted(k for shape in Shape for k in log.steps[shape]) == changed
    for step in changed:
        assert f"verdict {shapes[step - 1]} → {shapes[step]}" in found.said(step)


def test_each_step_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    session, found = started()
    looked: list[int] = []

    def noted(record: StepRecord, e: Experiment) -> tuple[Shape, Evidence]:
        looked.append(record.step)
        return looked_at(record, e)

    monkeypatch.setattr(verdict, "looked_at", noted)
    session.do(Advance(Grain.STEP, 5))
    read(found)
    session.do(Visit(0, Position(1, 0)))
    read(found)
    session.do(Advance(Grain.STEP, 6))
    read(found)
    assert looked == [0, 1, 2, 3, 4, 5, 6]
    # A fork shares the steps before it.
    session.do(Switch({"activation": "relu"}))
    session.do(Advance(Grain.STEP, 2))
    read(found)
    assert looked == [0, 1, 2, 3, 4, 5, 6, 7, 8]


def test_a_slice_ends_when_it_is_told_to() -> None:
    session, found = started()
    session.do(Advance(Grain.STEP, 9))
    for seen in (2, 4, 6, 8, 9):
        assert found.read(partial(next, iter((True, True, False))))
        assert found.log.seen == seen
    assert not found.read(lambda: True)


def test_a_fork_knows_the_past_and_each_side_knows_of_the_other() -> None:
    session, found = started(depth=8, activation="sigmoid")
    session.do(Advance(Grain.STEP, 4))
    session.do(Switch({"activation": "relu", "initializer": "he-normal"}))
    assert read(found).steps[SWITCH] == []  # another initializer begins anew
    session.do(Advance(Grain.STEP, 4))
    session.do(Switch({"clip": "value", "clip-threshold": 1e-6}))
    session.do(Advance(Grain.STEP, 3))
    log = read(found)
    assert log.steps[SWITCH] == [4]
    assert log.steps[CLIP] == [4]
    assert found.said(4)[0] == "switched clip none → value, clip-threshold 1 → 1.0e-6"
    assert "run 1 goes on otherwise" in found.said(4)
    session.do(Undo())
    session.do(Advance(Grain.STEP, 1))
    log = read(found)
    assert (log.steps[SWITCH], log.steps[FORK], log.steps[CLIP]) == ([], [4], [])
    session.do(Undo())
    assert read(found).steps[FORK] == []
    session.do(Restart())
    assert read(found).steps[FORK] == []


def test_what_is_not_finite_is_found_at_its_step() -> None:
    session, found = started(activation="relu", learning_rate=1e200, depth=4)
    session.do(Advance(Grain.STEP, 4))
    log = read(found)
    broken = [k for k, r in enumerate(session.run.records) if r.broke_at is not None]
    assert log.steps[Shape.NOT_FINITE]
    assert log.steps[Shape.NOT_FINITE][0] in (broken[0], broken[0] + 1)
    assert log.within(0, 3) == (Shape.NOT_FINITE, log.steps[Shape.NOT_FINITE][-1])


def test_the_most_important_within_a_stretch_of_steps() -> None:
    log = Log()
    log.steps[CLIP], log.stretches = [2, 50], [20, 60]
    log.steps[SWITCH], log.steps[Shape.HEALTHY] = [10], [11]
    assert log.within(0, 1) is None
    assert log.within(3, 5) == (CLIP, 3)
    assert log.within(3, 11) == (SWITCH, 10)
    assert log.within(11, 99) == (Shape.HEALTHY, 11)
    assert log.within(21, 49) is None
    assert log.kinds() == [SWITCH, Shape.HEALTHY, CLIP]
    assert [log.neighbor(11, way) for way in (1, -1)] == [50, 10]
    assert [log.neighbor(50, 1), log.neighbor(2, -1)] == [None, None]
    assert next(iter(KINDS)) == Shape.NOT_FINITE
