"""The ledger of a network whose gradients are known: its blocks, and the paths through each."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf, isfinite, log10, nan
from typing import TypeAlias

import numpy as np

from gradsim.experiment.experiment import Experiment
from gradsim.experiment.wiring import blocks
from gradsim.insight.ledger import Block, Entry, Ledger, Part, Path
from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array, l2_norm
from gradsim.nn.gates import Gates
from gradsim.nn.linear import Linear, Projection
from gradsim.nn.network import LayerName, Network
from gradsim.nn.normalization import Normalization
from gradsim.nn.op import Op
from gradsim.nn.recurrent import OverTime, RecurrentLinear
from gradsim.simulation.session import Session

ROUNDING = 1e-12
"""Share of a gradient below which what no path explains is rounding."""


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
