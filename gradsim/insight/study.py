"""All that is found out about one weight, together: as the app and the command line show it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from gradsim.insight.slope import Differences, Nudge, curve, differencing, fitting, nudging
from gradsim.insight.weight import Probe, Weight, whole

WIDER = 1.2
"""The picture of a large nudge is wider than the nudge by this factor."""

SCHEMA = "gradsim/weight/1"

KEYS: dict[str, str] = {
    "schema": "name and version of this form",
    "experiment": "every knob with its value",
    "step": "training steps done; the batch is the next one",
    "layer": "a number counted from 1, or `output`",
    "parameter": "its name in the layer",
    "index": "which entry, counted from 0",
    "value": "what the weight is",
    "gradient": "the slope of the loss over it, by backpropagation",
    "loss": "the loss of the batch",
    "nudge": "`moved`: by how much the weight was moved; `predicted`: gradient times that; `real`: "
    "the change of the loss; `relative_error` between both; `resolution`: the smallest change "
    "that the number format can show in this loss",
    "differences": "the slope without backpropagation: `step`, `central`, `left`, `right`, "
    "`noise` (what rounding alone may do to it), `digits` that agree with the gradient, `kink`",
    "curve": "lists: the `weight` moved, the `loss` really run with it, the `tangent` there",
    "sentences": "the same in words",
    "nulls": "in JSON: each place that holds null, and why",
}
"""The keys of the JSON, each with what it holds."""


@dataclass(frozen=True, slots=True)
class Study:
    """One weight at one step; None or empty where something is not found out yet."""

    weight: Weight
    step: int
    dtype: str
    value: float
    gradient: float
    loss: float
    nudged: bool
    """Whether `nudge` has been made; else it is one that could be."""
    nudge: Nudge | None = None
    slope: Differences | None = None
    half_width: float | None = None
    """How far the curve goes to each side."""
    points: Sequence[tuple[float, float]] = ()
    """The curve by ascending value of the weight: (value, loss)."""

    def tangent(self, value: float) -> float:
        """The straight line through the present point whose slope is the gradient."""
        return self.loss + self.gradient * (value - self.value)


def begin(probe: Probe, weight: Weight) -> Study:
    """What is known of a weight without a single pass."""
    return Study(
        weight=weight,
        step=probe.step,
        dtype=probe.experiment.dtype,
        value=probe.value(weight),
        gradient=probe.gradient(weight),
        loss=probe.loss,
        nudged=False,
    )


def study(probe: Probe, weight: Weight, nudge: float, *, nudged: bool = False) -> Study:
    """Everything about a weight, with a nudge that has been made, or one that could be."""
    found = begin(probe, weight)
    width = whole(fitting(probe, weight))
    if nudged:
        width = reach(width, nudge)
    return replace(
        found,
        nudged=nudged,
        nudge=whole(nudging(probe, weight, nudge)),
        slope=whole(differencing(probe, weight)),
        half_width=width,
        points=whole(curve(probe, weight, width)) if isfinite(found.value) else (),
    )


def reach(half_width: float, nudge: float) -> float:
    """A half width that has room for a nudge."""
    return max(half_width, WIDER * abs(nudge))


def plain(found: Study) -> dict[str, Any]:
    """A study as plain values by the names of KEYS; numbers may be NaN or infinite."""
    assert found.nudge is not None
    assert found.slope is not None
    nudge, slope = found.nudge, found.slope
    return {
        "schema": SCHEMA,
        "step": found.step,
        "layer": found.weight.layer,
        "parameter": found.weight.parameter,
        "index": list(found.weight.index),
        "value": found.value,
        "gradient": found.gradient,
        "loss": found.loss,
        "nudge": {
            "moved": nudge.moved,
            "predicted": nudge.predicted,
            "real": nudge.real,
            "relative_error": nudge.error,
            "resolution": nudge.resolution,
        },
        "differences": {
            "step": slope.step,
            "central": slope.central,
            "left": slope.left,
            "right": slope.right,
            "noise": slope.noise,
            "digits": slope.digits(found.gradient),
            "kink": slope.kink,
        },
        "curve": {
            "weight": [value for value, _ in found.points],
            "loss": [loss for _, loss in found.points],
            "tangent": [found.tangent(value) for value, _ in found.points],
        },
    }
