"""Whole networks: every gradient that a training step writes, against differences of the loss."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from helpers import (
    TOLERANCE,
    assert_close,
    experiment,
    randomize,
    run_until,
    toy_data,
    training_of,
)

from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.nn.arrays import Array
from gradsim.simulation.events import Phase
from gradsim.simulation.stepper import Training

CHOICES = ("activation", "normalization", "skip")

WIDTH, ROWS, CLASSES = 5, 4, 3


def central(scalar: Callable[[], float], array: Array, step: float = 1e-6) -> Array:
    """Central differences with one short step, so that hardly any ReLU changes sides within it."""
    gradient = np.zeros(array.shape)
    flat, out = array.reshape(-1), gradient.reshape(-1)
    for index in range(flat.size):
        start = flat[index]
        flat[index] = start + step
        above = scalar()
        flat[index] = start - step
        out[index] = (above - scalar()) / (2.0 * step)
        flat[index] = start
    return gradient


def check(declared: Experiment, features: int) -> Training:
    """Compare the flat gradient vector, and the gradient of the inputs, with differences."""
    training = training_of(declared, toy_data(features, CLASSES))
    randomize(training)
    rng = np.random.default_rng(11)
    inputs = rng.normal(size=(declared.batch_size, features))
    target = rng.integers(CLASSES, size=declared.batch_size)
    run_until(training, inputs, target, Phase.CLIP)
    store = training.network.parameters
    computed = store.gradients.copy()
    to_inputs = training.network.gradients[0]
    assert to_inputs is not None
    to_inputs = to_inputs.copy()

    def loss() -> float:
        run_until(training, inputs, target, Phase.LOSS)
        return training.loss

    assert_close(computed, central(loss, store.values), TOLERANCE, "parameters")
    assert_close(to_inputs, central(loss, inputs), TOLERANCE, "inputs")
    store.gradients[...] = computed
    return training


@pytest.mark.parametrize("features", [WIDTH, 3], ids=["as wide as the layers", "narrower"])
@pytest.mark.parametrize(
    ("activation", "normalization", "skip"),
    list(product(*(KNOBS[name].choices for name in CHOICES))),
)
def test_every_wiring(activation: str, normalization: str, skip: str, features: int) -> None:
    declared = experiment(
        activation=activation, normalization=normalization, skip=skip,
        depth=3, width=WIDTH, batch_size=ROWS,
    )  # fmt: skip
    training = check(declared, features)
    joins = sum(node.op.name == "skip-join" for node in training.network.nodes)
    assert joins == (0 if skip == "none" else 3 if features == WIDTH else 2)
    if normalization != "batch":
        return
    store = training.network.parameters
    for layer in (1, 2, 3):
        bias = store.view(f"layers.{layer}.bias", store.gradients)
        weight = store.view(f"layers.{layer}.weight", store.gradients)
        # Batch normalization takes the mean away, and a bias before it with the mean.
        assert np.max(np.abs(bias)) < 1e-12 * np.max(np.abs(weight))


@pytest.mark.parametrize("loss", KNOBS["loss"].choices)
@pytest.mark.parametrize("factor", [1e-3, 40.0])
def test_every_loss_with_a_factor(loss: str, factor: float) -> None:
    check(experiment(loss=loss, loss_factor=factor, depth=2, width=4, batch_size=3), features=4)


@pytest.mark.parametrize(
    ("depth", "width", "batch_size"), [(1, 1, 1), (1, 4, 1), (4, 1, 3), (6, 2, 1)]
)
@pytest.mark.parametrize("skip", KNOBS["skip"].choices)
def test_odd_shapes(depth: int, width: int, batch_size: int, skip: str) -> None:
    check(
        experiment(activation="tanh", skip=skip, depth=depth, width=width, batch_size=batch_size),
        features=2,
    )


def test_clipping_changes_the_update_and_not_the_gradient() -> None:
    knobs = {"activation": "tanh", "depth": 2, "width": 4, "batch_size": 3, "learning_rate": 0.5}
    made = {}
    for clip in ("none", "global-norm"):
        declared = experiment(clip=clip, clip_threshold=1e-3, **knobs)
        training = training_of(declared, toy_data(4, CLASSES))
        rng = np.random.default_rng(1)
        run_until(training, rng.normal(size=(3, 4)), rng.integers(CLASSES, size=3), None)
        made[clip] = training.network.parameters
    np.testing.assert_array_equal(made["none"].gradients, made["global-norm"].gradients)
    norm = np.linalg.norm(made["none"].gradients)
    assert norm > 1e-2
    assert_close(made["none"].updates, -0.5 * made["none"].gradients, 1e-15)
    wanted = -0.5 * made["none"].gradients * (1e-3 / (norm + 1e-6))
    assert_close(made["global-norm"].updates, wanted, 1e-14)
