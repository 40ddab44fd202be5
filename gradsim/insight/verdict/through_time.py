"""The shape through time: what the gradient of the state does from the last time step to the first.

Judged as over depth, by what is left at its end and never by its size; of several layers by the
one in which the most is lost or gained.
"""

from collections.abc import Sequence

import numpy as np

from gradsim.experiment.experiment import Experiment
from gradsim.insight.shapes import Shape
from gradsim.insight.verdict.limits import LIMIT_DECADES, SPARE_DECADES
from gradsim.insight.verdict.shape import (
    Column,
    Evidence,
    column,
    named,
    ratio,
    reach_decades,
    slope,
)
from gradsim.numbers import number, signed
from gradsim.simulation.measure import StepRecord


def shape_through_time(record: StepRecord, experiment: Experiment) -> tuple[Shape, Evidence]:
    """The shape of a step of a recurrent network whose gradients are known, with its evidence."""
    states = column(record, "output_grad_norm")
    layers = sorted({int(layer) for layer, time in record.places if time is not None})
    profiles = {
        layer: np.array(
            [size for size, place in zip(states, record.places, strict=True) if place[0] == layer]
        )
        for layer in layers
    }
    layer = max(layers, key=lambda k: _extent(profiles[k], experiment))
    profile = profiles[layer]
    shape, words = _judged(record, experiment, profile)
    if len(layers) > 1 and shape is not Shape.NOT_FINITE:
        words = f"recurrent layer {layer}: {words}"
    within = _window(profile, experiment)
    return shape, Evidence(
        first_delta_norm=float(within[0]),
        last_delta_norm=float(within[-1]),
        reach=ratio(within[0], within[-1]),
        reach_decades=reach_decades(within[0], within[-1]),
        slope=slope(within),
        sentence=words,
    )


def _window(profile: Column, experiment: Experiment) -> Column:
    """The time steps that the gradient is let back to: all, or those of the last window."""
    return profile[-experiment.truncation :] if experiment.truncation else profile


def _extent(profile: Column, experiment: Experiment) -> float:
    """How far a profile is from level; what is not finite or zero is the farthest."""
    within = _window(profile, experiment)
    reach = reach_decades(within[0], within[-1])
    return abs(reach) if np.isfinite(reach) else np.inf


def _judged(record: StepRecord, experiment: Experiment, profile: Column) -> tuple[Shape, str]:
    if broken := _first_not_finite(record):
        return Shape.NOT_FINITE, broken
    within = _window(profile, experiment)
    last = len(profile)
    first = last - len(within) + 1
    cut = f", where the gradient is cut: truncation {experiment.truncation}" if first > 1 else ""
    if not within.all():
        return _starved(within, first, experiment.dtype)
    if len(within) == 1:
        return Shape.HEALTHY, f"one time step, state gradient {number(within[0])}{cut}"
    reach = reach_decades(within[0], within[-1])
    words = (
        f"state gradient {number(within[-1])} at time step {last}, {number(within[0])} at time "
        f"step {first}{cut}: {signed(reach, 1)} decades, {signed(slope(within), 2)} per time step"
    )
    if reach < -LIMIT_DECADES:
        return Shape.VANISHING, words
    return (Shape.EXPLODING if reach > LIMIT_DECADES else Shape.HEALTHY), words


def _starved(within: Column, first: int, dtype: str) -> tuple[Shape, str]:
    """Dead, or below the number range: exactly zero somewhere within the window."""
    zero = int(np.flatnonzero(within == 0.0)[-1])
    where = f"zero at time step {first + zero}" + (" and before" if first + zero > 1 else "")
    above = within[zero + 1 :]
    if above.size:
        falls = np.diff(np.log10(above))
        steepest = max(SPARE_DECADES, float(falls.max(initial=0.0)) + 2.0)
        smallest = float(np.log10(np.finfo(dtype).smallest_subnormal))
        if float(np.log10(above[0])) - steepest < smallest:
            return Shape.VANISHING, f"the state gradient falls below the range of {dtype}: {where}"
    return Shape.DEAD, f"the state gradient is exactly {where}"


def _first_not_finite(record: StepRecord) -> str:
    if record.loss is not None and not np.isfinite(record.loss):
        return f"the loss is {named(record.loss)}"
    for name, words in (
        ("output_grad_norm", "state gradient"),
        ("grad_weight_norm", "weight gradient"),
        ("weight_norm", "weights"),
    ):
        values = column(record, name)
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            last = int(wrong[-1])
            return f"the norm of the {words} at {place(record, last)} is {named(values[last])}"
    if record.grad_norm is not None and not np.isfinite(record.grad_norm):
        return f"the norm of all gradients together is {named(record.grad_norm)}"
    return ""


def place(record: StepRecord, index: int) -> str:
    """A column of a layer table in words: `layer 3`, `time step 3`, `output`."""
    layer, time = record.places[index] if record.places else (index + 1, None)
    if layer == "output":
        return "output"
    several = len({name for name, _ in record.places}) > 2
    within = f" of layer {layer}" if several else ""
    return f"layer {layer}" if time is None else f"time step {time}{within}"


def horizon(contributions: Sequence[float] | Column, share: float) -> int:
    """How many of the last time steps bring this share of what all add to the recurrent gradient.

    Measured by the norms of what they add; 0 where nothing is added.
    """
    added = np.asarray(contributions, dtype=np.float64)[::-1]
    largest = float(added.max(initial=0.0))
    if not (largest > 0.0 and np.isfinite(largest)):
        return 0
    total = np.cumsum(added / largest)
    return int(np.searchsorted(total, share * total[-1] * (1.0 - 1e-12))) + 1
