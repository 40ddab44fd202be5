"""A network: ops wired into a graph, over flat vectors of parameters and gradients."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from gradsim.nn.arrays import Array, zeros_by_columns
from gradsim.nn.linear import Linear
from gradsim.nn.losses import Loss
from gradsim.nn.op import Op
from gradsim.nn.parameters import ParameterStore
from gradsim.nn.rows import learners

LayerName: TypeAlias = int | Literal["output"]
"""Hidden layers are 1 to depth; the head is `output`."""


@dataclass(frozen=True, slots=True)
class Node:
    """An op in its place: node k computes value k from the values named in `inputs`.

    Value 0 is the network's input. `paths[i]` names the path on which input i comes in, and on
    which its gradient goes back. `time` is the time step in a recurrent network, else None.
    """

    op: Op
    layer: LayerName
    inputs: tuple[int, ...]
    paths: tuple[str, ...] = ("main",)
    time: int | None = None
    parts: tuple[slice | None, ...] | None = None
    """Which columns of each input are read; None for all of them."""

    @property
    def reads(self) -> Iterator[tuple[int, str, slice | None]]:
        """Each input: the value, the path, and the columns of it."""
        parts = self.parts or (None,) * len(self.inputs)
        return zip(self.inputs, self.paths, parts, strict=True)

    def taken(self, values: Sequence[Array | None] | Mapping[int, Array]) -> list[Array]:
        """What it reads, of all values by their index."""
        out = []
        for source, _, part in self.reads:
            value = values[source]
            assert value is not None, "the forward pass has not been here yet"
            out.append(value if part is None else value[:, part])
        return out


@dataclass(frozen=True, slots=True)
class Shared:
    """A gradient that several nodes add to: where it belongs, and where this one writes."""

    total: Array
    part: Array


@dataclass(frozen=True, slots=True)
class LayerSlots:
    """Where a layer's values stand: indices into `Network.values` and `Network.gradients`."""

    name: LayerName
    pre_activation: int
    """z = W x + b, what the layer's linear op gives out."""
    activation: int | None
    """phi(...), what its activation gives out; None where it has none, as the head."""
    output: int
    """What the layer hands on."""
    weight: str
    part: slice
    """The layer's parameters in the flat vectors."""
    time: int | None = None
    """The time step in a recurrent network, else None."""


