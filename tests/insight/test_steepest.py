"""Of each layer the weight with the largest gradient: two slopes that must be the same."""

from math import isnan, nan

import numpy as np
import pytest

from gradsim.experiment.experiment import Experiment
from gradsim.insight.steepest import ABOUT, relative_error, steepest
from gradsim.insight.weight import whole
from gradsim.nn.network import LayerName
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session

SMALL = {"depth": 2, "width": 6, "batch-size": 16, "activation": "tanh"}


def session(**knobs: object) -> Session:
    return Session(Experiment.of(SMALL | {k.replace("_", "-"): v for k, v in knobs.items()}))


@pytest.mark.parametrize("layer", [1, 2, "output"])
def test_it_is_the_weight_with_the_largest_gradient(layer: LayerName) -> None:
    looked_at = session()
    gradients = looked_at.machine_with_gradients().network.parameters.gradients.copy()
    found = whole(steepest(looked_at, [layer]))[layer]
    assert set(found) == set(ABOUT)
    machine = looked_at.machine_with_gradients()
    name = "output.weight" if layer == "output" else f"layers.{layer}.weight"
    entries = machine.network.parameters.view(name, gradients)
    values = machine.network.parameters.view(name, machine.network.parameters.values)
    flat = int(np.argmax(np.abs(entries)))
    assert found["weight_gradient"] == entries.flat[flat]
    assert found["weight_value"] == values.flat[flat]


def test_both_slopes_agree_to_eight_digits_and_the_session_is_left_alone() -> None:
    looked_at = session()
    looked_at.do(Advance(Grain.STEP, 3))
    before = looked_at.network().parameters.values.copy()
    found = whole(steepest(looked_at, [1, 2, "output"]))
    for numbers in found.values():
        assert numbers["weight_gradient"] != 0.0
        assert numbers["difference_error"] < 1e-8
        assert numbers["difference_error"] == relative_error(
            numbers["weight_difference"], numbers["weight_gradient"]
        )
    np.testing.assert_array_equal(looked_at.network().parameters.values, before)
    assert looked_at.cursor.step == 3


def test_where_rounding_is_larger_than_the_slope_the_differences_are_worthless() -> None:
    found = whole(steepest(session(depth=30, activation="sigmoid"), [1]))[1]
    assert 0.0 < abs(found["weight_gradient"]) < 1e-14
    assert found["difference_error"] > 0.01


def test_a_loss_that_is_no_number_has_no_slope() -> None:
    lost = session(learning_rate=1e200, activation="relu")
    lost.do(Advance(Grain.STEP, 3))
    assert isnan(whole(steepest(lost, [1]))[1]["difference_error"])


@pytest.mark.parametrize(
    ("one", "other", "error"),
    [(2.0, 1.0, 0.5), (1.0, 2.0, 0.5), (-1.0, 1.0, 2.0), (0.0, 0.0, 0.0), (0.0, 3.0, 1.0)],
)
def test_the_relative_error_is_over_the_larger(one: float, other: float, error: float) -> None:
    assert relative_error(one, other) == error


def test_the_relative_error_of_what_is_no_number_is_none() -> None:
    assert isnan(relative_error(nan, 1.0))
    assert isnan(relative_error(1.0, float("inf")))
