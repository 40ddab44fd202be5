"""What is recorded of every step: a few numbers for the whole network, and some for each layer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array
from gradsim.nn.blocks import Stack, stacks
from gradsim.nn.gates import Gates
from gradsim.nn.network import LayerName, Network
from gradsim.nn.recurrent import RecurrentLinear
from gradsim.nn.sizes import Largest, Norms, Spreads, Together, every
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


(
    _DELTA, _OUTPUT_GRAD, _GRAD_WEIGHT, _GRAD_MAX, _WEIGHT, _UPDATE,
    _MEAN, _STD, _OUTPUT, _SATURATED, _DEAD,
) = range(len(LAYER_COLUMNS))  # fmt: skip


Table: TypeAlias = npt.NDArray[np.float64]


def empty_table(network: Network) -> Table:
    """A layer table with nothing known yet."""
    return np.full((len(LAYER_COLUMNS), len(network.layers)), np.nan)


def places_of(network: Network) -> Places:
    """What the columns of a layer table of this network stand for."""
    return tuple((layer.name, layer.time) for layer in network.layers)


class Gauge:
    """Measures all layers of a network together, as far as their arrays lie side by side.

    It looks at the network's own memory, so it is made once, after a whole backward pass. It is to
    be used with floating-point errors ignored.

    In a recurrent network the weights of a column are those over time, which all time steps of a
    layer share: `grad_weight_norm` is that of what this time step adds to their gradient,
    `grad_weight_max` that of the whole sum.
    """

    def __init__(self, network: Network) -> None:
        layers, store, nodes = network.layers, network.parameters, network.nodes
        gradients, values = network.gradients, network.values
        outputs = _known([values[layer.output] for layer in layers])
        shown = _known([values[layer.activation or layer.output] for layer in layers])
        deltas = _known([gradients[layer.pre_activation] for layer in layers])
        sent = _known([gradients[layer.output] for layer in layers])
        self._shown = Spreads(shown)
        # Without skips a layer hands on what its activation gives out.
        self._outputs = None if all(map(is_, outputs, shown)) else Norms(outputs)
        each, places = _distinct([*deltas, *sent])
        self._gradients, self._places = Norms(each), np.reshape(places, (2, -1))
        self._each_once = places == list(range(len(places)))
        names = list(dict.fromkeys(layer.weight for layer in layers))
        weights, grads, updates = (
            [vector[store.slices[name]] for name in names]
            for vector in (store.values, store.gradients, store.updates)
        )
        self._weights, self._grads, self._updates = Norms(weights), Largest(grads), Norms(updates)
        index = [names.index(layer.weight) for layer in layers]
        self._index = slice(None) if index == list(range(len(names))) else index
        """Which weights each column stands for: time steps share theirs."""
        self._memories = [
            (column, op.memory)
            for column, layer in enumerate(layers)
            if isinstance(op := nodes[layer.pre_activation - 1].op, RecurrentLinear)
            and layer.time == 1
        ]
        self._slopes = _Slopes(network)
        known = (self._gradients, self._shown, self._outputs, self._grads, self._weights)
        self._behind = Together([part for part in known if part])
        """All that is known when the backward pass is over."""

    def gradients(self, table: Table) -> None:
        """After the backward pass: all that a layer table holds, but for the update."""
        shown, grads, index = self._shown, self._grads, self._index
        self._behind.measure()
        sizes = self._gradients.norms
        table[_DELTA : _OUTPUT_GRAD + 1] = (
            sizes.reshape(2, -1) if self._each_once else sizes[self._places]
        )
        norms = (self._outputs or shown).norms
        table[_OUTPUT], table[_MEAN], table[_STD] = norms, shown.means, shown.stds
        table[_GRAD_WEIGHT], table[_GRAD_MAX] = grads.norms[index], grads.largest[index]
        table[_WEIGHT] = self._weights.norms[index]
        for column, memory in self._memories:
            added = memory.contributions()
            table[_GRAD_WEIGHT, column : column + len(added)] = added
        self._slopes.measure(table[_SATURATED], table[_DEAD])
        # A comparison with NaN is false: it would count as neither flat nor dead.
        if not every(known := ~np.isnan(norms)):
            table[_SATURATED, ~known] = table[_DEAD, ~known] = np.nan

    def updates(self, table: Table) -> None:
        """After the update: its size in each layer."""
        table[_UPDATE] = self._updates.measure()[self._index]


def _distinct(arrays: Sequence[Array]) -> tuple[list[Array], list[int]]:
    """Each array once, and where among those each one is."""
    each = {id(array): array for array in arrays}
    at = {key: place for place, key in enumerate(each)}
    return list(each.values()), [at[id(array)] for array in arrays]


def _known(arrays: Sequence[Array | None]) -> list[Array]:
    known = [array for array in arrays if array is not None]
    assert len(known) == len(arrays), "the backward pass has not been here yet"
    return known


class _Slopes:
    """Shares of saturated entries and of dead units; without an activation 0 and 0."""

    def __init__(self, network: Network) -> None:
        self._ones = np.ones(len(network.loss.grad), network.parameters.values.dtype)
        gates: list[tuple[int, Gates]] = []
        self._groups: list[tuple[slice | list[int], list[Activation], Stack]] = []
        alike: dict[type[Activation], list[tuple[int, Activation]]] = {}
        for column, layer in enumerate(network.layers):
            op = network.nodes[(layer.activation or layer.output) - 1].op
            if isinstance(op, Gates):
                gates.append((column, op))
            elif layer.activation is not None:
                assert isinstance(op, Activation)
                alike.setdefault(type(op), []).append((column, op))
        for members in alike.values():
            places = [column for column, _ in members]
            for stack in stacks([op.slopes for _, op in members]):
                at = np.arange(len(members))[stack.places]
                ops = [members[k][1] for k in at]
                self._groups.append((_run([places[k] for k in at]), ops, stack))
        self._gates: list[tuple[list[int], Gates, Stack]] = []
        for stack in stacks([op.gates for _, op in gates]):
            at = np.arange(len(gates))[stack.places]
            self._gates.append(([gates[k][0] for k in at], gates[at[0]][1], stack))

    def measure(self, saturated: Table, dead: Table) -> None:
        """Write both shares of every layer."""
        saturated[:], dead[:] = 0.0, 0.0
        for columns, gate, stack in self._gates:
            saturated[columns] = gate.saturated(stack.array, SATURATED_BELOW)
        for places, ops, stack in self._groups:
            slopes = stack.array
            _, batch, units = slopes.shape
            if ops[0].saturates:
                bounds = np.array([SATURATED_BELOW * op.largest_slope for op in ops])
                sizes = slopes if ops[0].rises else np.abs(slopes)
                flat = sizes < bounds[:, None, None].astype(slopes.dtype)
                saturated[places] = np.count_nonzero(flat, axis=(1, 2)) / (batch * units)
            # Where the sum of a unit's slopes is not 0, one of them is not; the other way round
            # that is sure only where none is below 0.
            sums = np.matmul(self._ones[:batch], slopes)
            none = sums == 0.0
            if not ops[0].rises and none.any():
                none[none] = ~slopes.transpose(0, 2, 1)[none].any(axis=1)
            np.copyto(sums, none)
            dead[places] = np.add.reduce(sums, axis=1) / units


def _run(columns: list[int]) -> slice | list[int]:
    """The same columns, as a slice where they follow each other."""
    whole = slice(columns[0], columns[-1] + 1)
    return whole if columns == list(range(whole.start, whole.stop)) else columns
