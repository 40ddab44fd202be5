"""The ledger: which part of which layer changed the gradient, and by how much.

From block to block the norm of the gradient changes by a factor; in decades these changes add up
to the change over the whole network. Within a block the gradient comes back on one path, or on
several that join: along a path the change splits exactly among its ops, each by the norm of what
it sends on over the norm of what it was given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import inf, isfinite, log10, nan
from typing import TypeAlias

import numpy as np

from gradsim.experiment.experiment import Experiment
from gradsim.experiment.wiring import blocks
from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array, l2_norm
from gradsim.nn.gates import Gates
from gradsim.nn.linear import Linear, Projection
from gradsim.nn.network import LayerName, Network
from gradsim.nn.normalization import Normalization
from gradsim.nn.op import Op
from gradsim.nn.recurrent import OverTime, RecurrentLinear
from gradsim.numbers import number, shared_out, signed
from gradsim.simulation.session import Session

ROUNDING = 1e-12
"""Share of a gradient below which what no path explains is rounding."""


class Part(StrEnum):
    """What can change a gradient on its way."""

    WEIGHTS = "weights"
    ACTIVATION = "activation slope"
    NORMALIZATION = "normalization"
    SKIP = "skip"
    GATES = "gates"


@dataclass(frozen=True, slots=True)
class Entry:
    """One op on a path: by how many decades it changed the norm of the gradient."""

    layer: LayerName
    op: str
    part: Part
    decades: float
    """log10 of the norm sent on over the norm given; -inf where nothing is sent on."""
    largest_slope: float
    """The largest slope the activation can have; NaN for other ops."""

    @property
    def factor(self) -> float:
        """Norm sent on over norm given: for an activation its effective slope."""
        return float(10.0**self.decades)


@dataclass(frozen=True, slots=True)
class Path:
    """A way through a block, from its output back to its input."""

    name: str
    share: float
    """<path, total> / <total, total> at the block's input; the shares of all paths sum to 1."""
    entries: tuple[Entry, ...]
    """In the order of the backward pass."""
    from_outside: float | None = None
    """Where it does not come through the block: log10 of what it brings over what that is given."""

    @property
    def decades(self) -> float:
        """log10 of what this path brings over what the block was given: the sum of its entries."""
        if self.from_outside is not None:
            return self.from_outside
        return sum(entry.decades for entry in self.entries)

    @property
    def carries_nothing(self) -> bool:
        """Whether exactly zero arrives on this path."""
        return self.decades == -inf

    def of(self, part: Part) -> float:
        """What the ops of one kind changed along this path, in decades."""
        return sum(entry.decades for entry in self.entries if entry.part is part)


@dataclass(frozen=True, slots=True)
class Block:
    """Layers that a skip leads around together, a single layer, the head; or a time step."""

    first: LayerName
    """In a recurrent network the time step, as `last`."""
    last: LayerName
    norm_in: float
    """L2 norm of the gradient with respect to the block's output."""
    norm_out: float
    """L2 norm of the gradient with respect to the block's input: the sum of all paths."""
    decades: float
    """log10(norm_out / norm_in): over all blocks these add up to the change of the network."""
    paths: tuple[Path, ...]
    axis: str = "layer"
    """What `first` and `last` count: `layer` or `time step`."""

    @property
    def main(self) -> Path:
        """The path through the block that brings the most of what arrives."""
        through = [path for path in self.paths if path.from_outside is None]
        return max(through, key=lambda path: abs(path.share) if isfinite(path.share) else 0.0)

    @property
    def name(self) -> str:
        """`output`, `layer 7`, or `layers 7 to 9`."""
        if self.first == "output":
            return "output"
        if self.first == self.last:
            return f"{self.axis} {self.last}"
        return f"{self.axis}s {self.first} to {self.last}"

    @property
    def sentence(self) -> str:
        """`layer 7 lost 0.63 decades: activation slope -0.63 (effective ...), weights +0.00`."""
        if self.norm_in == 0.0:
            return f"nothing arrives at {self.name}"
        if not isfinite(self.norm_in):
            return f"a gradient of {number(self.norm_in)} arrives at {self.name} already"
        if self.norm_out == 0.0:
            return f"{self.name} lost all: {_stopper(self.main)} lets nothing through"
        if not isfinite(self.decades):
            return f"{self.name} makes the gradient {number(self.norm_out)}"
        told = [_path_words(path) for path in self.paths if len(self.paths) == 1]
        if not told:
            told = [
                f"{path.name} carries nothing"
                if path.carries_nothing
                else f"{path.name} brings {path.share:.0%} ({_path_words(path)})"
                for path in self.paths
            ]
        verb = "lost" if self.decades < 0 else "gained"
        return f"{self.name} {verb} {abs(self.decades):.2f} decades: {'; '.join(told)}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole way of the gradient, from the output of the head back to the input of layer 1."""

    blocks: tuple[Block, ...]
    """In the order of the backward pass: the head first."""

    @property
    def decades(self) -> float:
        """The change over the hidden layers: log10 of the first norm over the last."""
        return sum(block.decades for block in self.blocks if block.first != "output")

    def debts(self) -> dict[Part, float]:
        """What each kind of op changed over the hidden layers, along each block's main path."""
        hidden = [block for block in self.blocks if block.first != "output"]
        return {part: sum(block.main.of(part) for block in hidden) for part in Part}

    @property
    def sentence(self) -> str:
        """The change over the hidden layers, and which part and which layer did most of it."""
        hidden = [block for block in self.blocks if block.first != "output"]
        if not hidden:
            return "one time step: the gradient goes no way through time"
        broken = next((b for b in self.blocks if not isfinite(b.decades) or b.norm_in == 0.0), None)
        if broken:
            return broken.sentence
        way = -1 if self.decades < 0 else 1
        debts = self.debts()
        does = [part for part in Part if isfinite(debts[part]) and way * debts[part] > 0.0]
        most = max(does, key=lambda part: way * debts[part], default=None)
        worst = max(hidden, key=lambda block: way * block.decades)
        verb = "lost" if way < 0 else "gained"
        road = f"from the output of layer {hidden[0].last} to the input of layer 1"
        if hidden[0].axis != "layer":
            road = f"from {hidden[0].name} back to time step {int(hidden[-1].first) - 1}"
        known = [part for part in Part if debts[part]]
        changes = shared_out(self.decades, [debts[part] for part in known])
        told = [f"{part} {_change(change)}" for part, change in zip(known, changes, strict=True)]
        parts = ", ".join(told) or "each handed on as it is"
        by = f"most by {most}, and in" if most else "most in"
        whole = f"{verb} {abs(self.decades):.2f} decades {road}"
        end = f"{by} {worst.name} ({signed(worst.decades)})"
        if any(len(block.paths) > 1 for block in hidden):
            return (
                f"{whole}, over all paths; along the one that brings the most through each block: "
                f"{parts}; {end}"
            )
        return f"{whole} ({parts}); {end}"


