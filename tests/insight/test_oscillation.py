"""Oscillation: its formula on made-up losses, what is not finite, and two real trainings."""

from math import inf, isnan, nan
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradsim.experiment.experiment import Experiment
from gradsim.insight.oscillation import WINDOW, oscillation
from gradsim.insight.report import report
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session


def test_the_formula_on_a_short_history() -> None:
    # Changes 1, 1, 2; from 4 down to a mean of 2.5.
    assert oscillation([4.0, 3.0, 2.0, 1.0]) == pytest.approx(1.0 / 1.5)
    assert oscillation([4.0, 1.0, 3.0, 1.0]) == pytest.approx((3 + 2 + 2) / 3 / (4 - 9 / 4))


def test_only_the_last_steps_count_and_the_loss_at_step_0() -> None:
    wave = [1.0 + 0.1 * (-1) ** k for k in range(WINDOW + 1)]
    wanted = 0.2 / (5.0 - np.mean(wave))
    assert oscillation([5.0, *wave]) == pytest.approx(wanted)
    assert oscillation([5.0, 1e9, nan, inf, *wave]) == pytest.approx(wanted)
    assert isnan(oscillation([5.0, nan, *wave[1:]]))
    assert isnan(oscillation([nan, 1.0, *wave]))


@pytest.mark.parametrize("losses", [[], [2.0], [2.0, 2.0, 2.0], [0.0, 0.0], [2.0, nan], [2.0, None],
                                    [inf, nan], [nan, 1.0]])  # fmt: skip
def test_nan_where_there_is_nothing_to_say(losses: list[float | None]) -> None:
    assert isnan(oscillation(losses))


@pytest.mark.parametrize("losses", [[2.0, 3.0, 2.5], [2.0, inf], [inf, 1.0], [1.0, 2.0, 1.0, 0.5]])
def test_infinite_where_it_has_not_come_down_and_where_a_loss_is(losses: list[float]) -> None:
    expected = inf if losses[-1] != 0.5 else pytest.approx(inf)
    assert oscillation(losses) == expected


def test_losses_at_the_end_of_the_number_range() -> None:
    assert oscillation([1.7e308, 0.0, 1.7e308, 0.0]) == pytest.approx(1.0 / 0.5)
    assert oscillation([4e-310, 1e-310, 3e-310, 1e-310]) == pytest.approx((7 / 3) / 1.75, rel=1e-3)


@given(st.lists(st.floats(0.01, 100.0), min_size=2, max_size=2 * WINDOW), st.floats(1e-9, 1e9))
def test_a_factor_on_the_loss_does_not_change_it(losses: list[float], factor: float) -> None:
    losses = [200.0, *losses]  # it comes down, by far more than rounding
    scaled = oscillation([factor * loss for loss in losses])
    assert scaled == pytest.approx(oscillation(losses), rel=1e-6, nan_ok=True)


def trained(**knobs: object) -> float:
    settings = {name.replace("_", "-"): value for name, value in knobs.items()}
    session = Session(Experiment.of({"activation": "relu", "initializer": "he-normal"} | settings))
    session.do(Advance(Grain.STEP, 600))
    return float(report(session)["oscillation"])


def test_it_tells_a_healthy_training_from_a_learning_rate_ten_times_too_large() -> None:
    # Over seeds 0 to 7: at most 0.05 healthy; at rate 0.2 from 0.02 to 0.38, or NaN on the way:
    # such a training is chaotic, and the last bit of a sum decides how it goes on.
    calm = [trained(seed=seed) for seed in range(3)]
    wild = [trained(seed=seed, learning_rate=0.2) for seed in range(3)]
    assert max(calm) < 0.07
    assert not median(inf if isnan(value) else value for value in wild) < 0.07
