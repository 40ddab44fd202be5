"""The shape: what the gradient does over depth, judged by its two ends and never by its size."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, log10, nan

import numpy as np
import numpy.typing as npt

from gradsim.experiment.experiment import Experiment
from gradsim.experiment.wiring import Block, blocks
from gradsim.insight.shapes import Shape
from gradsim.insight.verdict.limits import LIMIT_DECADES, ROUNDING, SPARE_DECADES
from gradsim.numbers import number, signed
from gradsim.simulation.measure import StepRecord

Column = npt.NDArray[np.float64]
"""A number for each layer, the head last: (depth + 1,)."""


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


def shape_of(record: StepRecord, experiment: Experiment) -> tuple[Shape, Evidence]:
    """The shape of a step whose gradients are known, with its evidence.

    Not finite where loss, gradients or weights are not. Else by what is left at layer 1 of the
    activation gradient of the last hidden layer: less than 10^-1.5 of it is vanishing, more than
    10^1.5 exploding. Where exactly zero arrives it is dead, unless the gradient has only fallen
    below the range of the number format on its way: that is vanishing. A layer that a skip leads
    around may be zero itself and yet keep nothing from the layers below; then those decide.
    """
    delta = column(record, "delta_norm")
    hidden = delta[:-1]
    shape, sentence = _judged(record, experiment, delta)
    return shape, Evidence(
        first_delta_norm=float(hidden[0]),
        last_delta_norm=float(hidden[-1]),
        reach=ratio(hidden[0], hidden[-1]),
        reach_decades=reach_decades(hidden[0], hidden[-1]),
        slope=slope(hidden),
        sentence=sentence,
    )


def _judged(record: StepRecord, experiment: Experiment, delta: Column) -> tuple[Shape, str]:
    broken = _first_not_finite(record)
    if broken:
        return Shape.NOT_FINITE, broken
    if _cancels(record, experiment.dtype):
        return Shape.DEAD, (
            "what the head sends back cancels to rounding, as all of its rows are alike: "
            f"{number(column(record, 'output_grad_norm')[-2])} of {number(delta[-1])}"
        )
    hidden = delta[:-1]
    layers = np.arange(1, len(hidden) + 1)
    zero = hidden == 0.0
    if not zero.any():
        return _by_ends(hidden, layers, "activation gradient")
    passed, shut = _led_around(record, experiment)
    if passed.all() and shut.any():
        lasts = np.array([block.last for block in blocks(experiment)])
        along = column(record, "output_grad_norm")[lasts - 1]
        shape, way = _by_ends(along, lasts, "gradient along the skips")
        return shape, f"every branch is shut, as its join gives it a factor of 0; {way}"
    stuck = zero & ~passed
    if not (stuck.any() or zero.all()) and (shut[0] or not zero[0]):
        shape, way = _by_ends(hidden[~zero], layers[~zero], "activation gradient")
        return shape, f"{way}; exactly zero at {ranges(layers[zero])}, which skips lead around"
    return _starved(record, experiment, delta, layers[stuck if stuck.any() else zero & ~shut])


def _by_ends(norms: Column, layers: npt.NDArray[np.intp], what: str) -> tuple[Shape, str]:
    """Judged by the first and the last of these norms, which are of these layers."""
    first, last = norms[0], norms[-1]
    if len(norms) == 1:
        one = "one hidden layer, " if layers[0] == 1 else ""
        return Shape.HEALTHY, f"{one}{what} {number(first)}" + ("" if one else f" at {layers[0]}")
    reach = reach_decades(first, last)
    way = (
        f"{what} {number(last)} at layer {layers[-1]}, {number(first)} at layer {layers[0]}: "
        f"{signed(reach, 1)} decades, {signed(slope(norms, layers), 2)} per layer"
    )
    if reach < -LIMIT_DECADES:
        return Shape.VANISHING, way
    return (Shape.EXPLODING if reach > LIMIT_DECADES else Shape.HEALTHY), way


def _starved(
    record: StepRecord, experiment: Experiment, delta: Column, zeros: npt.NDArray[np.intp]
) -> tuple[Shape, str]:
    """Dead or out of range: nothing arrives at these layers."""
    top = int(zeros[-1])
    where = f"at {ranges(zeros)}"
    stopper = _stopper(record, delta, top)
    if not stopper and _may_underflow(delta[top:], experiment.dtype):
        return Shape.VANISHING, (
            f"the activation gradient falls below the range of {experiment.dtype}: zero {where}"
        )
    because = f": {stopper}" if stopper else ""
    return Shape.DEAD, f"the activation gradient is exactly zero {where}{because}"


def _stopper(record: StepRecord, delta: Column, top: int) -> str:
    """What lets exactly nothing through to layer `top`, whatever the size; empty if not known."""
    head = len(delta)
    if delta[-1] == 0.0:
        return "the loss sends nothing back"
    if column(record, "weight_norm")[top] == 0.0:
        if top + 1 < head:
            return f"the weights of layer {top + 1} are all zero"
        moves = column(record, "grad_weight_norm")[-1] > 0.0
        return "the weights of the head are all zero" + (
            ", until its first update" if moves else ", and so are their gradients"
        )
    alive = np.flatnonzero(column(record, "dead")[:top] < 1.0)
    flat = np.arange(int(alive[-1]) + 2 if alive.size else 1, top + 1)
    return f"no unit of {ranges(flat)} has a slope" if flat.size else ""


def _cancels(record: StepRecord, dtype: str) -> bool:
    """Whether what comes out of the head is no more than the rounding of what goes into it.

    With equal rows W, delta W is the sum of delta over the classes, and a softmax makes that zero.
    """
    info = np.finfo(dtype)
    rounding = (
        float(info.eps) * column(record, "delta_norm")[-1] * column(record, "weight_norm")[-1]
    )
    left = column(record, "output_grad_norm")[-2]
    return bool(rounding > info.smallest_subnormal and left <= ROUNDING * rounding)


def _may_underflow(above: Column, dtype: str) -> bool:
    """Whether a zero below these norms, from the layer above it to the head, may be out of range.

    Judged by the steepest fall between two of them, so that a factor on the loss decides nothing.
    """
    sizes = np.log10(above[above > 0.0])
    # From the head down: how many decades each layer takes.
    falls = np.diff(sizes)
    steepest = max(SPARE_DECADES, float(falls.max(initial=0.0)) + 2.0)
    return float(sizes[0]) - steepest < log10(float(np.finfo(dtype).smallest_subnormal))


def _led_around(
    record: StepRecord, experiment: Experiment
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Hidden layers that are zero themselves while a skip brings the gradient around them.

    And those of them whose units have slopes: there the skip's join lets nothing into the branch.
    """
    zero = column(record, "delta_norm")[:-1] == 0.0
    around, dead = column(record, "output_grad_norm"), column(record, "dead")
    passed, shut = np.zeros_like(zero), np.zeros_like(zero)
    for block in blocks(experiment):
        own = _slice(block)
        if block.skip != "none" and around[block.last - 1] > 0.0:
            passed[own] = zero[own]
            shut[own] = zero[own] & (dead[own].max() < 1.0)
    return passed, shut