def plain(found: Ledger) -> dict[str, object]:
    """A ledger as plain values, for JSON; numbers may be infinite or NaN."""
    return {
        "decades": found.decades,
        "sentence": found.sentence,
        "parts": {str(part): decades for part, decades in found.debts().items()},
        "blocks": [
            {
                "first": block.first,
                "last": block.last,
                "norm_in": block.norm_in,
                "norm_out": block.norm_out,
                "decades": block.decades,
                "sentence": block.sentence,
                "paths": [
                    {
                        "name": path.name,
                        "share": path.share,
                        "decades": path.decades,
                        "ops": [
                            {
                                "layer": entry.layer,
                                "op": entry.op,
                                "part": str(entry.part),
                                "decades": entry.decades,
                            }
                            for entry in path.entries
                        ],
                    }
                    for path in block.paths
                ],
            }
            for block in found.blocks
        ],
    }


def ledger(session: Session, step: int | None = None, layer: int | None = None) -> Ledger:
    """The ledger of a step already done, or of that at the cursor: of the batch to come there.

    In a recurrent network it goes back through time in one of its layers, the top one if none is
    named: a block takes the gradient from the state of a time step to the state before it.
    """
    machine = session.machine_with_gradients(step)
    with np.errstate(all="ignore"):
        ways = _ways(machine.network, machine.experiment, layer)
        return Ledger(tuple(_block(machine.network, *way) for way in ways))


def block_of(
    network: Network, experiment: Experiment, place: LayerName, level: int | None = None
) -> Block | None:
    """The block of the ledger that a layer is in, or a time step of the recurrent layer `level`.

    None where there is none: no gradient goes back from the first time step, or past a cut. The
    network is one whose gradients are all known.
    """
    for way in _ways(network, experiment, level):
        first, last = way[:2]
        if place == last or (
            "output" not in (place, last) and int(first) <= int(place) <= int(last)
        ):
            with np.errstate(all="ignore"):
                return _block(network, *way)
    return None


_Way: TypeAlias = tuple[LayerName, LayerName, int, int, str]
"""First and last place of a block, the values at its input and at its output, and its axis."""


def _ways(network: Network, experiment: Experiment, level: int | None) -> Iterator[_Way]:
    if experiment.cell != "none":
        return _through_time(network, level)
    return _through_layers(network, experiment)


def _through_layers(network: Network, experiment: Experiment) -> Iterator[_Way]:
    slots = {layer.name: layer for layer in network.layers}
    ways: list[_Way] = []
    entry = 0
    for cut in blocks(experiment):
        ways.append((cut.first, cut.last, entry, slots[cut.last].output, "layer"))
        entry = slots[cut.last].output
    ways.append(("output", "output", entry, slots["output"].output, "layer"))
    yield from reversed(ways)


