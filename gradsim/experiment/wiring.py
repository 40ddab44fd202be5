"""From an experiment to the graph of ops: which op stands where, and what it reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradsim.experiment.experiment import Experiment
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.activations.bounded import Sigmoid
from gradsim.nn.linear import Gate, Linear, Projection
from gradsim.nn.network import LayerName, Node
from gradsim.nn.normalization import NORMALIZATIONS, WeightNorm
from gradsim.nn.op import Op
from gradsim.nn.skips import (
    SKIPS,
    ConcatenationJoin,
    HighwayJoin,
    Padding,
    ReZeroJoin,
    SumJoin,
    factors,
)


@dataclass(slots=True)
class Mark:
    """Which values are a layer's pre-activation, activation (None without one) and output."""

    layer: LayerName
    pre_activation: int = 0
    activation: int | None = None
    output: int = 0
    time: int | None = None
    weight: str = "weight"
    """The weights on the way that is looked at: those over time, in a recurrent network."""


@dataclass(frozen=True, slots=True)
class Block:
    """Layers that a skip leads around together, or one layer without a skip."""

    first: int
    last: int
    skip: str


@dataclass(slots=True)
class Wiring:
    """Nodes placed so far; `widths[k]` is the number of columns of value k, 0 being the input."""

    widths: list[int]
    nodes: list[Node] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def place(
        self,
        op: Op,
        layer: LayerName,
        *inputs: int,
        width: int,
        paths: tuple[str, ...] = ("main",),
        time: int | None = None,
        parts: tuple[slice | None, ...] | None = None,
    ) -> int:
        """Add an op that reads these values; the index of the value that it computes."""
        self.nodes.append(Node(op, layer, inputs, paths, time, parts))
        self.widths.append(width)
        return len(self.nodes)


def blocks(experiment: Experiment) -> list[Block]:
    """The hidden layers, cut into blocks; a block's skip is that of its last layer."""
    e, out, first = experiment, [], 1
    while first <= e.depth:
        last = min(first + e.skip_every - 1, e.depth)
        skip = str(e.at(last)["skip"])
        if skip == "none":
            out += [Block(layer, layer, skip) for layer in range(first, last + 1)]
        else:
            out.append(Block(first, last, skip))
        first = last + 1
    return out


def wire(experiment: Experiment, features: int, outputs: int, batch: int) -> Wiring:
    """The graph that an experiment declares; with batch 0 it takes hardly any memory.

    A layer is linear, normalization and activation in the order that `normalization-place` and
    `skip-order` ask for. The head is linear.
    """
    e = experiment
    wiring = Wiring([features])
    cut = blocks(e)
    skips = sum(block.skip != "none" for block in cut)
    value = 0
    for block in cut:
        value = _Wirer(e, wiring, batch, block, skips).block(value)
    head = Linear(batch, wiring.widths[value], outputs, e.dtype)
    value = wiring.place(head, "output", value, width=outputs)
    wiring.marks.append(Mark("output", value, None, value))
    return wiring


