"""The stepper: a training step as a stream of events, one for each op. The only engine there is."""

from collections.abc import Callable, Iterator
from math import nan
from typing import TypeAlias

import numpy as np

from gradsim.nn import clipping
from gradsim.nn.arrays import Array, l2_norm
from gradsim.nn.network import Network
from gradsim.simulation.events import Event, Phase, Place, Plan
from gradsim.simulation.training import Training

Norm: TypeAlias = Callable[[Array], float]


def training_step(training: Training, inputs: Array, target: Array, step: int) -> Iterator[Event]:
    """Forward op by op, loss, backward op by op from last to first, clip, update layer by layer.

    The generator may be left between any two events; the network then holds exactly what has been
    computed so far. Overflow and division by zero are results here, not errors.
    """
    yield from _quiet(_events(training, inputs, target, step, l2_norm))


def run_step(training: Training, inputs: Array, target: Array, step: int) -> None:
    """The same step, whole, where nobody looks at single events: to the same bits, faster."""
    with np.errstate(all="ignore"):
        for _ in unwatched(training, inputs, target, step):
            pass


def unwatched(training: Training, inputs: Array, target: Array, step: int) -> Iterator[Event]:
    """The same step whose events bear no norms, to be gone through with errors ignored."""
    yield from _events(training, inputs, target, step, _unmeasured)


def _unmeasured(_: Array) -> float:
    return nan


def _events(
    training: Training, inputs: Array, target: Array, step: int, norm: Norm
) -> Iterator[Event]:
    yield from _forward(training.network, inputs, step, norm)
    yield from _loss(training, target, step, norm)
    yield from _backward(training.network, step, norm)
    yield from _clip(training, step)
    yield from _update(training, step, norm)


def plan(training: Training) -> Plan:
    """Every event of a step in its order, before it happens: (phase, layer, path, op)."""
    network = training.network
    nodes = network.nodes
    forward = [
        (Phase.FORWARD, node.layer, path, node.op.name) for node in nodes for path in node.paths
    ]
    backward: list[tuple[Phase, Place, str, str]] = [
        (Phase.BACKWARD, "output", "main", network.loss.name)
    ]
    arrived: set[int] = set()
    for node in reversed(nodes):
        for source, path, part in node.reads:
            backward.append((Phase.BACKWARD, node.layer, path, node.op.name))
            if part is None and source in arrived:
                backward.append((Phase.BACKWARD, node.layer, path, "join"))
            arrived.add(source)
    return (
        *forward,
        (Phase.LOSS, "output", "main", network.loss.name),
        *backward,
        (Phase.CLIP, "all", "main", _clip_name(training)),
        *((Phase.UPDATE, layer, "main", training.optimizer.name) for layer in network.groups),
    )


def _clip_name(training: Training) -> str:
    return f"clip-{training.clip.name if training.clip else 'none'}"


def _quiet(events: Iterator[Event]) -> Iterator[Event]:
    # The setting must not leak to the caller between two events, so it is held for each op alone.
    while True:
        with np.errstate(all="ignore"):
            event = next(events, None)
        if event is None:
            return
        yield event


def _forward(network: Network, inputs: Array, step: int, norm: Norm) -> Iterator[Event]:
    values = network.values
    norms = [0.0] * len(values)
    values[0], norms[0] = inputs, norm(inputs)
    for index, node in enumerate(network.nodes, start=1):
        output = node.op.forward(*node.taken(values))
        values[index], norms[index] = output, norm(output)
        for source, path in zip(node.inputs, node.paths, strict=True):
            yield Event(
                step, Phase.FORWARD, node.layer, node.time, path, node.op.name,
                norms[source], norms[index],
            )  # fmt: skip


def _loss(training: Training, target: Array, step: int, norm: Norm) -> Iterator[Event]:
    network = training.network
    output = _there(network.values[-1])
    training.loss = network.loss.forward(output, target)
    yield Event(
        step, Phase.LOSS, "output", None, "main", network.loss.name, norm(output), training.loss
    )


def _backward(network: Network, step: int, norm: Norm) -> Iterator[Event]:
    gradients = network.gradients
    norms: list[float | None] = [0.0] * len(gradients)
    arrived = [False] * len(gradients)
    last = len(gradients) - 1
    gradients[last] = network.loss.backward()
    size = norms[last] = norm(_there(gradients[last]))
    yield Event(
        step, Phase.BACKWARD, "output", None, "main", network.loss.name,
        network.loss.factor, size,
    )  # fmt: skip
    for index in range(last, 0, -1):
        node = network.nodes[index - 1]
        given = _there(gradients[index])
        if norms[index] is None:
            norms[index] = norm(given)
        came = norms[index] or 0.0
        sent = network.sent[index] = node.op.backward(given)
        for shared in network.shared.get(index, ()):
            np.add(shared.total, shared.part, out=shared.total)
        for (source, path, part), gradient in zip(node.reads, sent, strict=True):
            out = norm(gradient)
            first = not arrived[source]
            arrived[source] = True
            if part is not None:
                # Put together from parts; its norm is known when all of them have come.
                if first:
                    gradients[source] = network.joins[source]
                    network.joins[source].fill(0.0)
                    norms[source] = None
                network.joins[source][:, part] += gradient
            elif first:
                gradients[source], norms[source] = gradient, out
            yield Event(step, Phase.BACKWARD, node.layer, node.time, path, node.op.name, came, out)
            if first or part is not None:
                continue
            # Another path has brought its part already: the gradient is the sum of both.
            total = network.joins[source]
            np.add(_there(gradients[source]), gradient, out=total)
            size = norm(total)
            gradients[source], norms[source] = total, size
            yield Event(step, Phase.BACKWARD, node.layer, node.time, path, "join", out, size)


def _clip(training: Training, step: int) -> Iterator[Event]:
    store = training.network.parameters
    done = clipping.unclipped(store) if training.clip is None else training.clip.apply(store)
    training.clipping = done
    yield Event(
        step, Phase.CLIP, "all", None, "main", _clip_name(training),
        done.norm_before, done.norm_after,
    )  # fmt: skip


def _update(training: Training, step: int, norm: Norm) -> Iterator[Event]:
    store = training.network.parameters
    training.optimizer.begin()
    rate = training.learning_rate(step)
    for layer, part in training.network.groups.items():
        training.optimizer.step(part, store.values, store.clipped, store.updates, rate)
        norm_in, norm_out = norm(store.clipped[part]), norm(store.updates[part])
        store.values[part] += store.updates[part]
        yield Event(
            step, Phase.UPDATE, layer, None, "main", training.optimizer.name,
            norm_in, norm_out,
        )  # fmt: skip


def _there(array: Array | None) -> Array:
    assert array is not None, "the forward pass has not been here yet"
    return array
