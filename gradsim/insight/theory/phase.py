"""The numbers of a layer stacked on itself: where the length settles, and what the gradient does.

Length map: q' = sigma_w^2 E[phi(sqrt(q) z)^2] + sigma_b^2, with a stable fixed point q* (Poole,
Lahiri, Raghu, Sohl-Dickstein, Ganguli 2016, eq. 3). On the way back the squared gradient changes by
chi = sigma_w^2 E[phi'(sqrt(q*) z)^2] for each layer (the same, eq. 12), and so by a factor e within
the depth scale 1 / |ln chi| (Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017, eq. 13). Weights are
critical where chi(q*) = 1.
"""

from dataclasses import dataclass
from math import exp, inf, isfinite, log, nan

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.response import Moments, Response

_NEAR = 1e-9
"""A length map this close to the identity, in ln q, keeps every length."""

_ALIKE = 2e-3
"""A chi this close to 1 counts as 1 where q goes to 0."""


@dataclass(frozen=True, slots=True)
class Phase:
    """The numbers; infinite or NaN where they are so."""

    weight_variance: float
    """sigma_w^2 = fan_in Var(W)."""
    bias_variance: float
    """sigma_b^2."""
    length: float
    """q*: the variance of a pre-activation far from the input."""
    chi: float
    """By what the squared gradient is multiplied with from layer to layer, there."""
    critical_variance: float
    """sigma_w^2 at which chi is 1 for this sigma_b^2; NaN where there is none."""

    @property
    def depth_scale(self) -> float:
        """1 / |ln chi|: layers within which the squared gradient changes by a factor e."""
        if not self.chi > 0.0 or not isfinite(self.chi):
            return 0.0 if self.chi in (0.0, inf) else nan
        rate = abs(log(self.chi))
        return inf if rate < 1e-6 else 1.0 / rate


def plain(response: Response, weight_variance: float, bias_variance: float, q: float) -> Phase:
    """The numbers of linear and activation alone; `q` is the length that comes in first."""
    length = fixed_point(response, weight_variance, bias_variance, q)
    return Phase(
        weight_variance,
        bias_variance,
        length,
        weight_variance * _slope(response, length),
        critical_variance(response, bias_variance),
    )


def fixed_point(
    response: Response, weight_variance: float, bias_variance: float, q: float
) -> float:
    """q* as the length map reaches it from q: 0 or infinite where it goes that far.

    Where the map keeps every length, it is q itself.
    """
    ln_q, ln_second, _ = response.table()

    def rise(at: Floats, second: Floats) -> Floats:
        return np.asarray(np.log(weight_variance * np.exp(second) + bias_variance) - at)

    def at_one(ln: float) -> float:
        found = response.at(np.array([exp(ln)]))
        return float(rise(np.array([ln]), np.log(found.second))[0])

    start = log(min(max(q, exp(ln_q[0])), exp(ln_q[-1])))
    here = at_one(start)
    if abs(here) < _NEAR:
        return q
    every = rise(ln_q, ln_second)
    if here > 0.0:
        ahead = np.flatnonzero((ln_q > start) & (every < -_NEAR))
        if not ahead.size:
            return inf
        low, high = start, float(ln_q[ahead[0]])
    else:
        behind = np.flatnonzero((ln_q < start) & (every > _NEAR))
        if not behind.size:
            return 0.0
        low, high = float(ln_q[behind[-1]]), start
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if at_one(middle) > 0.0 else (low, middle)
    return exp(0.5 * (low + high))


def critical_variance(response: Response, bias_variance: float) -> float:
    """sigma_w^2 with chi(q*) = 1: of the weights that make q a fixed point, where chi crosses 1.

    Those are sigma_w^2 = (q - sigma_b^2) / E[phi^2], with chi = (q - sigma_b^2) E[phi'^2] /
    E[phi^2]. The first crossing from small q counts; without biases that may be at q = 0.
    """
    ln_q, ln_second, ln_slope = response.table()
    free = np.exp(ln_q) - bias_variance
    usable = free > 0.0
    free, ln_q = free[usable], ln_q[usable]
    second, slope = np.exp(ln_second[usable]), np.exp(ln_slope[usable])
    if not free.size:
        return nan
    chi = free * slope / second
    if abs(chi[0] - 1.0) < _ALIKE and not bias_variance:
        return float(free[0] / second[0])
    if abs(chi[-1] - 1.0) < _NEAR and (chi < 1.0).all():
        return float(free[-1] / second[-1])  # chi nears 1 from below as q* goes to infinity
    crossing = np.flatnonzero((chi[:-1] - 1.0) * (chi[1:] - 1.0) <= 0.0)
    if not crossing.size:
        return nan
    low, high = float(ln_q[crossing[0]]), float(ln_q[crossing[0] + 1])
    below = chi[crossing[0]] < 1.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        found = response.at(np.array([exp(middle)]))
        under = (exp(middle) - bias_variance) * found.slope[0] / found.second[0] < 1.0
        low, high = (middle, high) if under == below else (low, middle)
    return float((exp(low) - bias_variance) / response.at(np.array([exp(low)])).second[0])


def row_normalized(response: Response, weight_variance: float, bias_variance: float) -> Phase:
    """With each row normalized before the activation: x_hat has variance 1 whatever the weights.

    chi = sigma_w^2 E[phi'(z)^2] / (sigma_w^2 E[phi(z)^2] + sigma_b^2).
    """
    found = response.at(np.ones(1))
    length = weight_variance * float(found.second[0]) + bias_variance
    chi = weight_variance * float(found.slope[0]) / length
    return Phase(weight_variance, bias_variance, length, chi, _balancing(found, bias_variance))


def batch_normalized(response: Response, weight_variance: float, bias_variance: float) -> Phase:
    """With each unit normalized over a large batch: chi = E[phi'(z)^2] / Var(phi(z)).

    Neither weights nor biases matter. Source: Yang, Pennington, Rao, Sohl-Dickstein, Schoenholz
    2019.
    """
    found = response.at(np.ones(1))
    spread = float(found.second[0] - found.hermite[0, 0] ** 2)
    length = weight_variance * spread
    return Phase(weight_variance, bias_variance, length, float(found.slope[0]) / spread, nan)


def _balancing(found: Moments, bias_variance: float) -> float:
    """sigma_w^2 with sigma_w^2 E[phi'^2] = sigma_w^2 E[phi^2] + sigma_b^2; NaN without one."""
    slope, second = float(found.slope[0]), float(found.second[0])
    return bias_variance / (slope - second) if bias_variance > 0.0 and slope > second else nan


def _slope(response: Response, q: float) -> float:
    """E[phi'^2] at q; its limit where q is 0 or infinite."""
    _, _, ln_slope = response.table()
    if q == 0.0:
        return exp(float(ln_slope[0]))
    if q == inf:
        return exp(float(ln_slope[-1]))
    return float(response.at(np.array([q])).slope[0])
