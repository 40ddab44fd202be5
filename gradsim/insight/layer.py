"""One layer at one step, whole: its arrays counted, its functions, its weights, its ledger line.

`capture` copies from a network what is looked at; `studying` then counts it in slices, while the
network goes on to other steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gradsim.insight.functions import GATE_NAMES, Applied, Function, applied
from gradsim.insight.ledger import Block
from gradsim.insight.reckoning import block_of
from gradsim.insight.tally import Tally, condensing, tallying
from gradsim.insight.weight import Slices
from gradsim.nn.arrays import Array
from gradsim.nn.network import LayerName, LayerSlots, Network, layer_prefix
from gradsim.simulation.machine import Machine

FINEST = 256
"""Rows and columns that are kept of a large matrix: more than any screen shows."""

PIXELS = 8
"""Rows and columns of a picture of the digits."""

MOST_UNITS = 24
"""Units whose incoming weights are kept as pictures."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """An array of the layer with its tally."""

    name: str
    symbol: str
    """What it is in the formulas, as `dL/dz`."""
    gradient: bool
    tally: Tally


@dataclass(frozen=True, slots=True)
class Matrix:
    """Weights or their gradient, where they are many the strongest entry of each block."""

    name: str
    gradient: bool
    shape: tuple[int, int]
    """Of the whole: one row for each unit, or for each unit of each gate; a column per input."""
    values: Array
    parameter: str
    """Its name within the layer: `weight`, `recurrent.weight`."""
    gates: str = ""
    """The gates whose rows follow each other."""


@dataclass(frozen=True, slots=True)
class LayerStudy:
    """What is known of a layer, or of a time step of a recurrent one; no array of the network."""

    step: int
    layer: LayerName
    time: int | None
    batch: int
    functions: tuple[tuple[Function, Tally], ...]
    """What acts on the pre-activations, each with the tally of what enters it over its reach."""
    distributions: tuple[Distribution, ...]
    matrices: tuple[Matrix, ...]
    pictures: tuple[tuple[int, npt.NDArray[np.float64]], ...]
    """Units by the norm of their weights, each with these as a picture of a digit; or nothing."""
    block: Block | None
    """Its block in the ledger."""
    begun: int = 0
    """Steps made before step 0 of the run."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Copies of what is looked at."""

    step: int
    slots: LayerSlots
    batch: int
    applied: tuple[Applied, ...]
    arrays: tuple[tuple[str, str, bool, Array], ...]
    """Name, symbol, whether it is a gradient, entries."""
    matrices: tuple[tuple[str, str, bool, Array, str], ...]
    """Name, parameter, whether it is a gradient, entries, gates."""
    pictured: bool
    block: Block | None
    begun: int
    """Steps made before step 0 of the run."""


def capture(machine: Machine, step: int, layer: LayerName, time: int | None) -> Capture:
    """Copy what there is of a layer; the machine stands where all gradients are known.

    `time` is the time step of a recurrent layer, counted from 1, and None for any other.
    """
    network, experiment = machine.network, machine.experiment
    slots = next(s for s in network.layers if s.name == layer and time in (None, s.time))
    place = layer if slots.time is None else slots.time
    level = None if slots.time is None else int(slots.name)
    values = network.values[slots.pre_activation]
    assert values is not None
    with np.errstate(all="ignore"):
        return Capture(
            step=step,
            slots=slots,
            batch=len(values),
            applied=tuple(applied(network, slots, experiment.cell)),
            arrays=tuple(_arrays(network, slots)),
            matrices=tuple(_matrices(network, slots, experiment.cell)),
            pictured=experiment.data == "digits" and slots.time is None and layer == 1,
            block=block_of(network, experiment, place, level),
            begun=machine.run.begun,
        )


def studying(taken: Capture) -> Slices[LayerStudy]:
    """Count what was captured; each slice takes a few milliseconds."""
    functions: list[tuple[Function, Tally]] = []
    for each in taken.applied:
        reach = each.function.reach
        functions.append((each.function, (yield from tallying(each.entries, (-reach, reach)))))
    distributions: list[Distribution] = []
    for name, symbol, gradient, array in taken.arrays:
        tally = yield from tallying(array)
        distributions.append(Distribution(name, symbol, gradient, tally))
    matrices: list[Matrix] = []
    for name, parameter, gradient, array, gates in taken.matrices:
        strong = yield from condensing(array, FINEST)
        shape = len(array), array.shape[1]
        matrices.append(Matrix(name, gradient, shape, strong, parameter, gates))
    pictures = tuple(_pictures(taken.matrices[0][3])) if taken.pictured else ()
    return LayerStudy(
        step=taken.step,
        layer=taken.slots.name,
        time=taken.slots.time,
        batch=taken.batch,
        functions=tuple(functions),
        distributions=tuple(distributions),
        matrices=tuple(matrices),
        pictures=pictures,
        block=taken.block,
        begun=taken.begun,
    )


def _arrays(network: Network, slots: LayerSlots) -> Iterator[tuple[str, str, bool, Array]]:
    """Pre-activation, activation, and the gradients of both sides of the weights."""
    z, delta = network.values[slots.pre_activation], network.gradients[slots.pre_activation]
    assert z is not None
    assert delta is not None
    head = slots.name == "output"
    recurrent = slots.time is not None
    symbol = "z = U x + W h + b" if recurrent else "z = W x + b"
    yield "logits" if head else "pre-activation", symbol, False, z.copy()
    shown = slots.output if slots.activation is None else slots.activation
    after = network.values[shown]
    if not head and after is not None:
        # An LSTM keeps its cell beside the state.
        own = after[:, : after.shape[1] // 2] if _has_cell(network, slots) else after
        yield "state" if recurrent else "activation", "h" if recurrent else "phi", False, own.copy()
    yield "delta", "dL/dz", True, delta.copy()
    store = network.parameters
    gradient = store.view(slots.weight, store.gradients)
    yield "weight gradient", "dL/dW over time" if recurrent else "dL/dW", True, gradient.copy()


def _has_cell(network: Network, slots: LayerSlots) -> bool:
    return network.nodes[slots.output - 1].op.name == "lstm-gates"


def _matrices(
    network: Network, slots: LayerSlots, cell: str
) -> Iterator[tuple[str, str, bool, Array, str]]:
    """The weights from below, and those over time, each with its gradient."""
    store, prefix = network.parameters, layer_prefix(slots.name)
    recurrent = slots.time is not None
    gates = " ".join(GATE_NAMES.get(cell, ())) if recurrent else ""
    names = {f"{prefix}.weight": "W from below" if recurrent else "W"}
    if recurrent:
        names[f"{prefix}.recurrent.weight"] = "W over time"
    for name, title in names.items():
        parameter = name.removeprefix(f"{prefix}.")
        yield title, parameter, False, store.view(name, store.values).copy(), gates
        gradient = store.view(name, store.gradients).copy()
        yield f"gradient of {title}", parameter, True, gradient, gates


def _pictures(weight: Array) -> Sequence[tuple[int, npt.NDArray[np.float64]]]:
    """The units with the largest weights, first the largest."""
    rows = weight.astype(np.float64)
    if rows.shape[1] != PIXELS * PIXELS:
        return ()
    size = np.where(np.isfinite(rows), np.abs(rows), 0.0).max(axis=1, initial=0.0)
    order = np.argsort(-size, kind="stable")[:MOST_UNITS]
    return [(int(unit), rows[unit].reshape(PIXELS, PIXELS)) for unit in order]
