"""Activations: quadrature over the Gaussian that comes in.

Forward E[phi_i phi_j], backward E[g_i g_j] E[phi'_i phi'_j]. Source: Poole, Lahiri, Raghu,
Sohl-Dickstein, Ganguli 2016, eq. 3 and 5; Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017, eq. 7.
"""

from dataclasses import dataclass, replace
from math import exp, sqrt

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.response import ORDER, ROOT, Moments, Response, moments, overlap, powers
from gradsim.insight.theory.rules import coherence
from gradsim.insight.theory.rules import law as law_rules
from gradsim.insight.theory.rules.behind import Origin
from gradsim.insight.theory.scatter import agreement, concentration, correlation, over_batch
from gradsim.insight.theory.units import Gradient, Rows, Units, UntreatedError, swung
from gradsim.nn.activations.base import Activation

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
    """How ln E[phi'^2] of the whole batch follows that of a row's ln q."""


def forward(
    taken: Units, response: Response, name: str, layer: object, index: int, with_law: bool
) -> tuple[Units, list[Passage]]:
    """y = phi(x)."""
    law: Floats | None = None
    means, products, passages, noises, swings, scatters = [], [], [], [], [], []
    for s, normal in enumerate(taken.normal):
        if not normal and (taken.law is None or len(taken.normal) > 1):
            raise UntreatedError(
                f"what enters {name} of layer {layer} is no sum with random weights, so its "
                "distribution is not known"
            )
        known = _moments(taken, s, response)
        moment, passage = _through(taken, s, known)
        if not normal:
            moment, known, passage, law = _by_law(taken, response.phi, moment, known, passage)
        elif with_law:
            passage, law = _lawful(taken, response.phi, passage)
        width = taken.widths[s]
        scatter, slope, lift, passage = _scatter(taken, s, known, response, width, passage)
        factor = exp(lift)
        means.append(known.hermite[:, 0] * factor)
        products.append(moment * factor)
        passages.append(passage)
        centered = np.maximum(known.second - known.hermite[:, 0] ** 2, 1e-300)
        keeps = float(np.mean(known.hermite[:, 1] ** 2 / centered))
        noises.append(taken.noise * min(keeps, 1.0) ** 2 + 1.0 / width)
        scatters.append(scatter)
        swings.append(swung(slope * taken.swings, 3 * index, scatter))
    shares = taken.shares
    return (
        Units(
            widths=taken.widths,
            mean=np.array(means),
            moment=np.array(products),
            normal=(False,) * len(taken.widths),
            noise=float(shares @ noises),
            swings=shares @ np.array(swings),
            sampled=float(shares @ scatters),
            law=law,
            born=_origin(taken, response) if all(taken.normal) else None,
        ),
        passages,
    )


def identity(taken: Units, index: int) -> tuple[Units, list[Passage]]:
    """y = x: whatever comes in."""
    rows = taken.moment.shape[1]
    ones = np.ones((rows, rows))
    passages = []
    for s in range(len(taken.widths)):
        z = correlation(taken.moment[s] - np.outer(taken.mean[s], taken.mean[s]))
        squares = np.ones_like(ones)
        passages.append(Passage(ones, squares, 1.0, z, 1.0, np.eye(2), np.eye(2), 0.0, None, 0.0))
    sampled = 0.0 if taken.raw is not None else float(np.mean(1.0 / np.array(taken.widths)))
    scatter = float(taken.shares**2 @ ((2.0 - 2.0 * taken.fixed) / np.array(taken.widths)))
    moment = taken.moment * exp(-0.5 * scatter)
    return (
        replace(
            taken,
            noise=taken.noise + sampled,
            swings=swung(taken.swings, 3 * index, scatter),
            sampled=scatter,
            moment=moment,
            mean=taken.mean * exp(-0.25 * scatter),
        ),
        passages,
    )


def backward(
    given: Gradient, passages: list[Passage], taken: Units, value: Units, rows: Rows, index: int
) -> Gradient:
    """g = d phi'(x)."""
    given = given.cut(taken.widths) if len(given.widths) < len(taken.widths) else given
    shares = np.array([np.trace(m) for m in given.moment]) * np.array(taken.widths)
    shares = shares / max(float(shares.sum()), 1e-300)
    moments_, alongs = [], []
    tilt, wander, lone, flat, lift, follows = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    together = concentration(given, rows)
    for s, passage in enumerate(passages):
        incoming = given.moment[s]
        slopes, profile = _bent(passage, given.profile)
        moment = incoming * slopes
        moments_.append(moment)
        alongs.append(incoming * passage.along)
        tilt += float(shares[s]) * passage.tilt
        flat += float(shares[s]) * passage.flatness
        lift += float(shares[s]) * passage.lift
        follows += float(shares[s]) * passage.follows
        # Of sum_u phi'_u^2 g_u^2: 3 E[phi'^4] / E[phi'^2]^2 - 1 for one row (Hanin 2018 has the 5
        # of relu), less 2 for the g alone, which the linear op has counted.
        agree = agreement(incoming, given.noise)
        both = passage.squares * (1.0 + 2.0 * agree) - 1.0 - 2.0 * agree
        whole, apart = over_batch(both, together, rows)
        one = float(both.diagonal().mean())
        wander += float(shares[s]) ** 2 * max(whole, 0.0) / taken.widths[s]
        lone += float(shares[s]) ** 2 * max(one - apart, 0.0) / taken.widths[s]
    out = replace(
        given,
        log=given.log + lift,
        moment=np.array(moments_),
        profile=profile,
        along=np.array(alongs),
        tilt=tilt,
        swings=swung(given.swings + follows * taken.swings, 3 * index + 1, wander),
        lone=given.lone + lone,
        noise=given.noise * flat,
    )
    if given.coherent is not None:
        k = np.zeros_like(given.coherent)
        if len(passages) == 1:
            (only,) = passages
            k = coherence.through_slopes(
                given.coherent, only.turn, only.base, coherence.lean(value), taken.widths[0], index
            )
        out = replace(out, coherent=k)
    return out.normalized()


