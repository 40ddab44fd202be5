"""What is said of the theory: numbers by name, and sentences."""

from math import isnan, nan
from typing import Any

import pytest
from helpers import experiment

from gradsim.insight.report import jsonable, report
from gradsim.insight.theory.result import lines, measured_factor, numbers_sentence, theory
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session


def told(steps: int = 0, **knobs: Any) -> dict[str, Any]:
    session = Session(experiment(**{"depth": 6, "width": 32} | knobs))
    session.do(Advance(Grain.STEP, steps))
    found: dict[str, Any] = report(session)["theory"]
    return found


def test_measured_and_predicted_stand_side_by_side() -> None:
    found = told(activation="tanh")
    assert found["reason"] == ""
    assert found["at_initialization"] is True
    assert found["predicted_factor"] == pytest.approx(found["measured_factor"], rel=0.1)
    low, reach, high = (found[f"predicted_{name}_decades"] for name in ("low", "reach", "high"))
    assert low < reach < high
    assert [row["layer"] for row in found["layers"]] == [1, 2, 3, 4, 5, 6]
    assert found["layers"][0]["decades"] == reach
    assert found["layers"][-1] == {"layer": 6, "decades": 0.0, "deviation": 0.0}
    (_, words), (_, numbers) = lines(found)
    assert words.startswith("the squared activation gradient is multiplied by 0.")
    assert "(measured 0." in words
    assert numbers.startswith("layer 3, stacked on itself: sigma_w^2 1, sigma_b^2 0, q* 0, chi 1")


def test_after_training_it_is_said_to_be_of_the_start() -> None:
    found = told(steps=3, activation="tanh")
    assert found["at_initialization"] is False
    assert found["sentence"].startswith("at initialization the squared")
    assert "measured after 3 steps" in found["sentence"]
    fresh = told(activation="tanh")
    assert found["predicted_factor"] == fresh["predicted_factor"]
    assert found["measured_factor"] != fresh["measured_factor"]


def test_where_there_is_none_every_number_is_nan_and_null_in_json() -> None:
    found = told(initializer="identity", width=64)
    assert found["sentence"] == found["reason"] != ""
    assert isnan(found["predicted_reach_decades"])
    assert isnan(found["chi"])
    assert found["layers"] == []
    assert [head for head, _ in lines(found)] == ["theory"]
    assert numbers_sentence(found) == ""
    assert jsonable({"theory": found})["theory"]["chi"] is None


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"normalization": "batch"}, "batch normalization over a large batch"),
        ({"normalization": "layer"}, "layer normalization"),
        ({"skip": "residual"}, "without its skip"),
        ({"layers.3.activation": "relu"}, "chi 0.5"),
        ({"initializer": "lsuv"}, "sigma_w^2"),
    ],
)
def test_the_numbers_are_those_of_the_middle_layer(knobs: dict[str, Any], words: str) -> None:
    assert words in numbers_sentence(told(activation="tanh", **knobs))


def test_the_critical_gain_makes_it_critical() -> None:
    knobs: dict[str, Any] = {"activation": "tanh", "bias_std": 0.3, "initializer": "lecun-normal"}
    gain = told(**knobs)["critical_gain"]
    assert told(**knobs, initializer_gain=gain)["chi"] == pytest.approx(1.0, abs=1e-3)
    assert isnan(told(**knobs | {"initializer": "lsuv"})["critical_gain"])


def test_one_hidden_layer_says_so() -> None:
    found = told(depth=1)
    assert "nothing to predict" in found["sentence"]
    assert isnan(found["predicted_factor"])


@pytest.mark.parametrize(
    ("norms", "factor"),
    [
        ([4.0, 2.0, 1.0], 4.0),
        ([1.0], nan),
        ([0.0, 1.0], nan),
        ([1e-300, 1.0, 1e300], 0.0),
        ([nan, 1.0], nan),
    ],
)
def test_the_measured_factor_is_a_geometric_mean(norms: list[float], factor: float) -> None:
    assert measured_factor(norms) == pytest.approx(factor, nan_ok=True)


def test_the_deepest_network_has_a_theory_too_or_a_reason_why_not() -> None:
    session = Session(experiment(depth=10_000, width=2, activation="tanh"))
    found = theory(session.experiment, session.run.data)
    assert found.reason or found.profile is not None
