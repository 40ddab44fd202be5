"""The prediction against real networks: at the accuracy asked for, and how far they scatter."""

from typing import Any

import numpy as np
import pytest
from helpers import experiment, toy_data
from measured import Floats, compared, log_squares

from gradsim.experiment.build import load_data
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.insight.theory.prediction import predict, predicted_factor, predicted_reach
from gradsim.insight.theory.result import BAND, theory

WIDE = {"width": 512, "depth": 10, "dtype": "float32"}

CASES: dict[str, dict[str, Any]] = {
    "tanh, ordered": {"activation": "tanh", "initializer": "lecun-normal", "initializer_gain": 0.7},
    "tanh, critical": {"activation": "tanh", "initializer": "lecun-normal"},
    "tanh, chaotic": {"activation": "tanh", "initializer": "lecun-normal", "initializer_gain": 2.0},
    "tanh with biases": {
        "activation": "tanh", "initializer": "lecun-normal", "initializer_gain": 1.33,
        "bias_std": 0.224,
    },
    "erf": {"activation": "erf", "initializer": "lecun-normal", "initializer_gain": 1.5},
    "relu, he": {"activation": "relu", "initializer": "he-normal"},
    "relu, glorot": {"activation": "relu", "initializer": "glorot-uniform"},
    "relu, pytorch's default": {"activation": "relu", "initializer": "standard-uniform"},
    "relu, orthogonal": {"activation": "relu", "initializer": "orthogonal"},
    "sigmoid": {},
    "selu": {"activation": "selu", "initializer": "lecun-normal"},
    "gelu, layer": {"activation": "gelu", "normalization": "layer"},
    "relu, batch": {"activation": "relu", "normalization": "batch"},
    "tanh, batch": {"activation": "tanh", "normalization": "batch"},
    "identity, batch": {"activation": "identity", "normalization": "batch"},
    "identity, small batch": {"activation": "identity", "normalization": "batch", "batch_size": 16},
    "tanh, layer": {"activation": "tanh", "normalization": "layer", "initializer_gain": 2.0},
    "relu, rms": {"activation": "relu", "normalization": "rms"},
    "tanh, residual": {"activation": "tanh", "skip": "residual"},
    "tanh, scaled": {"activation": "tanh", "skip": "residual-scaled"},
    "tanh, 1 / sqrt(depth)": {"activation": "tanh", "skip": "residual-depth"},
    "relu, residual": {"activation": "relu", "initializer": "he-normal", "skip": "residual"},
    "relu, scaled": {"activation": "relu", "initializer": "he-normal", "skip": "residual-scaled"},
    "silu, highway": {"activation": "silu", "skip": "highway"},
    "relu, pre-activation, batch": {
        "activation": "relu", "initializer": "he-normal", "skip": "residual",
        "skip_order": "pre-activation", "normalization": "batch",
    },
    "relu, post-activation, layer": {
        "activation": "relu", "initializer": "he-normal", "skip": "residual",
        "skip_order": "post-activation", "normalization": "layer",
    },
}  # fmt: skip


@pytest.mark.parametrize("knobs", CASES.values(), ids=CASES)
def test_squared_ratios_agree_within_two_and_a_half_percent(knobs: dict[str, Any]) -> None:
    """Averaged over depth and four seeds, at width 512: as they are, and in their logarithms."""
    found, predicted = compared(4, **WIDE | knobs)
    ratios = -np.diff(found, axis=1)
    expected = -np.diff([profile.expected for profile in predicted], axis=1)
    typical = -np.diff([profile.typical for profile in predicted], axis=1)
    assert np.exp(ratios).mean() == pytest.approx(np.exp(expected).mean(), rel=0.025)
    assert np.exp(ratios.mean()) == pytest.approx(np.exp(typical.mean()), rel=0.025)


def test_in_the_linear_case_a_batch_of_rows_alike_gives_the_known_ratio() -> None:
    """Yang 2019: (B - 2) / (B - 3) for rows that all differ alike, which wide random data do."""
    data = toy_data(1000, 10, rows=24)
    declared = experiment(
        activation="identity", normalization="batch", width=1024, depth=3, batch_size=12
    )
    profile, _ = predict(declared, data, 64)
    wanted = (12 - 2) / (12 - 3)
    assert np.exp(-np.diff(profile.expected))[-1] == pytest.approx(wanted, rel=0.01)


HE: dict[str, Any] = {"activation": "relu", "initializer": "he-normal"}

