"""The verdict on real networks and on made-up profiles; and reports as JSON."""

import json
from math import inf, isfinite, isnan, log10, nan
from typing import Any

import numpy as np
import pytest
from helpers import experiment

from gradsim.experiment.experiment import Experiment
from gradsim.insight.report import jsonable, report
from gradsim.insight.verdict import LIMIT_DECADES, Shape, Verdict, judge
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.measure import LAYER_COLUMNS, StepRecord
from gradsim.simulation.session import Session


def verdict_after(steps: int, **knobs: Any) -> Verdict:
    session = Session(experiment(**knobs))
    if steps:
        session.do(Advance(Grain.STEP, steps))
    return judge(session.look(), session.experiment)


def record_of(delta: list[float], **columns: list[float]) -> StepRecord:
    """A record with this profile, the head last, and plain numbers for all else."""
    table = np.full((len(LAYER_COLUMNS), len(delta)), 1.0)
    for name in ("saturated", "dead"):
        table[LAYER_COLUMNS.index(name)] = 0.0
    for name, values in (columns | {"delta_norm": delta, "output_grad_norm": delta}).items():
        table[LAYER_COLUMNS.index(name)] = values
    return StepRecord(0, loss=1.0, layers=table)


def judged(delta: list[float], dtype: str = "float64", **columns: list[float]) -> Verdict:
    return judge(record_of(delta, **columns), experiment(dtype=dtype))


# -- real networks ------------------------------------------------------------------------------


def test_the_default_network_vanishes() -> None:
    verdict = verdict_after(0)
    assert verdict.shape is Shape.VANISHING
    evidence = verdict.evidence
    assert evidence.reach_decades == pytest.approx(-12.0, abs=0.7)
    assert evidence.slope == pytest.approx(evidence.reach_decades / 19, rel=0.05)
    assert f"{evidence.reach_decades:+.1f} decades" in evidence.sentence
    assert "layer 20" in evidence.sentence


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_relu_with_he_is_healthy(seed: int) -> None:
    verdict = verdict_after(0, activation="relu", initializer="he-normal", seed=seed)
    assert verdict.shape is Shape.HEALTHY
    assert abs(verdict.evidence.reach_decades) < LIMIT_DECADES


def test_he_with_gain_explodes() -> None:
    verdict = verdict_after(0, activation="relu", initializer="he-normal", initializer_gain=3.0)
    assert verdict.shape is Shape.EXPLODING
    assert verdict.evidence.reach_decades == pytest.approx(19 * log10(3.0), abs=1.0)


def test_zero_weights_are_dead() -> None:
    for knobs in ({"initializer_gain": 0.0}, {"initializer": "zeros"}):
        verdict = verdict_after(0, **knobs)
        assert verdict.shape is Shape.DEAD
        assert "exactly zero at layers 1 to 20" in verdict.evidence.sentence
        assert verdict.evidence.first_delta_norm == 0.0


def test_an_absurd_learning_rate_ends_in_what_is_not_finite() -> None:
    knobs: dict[str, Any] = {
        "activation": "relu", "initializer": "he-normal", "skip": "residual",
        "depth": 6, "width": 16, "learning_rate": 1e6,
    }  # fmt: skip
    assert verdict_after(0, **knobs).shape in (Shape.HEALTHY, Shape.EXPLODING)
    verdict = verdict_after(12, **knobs)
    assert verdict.shape is Shape.NOT_FINITE
    assert "NaN" in verdict.evidence.sentence or "infinity" in verdict.evidence.sentence


@pytest.mark.parametrize("depth", [70, 90])
def test_a_gradient_below_the_range_of_float32_vanishes_and_is_not_dead(depth: int) -> None:
    knobs = {"depth": depth, "width": 16, "batch_size": 8}
    low = verdict_after(0, dtype="float32", **knobs)
    assert low.shape is Shape.VANISHING
    assert low.evidence.first_delta_norm == 0.0
    assert "float32" in low.evidence.sentence
    high = verdict_after(0, **knobs)
    assert high.shape is Shape.VANISHING
    assert high.evidence.first_delta_norm > 0.0


SHAPES: list[dict[str, Any]] = [
    {},
    {"activation": "relu", "initializer": "he-normal"},
    {"activation": "relu", "initializer": "he-normal", "initializer_gain": 3.0},
    {"initializer_gain": 0.0},
]


@pytest.mark.parametrize("knobs", SHAPES, ids=str)
@pytest.mark.parametrize("factor", [1e-30, 1e-9, 1e9, 1e30])
def test_the_size_of_the_loss_decides_nothing(knobs: dict[str, Any], factor: float) -> None:
    plain, scaled = verdict_after(0, **knobs), verdict_after(0, loss_factor=factor, **knobs)
    assert scaled.shape is plain.shape
    assert scaled.evidence.last_delta_norm == pytest.approx(
        factor * plain.evidence.last_delta_norm, rel=1e-9, abs=0.0
    )
    same_number(scaled.evidence.reach_decades, plain.evidence.reach_decades)
    same_number(scaled.evidence.slope, plain.evidence.slope)


