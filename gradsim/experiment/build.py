"""From an experiment to a network: the wiring, and the starting weights."""

from dataclasses import dataclass

import numpy as np

from gradsim.errors import InputError
from gradsim.experiment.data import Data, load
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.streams import parameter_stream
from gradsim.nn import initializers
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.linear import Linear
from gradsim.nn.losses import LOSSES
from gradsim.nn.network import (
    LayerName,
    LayerSlots,
    Network,
    Node,
    ParameterStore,
    layer_prefix,
)
from gradsim.nn.normalization import NORMALIZATIONS
from gradsim.nn.op import Op
from gradsim.nn.optimizers import OPTIMIZERS
from gradsim.nn.skips import SKIPS, SkipJoin

MEMORY_BOUND = 4 * 2**30
"""Bytes that a network with its buffers and its first keyframes may take."""

KEYFRAMES_COUNTED = 4
"""Copies of the parameters that rewinding needs at the least."""


@dataclass(slots=True)
class _Wiring:
    """Nodes placed so far; `top` is the value that the next op reads."""

    nodes: list[Node]
    widths: list[int]

    def place(self, op: Op, layer: LayerName, *inputs: int, width: int) -> int:
        paths = ("main",) if len(inputs) == 1 else ("main", "skip")
        self.nodes.append(Node(op, layer, inputs, paths))
        self.widths.append(width)
        return len(self.nodes)


def build(experiment: Experiment, data: Data, *, draw: bool = True) -> Network:
    """The network that an experiment declares, its weights drawn from the seed.

    Each hidden layer is linear, normalization, activation; then, where its input is as wide as its
    output, the join with the skip. The head is linear. With `draw` false the weights stay zero, to
    be taken over from another network. Raises InputError where the parts do not fit together or
    the memory would pass the bound.
    """
    check(experiment, data)
    e, batch, dtype = experiment, experiment.batch_size, experiment.dtype
    wiring = _Wiring([], [data.features])
    marks: list[tuple[LayerName, int, int]] = []
    value = 0
    for layer in range(1, e.depth + 1):
        entry, fan_in = value, wiring.widths[value]
        value = wiring.place(Linear(batch, fan_in, e.width, dtype), layer, value, width=e.width)
        pre_activation = value
        if e.normalization != "none":
            norm = NORMALIZATIONS[e.normalization](batch, e.width, dtype)
            value = wiring.place(norm, layer, value, width=e.width)
        kind = ACTIVATIONS[e.activation]
        activation = kind(batch, e.width, dtype, e.values(kind.knobs))
        value = wiring.place(activation, layer, value, width=e.width)
        if e.skip != "none" and fan_in == e.width:
            join = SkipJoin(batch, e.width, dtype, SKIPS[e.skip].factor)
            value = wiring.place(join, layer, value, entry, width=e.width)
        marks.append((layer, pre_activation, value))
    head = Linear(batch, wiring.widths[value], data.outputs, dtype)
    value = wiring.place(head, "output", value, width=data.outputs)
    marks.append(("output", value, value))

    store = _parameters(wiring.nodes, dtype, clipped=e.clip != "none")
    if draw:
        _draw(wiring.nodes, store, experiment)
    parts = _parts(store)
    return Network(
        nodes=wiring.nodes,
        layers=[
            LayerSlots(layer, pre, out, f"{layer_prefix(layer)}.weight", parts[layer_prefix(layer)])
            for layer, pre, out in marks
        ],
        loss=LOSSES[e.loss](batch, data.outputs, dtype, e.loss_factor),
        parameters=store,
        widths=wiring.widths,
        batch=batch,
    )


def load_data(experiment: Experiment) -> Data:
    """The data that an experiment declares; raises InputError where a file cannot be used."""
    return load(experiment.data, experiment.target, experiment.scaling)


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
            f"loss {e.loss} needs classes, but {data.name} has a number to predict: {fit} is right"
        )
    if e.normalization != "none":
        smallest = NORMALIZATIONS[e.normalization].smallest_batch
        if e.batch_size < smallest:
            raise InputError(
                f"normalization {e.normalization} needs a batch-size of at least {smallest}, "
                f"but batch-size is {e.batch_size}: one row has no spread to normalize by"
            )
    needed = memory(experiment, data)
    if needed > MEMORY_BOUND:
        raise InputError(
            f"a network of depth {e.depth} and width {e.width} with batch-size {e.batch_size} "
            f"would take {needed / 2**30:.1f} GiB in {e.dtype}, more than the "
            f"{MEMORY_BOUND / 2**30:.0f} GiB allowed: lower depth, width or batch-size"
        )


def memory(experiment: Experiment, data: Data) -> int:
    """Bytes the network would take: parameters with their copies, and all buffers."""
    e = experiment
    learned = e.width * (data.features + 1 + data.outputs) + data.outputs
    learned += (e.depth - 1) * e.width * (e.width + 1)
    buffers = 2 * e.depth * e.width  # linear: z and grad_x
    buffers += 4 * e.depth * e.width  # activation: y, slope, grad_x, and one to work in
    if e.normalization != "none":
        learned += 2 * e.depth * e.width
        buffers += 3 * e.depth * e.width
    if e.skip != "none":
        buffers += 3 * e.depth * e.width
    copies = 3 + (e.clip != "none") + OPTIMIZERS[e.optimizer].slots + KEYFRAMES_COUNTED
    size = np.dtype(e.dtype).itemsize
    return size * (learned * copies + buffers * e.batch_size)


def _parameters(nodes: list[Node], dtype: str, clipped: bool) -> ParameterStore:
    shapes = {
        f"{layer_prefix(node.layer)}.{spec.name}": spec.shape
        for node in nodes
        for spec in node.op.parameters()
    }
    store = ParameterStore(shapes, dtype, clipped)
    for node in nodes:
        prefix = layer_prefix(node.layer)
        for spec in node.op.parameters():
            if spec.fill is not None:
                store.view(f"{prefix}.{spec.name}", store.values)[...] = spec.fill
        node.op.bind(
            {spec.name: store.parameter(f"{prefix}.{spec.name}") for spec in node.op.parameters()}
        )
    return store


def _draw(nodes: list[Node], store: ParameterStore, experiment: Experiment) -> None:
    for node in nodes:
        for spec in node.op.parameters():
            if spec.fill is None:
                fan_out, fan_in = spec.shape
                name = f"{layer_prefix(node.layer)}.{spec.name}"
                # Weights beyond the range of the number format are infinite; that is data.
                with np.errstate(all="ignore"):
                    store.view(name, store.values)[...] = initializers.draw(
                        experiment.initializer,
                        (fan_out, fan_in),
                        gain=experiment.initializer_gain,
                        std=experiment.initializer_std,
                        rng=parameter_stream(experiment.seed, node.layer, spec.name),
                    )


def _parts(store: ParameterStore) -> dict[str, slice]:
    """Each layer's own stretch of the flat vectors, by its prefix."""
    parts: dict[str, slice] = {}
    for name, part in store.slices.items():
        stem = ".".join(name.split(".")[:2]) if name.startswith("layers.") else "output"
        start = parts[stem].start if stem in parts else part.start
        parts[stem] = slice(start, part.stop)
    return parts
