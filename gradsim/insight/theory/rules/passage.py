"""What an activation makes of a Gaussian, or of another known distribution, for both directions."""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.response import (
    ORDER,
    ROOT,
    Moments,
    Response,
    average,
    moments,
    overlap,
    powers,
)
from gradsim.insight.theory.rules import coherence
from gradsim.insight.theory.rules import law as laws
from gradsim.insight.theory.scatter import apart, correlation, with_noise
from gradsim.insight.theory.units import Units
from gradsim.nn.activations.base import Activation

ALIKE = 1e-7
"""Share of the largest entry by which two matrices may differ and still count as the same."""

_FOUR = sqrt(24.0)
"""An excess kurtosis k adds k E[f h_4] / sqrt(24) to E[f]: Gram 1883, Charlier 1905."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What an activation did to one segment, kept for the way back."""

    slopes: Floats
    """E[phi'_i phi'_j]: (rows, rows)."""
    squares: Floats
    """E[phi'_i^2 phi'_j^2] / (E[phi'_i^2] E[phi'_j^2]): (rows, rows)."""
    tilt: float
    """E[phi'^2 z^2] / E[phi'^2]."""
    along: Floats
    """E[z_i phi'_i z_j phi'_j]: (rows, rows)."""
    keeps: float
    """How a small change of the correlation of two rows goes on."""
    flatness: float
    """E[phi'_i phi'_j]^2 / (E[phi'_i^2] E[phi'_j^2]), averaged over two rows apart."""
    turn: Floats
    """What becomes of the coherent part of a gradient: (2, 2), see `coherence`."""
    base: Floats
    """What chance makes of the rest of it, times the units: (2, 2)."""
    lift: float
    """What the scatter of q adds to ln E[phi'^2]."""
    bent: tuple[Floats, Floats] | None
    """phi'^2 at the values of a law (rows, values), and their shares for an average row."""
    follows: float
    """How ln E[phi'^2] of a row follows its ln q."""
    alike: float
    """How far the rows' ln q are alike: the root mean square of their correlations."""


def passed(
    taken: Units, s: int, response: Response, with_law: bool
) -> tuple[Moments, Floats, Passage, Floats | None]:
    """Of one segment: the moments, E[phi_i phi_j], what the way back needs, and values of phi.

    The values are equally likely ones, where they will be asked for.
    """
    known = _moments(taken, s, response)
    moment, passage = _through(taken, s, known)
    if not taken.normal[s]:
        return _by_law(taken, s, response.phi, moment, known, passage)
    if with_law:
        passage, law = _lawful(taken, s, response.phi, passage)
        return known, moment, passage, law
    return known, moment, passage, None


Passed = tuple[Moments, Floats, Passage, Floats | None]


class Seen:
    """Remembers what came of the last Gaussian, since deep inside a network all are alike."""

    def __init__(self) -> None:
        self._last: tuple[Response, Floats, float, float, Passed] | None = None

    def passed(self, taken: Units, s: int, response: Response, with_law: bool) -> Passed:
        """As the function `passed` has it; the same again where nearly the same comes in."""
        if with_law or not taken.normal[s] or taken.mean[s].any():
            return passed(taken, s, response, with_law)
        moment = taken.moment[s]
        if self._last:
            known, before, excess, balance, found = self._last
            same = known is response and (excess, balance) == (taken.excess, taken.balance)
            if same and np.abs(moment - before).max() <= ALIKE * before.max():
                return found
        found = passed(taken, s, response, with_law)
        self._last = response, moment, taken.excess, taken.balance, found
        return found


def straight(taken: Units, s: int) -> Passage:
    """The passage of an identity: whatever comes in."""
    rows = taken.moment.shape[1]
    ones = np.ones((rows, rows))
    return Passage(
        slopes=ones,
        squares=ones,
        tilt=1.0,
        along=correlation(taken.moment[s] - np.outer(taken.mean[s], taken.mean[s])),
        keeps=1.0,
        flatness=1.0,
        turn=np.eye(2),
        base=np.eye(2),
        lift=0.0,
        bent=None,
        follows=0.0,
        alike=1.0,
    )


def _moments(taken: Units, s: int, response: Response) -> Moments:
    """The moments of one segment, with the excess kurtosis of what comes in."""
    variance = np.maximum(taken.variances()[s], 0.0)
    mean = taken.mean[s]
    if mean.any():
        return moments(response.phi, mean, variance)
    return _with_tails(response.at(variance), taken.excess)


