"""The verdict: what shape the gradient has over depth, judged on its shape and not on its size."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, isnan, log10, nan

import numpy as np
import numpy.typing as npt

from gradsim.experiment.experiment import Experiment
from gradsim.numbers import number, signed
from gradsim.simulation.measure import StepRecord

LIMIT_DECADES = 1.5
"""End-to-end change, in decades, beyond which a gradient counts as vanishing or exploding.

The middle, on a log scale, between a factor of 10 (still healthy) and of 100 (no longer).
"""

MANY = 0.5
"""Share of saturated entries, or of dead units, from which on a layer is named."""


class Shape(StrEnum):
    """What a gradient profile can be; exactly one holds."""

    VANISHING = "vanishing"
    EXPLODING = "exploding"
    HEALTHY = "healthy"
    DEAD = "dead"
    NOT_FINITE = "not-finite"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers a verdict rests on; NaN where one does not exist."""

    first_delta_norm: float
    last_delta_norm: float
    reach: float
    """first / last: what is left of the activation gradient at layer 1."""
    reach_decades: float
    slope: float
    """Least-squares slope of log10(delta norm) toward the input, in decades per layer."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One shape, any number of notes, and the evidence."""

    shape: Shape
    notes: tuple[str, ...]
    evidence: Evidence


def judge(record: StepRecord, experiment: Experiment) -> Verdict:
    """Judge a step whose gradients are known (`record.layers`)."""
    delta = _column(record, "delta_norm")
    hidden = delta[:-1]
    shape, sentence = _shape(record, hidden, experiment.dtype)
    reach = _ratio(hidden[0], hidden[-1])
    decades = _decades(hidden[0], hidden[-1])
    slope = _slope(hidden)
    return Verdict(
        shape,
        tuple(_notes(record, delta, experiment)),
        Evidence(float(hidden[0]), float(hidden[-1]), reach, decades, slope, sentence),
    )


def _shape(record: StepRecord, hidden: npt.NDArray[np.float64], dtype: str) -> tuple[Shape, str]:
    broken = _first_not_finite(record)
    if broken:
        return Shape.NOT_FINITE, broken
    depth = len(hidden)
    zeros = np.flatnonzero(hidden == 0.0)
    if zeros.size:
        top = int(zeros[-1])
        above = hidden[top + 1] if top + 1 < depth else _column(record, "delta_norm")[-1]
        floor = float(np.finfo(dtype).tiny) * 1e20
        layers = _ranges([int(z) + 1 for z in zeros])
        if 0.0 < above < floor:
            return Shape.VANISHING, (
                f"the activation gradient falls below the range of {dtype}: zero at {layers}"
            )
        return Shape.DEAD, f"the activation gradient is exactly zero at {layers}"
    reach = log10(hidden[0]) - log10(hidden[-1])
    per_layer = _slope(hidden)
    way = (
        f"activation gradient {number(hidden[-1])} at layer {depth}, "
        f"{number(hidden[0])} at layer 1: {signed(reach, 1)} decades, "
        f"{signed(per_layer, 2)} per layer"
        if depth > 1
        else f"one hidden layer, activation gradient {number(hidden[0])}"
    )
    if reach < -LIMIT_DECADES:
        return Shape.VANISHING, way
    if reach > LIMIT_DECADES:
        return Shape.EXPLODING, way
    return Shape.HEALTHY, way


def _first_not_finite(record: StepRecord) -> str:
    if record.loss is not None and not isfinite(record.loss):
        return f"the loss is {_named(record.loss)}"
    for name, words in (
        ("delta_norm", "activation gradient"),
        ("grad_weight_norm", "weight gradient"),
        ("weight_norm", "weight"),
    ):
        column = _column(record, name)
        wrong = np.flatnonzero(~np.isfinite(column))
        if wrong.size:
            last = int(wrong[-1])
            place = "output" if last == len(column) - 1 else f"layer {last + 1}"
            return f"the norm of the {words} at {place} is {_named(float(column[last]))}"
    return ""


def _notes(record: StepRecord, delta: npt.NDArray[np.float64], experiment: Experiment) -> list[str]:
    notes = []
    saturated = _column(record, "saturated")
    if (where := np.flatnonzero(saturated >= MANY)).size:
        notes.append(
            f"saturated: {saturated[where].max():.0%} of the slopes are nearly flat in "
            f"{_ranges([int(k) + 1 for k in where])}"
        )
    dead = _column(record, "dead")
    if (where := np.flatnonzero(dead >= MANY)).size:
        notes.append(
            f"dead units: up to {dead[where].max():.0%} pass no gradient for any row of the "
            f"batch in {_ranges([int(k) + 1 for k in where])}"
        )
    weights = _column(record, "grad_weight_norm")[:-1]
    fall, flat = _ratio(delta[0], delta[-2]), _ratio(weights[0], weights[-1])
    if 0 < fall < 10**-LIMIT_DECADES and 10**-1 < flat < 10:
        notes.append(
            "flat weight gradient over a collapsing activation gradient: the weight gradient "
            f"keeps within a factor {max(flat, 1 / flat):.1f}"
        )
    if record.fired and record.grad_norm is not None and record.clipped_grad_norm is not None:
        notes.append(
            f"clipping fired: gradient norm {number(record.grad_norm)}, "
            f"{number(record.clipped_grad_norm)} after {experiment.clip}"
        )
    return notes


def _column(record: StepRecord, name: str) -> npt.NDArray[np.float64]:
    column = record.column(name)
    if column is None:
        raise ValueError(f"the gradients of step {record.step} are not known yet")
    return column


def _ratio(first: float, last: float) -> float:
    if isnan(first) or isnan(last) or last == 0.0 or not isfinite(last):
        return nan
    return float(first) / float(last)


def _decades(first: float, last: float) -> float:
    """log10(first / last), also where the ratio itself is out of the number range."""
    if isnan(_ratio(first, last)) or not isfinite(first):
        return nan
    return log10(first) - log10(last) if first > 0.0 else -inf


def _slope(hidden: npt.NDArray[np.float64]) -> float:
    """Decades per layer on the way back; NaN with fewer than two usable layers."""
    usable = np.flatnonzero(np.isfinite(hidden) & (hidden > 0.0))
    if usable.size < 2:
        return nan
    layer = usable - usable.mean()
    size = np.log10(hidden[usable])
    return -float(layer @ (size - size.mean())) / float(layer @ layer)


def _named(value: float) -> str:
    return "NaN" if isnan(value) else ("infinity" if value > 0 else "-infinity")


def _ranges(layers: Sequence[int]) -> str:
    """`layer 3`, `layers 1 to 4, 7`."""
    groups: list[list[int]] = []
    for layer in layers:
        if groups and groups[-1][1] == layer - 1:
            groups[-1][1] = layer
        else:
            groups.append([layer, layer])
    words = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in groups)
    return f"layer {words}" if len(layers) == 1 else f"layers {words}"
