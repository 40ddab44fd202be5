"""Batch normalization: each unit over the rows of the batch.

In a large batch x_hat = x / sigma, and back g = (d - mean d - x_hat mean(d x_hat)) / sigma: with an
activation behind it, E[phi'^2] / Var(phi) for each layer (Yang, Pennington, Rao, Sohl-Dickstein,
Schoenholz 2019, theorem 3.9). In a batch of B rows a unit's own variance s^2 scatters: it is
sum_k lambda_k z_k^2 / B with z_k ~ N(0, 1) and lambda_k the eigenvalues of the rows' centered
covariance, and E[1 / s^2] = integral over t from 0 of prod_k (1 + 2 t lambda_k / B)^(-1/2)
(the same, appendix E). For an identity and rows that all differ alike this gives (B - 2)/(B - 3).
The eigenvalues enter by their first three moments, as the weights of two of them.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.rules.behind import ALIKE, MOST, spread
from gradsim.insight.theory.units import Gradient, Rows, Units, UntreatedError, raised, swung

NARROW = 3.0
"""How far ln |g|^2 may be off behind one of so many units, times the units: measured.

What a finite width does to the spectrum of the rows is known to first order alone.
"""

SURE = 0.05
"""Share of a gradient that must be left, as a difference of two large numbers."""

SMALLEST = 8
"""Rows below which 1 / s^2 has no variance to speak of, and so no typical value."""

_TIMES = np.exp(np.linspace(-14.0, 14.0, 141))
_SPANS = _TIMES * (28.0 / 140.0)


@dataclass(frozen=True, slots=True)
class Scales:
    """What was divided by, in one segment."""

    variance: float
    """The mean variance of a unit over the batch, with eps."""
    inverse: float
    """E[1 / s^2] times the mean of s^2."""
    covariance: Floats
    """E[x_hat_i x_hat_j]: (rows, rows)."""
    participation: float
    """Sum of the squared eigenvalues over the square of their sum: 1 / B where all are alike."""


def forward(
    taken: Units, rows: Rows, eps: float, layer: object, index: int
) -> tuple[Units, list[Scales]]:
    """x_hat = (x - mean) / sqrt(var + eps), unit by unit."""
    if rows.batch < SMALLEST:
        raise UntreatedError(
            f"batch normalization over fewer than {SMALLEST} rows scatters without bounds"
        )
    scales, means, products = [], [], []
    noise, excess, balance = 0.0, 0.0, 0.0
    for s, share in enumerate(taken.shares):
        variance = rows.spread(taken.moment[s])
        if not variance > 0.0:
            raise UntreatedError(f"what batch normalization of layer {layer} gets is constant")
        centered = ruffled(rows.centered(taken.moment[s]), taken.sampled, index)
        found, left = _scaled(rows.centered(centered), rows, taken.noise)
        kept, steeper = variance / (variance + eps), 1.0
        if taken.born and taken.born.common > ALIKE * taken.born.variance:
            apart = spread(taken.born, rows.batch, eps)
            kept, steeper = apart.kept, apart.steeper
            if apart.rare > MOST and layer != 1:
                raise UntreatedError(
                    f"batch normalization of layer {layer} stands right behind an activation that "
                    "leaves many units flat but for a few rows"
                )
        scales.append(
            replace(
                found,
                variance=variance + eps,
                inverse=found.inverse * steeper,
                covariance=found.covariance * kept,
            )
        )
        mean = taken.mean[s] - taken.mean[s].mean()
        means.append(mean / np.sqrt(variance + eps))
        products.append(scales[-1].covariance)
        noise += share * left
        excess -= share * 6.0 / (1.0 / found.participation + 2.0)
        balance += share * rows.total(found.covariance**2) / rows.batch**2
    normal = taken.normal
    return (
        Units(
            widths=taken.widths,
            mean=np.array(means),
            moment=np.array(products),
            normal=normal,
            noise=noise,
            excess=excess if all(normal) else 0.0,
            swings=np.zeros_like(taken.swings),
            balance=balance,
            laws=taken.laws,
        ),
        scales,
    )


def backward(
    given: Gradient, scales: list[Scales], taken: Units, rows: Rows, index: int
) -> Gradient:
    """g = (d - mean d - x_hat mean(d x_hat)) / sqrt(var + eps)."""
    moments, wander = [], 0.0
    for s, found in enumerate(scales):
        moment, x = given.moment[s], found.covariance
        along = x * moment if given.along is None else given.along[s]
        centered = rows.centered(moment)
        whole = rows.batch * rows.spread(moment)
        left = whole - rows.total(along) / rows.batch
        if not left > SURE * whole:
            raise UntreatedError(
                "batch normalization takes out nearly all of a gradient, and what is left of it is "
                "not known"
            )
        product = rows.centered(x) @ centered
        shape = rows.loosened(centered - (product + product.T) / rows.count)
        size = rows.trace(shape)
        if not size > 0.0:
            shape, size = centered, rows.trace(centered)
        factor = found.inverse / found.variance * left / max(size, 1e-300)
        moments.append(shape * factor)
        wander += 2.0 * found.participation / sum(taken.widths)
    out = replace(
        given,
        moment=np.array(moments),
        swings=swung(given.swings, rows.source(index, 1), wander),
        open=given.open + NARROW / sum(taken.widths),
        tilt=1.0,
        along=None,
        coherent=None if given.coherent is None else np.zeros_like(given.coherent),
    )
    here = out.log2()
    echo = 1.0 + given.echo * raised(given.last - here)
    return replace(out, echo=echo, last=here).normalized()


def ruffled(covariance: Floats, scatter: float, index: int) -> Floats:
    """The rows larger or smaller, as sampling the units makes them: one draw, always the same.

    The rows compete for a fixed sum, and some activations (silu, gelu) let the larger ones win:
    what tells them apart is this scatter. Each layer's is another one, so that they add up by their
    variances.
    """
    size = np.exp(0.5 * scatter**0.5 * _pattern(len(covariance), index) - 0.25 * scatter)
    return np.asarray(covariance * size[:, None] * size)


@lru_cache(maxsize=1024)
def _pattern(count: int, index: int) -> Floats:
    """So many values that stand for a standard normal, in an order of its own for each index."""
    shuffled = np.sin(np.arange(1, count + 1) * 12.9898 + index * 78.233) * 43758.5453
    values = np.array([NormalDist().inv_cdf((k + 0.5) / count) for k in range(count)])
    return np.asarray(values[np.argsort(np.argsort(shuffled % 1.0))])


def _scaled(centered: Floats, rows: Rows, noise: float) -> tuple[Scales, float]:
    """From a centered covariance: that of x / s, E[1 / s^2], and the noise that is left."""
    batch = float(rows.batch)
    c = centered * (rows.count / max(float(np.trace(centered)), 1e-300))
    part = rows.loosened(c)
    own = rows.total(part * part) / batch
    gamma = noise * batch
    second = own + gamma
    third = rows.total(part * rows.product(part, part)) / batch
    third = max(third + 3.0 * gamma * own + gamma**2, second**2)
    sizes, weights = _two(second, third)
    factors = 1.0 + 2.0 * _TIMES[:, None] * sizes / batch
    fall = np.exp(-0.5 * batch * (np.log(factors) @ weights)) * _SPANS
    inverse, next_one = float(fall.sum()), float(_TIMES @ fall)
    # E[z z^T / |z|^2] = integral of C (1 + 2 t C)^-1 ..., with t at its middle.
    leveling = np.eye(rows.count) + (2.0 / rows.count) * (next_one / inverse) * c
    covariance = rows.loosened(np.linalg.solve(leveling, c))
    covariance *= batch / max(rows.trace(covariance), 1e-300)
    # How far the spectrum has been leveled: the noise in it as much as the rest.
    after = (fall[:, None] * sizes / factors).sum(axis=0)
    leveled = float(weights @ after**2) / max(float(weights @ after), 1e-300) ** 2
    left = max(leveled - rows.total(covariance**2) / batch, 0.0) / batch
    left *= max(1.0 - noise, 0.0)  # two sizes level too little where much of it is noise: measured
    return Scales(1.0, inverse, covariance, second / batch), left


def _two(second: float, third: float) -> tuple[Floats, Floats]:
    """Two sizes and their weights with mean 1 and these second and third moments."""
    spread = max(second - 1.0, 1e-12)
    a = (third - second) / spread
    b = second - a
    root = np.sqrt(max(a * a + 4.0 * b, 1e-12))
    low, high = max(0.5 * (a - root), 0.0), 0.5 * (a + root)
    weight = (1.0 - low) / max(high - low, 1e-12)
    return np.array([low, high]), np.array([1.0 - weight, weight])
