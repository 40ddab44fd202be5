"""Batch normalization right behind an activation: units differ by what all rows have in common.

A pre-activation is z_i = a + e_i, with a common to the rows (a bias, or what all rows share) and
e_i of its own: a ~ N(0, c), e_i ~ N(0, q - c). Each unit is divided by its own spread,
Var(phi(z) | a), which may be far from the mean over the units: a saturated unit is blown up, a dead
one is nothing. In a large batch the squared gradient is multiplied by
E_a[E[phi'^2 | a] / Var(phi | a)].
"""

from dataclasses import dataclass

import numpy as np

from gradsim.insight.theory.quadrature import grid
from gradsim.insight.theory.response import TINY, Response

ALIKE = 1e-3
"""Share of the variance in common up to which all units count as alike."""

FEW = 0.2
"""Share of a unit's gradient lost to its own statistics from which on few rows make them."""

MOST = 0.14
"""Share of the gradient from such units up to which the large batch says what is typical.

Layer 1 may have more: the rows of the data have much in common, and one layer does not decide.
"""

_A, _W = np.polynomial.hermite_e.hermegauss(24)
_W = _W / _W.sum()


@dataclass(frozen=True, slots=True)
class Origin:
    """The Gaussian that an activation was applied to."""

    response: Response
    variance: float
    common: float
    """The mean covariance of two rows."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What it means that units have spreads of their own."""

    kept: float
    """E_a[Var / (Var + eps)]: the mean square of the normalized units."""
    steeper: float
    """The factor on the squared gradient, besides E[phi'^2] / E[Var(phi | a)]."""
    rare: float
    """The share of it from units that only few rows of the batch keep from being flat."""


def spread(origin: Origin, batch: int, eps: float) -> Spread:
    """The effects of a common part, in a batch of so many rows."""
    phi = origin.response.phi
    whole = max(origin.variance, TINY)
    common = min(max(origin.common, 0.0), whole)
    own = max(whole - common, TINY)
    x, w = grid(_A * common**0.5, np.full(len(_A), own), phi.kinks, phi.bend)
    y, slope = np.empty_like(x), np.empty_like(x)
    phi.value(x, y)
    phi.slope(x, y, slope)
    mean = np.einsum("an,an->a", w, y)
    apart = (y - mean[:, None]) ** 2
    variance = np.einsum("an,an->a", w, apart)
    steep = slope * slope
    passed = np.einsum("an,an->a", w, steep)
    along = np.einsum("an,an->a", w, steep * apart)
    # Of a unit with few rows that are not flat, what passes is along 1 and x_hat, and is taken out.
    lost = (1.0 + along / np.maximum(variance * passed, TINY)) / batch
    left = np.maximum(1.0 - lost, 0.0)
    mean_variance, mean_passed = float(_W @ variance), float(_W @ passed)
    taken = 1.0 + float(_W @ along) / max(mean_variance * mean_passed, TINY)
    usual = mean_passed / (mean_variance + eps) * (1.0 - taken / batch)
    gained = _W * passed / (variance + eps)
    found = float(gained @ left)
    return Spread(
        kept=float(_W @ (variance / (variance + eps))),
        steeper=found / usual if usual > 0.0 else 1.0,
        rare=float(gained[lost > FEW].sum() / max(float(gained.sum()), TINY)),
    )