class Network:
    """Nodes in the order of the forward pass, the loss, and the values of the pass in progress.

    `values[k]` and `gradients[k]` are the value of node k and the gradient of the loss with respect
    to it; they stay readable until the next step overwrites them, and None before the first.
    `widths[k]` is the number of columns of value k.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        layers: Sequence[LayerSlots],
        loss: Loss,
        parameters: ParameterStore,
        widths: Sequence[int],
        batch: int,
        shared: Mapping[int, tuple[Shared, ...]] | None = None,
    ) -> None:
        self.nodes = tuple(nodes)
        self.layers = tuple(layers)
        self.groups: dict[LayerName, slice] = {layer.name: layer.part for layer in layers}
        """The parameters of each layer in the flat vectors; time steps share theirs."""
        self.loss = loss
        self.parameters = parameters
        count = len(self.nodes) + 1
        self.values: list[Array | None] = [None] * count
        self.gradients: list[Array | None] = [None] * count
        self.sent: list[tuple[Array, ...]] = [()] * count
        """What node k sent back to each of its inputs, in the last backward pass."""
        self.shared = shared or {}
        """The gradients that node k adds to; the node before it on the way back has begun them."""
        alone = _alone(self.nodes, widths)
        homes = _homes(self.nodes, alone)
        self.joins = _joins(self.nodes, widths, batch, parameters.values.dtype)
        self.joins |= {value: home for value, (_, home) in homes.items()}
        """A buffer for the sum, at each value that more than one node reads."""
        self._with_buffers = tuple(node for node in self.nodes if node.op.buffers())
        self._last_reader = {
            source: index
            for index, node in enumerate(self.nodes, start=1)
            for source in node.inputs
        }
        self._sources = (None, *(_only(node.inputs) if not node.parts else None for node in nodes))
        self._reads = ((), *(tuple((at, part) for at, _, part in n.reads) for n in nodes))
        self._ways = ((), *_ways(self.nodes, self.joins, alone, homes))
        self._targets = (None, *(_target(ways) for ways in self._ways[1:]))
        self._forward = _by_index(node.op.forward for node in self.nodes)
        later = [
            isinstance(node.op, Linear) and node.op.learns_later and index not in self.shared
            for index, node in enumerate(self.nodes, start=1)
        ]
        self._later = (False, *later)
        """Whether a node's parameters may wait for their gradients until it is on its way back."""
        self._backward = _by_index(
            node.op.send_back if late and isinstance(node.op, Linear) else node.op.backward
            for node, late in zip(self.nodes, later, strict=True)
        )
        self._learners: dict[range, list[Callable[[], None]]] = {}

    def forward(self, ops: range) -> None:
        """Compute the values of these nodes, in rising order, from those that they read."""
        values, some = self.values, slice(ops.start, ops.stop)
        for index, source, forward in zip(
            ops, self._sources[some], self._forward[some], strict=True
        ):
            if source is not None:
                values[index] = forward(values[source])
            else:
                taken = [
                    values[at] if part is None else _columns(values[at], part)
                    for at, part in self._reads[index]
                ]
                values[index] = forward(*taken)

    def begin_backward(self) -> None:
        """Take the gradient of the output from the loss."""
        self.gradients[-1] = self.loss.backward()

    def backward(self, ops: range) -> None:
        """Send the gradients of these values, in falling order, back to all that was read."""
        gradients, sent, some = self.gradients, self.sent, slice(ops.start, ops.stop, -1)
        for index, target, backward in zip(
            ops, self._targets[some], self._backward[some], strict=True
        ):
            out = sent[index] = backward(gradients[index])
            if target is not None:
                gradients[target] = out[0]
            else:
                self._spread(index, out)
            if index in self.shared:
                for shared in self.shared[index]:
                    np.add(shared.total, shared.part, out=shared.total)
        for learn in self._learning(ops):
            learn()

    def _learning(self, ops: range) -> list[Callable[[], None]]:
        found = self._learners.get(ops)
        if found is None:
            late = [self.nodes[index - 1].op for index in ops if self._later[index]]
            found = self._learners[ops] = learners(late)
        return found

    def _spread(self, index: int, sent: tuple[Array, ...]) -> None:
        """Add what a node has sent to what came before, or to its part of the whole."""
        gradients = self.gradients
        for way, gradient in zip(self._ways[index], sent, strict=True):
            source, part, first, clear, rest = way
            if part is not None:
                if first:
                    total = gradients[source] = self.joins[source]
                    if clear:
                        total.fill(0.0)
                if rest is Rest.COPY:
                    np.copyto(part, gradient)
                elif rest is Rest.ADD:
                    np.add(part, gradient, out=part)
            elif first:
                gradients[source] = gradient
            else:
                # Another path has brought its part already: the gradient is the sum of both.
                before = gradients[source]
                assert before is not None
                gradients[source] = np.add(before, gradient, out=self.joins[source])

    def depth(self) -> int:
        """The number of hidden layers; in a recurrent network, of layers times time steps."""
        return len(self.layers) - 1

    def buffers(self) -> Iterator[tuple[str, Array]]:
        """Running statistics and the like, by name: `layers.3.norm.running_mean`."""
        for node in self._with_buffers:
            for name, array in node.op.buffers().items():
                yield f"{layer_prefix(node.layer)}.{name}", array

    def infer(self, inputs: Array, upto: int | None = None) -> Array:
        """The output as in evaluation, for any number of rows: (rows, outputs).

        With `upto` the value of that index instead.
        """
        last = len(self.nodes) if upto is None else upto
        values: dict[int, Array] = {0: inputs}
        for index, node in enumerate(self.nodes[:last], start=1):
            values[index] = node.op.infer(*node.taken(values))
            # A value that no later node reads is let go of: memory stays that of a few layers.
            for source in node.inputs:
                if self._last_reader[source] == index and source != last:
                    del values[source]
        return values[last]


class Rest(Enum):
    """What is left to be done with a gradient for some columns of a value."""

    NOTHING = "the op writes it where it belongs"
    COPY = "it is the first that comes to these columns"
    ADD = "others have come before it"


class Way(NamedTuple):
    """Where a node sends a gradient to."""

    source: int
    """The value."""
    part: Array | None
    """The part of its sum that is meant; None for all of it."""
    first: bool
    """None has come before, to any part of the value."""
    clear: bool
    """Not all columns of the value get a gradient: it starts from zeros."""
    rest: Rest


