"""What is recorded of every step: a few numbers for the whole network, and some for each layer."""

from dataclasses import dataclass, field
from math import inf, nan
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt

from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array, l2_norm, mean_and_std, norm
from gradsim.nn.network import LayerName, LayerSlots, Network
from gradsim.nn.recurrent import Gates
from gradsim.simulation.events import Event, Plan

LAYER_COLUMNS = (
    "delta_norm",
    "output_grad_norm",
    "grad_weight_norm",
    "grad_weight_max",
    "weight_norm",
    "update_norm",
    "activation_mean",
    "activation_std",
    "saturated",
    "dead",
)
"""The numbers of each layer, in the order of the rows of a layer table."""

SATURATED_BELOW = 0.05
"""A pre-activation is saturated where the slope is below this share of the largest slope."""


Places: TypeAlias = tuple[tuple[LayerName, int | None], ...]
"""Layer and time step of each column of a layer table; no time in a deep stack."""


@dataclass(slots=True)
class StepRecord:
    """What is known of one training step; numbers are None (or NaN in `layers`) until computed.

    `layers` has a row for each name of LAYER_COLUMNS and a column for each hidden layer and the
    head. `update_norm` is that of the update made in this step. `events` is
    None where only the numbers were kept; they can be had again by exact replay.
    """

    step: int
    events: list[Event] | None = field(default_factory=list)
    plan: Plan = ()
    """Every event of the whole step, in order; as long as `events` when it is complete."""
    places: Places = ()
    """What each column of `layers` stands for."""
    complete: bool = False
    broke_at: int | None = None
    """Ops done when first a norm of an event was not finite."""
    loss: float | None = None
    accuracy: float | None = None
    held_out_accuracy: float | None = None
    grad_norm: float | None = None
    clipped_grad_norm: float | None = None
    fired: bool = False
    clip_coefficient: float | None = None
    clip_angle: float | None = None
    learning_rate: float | None = None
    layers: npt.NDArray[np.float64] | None = None

    def column(self, name: str) -> npt.NDArray[np.float64] | None:
        """One number of every layer: (depth + 1,), the head last.

        Besides those of LAYER_COLUMNS, `update_ratio`: `update_norm` over `weight_norm`.
        """
        if self.layers is None:
            return None
        if name == "update_ratio":
            with np.errstate(all="ignore"):
                return np.asarray(self.layers[_UPDATE] / self.layers[_WEIGHT])
        return np.asarray(self.layers[LAYER_COLUMNS.index(name)])


_UPDATE, _WEIGHT = LAYER_COLUMNS.index("update_norm"), LAYER_COLUMNS.index("weight_norm")


def empty_table(network: Network) -> npt.NDArray[np.float64]:
    """A layer table with nothing known yet."""
    return np.full((len(LAYER_COLUMNS), len(network.layers)), np.nan)


def places_of(network: Network) -> Places:
    """What the columns of a layer table of this network stand for."""
    return tuple((layer.name, layer.time) for layer in network.layers)


def measure_gradients(network: Network, table: npt.NDArray[np.float64]) -> None:
    """After the backward pass: all that a layer table holds, but for the update.

    In a recurrent network the weights of a column are those over time, which all time steps of a
    layer share: `grad_weight_norm` is that of what this time step adds to their gradient,
    `grad_weight_max` that of the whole sum.
    """
    store = network.parameters
    weights: dict[str, tuple[float, float, float]] = {}
    with np.errstate(all="ignore"):
        for column, layer in enumerate(network.layers):
            if layer.weight not in weights:
                part = store.slices[layer.weight]
                gradient = store.gradients[part]
                weights[layer.weight] = (
                    l2_norm(gradient), norm(gradient, inf), l2_norm(store.values[part])
                )  # fmt: skip
            grad_norm, grad_max, weight_norm = weights[layer.weight]
            if layer.time is not None:
                grad_norm = network.contributed[layer.pre_activation]
            shown = layer.output if layer.activation is None else layer.activation
            table[:, column] = (
                l2_norm(cast(Array, network.gradients[layer.pre_activation])),
                l2_norm(cast(Array, network.gradients[layer.output])),
                grad_norm,
                grad_max,
                weight_norm,
                np.nan,
                *mean_and_std(cast(Array, network.values[shown])),
                *_flat_parts(network, layer),
            )


def measure_updates(network: Network, table: npt.NDArray[np.float64]) -> None:
    """After the update: the norm of each weight's change."""
    store = network.parameters
    sizes = {layer.weight: nan for layer in network.layers}
    for name in sizes:
        sizes[name] = l2_norm(store.updates[store.slices[name]])
    table[_UPDATE] = [sizes[layer.weight] for layer in network.layers]


def _flat_parts(network: Network, layer: LayerSlots) -> tuple[float, float]:
    """Shares of saturated entries and of dead units; without an activation 0 and 0."""
    if layer.activation is None:
        op = network.nodes[layer.output - 1].op
        return (op.saturated(SATURATED_BELOW), 0.0) if isinstance(op, Gates) else (0.0, 0.0)
    activation = network.nodes[layer.activation - 1].op
    assert isinstance(activation, Activation)
    size = np.abs(activation.slopes)
    saturated = (
        float(np.count_nonzero(size < SATURATED_BELOW * activation.largest_slope)) / size.size
        if activation.saturates
        else 0.0
    )
    dead = float(np.count_nonzero(np.maximum.reduce(size, axis=0) == 0.0)) / size.shape[1]
    return saturated, dead
