"""The stepper: a training step as a stream of ops, told as events. The only engine there is."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from gradsim.nn import clipping
from gradsim.nn.arrays import Array, l2_norm
from gradsim.nn.blocks import AT_ONCE
from gradsim.nn.network import LayerName
from gradsim.simulation.events import Event, Phase, Place, Plan
from gradsim.simulation.training import Training

FORWARD, BACKWARD, UPDATE = Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE

Part: TypeAlias = tuple[LayerName | None, slice]
"""Parameters that are updated together: the last ones of this layer, or None within a layer."""

Done: TypeAlias = tuple[Phase, int, LayerName | None]
"""An op that has just been done: that of a node, counted from 1, or the update of a layer."""


def training_step(training: Training, inputs: Array, target: Array, step: int) -> Iterator[Event]:
    """Forward op by op, loss, backward op by op from last to first, clip, update layer by layer.

    The generator may be left between any two events; the network then holds exactly what the ops
    told of have computed. Overflow and division by zero are results here, not errors.
    """
    teller = _Teller(training, step)
    done = ops(training, inputs, target, step)
    while True:
        # The setting must not leak to the caller between two events: it is held for each op alone.
        with np.errstate(all="ignore"):
            op = next(done, None)
            events = list(teller.events(op)) if op else []
        if op is None:
            return
        yield from events


def run_step(training: Training, inputs: Array, target: Array, step: int) -> None:
    """The same step, whole, where nobody looks at single events: to the same bits, faster."""
    with np.errstate(all="ignore"):
        for _ in ops(training, inputs, target, step, together(training)):
            pass


def ops(
    training: Training,
    inputs: Array,
    target: Array,
    step: int,
    parts: Sequence[Part] | None = None,
    at_once: int = 1,
) -> Iterator[Done]:
    """The step itself, op by op; to be gone through with floating-point errors ignored.

    The update is made layer by layer, or in the `parts` given, to the same bits. With `at_once` it
    is only told of every so many ops of a pass, and of the last update.
    """
    network, store = training.network, training.network.parameters
    count = len(network.nodes)
    network.values[0] = inputs
    for first in range(1, count + 1, at_once):
        some = range(first, min(first + at_once, count + 1))
        network.forward(some)
        yield FORWARD, some[-1], "output"
    output = network.values[-1]
    assert output is not None
    training.loss = network.loss.forward(output, target)
    yield Phase.LOSS, 0, "output"
    network.begin_backward()
    if at_once == 1:
        yield BACKWARD, 0, "output"
    for last in range(count, 0, -at_once):
        some = range(last, max(last - at_once, 0), -1)
        network.backward(some)
        yield BACKWARD, some[-1], "output"
    rate = training.rate = training.learning_rate(step)
    clip = training.clip
    training.clipping = clipping.unclipped(store) if clip is None else clip.apply(store)
    yield Phase.CLIP, 0, "output"
    optimizer = training.optimizer
    optimizer.begin()
    for number, (layer, part) in enumerate(network.groups.items() if parts is None else parts, 1):
        optimizer.step(part, store.values, store.clipped, store.updates, rate)
        values = store.values[part]
        values += store.updates[part]
        if not number % at_once or layer == "output":
            yield UPDATE, 0, layer


def together(training: Training) -> tuple[Part, ...]:
    """All parameters in pieces that stay in a core's cache with all that belongs to them."""
    store, optimizer = training.network.parameters, training.optimizer
    vectors = 3 + optimizer.slots  # gradients, updates, and the parameters themselves
    most = AT_ONCE * 2 // (store.values.itemsize * vectors)
    starts = range(0, store.size, most)
    return tuple(
        ("output" if start + most >= store.size else None, slice(start, start + most))
        for start in starts
    )


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


class _Teller:
    """Says of each op what went in and what came out, as norms."""

    def __init__(self, training: Training, step: int) -> None:
        self.training, self.network, self.step = training, training.network, step
        self._values: dict[int, float] = {}
        """Norms of values, by their index."""
        self._gradients: dict[int, float] = {}

    def events(self, op: Done) -> Iterator[Event]:
        """The events of an op: one for each path, and one for each sum of paths."""
        phase, node, layer = op
        match phase:
            case Phase.FORWARD:
                yield from self._forward(node)
            case Phase.LOSS:
                yield self._event(phase, self._value(len(self.network.nodes)), self.training.loss)
            case Phase.BACKWARD if node:
                yield from self._backward(node)
            case Phase.BACKWARD:
                size = self._gradient(len(self.network.nodes))
                yield self._event(phase, self.network.loss.factor, size)
            case Phase.CLIP:
                done = self.training.clipping
                assert done is not None
                name = _clip_name(self.training)
                yield Event(
                    self.step, phase, "all", None, "main", name,
                    done.norm_before, done.norm_after,
                )  # fmt: skip
            case Phase.UPDATE:
                assert layer is not None
                store, part = self.network.parameters, self.network.groups[layer]
                yield Event(
                    self.step, phase, layer, None, "main", self.training.optimizer.name,
                    l2_norm(store.clipped[part]), l2_norm(store.updates[part]),
                )  # fmt: skip

    def _event(self, phase: Phase, norm_in: float, norm_out: float) -> Event:
        name = self.network.loss.name
        return Event(self.step, phase, "output", None, "main", name, norm_in, norm_out)

    def _forward(self, index: int) -> Iterator[Event]:
        node = self.network.nodes[index - 1]
        for source, path, _ in node.reads:
            yield Event(
                self.step, Phase.FORWARD, node.layer, node.time, path, node.op.name,
                self._value(source), self._value(index),
            )  # fmt: skip

    def _backward(self, index: int) -> Iterator[Event]:
        network, node = self.network, self.network.nodes[index - 1]
        came = self._gradient(index)
        for (source, path, part), sent in zip(node.reads, network.sent[index], strict=True):
            out = l2_norm(sent)
            yield Event(
                self.step, Phase.BACKWARD, node.layer, node.time, path, node.op.name, came, out
            )
            if part is not None:
                continue  # put together from parts; its norm is taken when all of them have come
            if source in self._gradients:
                # Another path had brought its part before: the gradient is the sum of both.
                size = l2_norm(network.joins[source])
                yield Event(
                    self.step, Phase.BACKWARD, node.layer, node.time, path, "join", out, size
                )
                out = size
            self._gradients[source] = out

    def _value(self, index: int) -> float:
        if index not in self._values:
            value = self.network.values[index]
            assert value is not None, "the forward pass has not been here yet"
            self._values[index] = l2_norm(value)
        return self._values[index]

    def _gradient(self, index: int) -> float:
        if index not in self._gradients:
            gradient = self.network.gradients[index]
            assert gradient is not None, "the backward pass has not been here yet"
            self._gradients[index] = l2_norm(gradient)
        return self._gradients[index]