@dataclass(slots=True)
class _Wirer:
    e: Experiment
    wiring: Wiring
    batch: int
    cut: Block
    skips: int

    def block(self, entry: int) -> int:
        """Wire a block whose input is the value `entry`; its output."""
        value, after = entry, []
        for layer in range(self.cut.first, self.cut.last + 1):
            self.wiring.marks.append(Mark(layer))
            parts = _parts(self.e.at(layer), layer, self._order())
            if layer == self.cut.last and self._order() == "post-activation":
                split = parts.index("activation")
                parts, after = parts[:split], parts[split:]
            value = self._place(parts, layer, value)
        if self.cut.skip != "none":
            value = self._join(value, entry)
        value = self._place(after, self.cut.last, value)
        for mark in self.wiring.marks[self.cut.first - 1 :]:
            mark.output = mark.output or value
        return value

    def _order(self) -> str:
        return "" if self.cut.skip == "none" else self.e.skip_order

    def _place(self, parts: list[str], layer: int, value: int) -> int:
        at, mark = self.e.at(layer), self.wiring.marks[layer - 1]
        for part in parts:
            match part:
                case "linear":
                    value = mark.pre_activation = self._linear(at, layer, value)
                case "normalization":
                    value = self._normalization(at, layer, value)
                case "activation":
                    value = mark.activation = self._activation(at, layer, value)
        if layer != self.cut.last:
            mark.output = value
        return value

    def _linear(self, at: Mapping[str, Any], layer: int, value: int) -> int:
        norm = NORMALIZATIONS.get(at["normalization"])
        kind = norm.linear if norm and issubclass(norm, WeightNorm) else Linear
        op = kind(self.batch, self.wiring.widths[value], at["width"], self.e.dtype)
        return self.wiring.place(op, layer, value, width=at["width"])

    def _normalization(self, at: Mapping[str, Any], layer: int, value: int) -> int:
        kind, width = NORMALIZATIONS[at["normalization"]], self.wiring.widths[value]
        assert not issubclass(kind, WeightNorm)
        return self.wiring.place(
            kind(self.batch, width, self.e.dtype, at), layer, value, width=width
        )

    def _activation(self, at: Mapping[str, Any], layer: int, value: int) -> int:
        width = self.wiring.widths[value]
        op = ACTIVATIONS[at["activation"]](self.batch, width, self.e.dtype, at)
        return self.wiring.place(op, layer, value, width=width)

    def _join(self, main: int, entry: int) -> int:
        wiring, batch, dtype, layer = self.wiring, self.batch, self.e.dtype, self.cut.last
        kind, at = SKIPS[self.cut.skip], self.e.at(layer)
        width, skip, skip_width = wiring.widths[main], entry, wiring.widths[entry]
        if kind.join == "concatenation":
            side_by_side = ConcatenationJoin(batch, width, skip_width, dtype)
            both_widths, paths = width + skip_width, ("main", "skip")
            return wiring.place(side_by_side, layer, main, skip, width=both_widths, paths=paths)
        opened = 0
        if width != skip_width and self.e.skip_widths == "none":
            return main
        if kind.join == "highway":  # the gate reads what enters the block, as it is
            gate = Gate(batch, skip_width, width, dtype, float(at["highway-bias"]))
            opened = wiring.place(gate, layer, entry, width=width, paths=("gate",))
            squash = Sigmoid(batch, width, dtype)
            opened = wiring.place(squash, layer, opened, width=width, paths=("gate",))
        if width != skip_width:
            bridge = Projection if self.e.skip_widths == "projection" else Padding
            op = bridge(batch, skip_width, width, dtype)
            skip = wiring.place(op, layer, entry, width=width, paths=("skip",))
        if kind.join == "highway":
            mix = HighwayJoin(batch, width, dtype)
            all_three = ("main", "skip", "gate")
            return wiring.place(mix, layer, main, skip, opened, width=width, paths=all_three)
        total: Op
        if kind.join == "rezero":
            total = ReZeroJoin(batch, width, dtype, float(at["rezero-start"]))
        else:
            both = factors(self.cut.skip, float(at["skip-factor"]), self.skips)
            total = SumJoin(batch, width, dtype, *both)
        return wiring.place(total, layer, main, skip, width=width, paths=("main", "skip"))


def _parts(at: Mapping[str, Any], layer: int, order: str) -> list[str]:
    """The ops of a layer in their order, by the names of the methods that place them."""
    if order == "pre-activation":
        # The first layer reads the data as it is: there is nothing before it to activate.
        parts = ["activation", "linear"] if layer > 1 else ["linear"]
        place = {"before-activation": 0, "before-linear": 1, "after-activation": 1}
    else:
        parts = ["linear", "activation"]
        place = {"before-linear": 0, "before-activation": 1, "after-activation": 2}
    if at["normalization"] not in ("none", "weight") and (len(parts) == 2):
        parts.insert(place[at["normalization-place"]], "normalization")
    return parts
