"""From an experiment to a network in memory, and whether its parts fit together."""

import numpy as np

from gradsim.errors import InputError
from gradsim.experiment.data import Data, load
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.sequences import SEQUENCES
from gradsim.experiment.unrolling import unroll
from gradsim.experiment.wiring import Wiring, wire
from gradsim.nn.arrays import Array
from gradsim.nn.blocks import settle
from gradsim.nn.losses import LOSSES
from gradsim.nn.network import (
    LayerSlots,
    Network,
    Node,
    Shared,
    layer_prefix,
    names_of,
)
from gradsim.nn.normalization import NORMALIZATIONS, GroupNorm, Normalization
from gradsim.nn.op import Parameter
from gradsim.nn.optimizers import OPTIMIZERS
from gradsim.nn.parameters import ParameterStore
from gradsim.nn.rows import line_up

MEMORY_BOUND = 4 * 2**30
"""Bytes that a network with its buffers and its first keyframes may take."""

KEYFRAMES_COUNTED = 4
"""Copies of the parameters that rewinding needs at the least."""

BUFFERS_COUNTED = 4
"""Arrays of the size of its output that an op holds."""


def build(experiment: Experiment, data: Data) -> Network:
    """The network that an experiment declares; what an initializer draws is still zero.

    Raises InputError where the parts do not fit together or the memory would pass the bound.
    """
    check(experiment, data)
    e = experiment
    wiring = wired(e, data, e.batch_size)
    settle(node.op for node in wiring.nodes if node.time is None)
    settle((node.op for node in wiring.nodes if node.time is not None), columns=True)
    line_up(node.op for node in wiring.nodes)
    store = ParameterStore(names_of(wiring.nodes), e.dtype, clipped=e.clip != "none")
    shared = _bind(wiring.nodes, store)
    parts = _parts(store)
    rows = e.batch_size * data.answers
    return Network(
        nodes=wiring.nodes,
        layers=[
            LayerSlots(
                mark.layer,
                mark.pre_activation,
                mark.activation,
                mark.output,
                f"{layer_prefix(mark.layer)}.{mark.weight}",
                parts[layer_prefix(mark.layer)],
                mark.time,
            )
            for mark in wiring.marks
        ],
        loss=LOSSES[e.loss](rows, data.outputs, e.dtype, e.loss_factor, e.at("output")),
        parameters=store,
        widths=wiring.widths,
        batch=e.batch_size,
        shared=shared,
    )


def wired(experiment: Experiment, data: Data, batch: int) -> Wiring:
    """The graph of an experiment on its data: layer after layer, or unrolled over time."""
    if experiment.cell == "none":
        return wire(experiment, data.features, data.outputs, batch)
    return unroll(experiment, data, batch)


def shapes(experiment: Experiment, data: Data) -> dict[str, tuple[int, ...]]:
    """Every parameter that the network of an experiment has, with its shape."""
    return names_of(wired(experiment, data, 0).nodes)


def load_data(experiment: Experiment) -> Data:
    """The data that an experiment declares; raises InputError where a file cannot be used."""
    e = experiment
    recurrent = e.cell != "none"
    return load(
        e.data,
        e.target,
        e.scaling,
        length=e.sequence_length if e.data in SEQUENCES else 0,
        every_step=recurrent and e.readout == "every",
        sequence=e.sequence_column.strip(),
        time=e.time_column.strip(),
    )