def _through_time(network: Network, level: int | None) -> Iterator[_Way]:
    top = max(slots.name for slots in network.layers[:-1] if slots.name != "output")
    steps = [slots for slots in network.layers if slots.name == (level or top)]
    if steps[0].name == top:
        yield ("output", "output", steps[-1].output, network.layers[-1].output, "time step")
    for before, now in reversed(list(pairwise(steps))):
        assert now.time is not None
        op = network.nodes[now.pre_activation - 1].op
        if isinstance(op, RecurrentLinear) and op.cut and not readout_every(network):
            return  # the gradient is cut there: nothing before it has any
        yield (now.time, now.time, before.output, now.output, "time step")


def readout_every(network: Network) -> bool:
    """Whether the head reads every time step."""
    return isinstance(network.nodes[-1].op, OverTime)


def _block(
    network: Network, first: LayerName, last: LayerName, start: int, end: int, axis: str
) -> Block:
    """What becomes of the gradient from value `end` back to value `start`."""
    given, total = _norm(network.gradients[end]), network.gradients[start]
    assert total is not None
    arrived = l2_norm(total)
    paths, rest = [], total.copy()
    for names, part, columns, entries in _paths(network, end, start):
        cut = slice(None) if columns is None else columns
        paths.append(Path(_name(names), _share(part, total[:, cut], arrived), tuple(entries)))
        rest[:, cut] -= part
    if axis != "layer" and l2_norm(rest) > ROUNDING * arrived:
        # The loss, or a layer above, sends something to this state that no later state saw.
        brought = _decades(given, l2_norm(rest))
        paths.append(Path("from above", _share(rest, total, arrived), (), brought))
    return Block(first, last, given, arrived, _decades(given, arrived), tuple(paths), axis)


def _paths(
    network: Network, end: int, start: int
) -> Iterator[tuple[list[str], Array, slice | None, Sequence[Entry]]]:
    """Every way from value `end` back to value `start`.

    Its names, what it brings, to which columns, and its ops.
    """
    node = network.nodes[end - 1]
    given = _norm(network.gradients[end])
    for (source, name, columns), sent in zip(node.reads, network.sent[end], strict=True):
        if source < start:
            continue  # it leads to another layer or to the input, not to where this is about
        here = Entry(
            node.layer,
            node.op.name,
            _part(node.op),
            _decades(given, l2_norm(sent)),
            node.op.largest_slope if isinstance(node.op, Activation) else nan,
        )
        if source == start:
            yield [name], sent, columns, [here]
        else:
            for names, part, cut, entries in _paths(network, source, start):
                yield [name, *names], part, cut, [here, *entries]


def _part(op: Op) -> Part:
    match op:
        case Linear() | Projection() | RecurrentLinear() | OverTime():
            return Part.WEIGHTS
        case Gates():
            return Part.GATES
        case Activation():
            return Part.ACTIVATION
        case Normalization():
            return Part.NORMALIZATION
        case _:
            return Part.SKIP


def _name(names: list[str]) -> str:
    """A path is called after the first place where it leaves the main one."""
    return next((name for name in names if name != "main"), "main")


def _share(part: Array, total: Array, size: float) -> float:
    """<part, total> / size^2, over the whole number range; NaN where nothing arrives."""
    if size == 0.0 or not isfinite(size):
        return nan
    unit = (total.astype(np.float64) / size).reshape(-1)
    return float(np.dot((part.astype(np.float64) / size).reshape(-1), unit))


def _norm(array: Array | None) -> float:
    assert array is not None
    return l2_norm(array)


def _decades(given: float, sent: float) -> float:
    """log10(sent / given), also where the ratio itself is out of the number range."""
    if not (isfinite(given) and isfinite(sent)):
        return nan
    if sent == 0.0:
        return -inf if given else 0.0
    return log10(sent) - log10(given)


def _change(decades: float) -> str:
    return signed(decades) if isfinite(decades) else "-∞" if decades < 0 else "?"


def _path_words(path: Path) -> str:
    if path.from_outside is not None:
        return "straight from the loss or the layer above"
    told = []
    there = [part for part in Part if any(entry.part is part for entry in path.entries)]
    changes = shared_out(path.decades, [path.of(part) for part in there])
    for part, change in zip(there, changes, strict=True):
        entries = [entry for entry in path.entries if entry.part is part]
        words = f"{part} {signed(change)}"
        if part is Part.ACTIVATION and len(entries) == 1:
            slope = entries[0]
            words += (
                f" (effective slope {slope.factor:.3f}, largest possible {slope.largest_slope:.4g})"
            )
        told.append(words)
    return ", ".join(told) or "as it is"


def _stopper(path: Path) -> str:
    """The first op of a path behind which nothing is left."""
    entry = next((e for e in path.entries if e.decades == -inf), path.entries[-1])
    return f"{entry.op} of layer {entry.layer}" if entry.layer != "output" else "the head"
