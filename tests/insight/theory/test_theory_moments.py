"""Quadrature and its table against closed forms."""

from math import asin, e, erf, exp, pi, sqrt
from typing import Any

import numpy as np
import pytest

from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.insight.theory.quadrature import grid, hermite
from gradsim.insight.theory.response import Moments, function, moments, overlap, powers, response

AT = Experiment.of({}).at(1)
LENGTHS = np.array([1e-6, 1e-2, 0.3, 1.0, 2.5, 40.0, 1e4])


def exact(name: str, mean: float = 0.0, **settings: Any) -> Moments:
    given = dict(AT) | {key.replace("_", "-"): value for key, value in settings.items()}
    return moments(function(name, given), np.full(len(LENGTHS), mean), LENGTHS)


def phi(x: float) -> float:
    return 0.5 * (1.0 + erf(x / sqrt(2.0)))


def test_weights_of_the_grid_make_one_and_its_moments_are_those_of_the_gaussian() -> None:
    mean = np.array([0.0, 0.0, 3.0, -50.0, 1e-3])
    variance = np.array([1.0, 1e-8, 2.0, 1e-2, 1e6])
    x, w = grid(mean, variance, kinks=(-1.0, 1.0), bend=0.5)
    assert w.sum(axis=1) == pytest.approx(1.0, abs=1e-9)
    assert np.einsum("rn,rn->r", w, x) == pytest.approx(mean, abs=1e-6)
    squares = np.einsum("rn,rn->r", w, (x - mean[:, None]) ** 2)
    assert squares == pytest.approx(variance, rel=1e-7)


def test_hermite_polynomials_are_orthonormal() -> None:
    x, w = grid(np.zeros(1), np.ones(1))
    h = hermite(x[0], 8)
    assert (h * w[0]) @ h.T == pytest.approx(np.eye(8), abs=1e-9)


def test_relu_has_half_of_everything() -> None:
    found = exact("relu")
    assert found.second == pytest.approx(LENGTHS / 2.0, rel=1e-10)
    assert found.slope == pytest.approx(0.5, rel=1e-10)
    assert found.hermite[:, 0] == pytest.approx(np.sqrt(LENGTHS / (2.0 * pi)), rel=1e-10)
    assert found.fourth == pytest.approx(6.0, rel=1e-9)  # 3/2 q^2 over (q/2)^2
    assert found.slope_fourth == pytest.approx(2.0, rel=1e-10)


@pytest.mark.parametrize(("name", "slope"), [("leaky-relu", 0.01), ("prelu", 0.25)])
def test_two_straight_pieces(name: str, slope: float) -> None:
    found = exact(name)
    assert found.second == pytest.approx(LENGTHS * (1.0 + slope**2) / 2.0, rel=1e-10)
    assert found.slope == pytest.approx((1.0 + slope**2) / 2.0, rel=1e-10)


def test_erf_has_the_closed_form_of_williams() -> None:
    found = exact("erf")
    second = [2.0 / pi * asin(2.0 * q / (1.0 + 2.0 * q)) for q in LENGTHS]
    assert found.second == pytest.approx(second, rel=1e-9)
    assert found.slope == pytest.approx(4.0 / pi / np.sqrt(1.0 + 4.0 * LENGTHS), rel=1e-9)


@pytest.mark.parametrize("bound", [1.0, 0.01, 30.0])
def test_hardtanh_cuts_where_its_bounds_are(bound: float) -> None:
    found = exact("hardtanh", hardtanh_bound=bound)
    inside = [erf(bound / sqrt(2.0 * q)) for q in LENGTHS]
    assert found.slope == pytest.approx(inside, rel=1e-9)
    second = [
        q * (p - 2.0 * bound / sqrt(2.0 * pi * q) * exp(-(bound**2) / (2.0 * q)))
        + bound**2 * (1.0 - p)
        for q, p in zip(LENGTHS, inside, strict=True)
    ]
    assert found.second == pytest.approx(second, rel=1e-7)


