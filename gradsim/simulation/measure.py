"""What is recorded of every step: a few numbers for the whole network, and some for each layer."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt

from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array, l2_norm
from gradsim.nn.network import LayerName, Network
from gradsim.simulation.events import Event, Plan

LAYER_COLUMNS = (
    "delta_norm",
    "grad_weight_norm",
    "weight_norm",
    "update_norm",
    "update_ratio",
    "saturated",
    "dead",
)
"""The numbers of each layer, in the order of the rows of a layer table."""

SATURATED_BELOW = 0.05
"""A pre-activation is saturated where the slope is below this share of the largest slope."""


@dataclass(slots=True)
class StepRecord:
    """What is known of one training step; numbers are None (or NaN in `layers`) until computed.

    `layers` has a row for each name of LAYER_COLUMNS and a column for each hidden layer and the
    head. `update_norm` and `update_ratio` are those of the update made in this step. `events` is
    None where only the numbers were kept; they can be had again by exact replay.
    """

    step: int
    events: list[Event] | None = field(default_factory=list)
    plan: Plan = ()
    """Every event of the whole step, in order; as long as `events` when it is complete."""
    complete: bool = False
    loss: float | None = None
    accuracy: float | None = None
    held_out_accuracy: float | None = None
    grad_norm: float | None = None
    clipped_grad_norm: float | None = None
    fired: bool = False
    layers: npt.NDArray[np.float64] | None = None

    def column(self, name: str) -> npt.NDArray[np.float64] | None:
        """One number of every layer: (depth + 1,), the head last."""
        return None if self.layers is None else self.layers[LAYER_COLUMNS.index(name)]


def empty_table(network: Network) -> npt.NDArray[np.float64]:
    """A layer table with nothing known yet."""
    return np.full((len(LAYER_COLUMNS), len(network.layers)), np.nan)


def measure_gradients(network: Network, table: npt.NDArray[np.float64]) -> None:
    """After the backward pass: all that a layer table holds, but for the update."""
    store = network.parameters
    slopes = _activations(network)
    for column, layer in enumerate(network.layers):
        saturated, dead = _flat_parts(slopes.get(layer.name))
        table[:, column] = (
            l2_norm(cast(Array, network.gradients[layer.pre_activation])),
            l2_norm(store.gradients[store.slices[layer.weight]]),
            l2_norm(store.values[store.slices[layer.weight]]),
            np.nan,
            np.nan,
            saturated,
            dead,
        )


def measure_updates(network: Network, table: npt.NDArray[np.float64]) -> None:
    """After the update: the norm of each weight's change, and its ratio to the weight before."""
    store = network.parameters
    weight_norms = table[LAYER_COLUMNS.index("weight_norm")]
    with np.errstate(all="ignore"):
        for column, layer in enumerate(network.layers):
            norm = l2_norm(store.updates[store.slices[layer.weight]])
            table[LAYER_COLUMNS.index("update_norm"), column] = norm
            table[LAYER_COLUMNS.index("update_ratio"), column] = norm / weight_norms[column]


def _activations(network: Network) -> dict[LayerName, Activation]:
    return {node.layer: node.op for node in network.nodes if isinstance(node.op, Activation)}


def _flat_parts(activation: Activation | None) -> tuple[float, float]:
    """Shares of saturated entries and of dead units; the head has no activation: 0 and 0."""
    if activation is None:
        return 0.0, 0.0
    size = np.abs(activation.slopes)
    saturated = (
        float(np.count_nonzero(size < SATURATED_BELOW * activation.largest_slope)) / size.size
        if activation.saturates
        else 0.0
    )
    dead = float(np.count_nonzero(np.maximum.reduce(size, axis=0) == 0.0)) / size.shape[1]
    return saturated, dead
