"""Starting values: each initializer by what it promises, and whose draws are whose."""

from math import sqrt
from typing import Any

import numpy as np
import pytest
from helpers import same_bits, toy_data, training_of

from gradsim.experiment.experiment import Experiment
from gradsim.nn.arrays import Array
from gradsim.nn.initializers import INITIALIZERS
from gradsim.simulation.events import Phase
from gradsim.simulation.stepper import training_step

FAN_IN, FAN_OUT = 300, 200

NORMAL = ("glorot-normal", "he-normal", "lecun-normal", "normal")
UNIFORM = ("glorot-uniform", "he-uniform", "lecun-uniform", "standard-uniform", "uniform")


def drawn(**knobs: Any) -> dict[str, Array]:
    """Every parameter at its start: layer 1 is (200, 300), layer 2 is (200, 200)."""
    given = {name.replace("_", "-"): value for name, value in knobs.items()}
    declared = Experiment.of({"depth": 2, "width": FAN_OUT, "batch-size": 4} | given)
    store = training_of(declared, toy_data(FAN_IN, 3)).network.parameters
    return {name: store.view(name, store.values).copy() for name in store.slices}


@pytest.mark.parametrize(
    ("name", "std"),
    [
        ("glorot-normal", sqrt(2 / 500)),
        ("glorot-uniform", sqrt(2 / 500)),
        ("he-normal", sqrt(2 / 300)),
        ("he-uniform", sqrt(2 / 300)),
        ("lecun-normal", sqrt(1 / 300)),
        ("lecun-uniform", sqrt(1 / 300)),
        ("standard-uniform", sqrt(1 / 900)),
        ("normal", 0.1),
        ("uniform", 0.1),
        ("truncated-normal", 0.08796),
        ("orthogonal", sqrt(1 / 300)),
        ("zeros", 0.0),
        ("constant", 0.0),
    ],
)
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_standard_deviation(name: str, std: float, gain: float) -> None:
    weight = drawn(initializer=name, initializer_gain=gain)["layers.1.weight"]
    assert weight.shape == (FAN_OUT, FAN_IN)
    # 60,000 draws: a standard error of 0.3 %; seven of them is far.
    assert np.std(weight) == pytest.approx(gain * std, rel=0.02, abs=1e-15)
    told = INITIALIZERS[name].std
    if told is not None:
        given = Experiment.of({}).at(1)
        assert told(FAN_IN, FAN_OUT, given) == pytest.approx(std, rel=1e-4)


def test_uniform_reaches_its_bounds_and_not_beyond() -> None:
    weight = drawn(initializer="standard-uniform")["layers.1.weight"]
    bound = 1 / sqrt(FAN_IN)
    assert 0.999 * bound < np.max(np.abs(weight)) <= bound


def test_truncated_normal_is_cut_at_two() -> None:
    weight = drawn(initializer="truncated-normal", initializer_std=0.5)["layers.1.weight"]
    assert 0.99 < np.max(np.abs(weight)) <= 1.0


def test_constant_and_identity() -> None:
    constant = drawn(initializer="constant", initializer_value=0.3, initializer_gain=2.0)
    assert (constant["layers.1.weight"] == 0.6).all()
    identity = drawn(initializer="identity", initializer_gain=0.5)
    np.testing.assert_array_equal(identity["layers.1.weight"], 0.5 * np.eye(FAN_OUT, FAN_IN))
    np.testing.assert_array_equal(identity["output.weight"], 0.5 * np.eye(3, FAN_OUT))


@pytest.mark.parametrize("name", ["layers.1.weight", "layers.2.weight", "output.weight"])
def test_orthogonal_rows(name: str) -> None:
    weight = drawn(initializer="orthogonal", initializer_gain=1.5)[name]
    product = weight @ weight.T
    np.testing.assert_allclose(product, 2.25 * np.eye(len(weight)), atol=1e-12)


def test_orthogonal_has_no_favorite_sign() -> None:
    """QR alone leaves signs that are not random."""
    diagonals = [
        np.diagonal(drawn(initializer="orthogonal", seed=seed)["layers.2.weight"])
        for seed in range(3)
    ]
    share = np.mean(np.concatenate(diagonals) > 0)
    assert 0.4 < share < 0.6


def test_the_other_fan() -> None:
    weight = drawn(initializer="he-normal", initializer_fan="out")["layers.1.weight"]
    assert np.std(weight) == pytest.approx(sqrt(2 / FAN_OUT), rel=0.02)