def test_elu_by_hand() -> None:
    """Below zero e^x - 1: E[e^kx; x < 0] = e^(k^2 q / 2) Phi(-k sqrt(q))."""

    def tail(k: int, q: float) -> float:
        return exp(k * k * q / 2.0) * phi(-k * sqrt(q))

    few = slice(0, 5)
    found = exact("elu")
    second = [q / 2.0 + tail(2, q) - 2.0 * tail(1, q) + 0.5 for q in LENGTHS[few]]
    assert found.second[few] == pytest.approx(second, rel=1e-8)
    assert found.slope[few] == pytest.approx([0.5 + tail(2, q) for q in LENGTHS[few]], rel=1e-9)


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    found = exact("selu")
    assert found.hermite[3, 0] == pytest.approx(0.0, abs=1e-9)
    assert found.second[3] == pytest.approx(1.0, abs=1e-9)


def test_a_softplus_as_sharp_as_relu_is_resolved() -> None:
    found = exact("softplus", softplus_beta=1e4)
    assert found.slope[2:] == pytest.approx(0.5, rel=1e-3)
    assert found.second[2:] == pytest.approx(LENGTHS[2:] / 2.0, rel=1e-3)


def test_a_gaussian_that_is_not_around_zero() -> None:
    found = exact("relu", mean=-1.0)
    for q, second, slope in zip(LENGTHS, found.second, found.slope, strict=True):
        s = sqrt(q)
        density = exp(-1.0 / (2.0 * q)) / sqrt(2.0 * pi)
        assert slope == pytest.approx(phi(-1.0 / s), rel=1e-8, abs=1e-20)
        assert second == pytest.approx((1.0 + q) * phi(-1.0 / s) - s * density, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", KNOBS["activation"].choices)
def test_the_table_says_what_quadrature_says(name: str) -> None:
    q = np.array([1e-9, 1e-4, 0.07, 0.5, 1.0, 3.3, 25.0, 2e3, 1e9])
    table = response(name, AT)
    known, wanted = table.at(q), moments(table.phi, np.zeros(len(q)), q)
    for field in ("second", "slope", "fourth", "slope_fourth"):
        assert getattr(known, field) == pytest.approx(getattr(wanted, field), rel=2e-5), field
    size = np.sqrt(wanted.second)[:, None]
    assert known.hermite / size == pytest.approx(wanted.hermite / size, abs=5e-5)


def test_the_table_goes_on_straight_beyond_its_ends() -> None:
    far = response("tanh", AT).at(np.array([1e-30, 1e30]))
    assert far.second == pytest.approx([1e-30, 1.0], rel=1e-3)
    assert far.slope[0] == pytest.approx(1.0)
    assert far.slope[1] == pytest.approx(4.0 / 3.0 / sqrt(2.0 * pi) * 1e-15, rel=1e-3)


def test_two_correlated_gaussians() -> None:
    """The arc-cosine kernel of Cho, Saul 2009 for relu, and that of Williams 1997 for erf."""
    c = np.array([[1.0, 0.6, -0.3], [0.6, 1.0, 0.0], [-0.3, 0.0, 1.0]])
    theta = np.arccos(c)
    found = response("relu", AT).at(np.ones(3))
    kernel = (np.sin(theta) + (pi - theta) * np.cos(theta)) / (2.0 * pi)
    assert overlap(found.hermite, found.second, powers(c)) == pytest.approx(kernel, abs=2e-3)
    found = response("erf", AT).at(np.ones(3))
    kernel = 2.0 / pi * np.arcsin(2.0 * c / 3.0)
    assert overlap(found.hermite, found.second, powers(c)) == pytest.approx(kernel, abs=1e-4)


def test_settings_make_another_response() -> None:
    steep = response("elu", dict(AT) | {"elu-alpha": e})
    assert steep is not response("elu", AT)
    assert steep is response("elu", dict(AT) | {"elu-alpha": e})