def same_number(one: float, other: float) -> None:
    assert one == pytest.approx(other, rel=1e-9, nan_ok=True)


def test_one_layer_has_no_slope() -> None:
    verdict = verdict_after(0, depth=1, width=8)
    assert verdict.shape is Shape.HEALTHY
    assert isnan(verdict.evidence.slope)
    assert verdict.evidence.reach == 1.0


def test_a_saturated_network_says_so() -> None:
    verdict = verdict_after(0, activation="tanh", initializer_gain=30.0, depth=5, width=16)
    note = next(note for note in verdict.notes if note.kind == "saturated")
    assert note.layers == (1, 2, 3, 4, 5)
    assert "layers 1 to 5" in note.words
    assert not any(note.kind == "saturated" for note in verdict_after(0, depth=5).notes)


def test_dead_units_are_counted() -> None:
    verdict = verdict_after(0, activation="relu", initializer_gain=0.0, depth=3, width=8)
    note = next(note for note in verdict.notes if note.kind == "dead-units")
    assert "100%" in note.words


def test_a_flat_weight_gradient_over_a_collapsing_one_is_pointed_out() -> None:
    verdict = verdict_after(0, activation="tanh", initializer_gain=0.4, depth=10, width=64)
    assert verdict.shape is Shape.VANISHING
    assert [note.kind for note in verdict.notes] == ["flat-weight-gradient"]


def test_clipping_that_fired_is_told() -> None:
    knobs = {"activation": "relu", "initializer": "he-normal", "depth": 3, "width": 8}
    fired = verdict_after(0, clip="global-norm", clip_threshold=1e-3, **knobs)
    assert any("clipping fired" in n.words and "global-norm" in n.words for n in fired.notes)
    rested = verdict_after(0, clip="global-norm", clip_threshold=1e3, **knobs)
    assert not any("clip" in note.words for note in rested.notes)


# -- made-up profiles ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decades", "shape"),
    [
        (-LIMIT_DECADES - 0.01, Shape.VANISHING),
        (-LIMIT_DECADES + 0.01, Shape.HEALTHY),
        (0.0, Shape.HEALTHY),
        (LIMIT_DECADES - 0.01, Shape.HEALTHY),
        (LIMIT_DECADES + 0.01, Shape.EXPLODING),
    ],
)
@pytest.mark.parametrize("size", [1e-250, 1.0, 1e250])
def test_the_limit_on_both_sides(decades: float, shape: Shape, size: float) -> None:
    profile = [size * 10 ** (decades * k / 4) for k in (4, 3, 2, 1, 0)]
    verdict = judged([*profile, size])
    assert verdict.shape is shape
    assert verdict.evidence.slope == pytest.approx(decades / 4, abs=1e-9)
    assert verdict.evidence.reach_decades == pytest.approx(decades, abs=1e-9)
    assert verdict.evidence.reach == pytest.approx(10**decades, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "last", "shape"),
    [(1e-200, 1e200, Shape.VANISHING), (1e200, 1e-200, Shape.EXPLODING)],
)
def test_a_reach_of_more_decades_than_numbers_have(first: float, last: float, shape: Shape) -> None:
    verdict = judged([first, 1.0, last, last])
    assert verdict.shape is shape
    assert verdict.evidence.reach_decades == pytest.approx(log10(first) - log10(last))


def test_zero_below_something_sizable_is_dead() -> None:
    verdict = judged([0.0, 0.0, 0.3, 0.0, 0.2, 1.0])
    assert verdict.shape is Shape.DEAD
    assert "layers 1 to 2, 4" in verdict.evidence.sentence


@pytest.mark.parametrize(("dtype", "tiny"), [("float32", 1e-44), ("float64", 1e-320)])
def test_zero_below_next_to_nothing_vanishes(dtype: str, tiny: float) -> None:
    assert judged([0.0, 0.0, tiny, 1e-5, 1.0], dtype).shape is Shape.VANISHING