def _moments(taken: Units, s: int, response: Response) -> Moments:
    """The moments of one segment, with the excess kurtosis of what comes in."""
    variance = np.maximum(taken.variances()[s], 0.0)
    mean = taken.mean[s]
    if mean.any():
        return moments(response.phi, mean, variance)
    return _with_tails(response.at(variance), taken.excess)


def _by_law(
    taken: Units, phi: Activation, moment: Floats, known: Moments, passage: Passage
) -> tuple[Floats, Moments, Passage, Floats | None]:
    """What is not Gaussian: the moments of one row by its law, those of two as a Gaussian's."""
    assert taken.law is not None
    x = law_rules.scaled(taken.law, taken.mean[0], taken.variances()[0])
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
    return (
        product,
        replace(
            known,
            second=second,
            hermite=hermite,
            slope=steep,
            fourth=(y2 * y2).mean(axis=1) / second**2,
            slope_fourth=(slope2 * slope2).mean(axis=1) / steep**2,
        ),
        replace(
            passage,
            slopes=passage.slopes * ratio[:, None] * ratio,
            bent=(slope2, slope2.mean(axis=0)),
        ),
        _image(phi, taken.values()),
    )


def _lawful(taken: Units, phi: Activation, passage: Passage) -> tuple[Passage, Floats | None]:
    """For a Gaussian the same things that `_by_law` keeps, where they will be asked for."""
    if len(taken.widths) > 1:
        return passage, None
    x = law_rules.scaled(law_rules.normal(), taken.mean[0], taken.variances()[0])
    slope = np.empty_like(x)
    phi.slope(x, np.empty_like(x), slope)
    slope2 = slope * slope
    law = _image(phi, taken.values())
    return replace(passage, bent=(slope2, slope2.mean(axis=0))), law


def _bent(passage: Passage, profile: Floats | None) -> tuple[Floats, Floats | None]:
    """E[phi'_i phi'_j] weighted by how g^2 depends on the unit's value, and what it then does."""
    if passage.bent is None:
        return passage.slopes, None
    steep, average = passage.bent
    flat = np.ones(len(average)) if profile is None else profile
    now, was = steep @ flat / len(flat), steep.mean(axis=1)
    ratio = np.sqrt(np.maximum(now, 0.0) / np.maximum(was, 1e-300))
    return passage.slopes * ratio[:, None] * ratio, law_rules.leveled(average * flat)


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
    squares = overlap(b, known.slope_fourth, power)
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
        tilt=float(np.mean(by_z / slope)),
        along=along,
        flatness=_apart(correlation(slopes) ** 2),
        turn=turn.mean(axis=2),
        base=base.mean(axis=2),
        lift=0.0,
        bent=None,
        follows=float(np.sqrt(np.mean(together**2))),
    )


def _origin(taken: Units, response: Response) -> Origin | None:
    if len(taken.widths) > 1 or taken.mean.any():
        return None
    covariance = taken.moment[0]
    rows = len(covariance)
    variance = float(covariance.diagonal().mean())
    common = (float(covariance.sum()) / rows - variance) / max(rows - 1, 1)
    return Origin(response, variance, common)


def _apart(matrix: Floats) -> float:
    """The mean over two rows apart; 1 where there is but one row."""
    count = len(matrix)
    if count < 2:
        return 1.0
    return float(matrix.sum() - matrix.diagonal().sum()) / (count * (count - 1))


def _scatter(
    taken: Units, s: int, known: Moments, response: Response, width: int, passage: Passage
) -> tuple[float, float, float, Passage]:
    """Of ln E[phi^2]: the variance that so many units add, its slope by ln q, its typical shift."""
    scatter = float(np.mean(known.fourth) - 1.0) / width
    q = float(np.mean(taken.variances()[s]))
    if taken.mean[s].any() or q <= 0.0:
        return scatter, 0.0, -0.5 * scatter, replace(passage, follows=0.0)
    (shift, back_shift), (slope, back) = response.around(float(np.log(q)), taken.wander)
    scatter = max(scatter - taken.fixed * 2.0 * slope**2 / width, 0.0)
    lift = float(shift) - 0.5 * scatter
    # E[z phi' phi] = E[phi^2] d ln E[phi^2] / d ln q / sqrt(q), by Stein's lemma
    turn = passage.turn.copy()
    turn[1, 1] = slope * float(
        np.mean(np.sqrt(known.second / np.maximum(known.slope * taken.variances()[s], 1e-300)))
    )
    return (
        scatter,
        slope,
        lift,
        replace(
            passage,
            turn=turn,
            lift=float(back_shift),
            follows=passage.follows * back,
        ),
    )
