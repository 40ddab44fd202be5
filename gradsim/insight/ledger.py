"""The ledger: which part of which layer changed the gradient, and by how much.

From block to block the norm of the gradient changes by a factor; in decades these changes add up
to the change over the whole network. Within a block the gradient comes back on one path, or on
several that join: along a path the change splits exactly among its ops, each by the norm of what
it sends on over the norm of what it was given.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite

from gradsim.nn.network import LayerName
from gradsim.numbers import number, shared_out, signed


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