def _by_index(methods: Iterable[Callable[..., Any]]) -> tuple[Callable[..., Any], ...]:
    """The method of each node, counted from 1: looked up once."""
    every = tuple(methods)
    return every[:1] + every


def _only(inputs: tuple[int, ...]) -> int | None:
    """The one value that is read, where it is one: of most nodes."""
    return inputs[0] if len(inputs) == 1 else None


def _columns(value: Array | None, part: slice) -> Array:
    assert value is not None, "the forward pass has not been here yet"
    return value[:, part]


def _target(ways: tuple[Way, ...]) -> int | None:
    """Where the one gradient goes to, where nothing is there yet and it is whole: of most nodes."""
    way = ways[0]
    return way.source if len(ways) == 1 and way.first and way.part is None else None


def _ways(
    nodes: Sequence[Node],
    joins: Mapping[int, Array],
    alone: Set[int],
    homes: Mapping[int, tuple[Op, Array]],
) -> tuple[tuple[Way, ...], ...]:
    """The ways back of every node, for a backward pass from the last one to the first."""
    arrived: dict[int, set[int]] = {}
    ways: list[tuple[Way, ...]] = []
    for node in reversed(nodes):
        own: list[Way] = []
        for place, (source, _, part) in enumerate(node.reads):
            first, columns = source not in arrived, arrived.setdefault(source, set())
            if part is None:
                own.append(Way(source, None, first, clear=False, rest=Rest.NOTHING))
                continue
            home, now = joins[source][:, part], set(range(part.start, part.stop))
            rest = Rest.COPY if columns.isdisjoint(now) else Rest.ADD
            at_home = source in homes and homes[source][0] is node.op
            if at_home or (source in alone and node.op.send_into(place, home)):
                rest = Rest.NOTHING
            own.append(Way(source, home, first, source not in alone, rest))
            columns |= now
        ways.append(tuple(own))
    return tuple(reversed(ways))


def _alone(nodes: Sequence[Node], widths: Sequence[int]) -> set[int]:
    """The values that are read in parts, every column of them once: nothing is to be added."""
    readers: dict[int, Counter[int]] = {}
    for node in nodes:
        for source, _, part in node.reads:
            columns = range(part.start, part.stop) if part else (-1,)
            readers.setdefault(source, Counter()).update(columns)
    once = ((source, Counter(range(widths[source]))) for source in readers)
    return {source for source, every in once if readers[source] == every}


def _homes(nodes: Sequence[Node], alone: Set[int]) -> dict[int, tuple[Op, Array]]:
    """Where the gradients of such values belong, if one of the ops that read them has room."""
    homes: dict[int, tuple[Op, Array]] = {}
    for node in nodes:
        for place, (source, _, part) in enumerate(node.reads):
            if part is not None and source in alone:
                home = node.op.home(place)
                if home is not None:
                    homes[source] = node.op, home
    return homes


def _joins(
    nodes: Sequence[Node], widths: Sequence[int], batch: int, dtype: np.dtype[Any]
) -> dict[int, Array]:
    """A buffer for each value whose gradient is a sum; those of one width in one block."""
    consumers = Counter[int]()
    for node in nodes:
        for value, _, part in node.reads:
            # A value that is read in part is put together from parts on the way back.
            consumers[value] += 1 if part is None else 2
    joined = sorted(value for value, count in consumers.items() if count > 1)
    out: dict[int, Array] = {}
    for width in {widths[value] for value in joined}:
        alike = [value for value in joined if widths[value] == width]
        size = len(alike), batch, width
        through_time = any(node.time is not None for node in nodes)
        block = zeros_by_columns(size, dtype) if through_time else np.zeros(size, dtype)
        out |= zip(alike, block, strict=True)
    return out


def names_of(nodes: Sequence[Node]) -> dict[str, tuple[int, ...]]:
    """Every parameter of these nodes by its name, with its shape, layer by layer."""
    return {
        f"{layer_prefix(node.layer)}.{spec.name}": spec.shape
        for node in nodes
        for spec in node.op.parameters()
    }


def layer_prefix(layer: LayerName) -> str:
    """`layers.3` for hidden layer 3, `output` for the head."""
    return "output" if layer == "output" else f"layers.{layer}"
