"""The clip advisor: its thresholds really fire that often, its angles are really those."""

from math import isnan
from typing import Any

import numpy as np
import pytest
from helpers import experiment
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradsim.insight.clip_advisor import RATES, advise, cut_for_norm, turned
from gradsim.nn.arrays import l2_norm
from gradsim.nn.clipping import ByValue, GlobalNorm, angle_between
from gradsim.nn.parameters import ParameterStore
from gradsim.numbers import number
from gradsim.simulation.actions import Advance, Grain, Switch
from gradsim.simulation.session import Session
from gradsim.view.clipping import clipping
from gradsim.view.lines import plain

RELU: dict[str, Any] = {"activation": "relu", "initializer": "he-normal", "depth": 4, "width": 16}


def trained(steps: int, **knobs: Any) -> Session:
    session = Session(experiment(**(RELU | knobs)))
    session.do(Advance(Grain.STEP, steps))
    return session


def test_each_threshold_fires_as_often_as_it_says() -> None:
    """At a learning rate of 0 the norms are the same again, whatever is clipped."""
    session = trained(99, learning_rate=0.0)
    advice = advise(session)
    assert advice.steps == 100
    assert [threshold.fired for threshold in advice.thresholds] == [1, 5, 20]
    for threshold in advice.thresholds:
        again = trained(
            99, learning_rate=0.0, clip="global-norm", clip_threshold=threshold.by_norm.threshold
        )
        rows = [*again.past(), again.look()]
        assert sum(row.fired for row in rows) == threshold.fired


def test_quantiles_are_those_of_the_norms() -> None:
    session = trained(40)
    norms = [row.grad_norm for row in (*session.past(), session.look())]
    wanted = np.quantile(np.array(norms), [0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
    assert advise(session).quantiles == pytest.approx(list(wanted))


def test_angles_are_measured_on_the_gradient_of_this_step() -> None:
    session = trained(30)
    store = session.machine_with_gradients().network.parameters
    gradient = store.gradients.copy()
    advice = advise(session)
    halved = np.clip(gradient, -advice.halved.threshold, advice.halved.threshold)
    assert l2_norm(halved) == pytest.approx(0.5 * l2_norm(gradient))
    assert advice.halved.angle == pytest.approx(angle_between(gradient, halved))
    assert advice.halved.angle > 5.0
    for threshold in advice.thresholds:
        assert threshold.by_norm.angle == 0.0
        cut = threshold.by_value.threshold
        assert cut == threshold.by_norm.threshold
        wanted = angle_between(gradient, np.clip(gradient, -cut, cut))
        assert threshold.by_value.angle == pytest.approx(wanted, abs=1e-9)
    told = " ".join(advice.sentences)
    turned_at_all = any(each.by_value.angle for each in advice.thresholds)
    assert ("turns the gradient by nothing" in told) is not turned_at_all
    assert f"cut at {number(advice.halved.threshold)} halves the norm" in told
    np.testing.assert_array_equal(store.gradients, gradient)


def test_the_effective_learning_rate_is_what_clipping_leaves() -> None:
    session = trained(5, clip="global-norm", clip_threshold=0.1, learning_rate=0.2)
    advice, now = advise(session), session.look()
    assert now.grad_norm is not None
    assert advice.effective_learning_rate == pytest.approx(0.2 * 0.1 / (now.grad_norm + 1e-6))
    assert "effective" in advice.sentences[-1]
    free = advise(trained(5))
    assert free.effective_learning_rate == free.learning_rate == 0.02


def test_a_step_already_done_is_advised_on_as_it_was_then() -> None:
    session = trained(12, clip="global-norm", clip_threshold=0.5)
    then = advise(session)
    session.do(Advance(Grain.STEP, 30))
    assert advise(session, 12) == then


def test_one_step_is_no_statistic() -> None:
    advice = advise(trained(0))
    assert advice.steps == 1
    assert advice.thresholds == ()
    assert "one step is no statistic" in advice.sentences[0]
    assert "play 20 steps for a threshold" in plain(clipping(advice, 80))


def test_a_switch_of_the_clipping_leaves_the_norms_and_another_activation_does_not() -> None:
    session = trained(10)
    session.do(Switch({"clip": "global-norm"}))
    session.do(Switch({"clip-threshold": 0.5, "learning-rate": 0.1}))
    session.do(Advance(Grain.STEP, 3))
    assert advise(session).steps == 14
    session.do(Switch({"activation": "tanh"}))
    session.do(Advance(Grain.STEP, 2))
    assert advise(session).steps == 3


def test_norms_that_are_not_finite_are_counted_and_left_out() -> None:
    session = trained(30, learning_rate=1e6, skip="residual")
    advice = advise(session)
    assert 0 < advice.not_finite < advice.steps
    assert isnan(advice.grad_norm)
    assert all(np.isfinite(advice.quantiles))
    assert f"{advice.not_finite} are not finite" in advice.sentences[0]
    assert all(isnan(threshold.by_value.angle) for threshold in advice.thresholds)
    assert "no angle" in plain(clipping(advice, 80))


def test_a_dead_network_has_no_angle() -> None:
    advice = advise(trained(3, initializer="zeros", loss="mean-squared-error", learning_rate=0.0))
    assert all(len(advice.thresholds) == len(RATES) for _ in RATES)
    assert plain(clipping(advice, 60))


@given(
    arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e3, 1e3)),
    st.floats(0.01, 1.0),
    st.sampled_from([1e-200, 1.0, 1e200]),
)
def test_the_cut_leaves_the_share_of_the_norm(
    gradient: "np.ndarray[Any, Any]", left: float, size: float
) -> None:
    gradient = gradient * size
    cut = cut_for_norm(gradient, left)
    if l2_norm(gradient) == 0.0:
        assert isnan(cut)
        return
    clipped = np.clip(gradient, -cut, cut)
    assert l2_norm(clipped) == pytest.approx(left * l2_norm(gradient), rel=1e-6)


def test_the_gradient_in_the_store_is_left_as_it_is() -> None:
    store = ParameterStore({"output.weight": (2, 2)}, "float32", clipped=False)
    store.gradients[...] = [3.0, 0.0, 0.0, 4.0]
    halved = turned(GlobalNorm(2.5, {"clip-norm": "2"}), store)
    assert halved.left == pytest.approx(0.5, rel=1e-6)
    assert halved.angle == 0.0
    cut = turned(ByValue(3.0), store)
    assert cut.left == pytest.approx(np.sqrt(18.0) / 5.0)
    assert cut.angle == pytest.approx(np.degrees(np.arccos(21.0 / (5.0 * np.sqrt(18.0)))))
    assert store.gradients.tolist() == [3.0, 0.0, 0.0, 4.0]


@pytest.mark.parametrize("width", [30, 60, 100])
def test_lines_are_as_wide_as_asked(width: int) -> None:
    for session in (trained(0), trained(20), trained(20, clip="value", clip_threshold=1e-3)):
        for line in clipping(advise(session), width):
            assert sum(len(text) for text, _ in line) == width