def _slice(block: Block) -> slice:
    return slice(block.first - 1, block.last)


def _first_not_finite(record: StepRecord) -> str:
    if record.loss is not None and not isfinite(record.loss):
        return f"the loss is {named(record.loss)}"
    for name, words in (
        ("delta_norm", "activation gradient"),
        ("grad_weight_norm", "weight gradient"),
        ("weight_norm", "weight"),
    ):
        values = column(record, name)
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            last = int(wrong[-1])
            place = "output" if last == len(values) - 1 else f"layer {last + 1}"
            return f"the norm of the {words} at {place} is {named(float(values[last]))}"
    if record.grad_norm is not None and not isfinite(record.grad_norm):
        return f"the norm of all gradients together is {named(record.grad_norm)}"
    return ""


def column(record: StepRecord, name: str) -> Column:
    """A number of every layer; raises ValueError where the step's gradients are not known."""
    found = record.column(name)
    if found is None:
        raise ValueError(f"the gradients of step {record.step} are not known yet")
    return found


def ratio(first: float, last: float) -> float:
    """first / last; NaN where there is none."""
    if isnan(first) or isnan(last) or last == 0.0 or not isfinite(last):
        return nan
    with np.errstate(over="ignore"):
        return float(np.float64(first) / last)


def reach_decades(first: float, last: float) -> float:
    """log10(first / last), also where the ratio itself is out of the number range."""
    if isnan(ratio(first, last)) or not isfinite(first):
        return nan
    return log10(first) - log10(last) if first > 0.0 else -inf


def slope(norms: Column, layers: npt.NDArray[np.intp] | None = None) -> float:
    """Decades per layer on the way back; NaN with fewer than two usable layers."""
    usable = np.flatnonzero(np.isfinite(norms) & (norms > 0.0))
    if usable.size < 2:
        return nan
    place = usable if layers is None else layers[usable]
    layer = place - place.mean()
    size = np.log10(norms[usable])
    return -float(layer @ (size - size.mean())) / float(layer @ layer)


def named(value: float) -> str:
    """`NaN`, `infinity`, `-infinity`."""
    return "NaN" if isnan(value) else ("infinity" if value > 0 else "-infinity")


STRETCHES = 10
"""Stretches of layers that a sentence names at the most."""


def ranges(layers: Sequence[int] | npt.NDArray[np.intp]) -> str:
    """`layer 3`, `layers 1 to 4, 7`; of many stretches the first, and how many layers more."""
    groups: list[list[int]] = []
    for layer in map(int, layers):
        if groups and groups[-1][1] == layer - 1:
            groups[-1][1] = layer
        else:
            groups.append([layer, layer])
    named = groups if len(groups) <= STRETCHES else groups[: STRETCHES - 2]
    words = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in named)
    if named is not groups:
        more = sum(b - a + 1 for a, b in groups[len(named) :])
        words += f" and {more} more up to {groups[-1][1]}"
    return f"layer {words}" if len(layers) == 1 else f"layers {words}"