def _by_law(
    taken: Units, s: int, phi: Activation, moment: Floats, known: Moments, passage: Passage
) -> tuple[Moments, Floats, Passage, Floats | None]:
    """What is not Gaussian: the moments of one row by its law, those of two as a Gaussian's."""
    shape = taken.law(s)
    assert shape is not None
    x = laws.scaled(shape, taken.mean[s], taken.variances()[s])
    y, slope = np.empty_like(x), np.empty_like(x)
    phi.value(x, y)
    phi.slope(x, y, slope)
    y2, slope2 = y * y, slope * slope
    mean, second = y.mean(axis=1), np.maximum(y2.mean(axis=1), 1e-300)
    steep = np.maximum(slope2.mean(axis=1), 1e-300)
    was = np.sqrt(np.maximum(known.second - known.hermite[:, 0] ** 2, 1e-300))
    now = np.sqrt(np.maximum(second - mean**2, 0.0)) / was
    apart = moment - np.outer(known.hermite[:, 0], known.hermite[:, 0])
    product = np.outer(mean, mean) + apart * now[:, None] * now
    np.fill_diagonal(product, second)
    hermite = known.hermite * now[:, None]
    hermite[:, 0] = mean
    ratio = np.sqrt(steep / np.maximum(known.slope, 1e-300))
    turn, base = _coherence(x, y, slope)
    return (
        replace(
            known,
            second=second,
            hermite=hermite,
            slope=steep,
            fourth=(y2 * y2).mean(axis=1) / second**2,
            slope_fourth=(slope2 * slope2).mean(axis=1) / steep**2,
        ),
        product,
        replace(
            passage,
            slopes=passage.slopes * ratio[:, None] * ratio,
            bent=(slope2, slope2.mean(axis=0)),
            turn=turn,
            base=base,
        ),
        _image(phi, taken.values(s)),
    )


