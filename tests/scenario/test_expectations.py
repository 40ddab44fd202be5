"""Comparisons: what holds at, above and below the bound, and that NaN never does."""

from math import inf, nan
from typing import Any

import pytest
from pydantic import ValidationError

from gradsim.scenario.expectations import holds, judge, sentence
from gradsim.scenario.expecting import Expectation


def expect(**keys: Any) -> Expectation:
    named = {name.rstrip("_").replace("_", "-"): value for name, value in keys.items()}
    return Expectation.model_validate({"quantity": "loss"} | named)


@pytest.mark.parametrize(
    ("keys", "right", "wrong"),
    [
        ({"at_least": 2}, [2, 3, inf], [1.999, -inf, nan]),
        ({"at_most": 2}, [2, 1, -inf], [2.001, inf, nan]),
        ({"above": 2}, [2.001, inf], [2, 1, nan]),
        ({"below": 2}, [1.999, -inf], [2, 3, nan]),
        ({"equals": 2}, [2, 2 + 1e-6, 2 - 1e-6], [2 + 3e-6, -2, inf, nan]),
        ({"equals": -2, "tolerance": 0.1}, [-2.19, -1.81], [-2.3, 2, nan]),
        ({"equals": 0}, [0], [1e-300, nan]),
        ({"finite": True}, [0, 1e300], [inf, -inf, nan]),
        ({"finite": False}, [inf, -inf, nan], [0, 1e300]),
    ],
)
def test_what_holds(keys: dict[str, Any], right: list[float], wrong: list[float]) -> None:
    assert [value for value in right if not holds(expect(**keys), value)] == []
    assert [value for value in wrong if holds(expect(**keys), value)] == []


def test_words_are_compared_as_they_are() -> None:
    wanted = expect(quantity="shape", is_="dead")
    assert holds(wanted, "dead")
    assert not holds(wanted, "healthy")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"at_least": 0.9}, "loss at least 0.9"),
        ({"at_most": 1e-12}, "loss at most 1e-12"),
        ({"equals": 3}, "loss equals 3"),
        ({"equals": 3, "tolerance": 0.01}, "loss equals 3 within 0.01 of it"),
        ({"finite": False}, "loss not finite"),
        ({"quantity": "dead", "layer": 4, "below": 0.5}, "dead of layer 4 below 0.5"),
        ({"quantity": "dead", "layer": "output", "below": 1}, "dead of the output below 1"),
        ({"quantity": "shape", "is_": "healthy"}, "shape is healthy"),
    ],
)
def test_sentences(keys: dict[str, Any], words: str) -> None:
    assert sentence(expect(**keys)) == words


def outcome_of(loss: float, **keys: Any) -> str:
    outcome = judge(expect(**keys), {"history": {"loss": [0.0, loss]}})
    return f"{'ok' if outcome.passed else 'FAIL'}: {outcome.words()}"


def test_nan_and_infinity_are_shown_by_name() -> None:
    assert outcome_of(nan, at_least=1) == "FAIL: loss at least 1, measured NaN"
    assert outcome_of(inf, at_least=1) == "ok: loss at least 1, measured infinity"
    assert outcome_of(-inf, at_least=1) == "FAIL: loss at least 1, measured -infinity"


def test_a_value_is_never_rounded_over_the_bound() -> None:
    assert outcome_of(0.89999999, at_least=0.9) == "FAIL: loss at least 0.9, measured 0.89999999"
    assert outcome_of(0.9123456789, at_least=0.9) == "ok: loss at least 0.9, measured 0.912346"


def test_two_that_are_the_same_are_told_with_six_digits() -> None:
    other = {"quantity": "grad_norm", "factor": 1.0}
    same = {"history": {"loss": [2 / 3], "grad_norm": [2 / 3]}}
    outcome = judge(expect(equals=other), same, 0, 1)
    assert outcome.passed
    assert outcome.measured == "0.666667 against 0.666667"
    near = {"history": {"loss": [2 / 3], "grad_norm": [0.66666668]}}
    outcome = judge(expect(below=other), near, 0, 1)
    assert outcome.passed
    # Rounded it would not be below.
    assert outcome.measured == "0.6666666666666666 against 0.66666668"


def test_a_quantity_at_a_time_step() -> None:
    expectation = Expectation.model_validate(
        {"quantity": "delta_norm", "layer": 1, "time": 2, "at-least": 3.0}
    )
    report = {
        "layers": [{"layer": 1, "time": time, "delta_norm": float(time)} for time in (1, 2, 3)]
    }
    outcome = judge(expectation, report)
    assert outcome.value == 2.0
    assert not outcome.passed
    assert outcome.sentence == "delta_norm of layer 1 at time step 2 at least 3"
    for wrong in ({"quantity": "loss"}, {"quantity": "delta_norm", "layer": "output"}):
        with pytest.raises(ValidationError, match="goes with a quantity of a recurrent layer"):
            Expectation.model_validate(wrong | {"time": 2, "above": 0.0})
