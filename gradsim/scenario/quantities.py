"""Quantities: every number of the report that a scenario can expect, by the report's own name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import nan
from typing import Any

from gradsim.insight.oscillation import FORMULA as OSCILLATION
from gradsim.insight.recurrence import ABOUT


class Part(StrEnum):
    """Where in the report a quantity stands."""

    HISTORY = "history"
    TOP = "top"
    LAYERS = "layers"
    EVIDENCE = "evidence"
    VERDICT = "verdict"
    NOTES = "notes"
    TIME = "time"
    THEORY = "theory"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a name of the report means, in which unit, and where it stands."""

    part: Part
    about: str
    unit: str = ""

    @property
    def per_layer(self) -> bool:
        """Whether there is one for each layer, so that an expectation must name the layer."""
        return self.part is Part.LAYERS

    @property
    def is_text(self) -> bool:
        """Whether it is a word and not a number."""
        return self.part in (Part.VERDICT, Part.NOTES)


_SHARE = "share from 0 to 1"

QUANTITIES: dict[str, Quantity] = {
    "step": Quantity(Part.HISTORY, "training steps done", "steps"),
    "loss": Quantity(Part.HISTORY, "the loss of the next batch, before its update"),
    "accuracy": Quantity(Part.HISTORY, "share of the next batch that is right", _SHARE),
    "held_out_accuracy": Quantity(Part.HISTORY, "share of the held-out rows right now", _SHARE),
    "grad_norm": Quantity(Part.HISTORY, "L2 norm of all gradients together, before clipping"),
    "clipped_grad_norm": Quantity(
        Part.HISTORY, "L2 norm of all gradients together, after clipping"
    ),
    "clip_coefficient": Quantity(
        Part.HISTORY, "what clipping leaves of the gradient: the norm after over the norm before"
    ),
    "clip_angle": Quantity(
        Part.HISTORY, "angle between the gradient before and after clipping", "degrees"
    ),
    "clip_fired": Quantity(Part.HISTORY, "1 where clipping changed the gradient, else 0"),
    "clip_fired_share": Quantity(
        Part.TOP, "share of the steps so far, this one included, at which clipping fired", _SHARE
    ),
    "learning_rate": Quantity(Part.HISTORY, "the learning rate of this step, by the schedule"),
    "oscillation": Quantity(
        Part.TOP,
        f"how far the loss jumps in one step, measured by how far it has come down: {OSCILLATION}",
        "dimensionless",
    ),
    "delta_norm": Quantity(
        Part.LAYERS, "L2 norm of the gradient with respect to a layer's pre-activations"
    ),
    "output_grad_norm": Quantity(
        Part.LAYERS, "L2 norm of the gradient with respect to what a layer hands on, after its skip"
    ),
    "grad_weight_norm": Quantity(
        Part.LAYERS, "L2 norm of the gradient with respect to a layer's weights"
    ),
    "grad_weight_max": Quantity(
        Part.LAYERS, "largest magnitude in the gradient with respect to a layer's weights"
    ),
    "activation_mean": Quantity(
        Part.LAYERS, "mean of what a layer's activation gives out; of the output at the head"
    ),
    "activation_std": Quantity(
        Part.LAYERS, "standard deviation of what a layer's activation gives out"
    ),
    "output_norm": Quantity(Part.LAYERS, "L2 norm of what a layer hands on, over the batch"),
    "weight_norm": Quantity(Part.LAYERS, "L2 norm of a layer's weights"),
    "update_norm": Quantity(
        Part.LAYERS, "L2 norm of the last change of a layer's weights; NaN before the first"
    ),
    "update_ratio": Quantity(
        Part.LAYERS, "the last change of a layer's weights over the weights; NaN before the first"
    ),
    "saturated": Quantity(
        Part.LAYERS,
        "part of a layer's slopes below a twentieth of the largest, where they fade out",
        _SHARE,
    ),
    "dead": Quantity(
        Part.LAYERS, "part of a layer's units with slope 0 for every row of the batch", _SHARE
    ),
    "first_delta_norm": Quantity(Part.EVIDENCE, "`delta_norm` of layer 1"),
    "last_delta_norm": Quantity(Part.EVIDENCE, "`delta_norm` of the last hidden layer"),
    "reach": Quantity(
        Part.EVIDENCE, "`first_delta_norm` over `last_delta_norm`: what arrives at layer 1"
    ),
    "reach_decades": Quantity(Part.EVIDENCE, "log10 of `reach`: below 0 it vanishes", "decades"),
    "slope": Quantity(
        Part.EVIDENCE, "change of log10(`delta_norm`) on the way to layer 1", "decades per layer"
    ),
    **{name: Quantity(Part.TIME, about) for name, about in ABOUT.items()},
    "predicted_reach_decades": Quantity(
        Part.THEORY, "`reach_decades` at initialization as theory predicts it", "decades"
    ),
    "predicted_low_decades": Quantity(
        Part.THEORY, "below it 1 of 40 networks of this experiment is expected", "decades"
    ),
    "predicted_high_decades": Quantity(
        Part.THEORY, "above it 1 of 40 networks of this experiment is expected", "decades"
    ),
    "predicted_factor": Quantity(
        Part.THEORY, "what the squared `delta_norm` is multiplied by at each layer, by theory"
    ),
    "measured_factor": Quantity(Part.THEORY, "the same as measured: the geometric mean"),
    "weight_variance": Quantity(
        Part.THEORY, "sigma_w^2, the fan-in times the variance of a weight"
    ),
    "bias_variance": Quantity(Part.THEORY, "sigma_b^2, the variance of a bias"),
    "fixed_point": Quantity(
        Part.THEORY, "q*, the variance of pre-activations far from the input: the length map's end"
    ),
    "chi": Quantity(
        Part.THEORY, "what the squared gradient is multiplied by at each layer where q is q*"
    ),
    "depth_scale": Quantity(
        Part.THEORY, "1 / |ln chi|: the squared gradient changes by e within it", "layers"
    ),
    "critical_variance": Quantity(Part.THEORY, "sigma_w^2 at which chi is 1 for this sigma_b^2"),
    "critical_gain": Quantity(Part.THEORY, "`initializer-gain` that gives the critical variance"),
    "shape": Quantity(Part.VERDICT, "what the gradient does over depth, in one word"),
    "notes": Quantity(Part.NOTES, "the kinds of notes that the verdict adds; see Notes"),
}
"""Every quantity by its name. A test holds this table and the report together."""


def measured(
    report: Mapping[str, Any], name: str, layer: int | str | None = None, time: int | None = None
) -> float | str:
    """A quantity's value in a report, the last one where there is a history; NaN where none.

    In a recurrent network a layer has one for each time step; the first where none is named.
    """
    match QUANTITIES[name].part:
        case Part.HISTORY:
            value = report["history"][name][-1]
        case Part.TOP:
            value = report[name]
        case Part.LAYERS:
            rows = [row for row in report["layers"] if row["layer"] == layer]
            at = rows[:1] if time is None else [row for row in rows if row.get("time") == time]
            value = at[0][name] if at else nan
        case Part.EVIDENCE:
            value = report["verdict"]["evidence"][name]
        case Part.VERDICT:
            value = report["verdict"][name]
        case Part.NOTES:
            value = ", ".join(note["kind"] for note in report["verdict"]["notes"])
        case Part.TIME:
            value = report["time"].get(name)
        case Part.THEORY:
            value = report["theory"][name]
    return nan if value is None else value
