"""What acts on the pre-activations of a layer: each function as a curve, and what really enters it.

Between a layer's z = W x + b and its activation there may be a normalization or a join; a gated
cell has a function for each of its gates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from sys import float_info

import numpy as np
import numpy.typing as npt

from gradsim.nn.activations import ACTIVATIONS, Activation
from gradsim.nn.arrays import Array
from gradsim.nn.gates import Gates, GRUGates, LSTMGates
from gradsim.nn.network import LayerSlots, Network, Node
from gradsim.nn.normalization import Normalization
from gradsim.simulation.measure import SATURATED_BELOW

POINTS = 961
"""Points of a curve; odd, so that one of them is 0."""

LEAST_REACH = 3.0
"""A curve goes at least so far to each side, in units of the function's own scale."""

GATE_NAMES = {"lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}
"""The gates of each kind of cell, in the order of their rows in the weights."""

_TANH_GATES = ("g", "n")


@dataclass(frozen=True, slots=True)
class Function:
    """phi or a gate's function, with how many of the entries that enter it meet which slope."""

    name: str
    """`phi`, or `gate i`."""
    kind: str
    """`tanh`, `relu`, ..."""
    formula: str
    reads: str
    """What enters it, in a few words: `z`, `z after batch norm`."""
    symbol: str
    """The same as a formula: `z`, `norm(z)`."""
    entries: int
    reach: float
    """The curve goes from minus to plus this, and holds every finite entry."""
    x: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]
    slope: npt.NDArray[np.float64]
    bound: float
    """A slope below this in size is saturation; 0 where the function does not saturate."""
    saturated: tuple[int, int]
    """Saturated entries below zero, and from zero on."""
    flat: int
    """Entries that meet a slope of exactly 0."""

    @property
    def saturated_share(self) -> float:
        """Share of the entries that are saturated, as in the layer table."""
        return sum(self.saturated) / self.entries if self.entries else 0.0

    @property
    def flat_share(self) -> float:
        """Share of the entries that meet a slope of exactly 0."""
        return self.flat / self.entries if self.entries else 0.0

    def stuck(self) -> npt.NDArray[np.bool_]:
        """Where along the curve an entry is saturated, or has no slope at all: (points,)."""
        size = np.abs(self.slope)
        return size < self.bound if self.bound else size == 0.0


@dataclass(frozen=True, slots=True)
class Applied:
    """A function with a copy of the entries that enter it."""

    function: Function
    entries: Array


def applied(network: Network, slots: LayerSlots, cell: str) -> Iterator[Applied]:
    """The functions of a layer, or of a time step of one; none for the head."""
    gates = network.nodes[slots.output - 1].op
    if slots.activation is not None:
        node = network.nodes[slots.activation - 1]
        assert isinstance(node.op, Activation)
        entries = network.values[node.inputs[0]]
        assert entries is not None
        reads = _reads(network, slots, node.inputs[0])
        yield _applied("phi", node.op, entries, node.op.slopes, reads)
    elif isinstance(gates, LSTMGates | GRUGates):
        node = network.nodes[slots.output - 1]
        yield from _gates(network, slots, node, gates, GATE_NAMES[cell])


def _gates(
    network: Network, slots: LayerSlots, node: Node, op: Gates, names: tuple[str, ...]
) -> Iterator[Applied]:
    entries = network.values[node.inputs[0]]
    assert entries is not None
    (reads, symbol), u = _reads(network, slots, node.inputs[0]), op.units
    for index, name in enumerate(names):
        taken, said = entries[:, index * u : (index + 1) * u], (reads, symbol)
        if isinstance(op, GRUGates) and name == "n":
            # What comes from the state is let in by the reset gate.
            taken = taken + op.gates[:, :u] * entries[:, 3 * u :]
            opened, said = op.n, (f"{reads} with r", symbol)
        else:
            opened = op.gates[:, index * u : (index + 1) * u]
        tanh = name in _TANH_GATES
        kind = ACTIVATIONS["tanh" if tanh else "sigmoid"](1, 1, str(entries.dtype))
        slopes = 1.0 - opened * opened if tanh else opened * (1.0 - opened)
        yield _applied(f"gate {name}", kind, taken, slopes, said)


def _applied(
    name: str, op: Activation, entries: Array, slopes: Array, reads: tuple[str, str]
) -> Applied:
    finite = np.isfinite(entries)
    reach = max(
        LEAST_REACH * op.bend,
        float(np.max(entries, initial=0.0, where=finite)),
        -float(np.min(entries, initial=0.0, where=finite)),
    )
    # Room for the half of the number range on either side.
    reach = min(reach, float(np.finfo(entries.dtype).max) / 4.0, float_info.max / 4.0)
    x, value, slope = _curve(op, reach, str(entries.dtype))
    bound = SATURATED_BELOW * op.largest_slope if op.saturates else 0.0
    size = np.abs(slopes)
    stuck = size < bound
    below = int(np.count_nonzero(stuck & (entries < 0.0)))
    function = Function(
        name=name,
        kind=op.name,
        formula=op.formula,
        reads=reads[0],
        symbol=reads[1],
        entries=entries.size,
        reach=reach,
        x=x,
        value=value,
        slope=slope,
        bound=bound,
        saturated=(below, int(np.count_nonzero(stuck)) - below),
        flat=int(np.count_nonzero(size == 0.0)),
    )
    return Applied(function, entries.copy())


def _curve(op: Activation, reach: float, dtype: str) -> tuple[npt.NDArray[np.float64], ...]:
    """The function and its slope by itself; where units have slopes of their own, their mean."""
    x = np.linspace(-reach, reach, POINTS)
    units = max([spec.shape[0] for spec in op.parameters()], default=1)
    taken = np.repeat(x[:, None].astype(dtype), units, axis=1)
    y, slope = np.empty_like(taken), np.empty_like(taken)
    op.value(taken, y)
    op.slope(taken, y, slope)
    return x, y.mean(axis=1, dtype=np.float64), slope.mean(axis=1, dtype=np.float64)


def _reads(network: Network, slots: LayerSlots, source: int) -> tuple[str, str]:
    """What a value is to this layer: in a few words, and as a formula."""
    if source == slots.pre_activation:
        return ("z" if slots.activation is not None else "pre-activation"), "z"
    if source == 0:
        return "the data", "x"
    node = network.nodes[source - 1]
    if isinstance(node.op, Normalization):
        before = "z" if node.inputs[0] == slots.pre_activation else "input"
        return f"{before} after {node.op.name} norm", f"norm({'z' if before == 'z' else 'x'})"
    if "skip" in node.paths and node.layer == slots.name:
        return "z with its skip", "z, skip"
    return "input", "x"