@pytest.mark.parametrize("family", [NORMAL, UNIFORM])
def test_a_family_shares_its_draws(family: tuple[str, ...]) -> None:
    first, *others = (drawn(initializer=name)["layers.2.weight"] for name in family)
    for other in others:
        ratio = other / first
        assert np.ptp(ratio) < 1e-12 * np.max(ratio)


@pytest.mark.parametrize(
    ("activation", "gain"),
    [("tanh", 5 / 3), ("relu", sqrt(2)), ("leaky-relu", sqrt(2 / 1.04)), ("selu", 0.75),
     ("prelu", sqrt(2 / 1.0625)), ("sigmoid", 1.0), ("gelu", 1.0)],
)  # fmt: skip
def test_the_activations_own_gain(activation: str, gain: float) -> None:
    knobs: dict[str, Any] = {"activation": activation, "leaky_slope": 0.2}
    plain, with_gain = drawn(**knobs), drawn(**knobs, activation_gain="on")
    np.testing.assert_allclose(with_gain["layers.1.weight"], gain * plain["layers.1.weight"])
    assert same_bits(with_gain["output.weight"], plain["output.weight"])


def test_biases() -> None:
    assert not drawn()["layers.1.bias"].any()
    with_spread = drawn(bias_std=0.5)
    assert np.std(with_spread["layers.1.bias"]) == pytest.approx(0.5, rel=0.3)
    assert same_bits(with_spread["layers.1.weight"], drawn()["layers.1.weight"])


def test_a_layers_own_initializer_changes_no_other_draw() -> None:
    plain, other = drawn(), drawn(**{"layers.2.initializer": "he-normal"})
    for name, array in plain.items():
        assert same_bits(array, other[name]) == (name != "layers.2.weight"), name
    head = drawn(**{"output.initializer": "zeros"})
    assert not head["output.weight"].any()
    assert same_bits(head["layers.2.weight"], plain["layers.2.weight"])


def test_weight_normalization_starts_as_if_it_were_not_there() -> None:
    values = drawn(normalization="weight")
    norms = np.linalg.norm(values["layers.2.weight"], axis=1)
    np.testing.assert_allclose(values["layers.2.norm.weight"], norms, rtol=1e-14)
    assert same_bits(values["layers.2.weight"], drawn()["layers.2.weight"])


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"activation": "relu", "initializer-gain": 1.5},
        {"skip": "residual", "normalization": "batch", "bias-std": 0.2},
        {"normalization": "weight", "activation": "tanh"},
        {"skip": "highway", "normalization-place": "before-linear", "normalization": "layer"},
    ],
    ids=str,
)
def test_lsuv_gives_every_pre_activation_the_same_spread(knobs: dict[str, Any]) -> None:
    declared = Experiment.of(
        {"initializer": "lsuv", "depth": 6, "width": 20, "batch-size": 30, "data": "two-spirals"}
        | knobs
    )
    from gradsim.experiment.batches import Batches
    from gradsim.experiment.build import load_data

    data = load_data(declared)
    training = training_of(declared, data)
    before = {name: array.copy() for name, array in training.network.buffers()}
    assert all((array == (0 if "mean" in name else 1)).all() for name, array in before.items())
    batch = Batches(data, 30, declared.seed, declared.dtype).batch(0)
    for event in training_step(training, *batch, 0):
        if event.phase is Phase.LOSS:
            break
    for layer in training.network.layers:
        z = training.network.values[layer.pre_activation]
        assert z is not None
        assert np.std(z) == pytest.approx(declared.initializer_gain, rel=2e-3), layer.name


def test_lsuv_leaves_alone_what_no_weights_can_mend() -> None:
    """All inputs are zero, so that only the biases spread: the weights must not blow up."""
    declared = Experiment.of(
        {"initializer": "lsuv", "depth": 1, "width": 5, "batch-size": 4, "bias-std": 0.1}
    )
    data = toy_data(3, 2)
    still = type(data)("still", 0 * data.inputs, data.targets, data.held_out_inputs,
                       data.held_out_targets, data.classes)  # fmt: skip
    store = training_of(declared, still).network.parameters
    weight = store.view("layers.1.weight", store.values)
    np.testing.assert_allclose(weight.T @ weight, np.eye(3), atol=1e-12)
