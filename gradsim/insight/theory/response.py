"""How an activation answers a Gaussian: moments of phi and of its slope, as functions of q."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt
from typing import Any

import numpy as np

from gradsim.insight.theory.quadrature import Floats, grid, hermite
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.activations.base import Activation
from gradsim.nn.op import Parameter
from gradsim.nn.settings import Value

ORDER = 9
"""Hermite coefficients of phi that are kept; what is left counts as one more of that order."""

SLOPE_ORDER = 5
"""The same for phi'^2."""

TINY = 1e-300
"""Variances below count as this one, so that each has a logarithm."""

_STEP = 0.25
_RANGE = 24.0


@dataclass(frozen=True, slots=True)
class Moments:
    """What an activation does to x ~ N(mean, q), for each of some q, with z = (x - mean) / sqrt(q).

    Rows belong to the q: all arrays are (rows,) or (rows, order).
    """

    second: Floats
    """E[phi^2]."""
    hermite: Floats
    """E[phi h_k(z)], h_k orthonormal: (rows, ORDER). The first is the mean of phi."""
    second_one: Floats
    """E[phi^2 z]."""
    second_four: Floats
    """E[phi^2 h_4(z)]."""
    fourth: Floats
    """E[phi^4] / E[phi^2]^2."""
    slope: Floats
    """E[phi'^2]."""
    slope_hermite: Floats
    """E[phi'^2 h_k(z)]: (rows, SLOPE_ORDER). The first is `slope`."""
    slope_fourth: Floats
    """E[phi'^4] / E[phi'^2]^2."""


def function(name: str, settings: Mapping[str, Value]) -> Activation:
    """An activation of these settings with one unit, its parameters at their start."""
    given = dict(settings) | ({"prelu-slopes": "shared"} if name == "prelu" else {})
    phi = ACTIVATIONS[name](1, 1, "float64", given)
    phi.bind(
        {
            spec.name: Parameter(
                spec.name, np.full(spec.shape, spec.start, np.float64), np.zeros(spec.shape)
            )
            for spec in phi.parameters()
        }
    )
    return phi


def moments(phi: Activation, mean: Floats, variance: Floats) -> Moments:
    """The moments for x ~ N(mean, variance), by quadrature; `mean`, `variance`: (rows,)."""
    spread = np.maximum(variance, TINY)
    x, w = grid(mean, spread, phi.kinks, phi.bend)
    z = (x - mean[:, None]) / np.sqrt(spread)[:, None]
    y, slope = np.empty_like(x), np.empty_like(x)
    phi.value(x, y)
    phi.slope(x, y, slope)
    weighted = hermite(z, ORDER) * w
    y2, slope2 = y * y, slope * slope
    second = np.einsum("rn,rn->r", w, y2)
    slope_hermite = np.einsum("krn,rn->rk", weighted[:SLOPE_ORDER], slope2)
    return Moments(
        second=second,
        hermite=np.einsum("krn,rn->rk", weighted, y),
        second_one=np.einsum("rn,rn->r", weighted[1], y2),
        second_four=np.einsum("rn,rn->r", weighted[4], y2),
        fourth=np.einsum("rn,rn->r", w, y2 * y2) / np.maximum(second * second, TINY),
        slope=slope_hermite[:, 0],
        slope_hermite=slope_hermite,
        slope_fourth=np.einsum("rn,rn->r", w, slope2 * slope2)
        / np.maximum(slope_hermite[:, 0] ** 2, TINY),
    )