def _coherence(x: Floats, y: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """`turn` and `base` from values of x, phi(x) and phi'(x), for x of any mean: (rows, values)."""
    own = x / np.sqrt(np.maximum((x * x).mean(axis=1, keepdims=True), 1e-300))
    gone = y / np.sqrt(np.maximum((y * y).mean(axis=1, keepdims=True), 1e-300))
    steep = slope / np.sqrt(np.maximum((slope * slope).mean(axis=1, keepdims=True), 1e-300))
    basis = np.array([np.ones_like(own), own])
    apart = np.linalg.inv(coherence.gram(average(own)))
    turn = np.einsum("arv,rv,brv->ab", basis, steep, np.array([basis[0], gone])) / own.size
    base = np.einsum("arv,rv,brv->ab", basis, steep * steep, basis) / own.size
    return apart @ turn, apart @ base @ apart


def _lawful(
    taken: Units, s: int, phi: Activation, passage: Passage
) -> tuple[Passage, Floats | None]:
    """For a Gaussian the same things that `_by_law` keeps, where they will be asked for."""
    x = laws.scaled(laws.normal(), taken.mean[s], taken.variances()[s])
    y, slope = np.empty_like(x), np.empty_like(x)
    phi.value(x, y)
    phi.slope(x, y, slope)
    slope2 = slope * slope
    law = _image(phi, taken.values(s))
    return replace(passage, bent=(slope2, slope2.mean(axis=0))), law


def bent(
    passage: Passage, profile: Floats | None, units: int
) -> tuple[Floats, Floats, Floats | None]:
    """`slopes` and `squares` weighted by how g^2 depends on a unit's value, and what it then does.

    Where the units that let a gradient through are those that have one, nothing new scatters.
    """
    if passage.bent is None:
        return passage.slopes, passage.squares, None
    steep, middle = passage.bent
    flat = np.ones(len(middle)) if profile is None else profile
    now, was = steep @ flat / len(flat), steep.mean(axis=1)
    ratio = np.sqrt(np.maximum(now, 0.0) / np.maximum(was, 1e-300))
    passed = middle * flat
    uneven = average(passed * passed) / max(average(passed) ** 2 * average(flat * flat), 1e-300)
    even = average(middle * middle) / max(average(middle) ** 2, 1e-300)
    return (
        passage.slopes * ratio[:, None] * ratio,
        passage.squares * (uneven / even if even > 0.0 else 1.0),
        laws.leveled(passed, units),
    )


def _image(phi: Activation, values: Floats | None) -> Floats | None:
    """phi of these values, in their order."""
    if values is None:
        return None
    x = np.ascontiguousarray(values[None])
    y = np.empty_like(x)
    phi.value(x, y)
    return np.asarray(y[0])


def _with_tails(found: Moments, excess: float) -> Moments:
    """The moments where the Gaussian has this excess kurtosis."""
    if not excess:
        return found
    tail = excess / _FOUR
    hermite = found.hermite.copy()
    hermite[:, 0] += tail * found.hermite[:, 4]
    # z h_4 = sqrt(5) h_5 + 2 h_3
    hermite[:, 1] += tail * (ROOT[5] * found.hermite[:, 5] + 2.0 * found.hermite[:, 3])
    slope_hermite = found.slope_hermite.copy()
    slope_hermite[:, 0] += tail * found.slope_hermite[:, 4]
    slope_hermite[:, 0] = np.maximum(slope_hermite[:, 0], 0.0)
    return replace(
        found,
        second=np.maximum(found.second + tail * found.second_four, 0.0),
        hermite=hermite,
        slope=slope_hermite[:, 0],
        slope_hermite=slope_hermite,
    )


def _through(taken: Units, s: int, known: Moments) -> tuple[Floats, Passage]:
    """E[phi_i phi_j], and what is needed on the way back."""
    variance = np.maximum(taken.variances()[s], 1e-300)
    together = correlation(taken.moment[s] - np.outer(taken.mean[s], taken.mean[s]))
    power = powers(together)
    moment = overlap(known.hermite, known.second, power)
    if taken.balance:
        # Squares of two rows are opposed, since those of all rows have a fixed sum.
        moment -= taken.balance * np.outer(known.hermite[:, 2], known.hermite[:, 2])
        np.fill_diagonal(moment, known.second)
    e = known.hermite[:, 1:] * (np.array(ROOT[1:ORDER]) / np.sqrt(variance)[:, None])
    slopes = overlap(e, known.slope, power)
    np.fill_diagonal(slopes, known.slope)
    b = known.slope_hermite / np.maximum(known.slope, 1e-300)[:, None]
    squares = overlap(b, known.slope_fourth, powers(with_noise(together, taken.noise)))
    by_z = known.slope + ROOT[2] * known.slope_hermite[:, 2]
    first, second = e[:, 1], e[:, 0] + ROOT[2] * e[:, 2]
    along = np.outer(first, first) + together * np.outer(second, second)
    np.fill_diagonal(along, by_z)
    slope = np.maximum(known.slope, 1e-300)
    root, rise = np.sqrt(variance), np.sqrt(np.maximum(known.second, 1e-300))
    by_phi, by_z_phi = known.second_one / (2.0 * root * rise), known.hermite[:, 0] * 0.0
    turn = np.array([[e[:, 0], by_phi], [first, by_z_phi]]) / np.sqrt(slope)
    lean = known.slope_hermite[:, 1] / slope
    base = np.array([[slope / slope, lean], [lean, by_z / slope]])
    return moment, Passage(
        slopes=slopes,
        squares=squares,
        tilt=average(by_z / slope),
        along=along,
        keeps=_keeps(taken, known, variance, slopes),
        flatness=apart(correlation(slopes) ** 2),
        turn=turn.mean(axis=2),
        base=base.mean(axis=2),
        lift=0.0,
        bent=None,
        follows=0.0,
        alike=float(np.sqrt(np.mean(together**2))),
    )


def _keeps(taken: Units, known: Moments, variance: Floats, slopes: Floats) -> float:
    """d corr(phi_i, phi_j) / d corr(x_i, x_j), averaged over two rows apart: within 0 and 1.

    Behind batch normalization of the rows without their mean, else of the rows as they are.
    """
    if taken.balance:
        own = np.maximum(known.second - known.hermite[:, 0] ** 2, 1e-300)
        return min(average(known.hermite[:, 1] ** 2 / own), 1.0)
    size = np.sqrt(variance / np.maximum(known.second, 1e-300))
    return min(max(apart(slopes * size[:, None] * size), 0.0), 1.0)
