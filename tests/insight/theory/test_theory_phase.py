"""The numbers of a stacked layer against published values."""

from math import inf, isnan, pi, sqrt

import numpy as np
import pytest

from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.insight.theory.phase import (
    batch_normalized,
    critical_variance,
    fixed_point,
    plain,
    row_normalized,
)
from gradsim.insight.theory.response import Response, response

AT = Experiment.of({}).at(1)


def of(name: str) -> Response:
    return response(name, AT)


def test_tanh_is_critical_at_1_without_biases_and_at_1_76_with_a_variance_of_a_twentieth() -> None:
    """Poole 2016, Schoenholz 2017, fig. 1: (sigma_w^2, sigma_b^2) = (1, 0) and (1.76, 0.05)."""
    assert critical_variance(of("tanh"), 0.0) == pytest.approx(1.0, rel=1e-4)
    assert critical_variance(of("tanh"), 0.05) == pytest.approx(1.76, abs=0.005)
    critical = plain(of("tanh"), 1.0, 0.0, 0.7)
    assert critical.length == 0.0
    assert critical.chi == pytest.approx(1.0, rel=1e-6)
    assert critical.depth_scale == inf


def test_relu_is_critical_at_2_whatever_the_biases() -> None:
    """He 2015."""
    for bias in (0.0, 0.05, 1.0):
        assert critical_variance(of("relu"), bias) == pytest.approx(2.0, rel=1e-9)
    he = plain(of("relu"), 2.0, 0.0, 0.7)
    assert he.length == 0.7  # it keeps every length
    assert he.chi == pytest.approx(1.0)
    assert plain(of("relu"), 2.0, 0.1, 0.7).length == inf
    assert plain(of("relu"), 1.0, 0.1, 0.7).length == pytest.approx(0.2)
    assert plain(of("relu"), 1.0, 0.0, 0.7).length == 0.0
    assert plain(of("relu"), 1.0, 0.0, 0.7).depth_scale == pytest.approx(1.0 / np.log(2.0))


def test_erf_has_its_critical_weights_where_its_slope_at_zero_says() -> None:
    assert critical_variance(of("erf"), 0.0) == pytest.approx(pi / 4.0, rel=1e-4)


def test_selu_has_its_fixed_point_at_1() -> None:
    """Klambauer 2017."""
    found = plain(of("selu"), 1.0, 0.0, 0.3)
    assert found.length == pytest.approx(1.0, abs=1e-6)
    assert found.chi == pytest.approx(1.0716, abs=1e-3)


@pytest.mark.parametrize("name", KNOBS["activation"].choices)
@pytest.mark.parametrize(("weights", "bias"), [(1.5, 0.05), (4.0, 0.3), (0.3, 0.0)])
def test_a_fixed_point_stays_where_it_is(name: str, weights: float, bias: float) -> None:
    q = fixed_point(of(name), weights, bias, 1.0)
    if 0.0 < q < inf:
        again = weights * float(of(name).at(np.array([q])).second[0]) + bias
        assert again == pytest.approx(q, rel=1e-6)
    elif q == 0.0:
        assert bias == 0.0
    else:
        assert weights * float(of(name).at(np.array([1e8])).second[0]) > 1e8


@pytest.mark.parametrize("name", KNOBS["activation"].choices)
@pytest.mark.parametrize("bias", [0.0, 0.05, 0.5])
def test_at_the_critical_variance_chi_is_1(name: str, bias: float) -> None:
    weights = critical_variance(of(name), bias)
    if isnan(weights):
        assert name == "softplus"
        return
    # Of the fixed points that these weights may have, the critical one has chi 1.
    q = np.exp(np.linspace(-20.0, 12.0, 20001))
    answer = of(name).at(q)
    off = np.log(weights * answer.second + bias) - np.log(q)
    fixed = np.flatnonzero(off[:-1] * off[1:] <= 0.0)
    chis = weights * answer.slope[fixed]
    if not fixed.size:  # it is 0
        chis = weights * answer.slope[:1]
    assert np.min(np.abs(chis - 1.0)) < 5e-3


def test_batch_normalization_with_relu_explodes_by_pi_over_pi_minus_1() -> None:
    """Yang 2019, corollary of theorem 3.9: E[phi'^2] / Var(phi) = 1/2 / (1/2 - 1/(2 pi))."""
    found = batch_normalized(of("relu"), 1.0, 0.0)
    assert found.chi == pytest.approx(pi / (pi - 1.0), rel=1e-6)
    assert batch_normalized(of("identity"), 3.0, 0.0).chi == pytest.approx(1.0)


def test_row_normalization_forgets_the_size_of_the_weights() -> None:
    one, other = (row_normalized(of("tanh"), w, 0.0) for w in (0.5, 5.0))
    assert one.chi == pytest.approx(other.chi)
    assert one.chi == pytest.approx(0.46440 / 0.39429, rel=1e-3)
    assert row_normalized(of("relu"), 2.0, 0.0).chi == pytest.approx(1.0)
    balanced = row_normalized(of("tanh"), 1.0, 0.3)
    chi = row_normalized(of("tanh"), balanced.critical_variance, 0.3).chi
    assert chi == pytest.approx(1.0)


def test_numbers_beyond_the_range_are_named_and_not_raised() -> None:
    assert plain(of("identity"), 4.0, 0.0, 1.0).length == inf
    assert plain(of("identity"), 4.0, 0.0, 1.0).chi == pytest.approx(4.0)
    assert plain(of("softplus"), 1e-12, 0.0, 1.0).depth_scale < sqrt(2.0)
