"""Recurrent ops and networks: their gradients against differences, and what time steps share."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from helpers import (
    TOLERANCE,
    assert_close,
    bind_random,
    by_differences,
    experiment,
    same_bits,
    training_of,
)

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import load_data
from gradsim.nn.arrays import l2_norm
from gradsim.nn.blocks import Stack
from gradsim.nn.gates import GRUGates, LSTMGates
from gradsim.nn.op import Op
from gradsim.nn.recurrent import OverTime, RecurrentLinear
from gradsim.nn.recurrent_memory import Memory
from gradsim.simulation.stepper import plan, run_step, training_step
from gradsim.simulation.training import Training

BATCH, FAN_IN, UNITS = 3, 2, 4


def linear(kind: str) -> RecurrentLinear:
    """The linear op of a layer with one time step, which then is the first and the last."""
    return RecurrentLinear(Memory(kind, 1, BATCH, FAN_IN, UNITS, "float64"), 0)


def ops() -> dict[str, tuple[Op, list[tuple[int, int]]]]:
    """Every op, with the shapes of its inputs."""
    x, h = (BATCH, FAN_IN), (BATCH, UNITS)
    gates = (BATCH, 4 * UNITS)
    return {
        "plain": (linear("rnn"), [x, h]),
        "plain at first": (linear("rnn"), [x]),
        "four gates": (linear("lstm"), [x, h]),
        "gru": (linear("gru"), [x, h]),
        "gru at first": (linear("gru"), [x]),
        "gru gates": (GRUGates(BATCH, UNITS, "float64"), [gates, h]),
        "gru gates at first": (GRUGates(BATCH, UNITS, "float64"), [gates]),
        "lstm gates": (LSTMGates(BATCH, UNITS, "float64"), [gates, h]),
        "lstm gates at first": (LSTMGates(BATCH, UNITS, "float64"), [gates]),
        "head over time": (OverTime(BATCH, 3, UNITS, 2, "float64"), [h, h, h]),
    }


@pytest.mark.parametrize("name", ops())
def test_backward_of_every_op(name: str) -> None:
    op, shapes = ops()[name]
    rng = np.random.default_rng(3)
    parameters = bind_random(op, rng)
    inputs = [rng.normal(size=shape) for shape in shapes]
    output = op.forward(*inputs)
    weights = rng.normal(size=output.shape)

    def scalar() -> float:
        return float(np.sum(weights * op.forward(*inputs)))

    assert_close(op.infer(*inputs), output.copy(), 1e-14, "infer")
    wanted = [by_differences(scalar, array) for array in inputs]
    wanted_of = {key: by_differences(scalar, p.value) for key, p in parameters.items()}
    op.forward(*inputs)
    sent = [array.copy() for array in op.backward(weights)]
    for got, right in zip(sent, wanted, strict=True):
        assert_close(got, right, TOLERANCE)
    for key, parameter in parameters.items():
        assert_close(parameter.grad, wanted_of[key], TOLERANCE, key, floor=1e-12)


def trained(**knobs: Any) -> tuple[Training, Batches]:
    usual: dict[str, Any] = {
        "cell": "rnn", "activation": "tanh", "width": 4, "batch_size": 5, "data": "copy",
        "sequence_length": 12, "bias_std": 0.3, "initializer": "normal", "initializer_std": 0.5,
        "learning_rate": 0.1,
    }  # fmt: skip
    declared = experiment(**(usual | knobs))
    data = load_data(declared)
    return training_of(declared, data), Batches(
        data, declared.batch_size, declared.seed, declared.dtype
    )


@pytest.mark.parametrize(
    ("cell", "layers", "readout", "normalization", "data"),
    list(
        product(
            ("rnn", "gru", "lstm"), (1, 2), ("last", "every"), ("none", "layer"), ("copy", "adding")
        )
    ),
)
def test_gradients_of_every_network(
    cell: str, layers: int, readout: str, normalization: str, data: str
) -> None:
    loss = "mean-squared-error" if data == "adding" else "softmax-cross-entropy"
    training, batches = trained(
        cell=cell, recurrent_layers=layers, readout=readout, normalization=normalization,
        data=data, loss=loss, learning_rate=0.0, forget_bias=0.5,
    )  # fmt: skip
    batch, network = batches.batch(0), training.network
    run_step(training, *batch, 0)
    found = network.parameters.gradients.copy()
    directions = np.random.default_rng(5).normal(size=(3, found.size)) / found.size**0.5
    values, start = network.parameters.values, network.parameters.values.copy()
    for direction in directions:
        along = np.zeros(1)

        def scalar(along: Any = along, direction: Any = direction) -> float:
            values[...] = start + along[0] * direction
            run_step(training, *batch, 0)
            values[...] = start
            return training.loss

        slope = by_differences(scalar, along)
        assert_close(np.array([found @ direction]), slope, TOLERANCE, floor=1e-9)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_events_are_those_of_the_plan_with_their_time_steps(cell: str) -> None:
    training, batches = trained(cell=cell, recurrent_layers=2)
    events = list(training_step(training, *batches.batch(0), 0))
    assert tuple((e.phase, e.layer, e.path, e.op) for e in events) == plan(training)
    backward = [e.time for e in events if e.phase == "backward" and e.layer == 2 and e.time]
    assert backward == sorted(backward, reverse=True)
    assert set(backward) == set(range(1, 13))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_evaluation_and_unwatched_steps_are_the_same_network(cell: str) -> None:
    watched, batches = trained(cell=cell, readout="every")
    unwatched, _ = trained(cell=cell, readout="every")
    for step in range(3):
        for _ in training_step(watched, *batches.batch(step), step):
            pass
        run_step(unwatched, *batches.batch(step), step)
    store, other = watched.network.parameters, unwatched.network.parameters
    assert same_bits(store.values, other.values)
    inputs, target = batches.batch(3)
    run_step(watched, inputs, target, 3)
    output = watched.network.values[-1]
    assert output is not None
    store.values -= store.updates
    assert_close(watched.network.infer(inputs), output, 1e-9)


@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize("width", [4, 40])
def test_the_parts_of_all_time_steps_make_the_gradient(width: int, batch_size: int) -> None:
    """The recurrent gradient is the sum of what the time steps add; each norm is its own."""
    training, batches = trained(
        readout="every", learning_rate=0.0, width=width, batch_size=batch_size
    )
    network = training.network
    for _ in training_step(training, *batches.batch(0), 0):
        pass
    parts, kept = [], []
    for index, node in enumerate(network.nodes, start=1):
        if isinstance(node.op, RecurrentLinear):
            delta, h = network.gradients[index], node.op.h
            assert delta is not None
            parts.append(delta.T @ h)
            kept.append(delta)
            memory = node.op.memory
    norms = [l2_norm(part) for part in parts]
    np.testing.assert_allclose(memory.contributions(), norms, rtol=1e-12)
    whole = network.parameters.view("layers.1.recurrent.weight", network.parameters.gradients)
    assert_close(whole, np.sum(parts, axis=0), 1e-12)
    # Far out of the range of squares, at rows that cancel each other, and at what is not finite.
    deltas = Stack.of(kept).array
    deltas *= 10.0 ** -np.arange(0, 300, 25)[:, None, None]
    deltas[3], deltas[4, 0, 0] = 0.0, np.nan
    memory.taken[5, 1:], deltas[5, 1:] = memory.taken[5, :1], 0.0
    deltas[5, 1:2] = -deltas[5, 0] * (1.0 + 1e-9)
    _, _, h = memory.columns(memory.taken)
    norms = [l2_norm(delta.T @ state) for delta, state in zip(deltas, h, strict=True)]
    with np.errstate(all="ignore"):
        for index in reversed(range(len(kept))):
            memory.keep(index, kept[index])
    np.testing.assert_allclose(memory.contributions(), norms, rtol=1e-7)


@pytest.mark.parametrize("window", [1, 4, 5, 12])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_truncation_lets_nothing_through_at_the_end_of_a_window(cell: str, window: int) -> None:
    training, batches = trained(cell=cell, truncation=window)
    for _ in training_step(training, *batches.batch(0), 0):
        pass
    network = training.network
    for layer in network.layers[:-1]:
        state = network.gradients[layer.output]
        assert state is not None
        assert layer.time is not None
        reached = l2_norm(state) > 0.0
        assert reached == (layer.time > 12 - window), (layer.time, window)


def test_time_steps_are_drawn_once_and_scaled_to_the_radius() -> None:
    training, _ = trained(cell="lstm", recurrent_initializer="orthogonal", recurrent_radius=1.3,
                          forget_bias=2.0, bias_std=0.0)  # fmt: skip
    store = training.network.parameters
    weight = store.view("layers.1.recurrent.weight", store.values).reshape(4, 4, 4)
    for square in weight:
        assert np.max(np.abs(np.linalg.eigvals(square))) == pytest.approx(1.3)
        np.testing.assert_allclose(square @ square.T, 1.69 * np.eye(4), atol=1e-12)
    bias = store.view("layers.1.bias", store.values)
    assert bias.tolist() == [0.0] * 4 + [2.0] * 4 + [0.0] * 8
