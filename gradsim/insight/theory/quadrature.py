"""Expectations over a Gaussian, to ten digits, also where the function bends or has kinks."""

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

REACH = 10.0
"""Standard deviations to either side that are looked at; e^-50 is left out."""

PANELS = 16
"""Stretches that the whole range is cut into, at least."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def grid(
    mean: Floats, variance: Floats, kinks: Sequence[float] = (), bend: float = 1.0
) -> tuple[Floats, Floats]:
    """Nodes x and weights w with E[f(x)] = sum_k w_k f(x_k) for x ~ N(mean, variance).

    `mean` and `variance` (above 0): (rows,); both results: (rows, nodes). f is smooth between its
    `kinks`, and bends within about `bend` around 0. Gauss-Legendre in t with x = bend * sinh(t):
    fine steps around 0, where f bends, and wide ones in the tails, so that one rule serves a
    Gaussian much narrower and one much wider than the bend.
    """
    spread = np.sqrt(variance)
    low = np.arcsinh((mean - REACH * spread) / bend)
    high = np.arcsinh((mean + REACH * spread) / bend)
    cuts = [np.clip(np.arcsinh(kink / bend), low, high) for kink in sorted({0.0, *kinks})]
    ends = np.stack([low, *cuts, high])
    count = -(-PANELS // (len(ends) - 1))
    steps = (np.arange(count)[:, None] + 0.5 * (1.0 + _NODES)).ravel() / count
    weights = np.tile(_WEIGHTS, count) / (2.0 * count)
    lengths = (ends[1:] - ends[:-1])[:, :, None]
    t = ends[:-1, :, None] + lengths * steps
    x = bend * np.sinh(t)
    z = (x - mean[:, None]) / spread[:, None]
    density = np.exp(-0.5 * z * z) / (spread[:, None] * sqrt(2.0 * pi))
    w = density * (bend * np.cosh(t)) * (lengths * weights)
    rows = len(mean)
    return (
        np.moveaxis(x, 1, 0).reshape(rows, -1),
        np.moveaxis(w, 1, 0).reshape(rows, -1),
    )


def hermite(z: Floats, count: int) -> Floats:
    """Hermite polynomials h_0 to h_(count-1), orthonormal over N(0, 1): (count, *z.shape)."""
    out = np.empty((count, *z.shape))
    out[0] = 1.0
    if count > 1:
        out[1] = z
    for k in range(1, count - 1):
        out[k + 1] = (z * out[k] - sqrt(k) * out[k - 1]) / sqrt(k + 1.0)
    return out
