"""Conditions to stop at: what they say, what is wrong with others, and that they fire in time."""

from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from helpers import experiment

from gradsim.errors import InputError
from gradsim.insight.report import LAYER_NUMBERS, report
from gradsim.insight.watch import (
    EVENTS,
    QUANTITIES,
    Condition,
    Watch,
    _holds,
    _Moment,
    parsed,
)
from gradsim.scenario.quantities import QUANTITIES as KNOWN
from gradsim.scenario.quantities import Part, measured
from gradsim.simulation.actions import Advance, Grain, Switch
from gradsim.simulation.session import Session

RELU: dict[str, Any] = {"activation": "relu", "initializer": "he-normal", "depth": 4, "width": 16}


def trained(steps: int, **knobs: Any) -> Session:
    session = Session(experiment(**(RELU | knobs)))
    session.do(Advance(Grain.STEP, steps))
    session.look()
    return session


def stops(session: Session, *texts: str) -> dict[int, list[str]]:
    """What happened at each step of a session up to its cursor."""
    depth = session.experiment.depth
    watch = Watch(parsed(text, depth) for text in texts)
    seen = {step: watch.happened(session.run, step) for step in range(session.cursor.step + 1)}
    return {step: said for step, said in seen.items() if said}


# -- as they are typed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "canonical", "words"),
    [
        ("verdict", "verdict", "the verdict changes"),
        (" CLIP ", "clip", EVENTS["clip"]),
        ("not-finite", "not-finite", EVENTS["not-finite"]),
        ("not finite", "not-finite", EVENTS["not-finite"]),
        ("loss<1.0", "loss<1", "loss below 1"),
        ("loss below 1", "loss<1", "loss below 1"),
        ("grad_norm >= 1e2", "grad_norm>=100", "grad_norm at least 100"),
        ("grad_norm at most 100", "grad_norm<=100", "grad_norm at most 100"),
        ("delta_norm@1>1e-6", "delta_norm@1>1e-06", "delta_norm of layer 1 above 1.0e-6"),
        ("delta_norm of layer 1 above 2", "delta_norm@1>2", "delta_norm of layer 1 above 2"),
        ("dead @ output > .5", "dead@output>0.5", "dead of the output above 0.5"),
        ("dead of the output above 0.5", "dead@output>0.5", "dead of the output above 0.5"),
        ("shape=healthy", "shape=healthy", "shape is healthy"),
        ("shape is not-finite", "shape=not-finite", "shape is not-finite"),
        ("loss<-inf", "loss<-inf", "loss below -∞"),
    ],
)  # fmt: skip
def test_a_condition_as_typed(text: str, canonical: str, words: str) -> None:
    condition = parsed(text, 20)
    assert (condition.text, condition.words) == (canonical, words)
    assert parsed(canonical, 20) == condition


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "right are such as verdict, clip"),
        ("los<1", 'did you mean "loss"?'),
        ("clips", 'did you mean "clip"?'),
        ("zzz<1", "right are such as verdict, clip"),
        ("loss", "is no condition; right are such as"),
        ("loss<", "is no condition"),
        ("clip>3", "is no condition"),
        ("loss<one", "one is no number; right is such as loss<0.5"),
        ("loss=1", "loss is a number: right are < > <= >="),
        ("loss@1<1", "loss is of the whole network"),
        ("delta_norm<1", "delta_norm is that of a layer; right are delta_norm@1 to delta_norm@20"),
        ("delta_norm@21<1", "there is no layer 21; right are delta_norm@1 to delta_norm@20"),
        ("delta_norm@0<1", "there is no layer 0"),
        ("shape=fine", "right is shape= and one of vanishing, exploding, healthy"),
        ("shape<healthy", "right is shape="),
        ("loss<1 grad_norm<2", "is no condition"),
        ("loss<1;import os", "is no condition"),
        ("ⅷ" * 200, "there is nothing"),
    ],
)
def test_a_wrong_one_gets_a_sentence(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(text, 20)
    assert len(caught.value.problems) == 1
    assert words in caught.value.problems[0]
    assert len(caught.value.problems[0]) < 400


def test_every_quantity_of_the_report_can_be_watched() -> None:
    # What theory says of the start does not change from step to step, and what is known of the way
    # through time takes a decomposition of the weights: too much for every step.
    # Notes are words that are included or not, which no condition says; what is known of single
    # weights takes two more passes for each of them.
    apart = (Part.THEORY, Part.TIME, Part.NOTES, Part.WEIGHTS)
    assert set(QUANTITIES) == {name for name, q in KNOWN.items() if q.part not in apart}
    assert {name for name in QUANTITIES if KNOWN[name].per_layer} == set(LAYER_NUMBERS)


@pytest.mark.parametrize("steps", [0, 3, 70])
def test_a_value_is_that_of_the_report(steps: int) -> None:
    """Just above it and just below it the condition holds or not, at the state of the report."""
    session = trained(steps, clip="global-norm", clip_threshold=2.0)
    plain = report(session)
    for name in QUANTITIES:
        if name in ("shape", "held_out_accuracy"):
            continue
        for layer in (1, 4, "output") if KNOWN[name].per_layer else (None,):
            value = measured(plain, name, layer)
            assert isinstance(value, float | int)
            at_most = Condition(name, layer, "<=", float(value))
            below = Condition(name, layer, "<", float(value))
            missing = isnan(value) or value == inf
            assert holds(session, at_most) is not missing, (name, layer, value)
            assert not holds(session, below), (name, layer, value)


def holds(session: Session, condition: Condition) -> bool:
    """Whether it holds at the cursor: then it fires where there was no step before."""
    step, run = session.cursor.step, session.run
    fired = sum(row.fired for row in run.records[: step + 1])
    return _holds(condition, _Moment(run, step, fired).value(condition))


# -- when they fire ----------------------------------------------------------------------------


def test_a_quantity_that_crosses_a_value_fires_at_each_crossing() -> None:
    session = trained(60, learning_rate=0.05)
    losses = [row.loss or nan for row in session.run.records]
    limit = sorted(losses)[len(losses) // 2]
    crossings = [k for k in range(1, 61) if losses[k] < limit <= losses[k - 1]]
    assert crossings
    seen = stops(session, f"loss<{limit!r}")
    assert list(seen) == crossings
    assert seen[crossings[0]][0].startswith(f"loss is {losses[crossings[0]]:.3g}: loss below")


def test_what_holds_from_the_start_fires_at_the_start() -> None:
    session = trained(3)
    assert stops(session, "loss>0") == {
        0: [f"loss is {session.run.records[0].loss:.3g}: loss above 0"]
    }
    assert stops(session, "step>=2") == {2: ["step is 2: step at least 2"]}


def test_several_at_once_and_each_says_its_own() -> None:
    said = stops(trained(3), "loss>0", "step<5", "clip")[0]
    assert len(said) == 2


def sometimes_clipped() -> Session:
    """A run of which half of the steps are clipped, more or less."""
    norms = sorted(row.grad_norm or nan for row in trained(40).run.records)
    return trained(40, clip="global-norm", clip_threshold=norms[20])


def test_clipping_fires_where_it_did_not_before() -> None:
    session = sometimes_clipped()
    fired = [row.fired for row in session.run.records]
    assert 0 < sum(fired) < len(fired)
    seen = stops(session, "clip")
    assert list(seen) == [k for k, now in enumerate(fired) if now and not (k and fired[k - 1])]
    assert all(said[0].startswith("clipping fires, gradient norm ") for said in seen.values())


def test_the_share_of_steps_clipped_is_counted_along() -> None:
    session = sometimes_clipped()
    watch = Watch([parsed("clip_fired_share>0.5", 4)])
    for order in (range(41), reversed(range(41)), (7, 7, 8, 20)):
        for step in order:
            rows = session.run.records[: step + 1]
            share = sum(row.fired for row in rows) / len(rows)
            before = sum(row.fired for row in rows[:-1]) / max(1, step)
            assert bool(watch.happened(session.run, step)) == (share > 0.5 >= before * bool(step))


def test_a_verdict_that_changes_names_both() -> None:
    session = Session(experiment(depth=20, width=16))
    session.do(Advance(Grain.STEP, 2))
    session.do(Switch({"activation": "tanh"}))
    session.do(Advance(Grain.STEP, 2))
    session.look()
    assert stops(session, "verdict") == {2: ["verdict vanishing → healthy"]}


def test_not_finite_fires_at_its_first_step() -> None:
    session = trained(12, learning_rate=100.0, depth=5)
    seen = stops(session, "not-finite")
    assert len(seen) == 1
    step, said = next(iter(seen.items()))
    broken = session.run.records[step].broke_at
    assert broken is not None
    assert "NaN" in said[0] or "infinity" in said[0]
    assert stops(session, "shape=not-finite").keys() == seen.keys()


def test_a_layer_that_is_no_longer_there_never_fires() -> None:
    session = trained(2)
    watch = Watch([parsed("delta_norm@9>0", 20)])
    assert watch.happened(session.run, 1) == []
    assert stops(session, "delta_norm@4>0").keys() == {0}


def test_nan_is_neither_above_nor_below() -> None:
    session = trained(1)
    record = session.run.records[1]
    record.loss, record.layers = nan, np.full((1, 1), nan)
    assert stops(session, "loss<1", "loss>1").keys() <= {0}


def test_conditions_are_switched_on_and_off() -> None:
    watch, condition = Watch(), parsed("clip", 3)
    assert watch.toggle(condition)
    assert watch.conditions == [condition]
    assert not watch.toggle(parsed("clip", 3))
    assert watch.conditions == []
