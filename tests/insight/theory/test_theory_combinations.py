"""Every combination of knobs has a finite prediction, or a sentence that says why it has none."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from helpers import experiment, toy_data

from gradsim.experiment.build import load_data
from gradsim.experiment.experiment import KNOBS
from gradsim.insight.theory.prediction import predict
from gradsim.insight.theory.result import glance, theory
from gradsim.insight.theory.units import UntreatedError

SMALL = {"depth": 4, "width": 16, "batch_size": 8, "skip_every": 2}
DATA = toy_data(16, 3, rows=20)


def outcome(**knobs: Any) -> str:
    """The reason why there is no prediction; empty where there is one, which is then checked."""
    try:
        profile, _ = predict(experiment(**SMALL | knobs), DATA, 8)
    except UntreatedError as untreated:
        return str(untreated)
    assert len(profile.typical) == 4
    assert np.isfinite(profile.expected).all()
    assert np.isfinite(profile.typical).all()
    assert (profile.variance >= 0.0).all()
    assert profile.typical[-1] == profile.variance[-1] == 0.0
    return ""


@pytest.mark.parametrize("normalization", KNOBS["normalization"].choices)
@pytest.mark.parametrize("skip", KNOBS["skip"].choices)
def test_every_activation_with_every_normalization_skip_and_order(
    normalization: str, skip: str
) -> None:
    reasons = {
        (activation, order): outcome(
            activation=activation, normalization=normalization, skip=skip, skip_order=order,
            rezero_start=0.5, groups=2,
        )
        for activation, order in product(KNOBS["activation"].choices, KNOBS["skip-order"].choices)
    }  # fmt: skip
    assert not {combination: reason for combination, reason in reasons.items() if reason}


@pytest.mark.parametrize("place", KNOBS["normalization-place"].choices)
@pytest.mark.parametrize("order", KNOBS["skip-order"].choices)
def test_every_place_of_every_normalization(place: str, order: str) -> None:
    for normalization, skip in product(("batch", "layer", "rms", "group"), KNOBS["skip"].choices):
        reason = outcome(
            activation="tanh", normalization=normalization, normalization_place=place, skip=skip,
            skip_order=order, rezero_start=-1.0, groups=2, bias_std=0.1,
        )  # fmt: skip
        assert not reason


@pytest.mark.parametrize("initializer", KNOBS["initializer"].choices)
def test_every_initializer(initializer: str) -> None:
    reason = outcome(activation="relu", initializer=initializer)
    if initializer in ("identity", "constant", "zeros"):
        assert reason == f"weights that start as {initializer} are not drawn at random"
    else:
        assert not reason


@pytest.mark.parametrize("widths", ["32,16,16,64", "16,24,8,16"])
@pytest.mark.parametrize("ends", KNOBS["skip-widths"].choices)
@pytest.mark.parametrize("order", KNOBS["skip-order"].choices)
def test_widths_that_change(widths: str, ends: str, order: str) -> None:
    for skip in KNOBS["skip"].choices:
        reason = outcome(
            activation="tanh", widths=widths, skip=skip, skip_widths=ends, skip_order=order,
            rezero_start=1.0,
        )  # fmt: skip
        assert not reason


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"skip": "rezero"}, "exactly no gradient reaches a layer"),
        ({"initializer_gain": 0.0}, "the weights of layer 1 start at 0"),
        ({"width": 7}, "a layer of 7 units is too narrow"),
        ({"normalization": "batch", "batch_size": 4}, "fewer than 8 rows"),
        ({"normalization": "group", "groups": 8}, "has 2 units in a group"),
        ({"activation": "identity", "initializer_gain": 1e200}, "leave the number range"),
        ({"layers.2.initializer": "zeros"}, "weights that start as zeros"),
        (
            {
                "activation": "relu", "normalization": "batch", "bias_std": 3.0,
                "normalization_place": "after-activation",
            },
            "leaves many units flat but for a few rows",
        ),
    ],
)  # fmt: skip
def test_where_there_is_none_it_says_why(knobs: dict[str, Any], words: str) -> None:
    declared = experiment(**SMALL | {"batch_size": 16, "skip_every": 1} | knobs)
    found = theory(declared, DATA)
    assert found.reason.startswith("no theory for this network: ")
    assert words in found.reason
    assert found.profile is None
    assert found.phase is None


def test_values_of_single_layers_count() -> None:
    """A layer of sigmoids among tanh takes its own share."""
    plain, _ = predict(experiment(**SMALL, activation="tanh"), DATA, 8)
    mixed, _ = predict(experiment(**SMALL, activation="tanh", **{"layers.2.activation": "sigmoid"}),
                       DATA, 8)  # fmt: skip
    steps, others = -np.diff(plain.typical), -np.diff(mixed.typical)
    assert others[1] < steps[1] - 2.0
    assert others[2] == pytest.approx(steps[2], abs=0.3)


def test_a_deep_network_takes_several_glances() -> None:
    declared = experiment(depth=300, width=8)
    data = load_data(declared)
    first = glance(declared, data)
    assert first is None
    found = theory(declared, data)
    assert found.profile is not None
    assert len(found.profile.typical) == 300
    assert glance(declared, data) is found


def test_extremes_are_numbers_too() -> None:
    """A gradient that falls by 1,200 decades, weights of 1e-100: nothing is lost on the way."""
    profile, _ = predict(
        experiment(depth=1000, width=8, batch_size=8, initializer_gain=0.25), DATA, 4
    )
    assert profile.decades[0] < -1000.0
    assert np.isfinite(profile.typical).all()
    assert not outcome(activation="relu", initializer_gain=1e-100)
    assert not outcome(activation="tanh", initializer_gain=1e100)
    assert not outcome(activation="tanh", normalization="layer", initializer_gain=1e-8)