class Response:
    """The moments of one activation for x ~ N(0, q), for any q, from a table over ln q.

    Between the entries cubic, good to 1e-5 of a moment; beyond them straight in logarithms, which
    is what every activation nears far from its bend.
    """

    def __init__(self, phi: Activation) -> None:
        self.phi = phi
        self._low = 2.0 * log(phi.bend) - _RANGE
        count = int(2.0 * _RANGE / _STEP) + 1
        ln_q = self._low + _STEP * np.arange(count)
        found = moments(phi, np.zeros(count), np.exp(ln_q))
        size = np.sqrt(np.maximum(found.second, TINY))[:, None]
        columns = np.column_stack(
            [
                np.log(np.maximum(found.second, TINY)),
                np.log(np.maximum(found.slope, TINY)),
                np.log(np.maximum(found.fourth, 1.0)),
                np.log(np.maximum(found.slope_fourth, 1.0)),
                found.second_four / size[:, 0] ** 2,
                found.second_one / size[:, 0] ** 2,
                found.hermite / size,
                found.slope_hermite[:, 1:] / np.maximum(found.slope, TINY)[:, None],
            ]
        )
        self._cubics = _cubics(columns)
        self._count = count - 1

    def at(self, q: Floats) -> Moments:
        """The moments for these q: (rows,), of at least 0."""
        value = self._columns(np.log(np.maximum(q, TINY)))
        second, slope = np.exp(value[:, 0]), np.exp(value[:, 1])
        size = np.exp(0.5 * value[:, 0])[:, None]
        return Moments(
            second=second,
            hermite=value[:, 6 : 6 + ORDER] * size,
            second_one=value[:, 5] * second,
            second_four=value[:, 4] * second,
            fourth=np.exp(value[:, 2]),
            slope=slope,
            slope_hermite=np.column_stack([slope, value[:, 6 + ORDER :] * slope[:, None]]),
            slope_fourth=np.exp(value[:, 3]),
        )

    def table(self) -> tuple[Floats, Floats, Floats]:
        """ln q of the entries, with ln E[phi^2] and ln E[phi'^2] there."""
        ln_q = self._low + _STEP * np.arange(self._count, dtype=np.float64)
        return ln_q, self._cubics[0][:, 0], self._cubics[0][:, 1]

    def around(self, ln_q: float, variance: float) -> tuple[Floats, Floats]:
        """ln E[phi^2] and ln E[phi'^2] while ln q scatters with this variance around `ln_q`.

        By how much their means differ from their values at `ln_q`, and their slopes by ln q.
        """
        step = (3.0 * variance + _STEP**2) ** 0.5
        at = np.array([ln_q - step, ln_q, ln_q + step])
        below, here, above = self._columns(at, 2)
        # Three nodes are exact to the fifth power: Gauss-Hermite.
        weight = 0.5 * variance / step**2
        return weight * (above - 2.0 * here + below), (above - below) / (2.0 * step)

    def _columns(self, ln_q: Floats, most: int | None = None) -> Floats:
        """The table's columns, or the first of them, at these ln q: (rows, columns)."""
        place = (ln_q - self._low) / _STEP
        index = np.minimum(np.maximum(place.astype(np.int64), 0), self._count - 1)
        t = (place - index)[:, None]
        inside = np.minimum(np.maximum(t, 0.0), 1.0)
        a, b, c, d = (piece[index, :most] for piece in self._cubics)
        value = a + inside * (b + inside * (c + inside * d))
        beyond = t - inside
        if beyond.any():
            # Only the logarithms of second and slope go on; the ratios stay as they are.
            value[:, :2] += (beyond * (b + inside * (2.0 * c + 3.0 * inside * d)))[:, :2]
        return np.asarray(value)


def response(name: str, at: Mapping[str, Any]) -> Response:
    """The response of an activation with its settings among `at`; kept for the next time."""
    own = tuple((setting.name, at[setting.name]) for setting in ACTIVATIONS[name].settings)
    return _kept(name, own)


@lru_cache(maxsize=64)
def _kept(name: str, settings: tuple[tuple[str, Value], ...]) -> Response:
    with np.errstate(all="ignore"):
        return Response(function(name, dict(settings)))


def _cubics(columns: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The coefficients of cubic pieces between the rows: four times (pieces, columns).

    With slopes of fourth order.
    """
    slopes = np.gradient(columns, axis=0, edge_order=2)
    slopes[2:-2] = (columns[:-4] - 8.0 * columns[1:-3] + 8.0 * columns[3:-1] - columns[4:]) / 12.0
    rise = columns[1:] - columns[:-1]
    one, other = slopes[:-1], slopes[1:]
    return columns[:-1], one, 3.0 * rise - 2.0 * one - other, one + other - 2.0 * rise


def average(values: Floats) -> float:
    """The mean of all entries, without the checks of `np.mean`."""
    return float(np.add.reduce(values, axis=None)) / values.size


def powers(correlation: Floats) -> Floats:
    """1, c, c^2 ... for `overlap`: (ORDER + 1, rows, rows)."""
    out = np.empty((ORDER + 1, *correlation.shape))
    out[0] = 1.0
    for k in range(ORDER):
        np.multiply(out[k], correlation, out=out[k + 1])
    return out


def overlap(coefficients: Floats, whole: Floats, power: Floats) -> Floats:
    """E[f(x_i) f(x_j)] of Gaussians, from the powers of their correlation: (rows, rows).

    `coefficients`: (rows, order), those of f over h_k; `whole`: (rows,), E[f^2], which it is where
    the correlation is 1. Mehler: sum_k a_k(i) a_k(j) correlation^k.
    """
    order = coefficients.shape[1]
    every = np.empty((order + 1, len(whole)))
    every[:order] = coefficients.T
    rest = whole - np.einsum("rk,rk->r", coefficients, coefficients)
    every[order] = np.sqrt(np.maximum(rest, 0.0))
    products = power[: order + 1] * every[:, :, None]
    products *= every[:, None, :]
    return np.asarray(np.add.reduce(products))


ROOT = tuple(sqrt(k) for k in range(ORDER + 1))
"""Square roots of the whole numbers from 0."""