def check(experiment: Experiment, data: Data) -> None:
    """Raise InputError where the knobs do not fit each other or the data, in a sentence."""
    e = experiment
    if e.batch_size > len(data.inputs):
        rows = len(data.inputs)
        raise InputError(
            f"batch-size is {e.batch_size}, but {data.name} has {rows} rows to train on: "
            f"it must be a whole number from 1 to {rows}"
        )
    if LOSSES[e.loss].needs_classes and not data.classes:
        fit = ", ".join(name for name, kind in LOSSES.items() if not kind.needs_classes)
        raise InputError(
            f"loss {e.loss} needs classes, but {data.name} has a number to predict: "
            f"it must be one of {fit}"
        )
    if e.cell != "none":
        _check_recurrent(e)
    for kind in dict.fromkeys(e.at(k)["normalization"] for k in range(1, e.depth + 1)):
        part = NORMALIZATIONS.get(kind)
        if part and issubclass(part, Normalization) and e.batch_size < part.smallest_batch:
            raise InputError(
                f"normalization {kind} needs a batch-size of at least {part.smallest_batch}, "
                f"but batch-size is {e.batch_size}: one row has no spread to normalize by"
            )
    wiring = wired(e, data, 0)
    alone = [n.layer for n in wiring.nodes if isinstance(n.op, GroupNorm) and n.op.units == 1]
    if alone and e.batch_size == 1:
        raise InputError(
            f"normalization group has one unit and one row in layer {alone[0]}: "
            "it needs a width or a batch-size of at least 2"
        )
    needed = memory(e, wiring)
    if needed > MEMORY_BOUND:
        raise InputError(
            f"a network of depth {e.depth} and width {e.width} with batch-size {e.batch_size} "
            f"would take {needed / 2**30:.1f} GiB in {e.dtype}, more than the "
            f"{MEMORY_BOUND / 2**30:.0f} GiB allowed: lower depth, width or batch-size"
        )


def _check_recurrent(e: Experiment) -> None:
    if e.widths:
        raise InputError(
            f"widths is for a deep stack, but cell is {e.cell}: leave it empty, and set "
            "recurrent-layers and width, or layers.2.width"
        )
    for layer in range(1, e.recurrent_layers + 1):
        kind = e.at(layer)["normalization"]
        if kind in ("batch", "weight"):
            raise InputError(
                f"normalization {kind} does not fit cell {e.cell}, whose time steps share their "
                "parameters but not their batches: it must be one of none, layer, rms, group"
            )


def memory(experiment: Experiment, wiring: Wiring) -> int:
    """Bytes the network would take: parameters with their copies, and all buffers."""
    e = experiment
    learned = sum(int(np.prod(shape)) for shape in names_of(wiring.nodes).values())
    entries = e.batch_size * BUFFERS_COUNTED * sum(wiring.widths)
    copies = 3 + (e.clip != "none") + OPTIMIZERS[e.optimizer].slots + KEYFRAMES_COUNTED
    return int(np.dtype(e.dtype).itemsize * (learned * copies + entries))


def _bind(nodes: list[Node], store: ParameterStore) -> dict[int, tuple[Shared, ...]]:
    """Give each op its views, and the parameters that start from a constant their values.

    Of the nodes that share a parameter the one that comes first in the backward pass writes its
    gradient where it belongs; the others write it beside, to be added.
    """
    taken: set[str] = set()
    beside: dict[str, Array] = {}
    shared: dict[int, tuple[Shared, ...]] = {}
    for index in range(len(nodes), 0, -1):
        node = nodes[index - 1]
        prefix = layer_prefix(node.layer)
        specs = node.op.parameters()
        views: dict[str, Parameter] = {}
        added: list[Shared] = []
        for spec in specs:
            name = f"{prefix}.{spec.name}"
            view = views[spec.name] = store.parameter(name)
            if isinstance(spec.start, float | int):
                view.value[...] = spec.start
            if name in taken:
                scratch = beside.setdefault(name, np.zeros_like(view.grad))
                views[spec.name] = Parameter(name, view.value, scratch)
                added.append(Shared(view.grad, scratch))
            taken.add(name)
        node.op.bind(views)
        if added:
            shared[index] = tuple(added)
    return shared


def _parts(store: ParameterStore) -> dict[str, slice]:
    """Each layer's own stretch of the flat vectors, by its prefix."""
    parts: dict[str, slice] = {}
    for name, part in store.slices.items():
        stem = ".".join(name.split(".")[:2]) if name.startswith("layers.") else "output"
        start = parts[stem].start if stem in parts else part.start
        parts[stem] = slice(start, part.stop)
    return parts
