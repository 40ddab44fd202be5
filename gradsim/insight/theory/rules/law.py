"""Units that are not Gaussian: what they are distributed like, as equally likely values.

Where a skip leads around a normalization or a linear op into an activation (`phi(x + W x)`), what
comes in is a sum of an activated x and a Gaussian. And the gradient that comes back to a unit of x
depends on the value of that unit, since both its own slope and the one behind the skip do.
"""

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from gradsim.insight.theory.quadrature import Floats

COUNT = 96
"""Equally likely values that stand for a distribution."""

NODES = 24
"""Equally likely values of what is added to it."""


def normal(count: int = COUNT) -> Floats:
    """Equally likely values of N(0, 1), with variance 1 exactly: (count,)."""
    return _normal(count)


@lru_cache(maxsize=4)
def _normal(count: int) -> Floats:
    inverse = NormalDist().inv_cdf
    values = np.array([inverse((k + 0.5) / count) for k in range(count)])
    return np.asarray(values / values.std())


def of_data(values: Floats) -> Floats:
    """Equally likely values of these numbers, in ascending order: (COUNT,)."""
    return condensed(np.sort(values.ravel()))


def condensed(ascending: Floats) -> Floats:
    """So many fewer values with the same mean and variance: (COUNT,)."""
    edges = (np.arange(COUNT) * len(ascending)) // COUNT
    sizes = np.diff(np.append(edges, len(ascending)))
    if sizes.min() < 1:
        places = (np.arange(COUNT) * len(ascending)) // COUNT
        return np.asarray(ascending[places])
    means = np.add.reduceat(ascending, edges) / sizes
    spread = means.std()
    if not spread > 0.0:
        return np.asarray(means)
    return np.asarray(means.mean() + (means - means.mean()) * (ascending.std() / spread))


def scaled(values: Floats, mean: Floats, variance: Floats) -> Floats:
    """The same shape with these means and variances: (rows, COUNT)."""
    spread = values.std()
    shape = (values - values.mean()) / spread if spread > 0.0 else np.zeros_like(values)
    return np.asarray(mean[:, None] + np.sqrt(np.maximum(variance, 0.0))[:, None] * shape)


def fewer(values: Floats, count: int) -> Floats:
    """So many of these equally likely values, means of neighbors: (count,)."""
    return np.asarray(np.sort(values).reshape(count, -1).mean(axis=1))


@dataclass(frozen=True, slots=True)
class Sum:
    """y = keep * x + g with x of some distribution, and keep and g independent of it."""

    values: Floats
    """Equally likely values of y, ascending: (COUNT,)."""
    every: Floats
    """All y that x, keep and g make: (COUNT, others), a row for each x."""
    weights: Floats
    """keep^2, by which the squared gradient comes back to x: (others,)."""

    def seen(self, profile: Floats) -> Floats:
        """E[keep^2 f(y) | x] for a function known at the values of y, with mean 1: (COUNT,)."""
        found = np.interp(self.every.ravel(), self.values, profile).reshape(self.every.shape)
        return leveled(found @ self.weights)


def added(x: Floats, keep: Floats, others: Floats) -> Sum:
    """The sum of keep * x and g: `keep` and `others` hold equally likely pairs."""
    every = x[:, None] * keep + others
    return Sum(condensed(np.sort(every.ravel())), every, keep * keep)


def leveled(profile: Floats, units: int = COUNT) -> Floats:
    """The same function with mean 1, no finer than so many units make it."""
    mean = float(profile.mean())
    if not mean > 0.0:
        return np.ones_like(profile)
    found = profile / mean
    together = -(-COUNT // units)
    if together > 1:
        starts = np.arange(0, COUNT, together)
        sizes = np.diff(np.append(starts, COUNT))
        found = np.repeat(np.add.reduceat(found, starts) / sizes, sizes)
    return np.asarray(found)
