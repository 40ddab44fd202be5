"""What each op of a step touches: the arrays it is given and the arrays it writes, by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.network import Network, Node, layer_prefix
from gradsim.simulation.training import Training


@dataclass(frozen=True, slots=True)
class Touched:
    """An op just done. Names read as in a sentence: `input`, `weight`, `gradient of weight`."""

    written: dict[str, Array]
    given: dict[str, Array] = field(default_factory=dict)


def standing(training: Training, inputs: Array, target: Array) -> dict[str, Array]:
    """All that is there before the first op of a step, by the names of the state file."""
    store, network = training.network.parameters, training.network
    out = {"input": inputs}
    if target.dtype.kind == "f":
        out["target"] = target
    out |= {name: store.view(name, store.values) for name in store.slices}
    out |= dict(network.buffers())
    for slot in training.optimizer.state:
        out |= {f"optimizer.{name}": store.view(name, slot) for name in store.slices}
    return out


def touched(training: Training, target: Array) -> Iterator[Touched]:
    """For each event of a step, in the order of the plan, what its op touches.

    To be taken on by one behind each op: the arrays hold what that op has left in them.
    """
    network = training.network
    yield from _forward(network)
    output = _there(network.values[-1])
    answer = {"target": target} if target.dtype.kind == "f" else {}
    yield Touched({"loss": np.array(training.loss)}, {"output": output} | answer)
    yield from _backward(network, answer)
    store = network.parameters
    yield Touched({"clipped gradient": store.clipped}, {"gradient": store.gradients})
    for part in {layer.name: layer.part for layer in network.layers}.values():
        slots = {"optimizer's state": training.optimizer.state[:, part]}
        yield Touched(
            {"update": store.updates[part], "parameters": store.values[part]} | slots,
            {"gradient": store.clipped[part]},
        )


def _forward(network: Network) -> Iterator[Touched]:
    for index, node in enumerate(network.nodes, start=1):
        written = {"output": _there(network.values[index])}
        running = {name.removeprefix("norm."): array for name, array in node.op.buffers().items()}
        for _ in node.paths:
            yield Touched(written | running, _taken(network, node) | _own(network, node))


def _backward(network: Network, answer: dict[str, Array]) -> Iterator[Touched]:
    gradients, last = network.gradients, len(network.nodes)
    output = {"output": _there(network.values[-1])}
    yield Touched({"gradient": _there(gradients[last])}, output | answer)
    arrived: dict[int, Array] = {}
    for index in range(last, 0, -1):
        node = network.nodes[index - 1]
        arriving = {"gradient": _there(gradients[index])}
        given = arriving | _taken(network, node) | _own(network, node)
        learned = _own(network, node, gradients=True)
        for (source, _, part), sent in zip(node.reads, network.sent[index], strict=True):
            yield Touched({"gradient sent back": sent} | learned, given)
            if part is None and source in arrived:
                total = network.joins[source]
                yield Touched({"sum of the gradients": total}, {"gradient": sent})
            arrived[source] = sent


def _taken(network: Network, node: Node) -> dict[str, Array]:
    """The inputs of a node: `input`, or `input on the skip path` where there are several."""
    if len(node.inputs) == 1:
        return {"input": node.taken(network.values)[0]}
    return {
        f"input on the {path} path": taken
        for path, taken in zip(node.paths, node.taken(network.values), strict=True)
    }


def _own(network: Network, node: Node, gradients: bool = False) -> dict[str, Array]:
    """The parameters of a node by their short names, or their gradients."""
    store = network.parameters
    vector, lead = (store.gradients, "gradient of ") if gradients else (store.values, "")
    return {
        f"{lead}{spec.name}": store.view(f"{layer_prefix(node.layer)}.{spec.name}", vector)
        for spec in node.op.parameters()
    }


def _there(array: Array | None) -> Array:
    assert array is not None, "the pass has not been here yet"
    return array
