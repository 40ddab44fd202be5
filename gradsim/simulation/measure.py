"""What is recorded of every step: a few numbers for the whole network, and some for each layer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array, l2_norms, means_and_stds
from gradsim.nn.network import LayerName, Network
from gradsim.nn.recurrent import Gates, RecurrentLinear
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
    "output_norm",
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
_GRAD_WEIGHT = LAYER_COLUMNS.index("grad_weight_norm")


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
    `grad_weight_max` that of the whole sum. Layers of the same shape are measured together.
    """
    layers, store = network.layers, network.parameters
    gradients, values = network.gradients, network.values
    shown = [layer.output if layer.activation is None else layer.activation for layer in layers]
    with np.errstate(all="ignore"):
        _fill(table, "delta_norm", [gradients[layer.pre_activation] for layer in layers], l2_norms)
        _fill(table, "output_grad_norm", [gradients[layer.output] for layer in layers], l2_norms)
        _fill(table, "output_norm", [values[layer.output] for layer in layers], l2_norms)
        names = list(dict.fromkeys(layer.weight for layer in layers))
        weights = np.empty((3, len(names)))
        parts = [store.slices[name] for name in names]
        for row, vector, measure in (
            (0, store.gradients, l2_norms), (1, store.gradients, _largest),
            (2, store.values, l2_norms),
        ):  # fmt: skip
            _measure(weights[row], [vector[part] for part in parts], measure)
        index = [names.index(layer.weight) for layer in layers]
        for row, name in enumerate(("grad_weight_norm", "grad_weight_max", "weight_norm")):
            table[LAYER_COLUMNS.index(name)] = weights[row][index]
        for column, layer in enumerate(layers):
            op = network.nodes[layer.pre_activation - 1].op
            if layer.time == 1 and isinstance(op, RecurrentLinear):
                added = op.memory.contributions()
                table[_GRAD_WEIGHT, column : column + len(added)] = added
        mean, std = LAYER_COLUMNS.index("activation_mean"), LAYER_COLUMNS.index("activation_std")
        for columns, stack in _stacks([values[k] for k in shown]):
            table[mean, columns], table[std, columns] = means_and_stds(stack)
        _measure_slopes(network, table)


def measure_updates(network: Network, table: npt.NDArray[np.float64]) -> None:
    """After the update: the norm of each weight's change."""
    store = network.parameters
    names = list(dict.fromkeys(layer.weight for layer in network.layers))
    sizes = np.empty(len(names))
    _measure(sizes, [store.updates[store.slices[name]] for name in names], l2_norms)
    table[_UPDATE] = sizes[[names.index(layer.weight) for layer in network.layers]]


def _fill(
    table: npt.NDArray[np.float64],
    name: str,
    arrays: Sequence[Array | None],
    measure: Callable[[Array], npt.NDArray[np.float64]],
) -> None:
    _measure(table[LAYER_COLUMNS.index(name)], arrays, measure)


def _measure(
    out: npt.NDArray[np.float64],
    arrays: Sequence[Array | None],
    measure: Callable[[Array], npt.NDArray[np.float64]],
) -> None:
    """A number of each array, all arrays of one shape at once."""
    for columns, stack in _stacks(arrays):
        out[columns] = measure(stack)


def _stacks(arrays: Sequence[Array | None]) -> Iterator[tuple[list[int], Array]]:
    """Arrays of the same shape on top of each other, with their places in the sequence."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for k, array in enumerate(arrays):
        assert array is not None, "the backward pass has not been here yet"
        groups.setdefault(array.shape, []).append(k)
    for columns in groups.values():
        yield columns, np.array([arrays[k] for k in columns])


def _largest(stack: Array) -> npt.NDArray[np.float64]:
    """The largest magnitude of each array of a stack."""
    flat = stack.reshape(len(stack), -1)
    if not flat.shape[1]:
        return np.zeros(len(stack))
    high, low = np.maximum.reduce(flat, axis=1), np.minimum.reduce(flat, axis=1)
    return np.asarray(np.maximum(high, -low), np.float64)


def _measure_slopes(network: Network, table: npt.NDArray[np.float64]) -> None:
    """Shares of saturated entries and of dead units; without an activation 0 and 0."""
    saturated, dead = table[LAYER_COLUMNS.index("saturated")], table[LAYER_COLUMNS.index("dead")]
    saturated[:], dead[:] = 0.0, 0.0
    groups: dict[tuple[type[Activation], tuple[int, ...]], list[tuple[int, Activation]]] = {}
    for column, layer in enumerate(network.layers):
        op = network.nodes[(layer.activation or layer.output) - 1].op
        if isinstance(op, Gates):
            saturated[column] = op.saturated(SATURATED_BELOW)
        elif layer.activation is not None:
            assert isinstance(op, Activation)
            groups.setdefault((type(op), op.slopes.shape), []).append((column, op))
    for (kind, _), members in groups.items():
        columns = [column for column, _ in members]
        sizes = np.abs(np.array([op.slopes for _, op in members]))
        if kind.saturates:
            bounds = np.array([SATURATED_BELOW * op.largest_slope for _, op in members])
            flat = np.count_nonzero(sizes < bounds[:, None, None], axis=(1, 2))
            saturated[columns] = flat / sizes[0].size
        none = np.maximum.reduce(sizes, axis=1) == 0.0
        dead[columns] = np.count_nonzero(none, axis=1) / none.shape[1]