@pytest.mark.parametrize("wrong", [nan, inf])
@pytest.mark.parametrize("column", ["delta_norm", "grad_weight_norm", "weight_norm"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_not_finite_is_named_with_its_place(wrong: float, column: str, place: int) -> None:
    values = [1.0, 1.0, 1.0]
    values[place] = wrong
    columns = {"delta_norm": [1.0, 1.0, 1.0]} | {column: values}
    record = record_of(columns.pop("delta_norm"), **columns)
    verdict = judge(record, Experiment.of({}))
    assert verdict.shape is Shape.NOT_FINITE
    assert f"at {'output' if place == 2 else f'layer {place + 1}'}" in verdict.evidence.sentence
    assert ("NaN" if isnan(wrong) else "infinity") in verdict.evidence.sentence


@pytest.mark.parametrize("loss", [nan, inf, -inf])
def test_a_loss_that_is_not_finite(loss: float) -> None:
    record = record_of([1.0, 1.0])
    record.loss = loss
    assert judge(record, Experiment.of({})).shape is Shape.NOT_FINITE


def test_a_step_without_gradients_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="not known yet"):
        judge(StepRecord(3), Experiment.of({}))


# -- as JSON ------------------------------------------------------------------------------------


def places(value: Any, place: str = "") -> dict[str, float | None]:
    """Every place in a report that holds no finite number, with what it holds."""
    if isinstance(value, dict):
        items = [(f"{place}.{k}" if place else str(k), v) for k, v in value.items()]
    elif isinstance(value, list):
        items = [(f"{place}.{k}", v) for k, v in enumerate(value)]
    elif value is None or (isinstance(value, float) and not isfinite(value)):
        return {place: value}
    else:
        return {}
    found: dict[str, float | None] = {}
    for inner, item in items:
        found |= places(item, inner)
    return found


def spread(nulls: dict[str, str]) -> dict[str, str]:
    """`history.loss.3-5` as three places."""
    out: dict[str, str] = {}
    for place, reason in nulls.items():
        stem, _, tail = place.rpartition(".")
        first, dash, last = tail.partition("-")
        if dash and first.isdigit() and last.isdigit():
            out |= {f"{stem}.{k}": reason for k in range(int(first), int(last) + 1)}
        else:
            out[place] = reason
    return out


def check_json(plain: dict[str, Any]) -> dict[str, str]:
    """Strict JSON; null exactly where no finite number was, each with a reason. The reasons."""
    clean = jsonable(plain)
    again = json.loads(json.dumps(clean, allow_nan=False))
    assert again == clean
    nulls = again.pop("nulls")
    missing = places(plain)
    reasons = spread(nulls)
    assert set(places(again)) == set(missing) == set(reasons)
    for place, value in missing.items():
        if value is not None and not isnan(value):
            assert reasons[place] == ("infinity" if value > 0 else "-infinity")
    return reasons


def test_before_the_first_update_there_is_none() -> None:
    plain = report(Session(experiment(depth=3, width=8)))
    reasons = check_json(plain)
    assert set(reasons.values()) == {"no update made yet"}
    assert {place.rpartition(".")[2] for place in reasons} == {
        "update_norm", "update_ratio", "oscillation",
    }  # fmt: skip
    assert len(reasons) == 2 * 4 + 1


def test_a_healthy_run_has_no_nulls() -> None:
    session = Session(experiment(depth=3, width=8))
    session.do(Advance(Grain.STEP, 3))
    plain = report(session)
    # After so few steps the loss need not have come down: oscillation may be infinite.
    assert check_json(plain).keys() <= {"oscillation"}
    assert len(plain["history"]["loss"]) == 4
    assert plain["history"]["step"] == [0, 1, 2, 3]


def test_a_run_that_broke() -> None:
    session = Session(
        experiment(
            activation="relu", initializer="he-normal", skip="residual",
            depth=4, width=16, learning_rate=1e6,
        )
    )  # fmt: skip
    session.do(Advance(Grain.STEP, 30))
    plain = report(session)
    assert plain["verdict"]["shape"] == "not-finite"
    reasons = check_json(plain)
    assert any(place.startswith("history.loss.") for place in reasons)
    clean = jsonable(plain)
    assert any("-" in place.rpartition(".")[2] for place in clean["nulls"]), "stretches are joined"
    updates = {place: reason for place, reason in reasons.items() if ".update_" in place}
    assert updates
    assert set(updates.values()) <= {"not a number", "infinity"}, "updates have been made"


def test_a_dead_run() -> None:
    plain = report(Session(experiment(depth=3, width=8, initializer_gain=0.0)))
    assert plain["verdict"]["shape"] == "dead"
    reasons = check_json(plain)
    assert "verdict.evidence.reach" in reasons


def test_reasons_by_place() -> None:
    plain: dict[str, Any] = {
        "history": {
            "loss": [1.0, nan, nan, inf, inf, 2.0, nan],
            "accuracy": [nan, 0.5],
            "held": [None, None, 0.5],
        },
        "deep": [{"x": -inf}, {"x": 1}],
        "words": ["nan", True],
    }
    clean = jsonable(plain)
    assert clean.pop("nulls") == {
        "history.loss.1-2": "not a number",
        "history.loss.3-4": "infinity",
        "history.loss.6": "not a number",
        "history.accuracy.0": "not a number",
        "history.held.0-1": "not computed",
        "deep.0.x": "-infinity",
    }
    assert clean == {
        "history": {
            "loss": [1.0, None, None, None, None, 2.0, None],
            "accuracy": [None, 0.5],
            "held": [None, None, 0.5],
        },
        "deep": [{"x": None}, {"x": 1}],
        "words": ["nan", True],
    }
    assert isnan(plain["history"]["loss"][1]), "the report itself is left as it was"


def test_a_flat_profile_has_no_minus_zero() -> None:
    flat = judged([1.0, 1.01, 1.0, 1.01])
    assert "+0.0 decades" in flat.evidence.sentence
    assert "-0.0 " not in flat.evidence.sentence
