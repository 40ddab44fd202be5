"""Nudges, differences and curves where a slope is easy, and where there is none."""

from math import inf, isfinite, isnan, nan
from typing import Any

import pytest

from gradsim.experiment.experiment import Experiment
from gradsim.insight.slope import (
    POINTS,
    Differences,
    Nudge,
    curve,
    differencing,
    fitting,
    nudging,
    outward,
)
from gradsim.insight.weight import Probe, whole
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session


def probe_of(steps: int = 0, **knobs: Any) -> Probe:
    given = {name.replace("_", "-").replace("--", "."): v for name, v in knobs.items()}
    session = Session(Experiment.of(given))
    session.do(Advance(Grain.STEP, steps))
    return Probe(session)


def test_a_vanishing_gradient_moves_no_digit_of_the_loss() -> None:
    probe = probe_of()
    weight = probe.largest(1, "weight")
    assert 0.0 < abs(probe.gradient(weight)) < 1e-12
    found = whole(nudging(probe, weight, 1e-3))
    assert found.flat
    assert abs(found.real) <= 2.0 * found.resolution
    assert 0.0 < abs(found.predicted) < found.resolution < 1e-15
    # Only far away, where the change has digits again, do differences see a slope.
    slope = whole(differencing(probe, weight))
    assert slope.step >= 1e-2
    assert slope.central == pytest.approx(probe.gradient(weight), abs=2 * slope.noise)
    assert not slope.kink


def test_a_kink_under_the_weight_has_two_slopes() -> None:
    """All of layer 1 is zero: to the left relu is shut, to the right it opens."""
    probe = probe_of(
        depth=1, activation="relu", layers__1__initializer="zeros",
        initializer="he-normal", data="wine", width=8, batch_size=16,
    )  # fmt: skip
    weight = probe.weight(1, "bias", (0,))
    found = whole(differencing(probe, weight))
    assert found.kink
    assert found.left == 0.0
    assert abs(found.right) > 1e-4
    assert found.central == pytest.approx(found.right / 2)
    # Backpropagation takes relu's slope at 0 for 0.
    assert probe.gradient(weight) == 0.0
    right, left = (whole(nudging(probe, weight, nudge)) for nudge in (1e-3, -1e-3))
    assert right.predicted == left.predicted == left.real == 0.0
    assert right.real == pytest.approx(1e-3 * found.right, rel=1e-2)
    assert right.error == 1.0
    assert not right.flat
    assert whole(fitting(probe, weight)) == pytest.approx(probe.scale(weight))


def test_a_kink_some_way_off_is_none_here() -> None:
    probe = probe_of(
        1, activation="relu", initializer="he-normal", depth=4, width=8, data="wine", batch_size=16
    )
    found = [
        whole(differencing(probe, probe.weight(2, "weight", (i, j))))
        for i in range(8)
        for j in range(8)
    ]
    assert not any(one.kink for one in found)


def test_a_dead_weight_does_exactly_nothing() -> None:
    probe = probe_of(depth=3, width=8, data="wine", batch_size=16, layers__3__initializer="zeros")
    weight = probe.weight(2, "weight", (1, 2))
    assert probe.gradient(weight) == 0.0
    assert {loss for _, loss in whole(curve(probe, weight, 10.0))} == {probe.loss}
    found = whole(nudging(probe, weight, 1.0))
    assert (found.predicted, found.real, found.error) == (0.0, 0.0, 0.0)
    assert found.flat
    slope = whole(differencing(probe, weight))
    assert (slope.left, slope.central, slope.right, slope.kink) == (0.0, 0.0, 0.0, False)
    assert slope.digits(0.0) == 16.0


def test_nan_everywhere_is_shown_as_nan() -> None:
    probe = probe_of(activation="relu", initializer_gain=1e200, depth=4, width=8, batch_size=8)
    assert isnan(probe.loss)
    weight = probe.largest(1, "weight")
    found = whole(nudging(probe, weight, 1e-3))
    assert isnan(found.real)
    assert not found.flat
    assert isnan(whole(differencing(probe, weight)).digits(probe.gradient(weight)))
    assert isfinite(whole(fitting(probe, weight)))
    assert all(isnan(loss) for _, loss in whole(curve(probe, weight, 1.0)))


def test_a_curve_may_leave_the_number_range() -> None:
    probe = probe_of(
        activation="identity", depth=2, width=8, batch_size=8, loss="mean-squared-error"
    )
    weight = probe.largest(1, "weight")
    values = whole(curve(probe, weight, 1e160))
    assert values[0][1] == values[-1][1] == inf
    assert values[POINTS // 2] == (probe.value(weight), probe.loss)
    assert isfinite(probe.loss)
    # The range chosen is one where the curve still means something.
    assert whole(fitting(probe, weight)) < 1e3


def test_the_range_shows_the_curve_leave_its_tangent() -> None:
    for knobs in ({"activation": "tanh"}, {"activation": "relu", "initializer": "he-normal"}):
        probe = probe_of(2, depth=6, width=16, batch_size=16, **knobs)
        for name in probe.parameters(3):
            weight = probe.largest(3, name)
            width, gradient = whole(fitting(probe, weight)), probe.gradient(weight)
            apart = []
            for zoom in (1.0, 1e-2, 1e-4):
                points = whole(curve(probe, weight, width * zoom, 3))
                value = probe.value(weight)
                apart.append(
                    max(
                        abs(loss - probe.loss - gradient * (at - value)) / abs(gradient * width)
                        for at, loss in points
                    )
                    / zoom
                )
            assert apart[0] > 0.3
            assert apart[2] < 0.05 * apart[0]


def test_the_curve_is_asked_from_the_weight_outward() -> None:
    probe = probe_of(depth=3, width=8, batch_size=8)
    weight = probe.largest(2, "weight")
    value = probe.value(weight)
    asked = outward(value, 1.0, 7)
    assert asked[0] == value
    away = [abs(at - value) for at in asked]
    assert away == sorted(away)
    assert away[-1] == pytest.approx(1.0)
    points = whole(curve(probe, weight, 1.0, 7))
    assert [at for at, _ in points] == sorted(asked)
    assert points[3] == (value, probe.loss)
    assert points[5][1] == whole(probe.loss_at(weight, points[5][0]))


def test_a_nudge_too_small_for_the_number_format_moves_nothing() -> None:
    probe = probe_of(dtype="float32", depth=3, width=8, batch_size=8)
    weight = probe.largest(2, "weight")
    found = whole(nudging(probe, weight, 1e-12))
    assert (found.moved, found.predicted, found.real) == (0.0, 0.0, 0.0)
    assert found.resolution == pytest.approx(2.4e-7, rel=0.1)
    # A nudge is rounded as the weight is, and what is foretold goes by what was really moved.
    found = whole(nudging(probe, weight, 1e-3))
    assert found.moved != 1e-3
    assert found.moved == pytest.approx(1e-3, rel=1e-4)
    assert found.predicted == probe.gradient(weight) * found.moved


@pytest.mark.parametrize(
    ("predicted", "real", "error"), [(2.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.0, inf)]
)
def test_the_relative_error(predicted: float, real: float, error: float) -> None:
    assert Nudge(1.0, predicted, real, 1.0, 1e-16).error == error


def test_digits_that_agree() -> None:
    found = Differences(1e-5, 1.0, 1.0, 1.0, 1e-12, kink=False)
    assert found.digits(1.0) == 16.0
    assert found.digits(1.001) == pytest.approx(3.0, abs=0.01)
    assert found.digits(-1.0) == 0.0
    assert isnan(found.digits(nan))
