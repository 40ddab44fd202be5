"""Of each layer the weight with the largest gradient: its slope, with and without backpropagation.

This takes forward passes of its own, so it is no part of the report: it is worked out where it is
asked for.
"""

from collections.abc import Iterable
from math import isfinite, nan
from typing import TypeAlias

from gradsim.insight.slope import differencing
from gradsim.insight.weight import Probe, Slices
from gradsim.nn.network import LayerName
from gradsim.simulation.session import Session

Steepest: TypeAlias = dict[LayerName, dict[str, float]]
"""Of each layer the numbers of its steepest weight, by the names of ABOUT."""

ABOUT: dict[str, str] = {
    "weight_value": "the weight of a layer whose gradient is the largest: what it is",
    "weight_gradient": "its slope by backpropagation: the gradient of the loss with respect to it",
    "weight_difference": "its slope without backpropagation: (L(w + h) - L(w - h)) / 2h, the loss "
    "really run again at both sides",
    "difference_error": "|weight_difference - weight_gradient| over the larger of both",
}
"""The numbers of a steepest weight, each with what it is."""


def steepest(session: Session, layers: Iterable[LayerName]) -> Slices[Steepest]:
    """Those weights at the session's cursor, in slices of one op; the session stays as it is."""
    probe = Probe(session)
    found = {}
    for layer in layers:
        weight = probe.largest(layer, "weight")
        slope = (yield from differencing(probe, weight)).central
        gradient = probe.gradient(weight)
        found[layer] = {
            "weight_value": probe.value(weight),
            "weight_gradient": gradient,
            "weight_difference": slope,
            "difference_error": relative_error(slope, gradient),
        }
    return found


def relative_error(one: float, other: float) -> float:
    """|one - other| / max(|one|, |other|): 0 of two zeros, NaN where one is not finite."""
    if not (isfinite(one) and isfinite(other)):
        return nan
    size = max(abs(one), abs(other))
    return abs(one - other) / size if size else 0.0
