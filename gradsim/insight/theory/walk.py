"""The walk: moments forward over the network's own graph, then squared gradients back."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

import numpy as np

from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import FITTED, FITTING_ROUNDS, gain
from gradsim.experiment.wiring import Wiring
from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.response import response
from gradsim.insight.theory.rules import activation, batch, beside, coherence, joins, linear
from gradsim.insight.theory.rules import law as laws
from gradsim.insight.theory.rules import rows as row_rules
from gradsim.insight.theory.rules.linear import Weights
from gradsim.insight.theory.rules.passage import Seen
from gradsim.insight.theory.units import Gradient, Rows, Units, UntreatedError
from gradsim.nn.activations.base import Activation
from gradsim.nn.arrays import Array
from gradsim.nn.initializers import INITIALIZERS
from gradsim.nn.linear import Gate, Linear, Projection
from gradsim.nn.network import Node
from gradsim.nn.normalization import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from gradsim.nn.skips import ConcatenationJoin, HighwayJoin, Padding, ReZeroJoin, SumJoin

Back = Callable[[Gradient], tuple[Gradient, ...]]


@dataclass(slots=True)
class Walk:
    """All values of a network, and the way back from each."""

    wiring: Wiring
    rows: Rows
    values: list[Units]
    backs: list[Back]

    def going_back(self, given: Gradient) -> Iterator[tuple[int, Gradient]]:
        """The gradient of every value that one reaches, from that of the last; last to first."""
        waiting = {len(self.values) - 1: given}
        for index in range(len(self.values) - 1, 0, -1):
            gradient = waiting.pop(index, None)
            if gradient is None:
                continue
            gradient = gradient.shaped(self.values[index].widths)
            if not np.isfinite(gradient.moment).all():
                layer = self.wiring.nodes[index - 1].layer
                raise UntreatedError(f"the gradient leaves the number range in layer {layer}")
            yield index, gradient
            node = self.wiring.nodes[index - 1]
            for source, part in zip(node.inputs, self.backs[index - 1](gradient), strict=True):
                if source == 0:
                    continue
                known, value = waiting.get(source), self.values[source]
                waiting[source] = (
                    joins.joined(known, part, value, self.rows, source) if known else part
                )


def walking(
    experiment: Experiment, wiring: Wiring, inputs: Array, rows: Rows
) -> Generator[None, None, Walk]:
    """Go forward through all nodes. `inputs`: (batch, features), as many of them as `rows` says.

    In slices of one node. Raises UntreatedError where no theory is known.
    """
    x = np.asarray(inputs, np.float64)
    with_law, seen = asks_for_laws(experiment), Seen()
    out = Walk(wiring, rows, [_data(x, rows, np.zeros(rows.sources()), with_law)], [])
    for index, node in enumerate(wiring.nodes, start=1):
        taken = [out.values[k] for k in node.inputs]
        with np.errstate(all="ignore"):
            value, back = _step(experiment, index, node, taken, rows, with_law, seen)
        if not np.isfinite(value.moment).all():
            raise UntreatedError(f"the values leave the number range in layer {node.layer}")
        out.values.append(value)
        out.backs.append(back)
        yield
    return out


def asks_for_laws(e: Experiment) -> bool:
    """Whether something else than a Gaussian can enter an activation."""
    return e.skip_order != "activation-inside" and any(
        e.at(layer)["skip"] != "none" for layer in range(1, e.depth + 1)
    )


def _data(x: Array, rows: Rows, swings: Floats, with_law: bool) -> Units:
    """The rows of the data at hand: nothing of them is random."""
    at_hand = x[picked(len(x), rows.count)]
    return Units(
        widths=(x.shape[1],),
        mean=at_hand.mean(axis=1)[None],
        moment=(at_hand @ at_hand.T / x.shape[1])[None],
        normal=(False,),
        swings=swings,
        fixed=1.0,
        laws=(laws.of_data(at_hand),) if with_law else (),
        raw=x,
    )


def picked(count: int, wanted: int) -> Any:
    """Which of so many rows are looked at: spread evenly over them."""
    return np.arange(wanted) * count // wanted


def _step(
    e: Experiment,
    index: int,
    node: Node,
    taken: list[Units],
    rows: Rows,
    with_law: bool,
    seen: Seen,
) -> tuple[Units, Back]:
    op, first = node.op, taken[0]
    match op:
        case Linear() | Projection():
            weights = _weights(e, node, first)
            return (
                linear.forward(first, weights),
                lambda g: (linear.backward(g, weights, first, rows, index),),
            )
        case Activation() if op.name == "identity":
            value, passages = activation.identity(first, rows, index)
            return value, lambda g: (activation.backward(g, passages, first, value, rows, index),)
        case Activation():
            at: Mapping[str, Any] = e.at(node.layer)
            value, passages = activation.forward(
                first, response(op.name, at), op.name, node.layer, rows, index, with_law, seen
            )
            return value, lambda g: (activation.backward(g, passages, first, value, rows, index),)
        case BatchNorm():
            if first.raw is not None:
                return _of_data(op, first, rows)
            value, scales = batch.forward(first, rows, op.eps, node.layer, index)
            return value, lambda g: (batch.backward(g, scales, first, rows, index),)
        case LayerNorm() | RMSNorm() | GroupNorm():
            if first.raw is not None:
                return _of_data(op, first, rows)
            value, found = row_rules.forward(
                first, op.groups, op.centers, op.eps, op.name, node.layer
            )
            return value, lambda g: (row_rules.backward(g, found, first, rows, index),)
        case SumJoin(main=a, skip=b):
            return _sum(taken, a, b, rows.source(index), with_law)
        case ReZeroJoin(start=alpha):
            if alpha == 0.0:
                raise UntreatedError(
                    "with rezero at 0 exactly no gradient reaches a layer at the start"
                )
            return _sum(taken, alpha, 1.0, rows.source(index), with_law)
        case HighwayJoin():
            main, skip, gate = taken
            value, known = joins.mixed(main, skip, gate, rows.source(index), with_law)
            return value, lambda g: joins.unmixed(g, main, skip, gate, value, known, rows, index)
        case ConcatenationJoin():
            main, skip = taken
            value = beside.concatenated(skip, main)
            return value, lambda g: beside.parted(g, skip, main, value)
        case Padding():
            width = op.y.shape[1]
            return beside.fitted(first, width), lambda g: (beside.unfitted(g, first),)
    raise UntreatedError(f"there is none for {op.name}")


def _sum(taken: list[Units], a: float, b: float, source: int, with_law: bool) -> tuple[Units, Back]:
    main, skip = taken
    value, known = joins.added(main, skip, a, b, source, with_law)
    return value, lambda g: joins.unadded(g, main, skip, value, a, b, known)


def _of_data(op: Any, taken: Units, rows: Rows) -> tuple[Units, Back]:
    """A normalization of the data themselves: done, not predicted."""
    x = taken.raw
    assert x is not None
    if isinstance(op, BatchNorm):
        done = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + op.eps)
    else:
        done = op.normalized(x)
    if not np.any(done):
        raise UntreatedError(f"{op.name} normalization leaves nothing of the data")
    return _data(np.asarray(done), rows, taken.swings, bool(taken.laws)), lambda g: (g,)


def _weights(e: Experiment, node: Node, taken: Units) -> Weights:
    """How the weights of a node start, from its initializer."""
    op, layer = node.op, node.layer
    assert isinstance(op, Linear | Projection)
    at = e.at(layer)
    kind, factor = INITIALIZERS[at["initializer"]], gain(e, layer)
    bias = float(at["bias-std"]) * float(at["bias-std"])
    mean = 0.0
    if isinstance(op, Gate):
        bias, mean = 0.0, op.start
    elif isinstance(op, Projection):
        bias = 0.0
    drawn = kind.std is not None
    if kind.std is not None:
        deviation = factor * kind.std(op.fan_in, op.fan_out, at)
        variance = deviation * deviation  # a product overflows to infinity, a power raises
    elif at["initializer"] in ("orthogonal", "lsuv"):
        variance = factor * factor / max(op.fan_in, op.fan_out)
    else:
        raise UntreatedError(f"weights that start as {at['initializer']} are not drawn at random")
    fitted = kind.fits_data and isinstance(op, Linear)
    if fitted:
        variance = _fitted(factor, variance, bias, op.fan_in, taken)
    if variance == 0.0:
        raise UntreatedError(f"the weights of layer {layer} start at 0")
    return Weights(op.fan_in, op.fan_out, variance, bias, mean, drawn, fitted)


def _fitted(wanted: float, variance: float, bias: float, fan_in: int, taken: Units) -> float:
    """Var(W) after LSUV has scaled W toward z of this standard deviation over the first batch.

    As it does it: the biases may keep it from getting there.
    """
    passed = variance * fan_in * float(taken.squares().mean())
    scale, spread = 1.0, sqrt(passed + bias)
    for _ in range(FITTING_ROUNDS):
        if not (spread > 0.0 and isfinite(spread)) or abs(spread - wanted) <= FITTED * wanted:
            break
        factor, before = (wanted / spread) ** 2, spread
        spread = sqrt(passed * scale * factor + bias)
        if not abs(spread - wanted) < 0.9 * abs(before - wanted):
            break
        scale *= factor
    return variance * scale


def start(found: Walk, moment: Floats, classes: bool) -> Gradient:
    """The gradient at the output to start the way back from: (rows, rows), per unit."""
    nodes, count = found.wiring.nodes, found.wiring.widths[-1]
    coherent = None
    if any(len(node.inputs) > 1 for node in nodes):
        square = float(found.values[-1].squares().mean())
        coherent = coherence.begun(count, 2 * len(nodes) + 2, square, classes)
    swings = np.zeros(found.rows.sources())
    return Gradient((count,), 0.0, moment[None], swings, coherent=coherent).normalized()
