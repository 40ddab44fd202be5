"""Starting values: weights and biases drawn from the seed, each from a stream of its own."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from gradsim.experiment.batches import Batches
from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.streams import parameter_stream
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.arrays import Array, l2_norm, mean_and_std
from gradsim.nn.initializers import INITIALIZERS
from gradsim.nn.linear import Linear
from gradsim.nn.network import LayerName, Network, layer_prefix
from gradsim.nn.op import ParameterSpec, Start

FITTING_ROUNDS = 10
"""How often LSUV goes over a layer at the most; with biases once is not enough."""

FITTED = 1e-3
"""Up to which share off the wanted standard deviation LSUV is content."""


def draw(
    network: Network, experiment: Experiment, data: Data, names: frozenset[str] | None = None
) -> None:
    """Draw the parameters in `names` that do not start from a constant; None is all of them."""
    store = network.parameters
    # Weights beyond the range of the number format are infinite; that is data.
    with np.errstate(all="ignore"):
        for start in Start:
            drawn: set[str] = set()
            for node in network.nodes:
                for spec in node.op.parameters():
                    name = f"{layer_prefix(node.layer)}.{spec.name}"
                    wanted = spec.start is start and (names is None or name in names)
                    # Time steps share their parameters: they are drawn once.
                    if wanted and name not in drawn:
                        drawn.add(name)
                        value = _row_norms if start is Start.ROW_NORMS else _drawn
                        store.view(name, store.values)[...] = value(
                            experiment, network, node.layer, spec
                        )
        if names is None:
            _fit(network, experiment, data)


def gain(experiment: Experiment, layer: LayerName) -> float:
    """The factor on a layer's starting weights: `initializer-gain`, times the activation's own."""
    at = experiment.at(layer)
    factor = float(at["initializer-gain"])
    if at["activation-gain"] == "on" and layer != "output":
        factor *= ACTIVATIONS[at["activation"]](0, 1, "float64", at).gain
    return factor


def _drawn(
    experiment: Experiment, network: Network, layer: LayerName, spec: ParameterSpec
) -> Array:
    at, rng = experiment.at(layer), parameter_stream(experiment.seed, layer, spec.name)
    if spec.start is Start.BIAS:
        biases = np.asarray(rng.standard_normal(spec.shape) * float(at["bias-std"]))
        if experiment.cell == "lstm" and spec.name == "bias":
            units = int(at["width"])
            biases[units : 2 * units] += experiment.forget_bias
        return biases
    if spec.start is Start.RECURRENT:
        return _recurrent(experiment, spec, at, rng)
    fan_out, fan_in = spec.shape
    weights = INITIALIZERS[at["initializer"]].weights((fan_out, fan_in), at, rng)
    return np.asarray(weights * gain(experiment, layer))


def _recurrent(
    e: Experiment, spec: ParameterSpec, at: Mapping[str, Any], rng: np.random.Generator
) -> Array:
    """The weights over time: a square for each gate, each scaled to the radius asked for."""
    units = spec.shape[1]
    squares = []
    for _ in range(spec.shape[0] // units):
        square = INITIALIZERS[e.recurrent_initializer].weights((units, units), at, rng)
        if e.recurrent_radius > 0.0:
            radius = float(np.max(np.abs(np.linalg.eigvals(square))))
            square = square * (e.recurrent_radius / radius if radius else 1.0)
        squares.append(square)
    return np.concatenate(squares)


def _row_norms(
    experiment: Experiment, network: Network, layer: LayerName, spec: ParameterSpec
) -> Array:
    store = network.parameters
    weight = store.view(f"{layer_prefix(layer)}.weight", store.values)
    return np.array([l2_norm(row) for row in weight])


def _fit(network: Network, experiment: Experiment, data: Data) -> None:
    """LSUV: scale the weights of each layer that asks for it, from first to last.

    So that on the first batch the pre-activations have the variance gain^2.
    Source: Mishkin, Matas 2016, algorithm 1.
    """
    e = experiment

    def asks(layer: LayerName) -> bool:
        return INITIALIZERS[e.at(layer)["initializer"]].fits_data

    if not any(asks(layer.name) for layer in network.layers):
        return
    kept = {name: array.copy() for name, array in network.buffers()}
    values = [Batches(data, e.batch_size, e.seed, e.dtype).batch(0)[0]]
    for node in network.nodes:
        taken = node.taken(values)
        value = node.op.forward(*taken)
        if isinstance(node.op, Linear) and asks(node.layer):
            value = _fit_layer(node.op, taken, gain(e, node.layer))
        values.append(value)
    for name, array in network.buffers():
        array[...] = kept[name]


def _fit_layer(op: Linear, taken: list[Array], wanted: float) -> Array:
    """Scale a layer's weights until its pre-activations have the wanted spread; gives them back."""
    value = op.forward(*taken)
    std = mean_and_std(value)[1]
    for _ in range(FITTING_ROUNDS):
        if not (std > 0.0 and isfinite(std)):
            break  # nothing to scale by: a layer of zeros stays one
        if abs(std - wanted) <= FITTED * wanted:
            break
        factor, before = wanted / std, std
        op.scale_weights(factor)
        value = op.forward(*taken)
        std = mean_and_std(value)[1]
        if not abs(std - wanted) < 0.9 * abs(before - wanted):
            # The spread comes from the biases: no scale of the weights leads there.
            op.scale_weights(1.0 / factor)
            return op.forward(*taken)
    return value
