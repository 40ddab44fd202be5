"""Linear ops: each unit sums many terms with random weights, so it is Gaussian.

Forward q = sigma_w^2 E[x_i x_j] + sigma_b^2, backward E[g_i g_j] = fan_out Var(W) E[d_i d_j], with
sigma_w^2 = fan_in Var(W). Source: Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli 2016, eq. 3;
Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017, eq. 7.
"""

from dataclasses import dataclass, replace

import numpy as np

from gradsim.insight.theory.rules import coherence
from gradsim.insight.theory.scatter import agreement, concentration, over_batch
from gradsim.insight.theory.units import Gradient, Rows, Units, swung


@dataclass(frozen=True, slots=True)
class Weights:
    """How a linear op starts."""

    fan_in: int
    fan_out: int
    variance: float
    """Var(W), of an entry."""
    bias_variance: float
    bias_mean: float
    drawn: bool
    """Whether the entries are drawn one by one; else W is orthogonal, up to a factor."""
    fitted: bool = False
    """Whether they were then scaled so that z has a given variance on this very batch."""


def forward(taken: Units, weights: Weights) -> Units:
    """z = x W^T + b."""
    w = weights
    passed = w.variance * w.fan_in * taken.whole()
    moment = passed + (w.bias_variance + w.bias_mean**2)
    own = float(np.trace(passed))
    share = own / max(own + len(passed) * w.bias_variance, 1e-300)
    return Units(
        widths=(w.fan_out,),
        mean=np.full((1, len(moment)), w.bias_mean),
        moment=moment[None],
        normal=(True,),
        noise=taken.noise * share**2,
        sampled=taken.sampled * share**2,
        swings=taken.swings * (0.0 if w.fitted else share),
        fixed=0.0 if w.drawn or w.fan_out < w.fan_in else 1.0,
    )


def backward(given: Gradient, weights: Weights, taken: Units, rows: Rows, index: int) -> Gradient:
    """g = d W."""
    w = weights
    moment = w.variance * float(w.fan_out) * given.moment[0]
    coherent = None
    if given.coherent is not None:
        passed = w.variance * w.fan_in * float(taken.squares().mean())
        share = passed / max(passed + w.bias_variance, 1e-300)
        coherent = coherence.through_weights(
            given.coherent, share, w.fan_out, w.fan_in, coherence.lean(taken), index
        )
        if w.drawn:
            along = float(coherent[1] @ coherent[1]) - coherent[1, 2 * index] ** 2
            grown = 1.0 + along - 1.0 / w.fan_in
            moment, coherent = moment * grown, coherent / grown**0.5
    free = 2.0 / w.fan_in - (0.0 if w.drawn else 2.0 / max(w.fan_in, w.fan_out))
    agree = agreement(given.moment[0], given.noise)
    whole, apart = over_batch(agree, concentration(given, rows), rows)
    echoed = given.echo / (w.fan_in + given.echo)
    if w.fitted:
        given = given.following(-taken.swings, 1.0, rows)
    return replace(
        given,
        widths=taken.widths,
        log=given.log - echoed,
        last=given.last - echoed,
        moment=np.broadcast_to(moment, (len(taken.widths), *moment.shape)),
        swings=swung(
            given.swings,
            rows.source(index, 1),
            free * whole,
        ),
        lone=given.lone + free * (1.0 - apart),
        noise=given.noise + (1.0 - min(given.noise, 1.0)) / w.fan_out,
        tilt=1.0,
        profiles=(),
        along=None,
        coherent=coherent,
    ).normalized()