SCATTERING: dict[str, dict[str, Any]] = {
    "relu": {"activation": "relu", "initializer": "he-normal", "width": 32, "depth": 15},
    "tanh": {"activation": "tanh", "initializer": "lecun-normal", "width": 24, "depth": 20},
    "sigmoid": {"width": 40, "depth": 8},
    "selu, wide": {"activation": "selu", "initializer": "lecun-normal", "width": 128, "depth": 10},
    "residual": {"activation": "relu", "skip": "residual-scaled", "width": 48, "depth": 10},
    "layer": {"activation": "gelu", "normalization": "layer", "width": 48, "depth": 12},
    "batch": {"activation": "tanh", "normalization": "batch", "width": 64, "depth": 10},
    "relu, batch": {**HE, "normalization": "batch", "width": 32, "depth": 20},
    "relu, batch, residual": {
        **HE, "normalization": "batch", "skip": "residual", "width": 32, "depth": 30,
    },
    "relu, layer": {**HE, "normalization": "layer", "width": 48, "depth": 30},
    "relu, rms": {**HE, "normalization": "rms", "width": 32, "depth": 20},
    "deep residual": {**HE, "skip": "residual", "width": 48, "depth": 40},
    "highway": {**HE, "skip": "highway", "width": 48, "depth": 20},
    "gelu": {**HE, "activation": "gelu", "width": 48, "depth": 20},
    "silu": {**HE, "activation": "silu", "width": 32, "depth": 10},
    "tanh, chaotic": {
        "activation": "tanh", "initializer": "lecun-normal", "initializer_gain": 2.0, "width": 48,
        "depth": 20,
    },
}  # fmt: skip


def deviations(knobs: dict[str, Any]) -> Floats:
    """How far each layer of each of 24 networks is from the typical one, in deviations."""
    found, predicted = compared(24, **knobs)
    typical = np.array([profile.typical for profile in predicted])
    spread = np.sqrt([profile.variance for profile in predicted])
    return np.asarray((found - typical)[:, :-1] / spread[:, :-1])


def test_about_nineteen_of_twenty_networks_lie_within_the_band() -> None:
    """At layer 1, whose scatter is that of all layers; and the band is no wider than it must be."""
    every = []
    for name, knobs in SCATTERING.items():
        found = deviations(knobs)
        assert (np.abs(found[:, 0]) < BAND).mean() >= 0.8, name
        assert (np.abs(found) < BAND).mean() > 0.85, name
        every.append(found[:, 0])
    together = np.concatenate(every)
    assert 0.92 < (np.abs(together) < BAND).mean() < 0.999
    assert 0.6 < np.sqrt((together**2).mean()) < 1.2


def test_a_narrow_relu_network_vanishes_though_its_mean_does_not() -> None:
    """Hanin 2018: the squared norm has mean 1, and a logarithm that falls by 5 / (2 N) a layer."""
    found, predicted = compared(12, activation="relu", initializer="he-normal", width=16, depth=60)
    assert np.abs(predicted[0].expected).max() < 0.05
    assert found[:, 0].mean() < -4.0
    assert -10.0 < predicted[0].typical[0] < -4.0


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """The knobs of some network of 128 units."""

    def one(*choices: Any) -> Any:
        return choices[int(rng.integers(len(choices)))]

    skip = one("none", "none", "none", *KNOBS["skip"].choices)
    return {
        "activation": one(*KNOBS["activation"].choices),
        "initializer": one("glorot-normal", "he-uniform", "lecun-normal", "orthogonal", "lsuv"),
        "initializer_gain": round(float(10.0 ** rng.uniform(-0.5, 0.5)), 3),
        "bias_std": one(0.0, 0.0, 0.1, 0.5),
        "normalization": one("none", "none", *KNOBS["normalization"].choices),
        "normalization_place": one("before-activation", *KNOBS["normalization-place"].choices),
        "skip": skip,
        "skip_order": one(*KNOBS["skip-order"].choices),
        "skip_every": one(1, 1, 2),
        "rezero_start": 0.5,
        "width": 128,
        "depth": one(2, 3, 5, 8, 12) if skip != "dense" else one(2, 4),
        "batch_size": one(16, 64),
        "seed": int(rng.integers(1000)),
        "data": one("digits", "wine"),
    }


def test_wherever_there_is_a_prediction_it_is_near_what_is_measured() -> None:
    """150 networks of all kinds: decades from the last hidden layer to the first."""
    rng = np.random.default_rng(5)
    errors, silent = [], 0
    for _ in range(150):
        declared = experiment(**drawn(rng))
        data = load_data(declared)
        reach = predicted_reach(declared, data)
        if reach is None:
            silent += 1
            continue
        measured = log_squares(declared, data)[0] - log_squares(declared, data)[-1]
        errors.append(abs(reach - measured / (2.0 * np.log(10.0))))
    found = np.sort(errors)
    assert silent < 20
    assert np.median(found) < 0.04
    assert found[int(0.9 * len(found))] < 0.15
    assert found[int(0.98 * len(found))] < 0.5


def test_the_quick_prediction_is_the_full_one_from_fewer_rows() -> None:
    for knobs in ({}, {"activation": "relu", "normalization": "batch", "depth": 8}):
        declared = experiment(**knobs)
        data = load_data(declared)
        full = theory(declared, data).profile
        assert full is not None
        reach, factor = predicted_reach(declared, data), predicted_factor(declared, data)
        assert reach == pytest.approx(full.decades[0], abs=0.03)
        assert factor == pytest.approx(full.factor, rel=0.02)


def test_one_hidden_layer_has_no_factor() -> None:
    declared = Experiment.of({"depth": 1})
    assert predicted_reach(declared, load_data(declared)) == 0.0
    assert predicted_factor(declared, load_data(declared)) is None
