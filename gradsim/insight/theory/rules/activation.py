"""Activations: quadrature over the Gaussian that comes in.

Forward E[phi_i phi_j], backward E[g_i g_j] E[phi'_i phi'_j]. Source: Poole, Lahiri, Raghu,
Sohl-Dickstein, Ganguli 2016, eq. 3 and 5; Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017, eq. 7.
"""

from dataclasses import replace
from math import exp, log1p

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.response import Moments, Response, average
from gradsim.insight.theory.rules import coherence
from gradsim.insight.theory.rules.behind import Origin
from gradsim.insight.theory.rules.passage import Passage, Seen, bent, straight
from gradsim.insight.theory.scatter import agreement, concentration, over_batch
from gradsim.insight.theory.units import Gradient, Rows, Units, UntreatedError, swung

SECOND_ORDER = 3.0
"""How far the effect of a length that scatters may be off, as a multiple of it: measured."""


def forward(
    taken: Units,
    response: Response,
    name: str,
    layer: object,
    rows: Rows,
    index: int,
    with_law: bool,
    seen: Seen,
) -> tuple[Units, list[Passage]]:
    """y = phi(x)."""
    laws: list[Floats | None] = []
    means, products, passages, noises, swings, scatters = [], [], [], [], [], []
    for s, normal in enumerate(taken.normal):
        if not normal and (taken.law(s) is None):
            raise UntreatedError(
                f"what enters {name} of layer {layer} is no sum with random weights, so its "
                "distribution is not known"
            )
        known, moment, passage, law = seen.passed(taken, s, response, with_law)
        laws.append(law)
        width = taken.widths[s]
        scatter, slope, lift, passage = _scatter(taken, s, known, response, width, passage)
        factor = exp(lift)
        means.append(known.hermite[:, 0] * factor)
        products.append(moment * factor)
        passages.append(passage)
        noise = taken.noise * passage.keeps**2
        noises.append(noise + (1.0 - min(noise, 1.0)) / width)
        scatters.append(scatter)
        swings.append(swung(slope * taken.swings, rows.source(index), scatter))
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
            laws=tuple(laws),
            born=_origin(taken, response) if all(taken.normal) else None,
        ),
        passages,
    )


def identity(taken: Units, rows: Rows, index: int) -> tuple[Units, list[Passage]]:
    """y = x: whatever comes in."""
    passages = [straight(taken, s) for s in range(len(taken.widths))]
    sampled = 0.0 if taken.raw is not None else average(1.0 / np.array(taken.widths))
    scatter = float(taken.shares**2 @ ((2.0 - 2.0 * taken.fixed) / np.array(taken.widths)))
    return (
        replace(
            taken,
            noise=taken.noise + sampled,
            swings=swung(taken.swings, rows.source(index), scatter),
            sampled=scatter,
            moment=taken.moment * exp(-0.5 * scatter),
            mean=taken.mean * exp(-0.25 * scatter),
        ),
        passages,
    )


def backward(
    given: Gradient, passages: list[Passage], taken: Units, value: Units, rows: Rows, index: int
) -> Gradient:
    """g = d phi'(x)."""
    shares = np.abs([np.trace(m) for m in given.moment]) * np.array(taken.widths)
    shares = shares / max(float(shares.sum()), 1e-300)
    moments_, alongs = [], []
    profiles: list[Floats | None] = []
    tilt, wander, lone, flat, lift, follows, alike = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    together = concentration(given, rows)
    for s, passage in enumerate(passages):
        incoming = given.moment[s]
        slopes, squares, profile = bent(passage, given.profile(s), taken.widths[s])
        profiles.append(profile)
        moment = incoming * slopes
        moments_.append(moment)
        alongs.append(incoming * passage.along)
        tilt += float(shares[s]) * passage.tilt
        flat += float(shares[s]) * passage.flatness
        lift += float(shares[s]) * passage.lift
        follows += float(shares[s]) * passage.follows
        alike += float(shares[s]) * passage.alike
        # Of sum_u phi'_u^2 g_u^2: 3 E[phi'^4] / E[phi'^2]^2 - 1 for one row (Hanin 2018 has the 5
        # of relu), less 2 for the g alone, which the linear op has counted.
        agree = agreement(incoming, given.noise)
        both = squares * (1.0 + 2.0 * agree) - 1.0 - 2.0 * agree
        whole, apart = over_batch(both, together, rows)
        one = float(both.diagonal().mean()) / taken.widths[s]
        wander += float(shares[s]) ** 2 * log1p(max(whole, 0.0) / taken.widths[s])
        lone += float(shares[s]) ** 2 * log1p(max(one - apart / taken.widths[s], 0.0))
        # So few units let something through that most often it is none of them.
        few, _ = over_batch(squares, together, rows)
        lift -= float(shares[s]) * 2.0 * max(few / taken.widths[s] - 1.0, 0.0)
    out = given.following(follows * taken.swings, alike, rows)
    out = replace(
        out,
        log=out.log + lift,
        open=given.open + SECOND_ORDER * abs(out.log - given.log),
        moment=np.array(moments_),
        profiles=tuple(profiles),
        along=np.array(alongs),
        tilt=tilt,
        swings=swung(out.swings, rows.source(index, 1), wander),
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


def _origin(taken: Units, response: Response) -> Origin | None:
    if len(taken.widths) > 1 or taken.mean.any():
        return None
    covariance = taken.moment[0]
    rows = len(covariance)
    variance = float(covariance.diagonal().mean())
    common = (float(covariance.sum()) / rows - variance) / max(rows - 1, 1)
    return Origin(response, variance, common)


def _scattered(taken: Units, s: int) -> float:
    """E[x^4] / E[x^2]^2 of what came in with its scatter; 1 for a Gaussian, which has none yet."""
    x = None if taken.normal[s] else taken.values(s)
    if x is None:
        return 1.0
    square = x * x
    return max(average(square * square) / max(average(square) ** 2, 1e-300), 1.0)


def _scatter(
    taken: Units, s: int, known: Moments, response: Response, width: int, passage: Passage
) -> tuple[float, float, float, Passage]:
    """Of ln E[phi^2]: the variance that so many units add, its slope by ln q, its typical shift."""
    scatter = (average(known.fourth) - _scattered(taken, s)) / width
    q = average(taken.variances()[s])
    scatter = max(scatter, 0.0)
    if taken.mean[s].any() or q <= 0.0:
        return scatter, 0.0, -0.5 * scatter, replace(passage, follows=0.0)
    (shift, back_shift), (slope, back) = response.around(float(np.log(q)), taken.wander)
    scatter = max(scatter - taken.fixed * 2.0 * slope**2 / width, 0.0)
    lift = float(shift) - 0.5 * scatter
    # E[z phi' phi] = E[phi^2] d ln E[phi^2] / d ln q / sqrt(q), by Stein's lemma
    turn = passage.turn.copy()
    if taken.normal[s]:
        steep = np.maximum(known.slope * taken.variances()[s], 1e-300)
        turn[1, 1] = slope * average(np.sqrt(known.second / steep))
    return (
        scatter,
        slope,
        lift,
        replace(
            passage,
            turn=turn,
            lift=float(back_shift),
            follows=float(back),
        ),
    )
