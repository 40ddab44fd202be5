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
from gradsim.simulation.training import Training

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


def pairs() -> list[tuple[str, str, str, int]]:
    """Every activation with every normalization, and both with every skip, at least once."""
    activations, normalizations, skips = (list(KNOBS[name].choices) for name in CHOICES)
    cases = {
        (a, n, skips[(i + 3 * j) % len(skips)], (WIDTH, 3)[(i + j) % 2])
        for (i, a), (j, n) in product(enumerate(activations), enumerate(normalizations))
    }
    cases |= {
        (a, normalizations[(i + 5 * j) % len(normalizations)], s, (3, WIDTH)[(i + j) % 2])
        for (i, a), (j, s) in product(enumerate(activations), enumerate(skips))
    }
    cases |= {
        (activations[(i + 7 * j) % len(activations)], n, s, (WIDTH, 3)[(i + j) % 2])
        for (i, n), (j, s) in product(enumerate(normalizations), enumerate(skips))
    }
    return sorted(cases)


@pytest.mark.parametrize(("activation", "normalization", "skip", "features"), pairs())
def test_every_pair_of_parts(activation: str, normalization: str, skip: str, features: int) -> None:
    declared = experiment(
        activation=activation, normalization=normalization, skip=skip,
        depth=3, width=WIDTH, batch_size=ROWS,
    )  # fmt: skip
    training = check(declared, features)
    joins = sum(node.op.name.endswith("-join") for node in training.network.nodes)
    assert joins == (0 if skip == "none" else 3)
    projections = sum(node.op.name == "skip-projection" for node in training.network.nodes)
    assert projections == (features != WIDTH and skip not in ("none", "dense"))
    if normalization != "batch":
        return
    store = training.network.parameters
    for layer in (1, 2, 3):
        bias = store.view(f"layers.{layer}.bias", store.gradients)
        weight = store.view(f"layers.{layer}.weight", store.gradients)
        # Batch normalization takes the mean away, and a bias before it with the mean.
        assert np.max(np.abs(bias)) < 1e-12 * np.max(np.abs(weight))


@pytest.mark.parametrize("skip", KNOBS["skip"].choices)
@pytest.mark.parametrize("order", KNOBS["skip-order"].choices)
@pytest.mark.parametrize("place", KNOBS["normalization-place"].choices)
def test_every_order(skip: str, order: str, place: str) -> None:
    check(
        experiment(
            activation="tanh", normalization="layer", normalization_place=place, skip=skip,
            skip_order=order, skip_every=2, depth=5, width=WIDTH, batch_size=ROWS,
        ),
        features=3,
    )  # fmt: skip


@pytest.mark.parametrize("skip", KNOBS["skip"].choices)
@pytest.mark.parametrize("widths", KNOBS["skip-widths"].choices)
def test_widths_that_differ(skip: str, widths: str) -> None:
    declared = experiment(
        activation="gelu", skip=skip, skip_widths=widths, widths="4,6,6,3", batch_size=ROWS
    )
    training = check(declared, features=5)
    joins = sum(node.op.name.endswith("-join") for node in training.network.nodes)
    assert joins == (0 if skip == "none" else 1 if widths == "none" and skip != "dense" else 4)


def test_layers_with_parts_of_their_own() -> None:
    declared = Experiment.of(
        {
            "depth": 4, "width": 5, "batch-size": ROWS, "activation": "tanh",
            "layers.1.activation": "elu", "layers.2.normalization": "weight",
            "layers.3.skip": "highway", "layers.3.width": 4, "layers.4.skip": "rezero",
            "layers.4.normalization": "group", "normalization-learned": "off",
        }
    )  # fmt: skip
    training = check(declared, features=3)
    names = [node.op.name for node in training.network.nodes]
    assert names == [
        "linear", "elu", "weight-norm-linear", "tanh", "linear", "tanh", "gate", "sigmoid",
        "skip-projection", "highway-join", "linear", "group", "tanh", "skip-projection",
        "rezero-join", "linear",
    ]  # fmt: skip


@pytest.mark.parametrize("skip", [name for name in KNOBS["skip"].choices if name != "dense"])
def test_a_thousand_layers(skip: str) -> None:
    declared = experiment(
        activation="relu", initializer="he-normal", normalization="layer", skip=skip,
        depth=1000, width=3, batch_size=2,
    )  # fmt: skip
    training = training_of(declared, toy_data(3, CLASSES))
    rng = np.random.default_rng(3)
    events = run_until(training, rng.normal(size=(2, 3)), np.array([0, 2]), None)
    assert events[-1].phase is Phase.UPDATE
    assert len(training.network.layers) == 1001


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
