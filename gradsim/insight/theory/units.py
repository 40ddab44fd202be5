"""What the theory knows of a value and of a gradient: moments over the units, row by row.

Over the draw of the weights all units of a layer are alike; what differs between the rows of the
batch are their moments. For a dense skip, units that came from different layers are kept apart as
segments. Arrays: (segments, rows, rows) for products of two rows, (segments, rows) for one.
"""

from dataclasses import dataclass, replace
from math import copysign, exp, inf, log
from typing import Any

import numpy as np
import numpy.typing as npt

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.rules import law as laws
from gradsim.insight.theory.rules.behind import Origin
from gradsim.nn.arrays import Array

GROUPS = 128
"""Sources of chance that are told apart, in each direction."""


class UntreatedError(Exception):
    """No theory is known for a combination; the message is the sentence that says so."""


@dataclass(frozen=True, slots=True)
class Units:
    """A value of the forward pass."""

    widths: tuple[int, ...]
    """How many units each segment has."""
    mean: Floats
    """The mean over the units of x_i: (segments, rows)."""
    moment: Floats
    """The mean over the units of x_i x_j: (segments, rows, rows)."""
    normal: tuple[bool, ...]
    """Whether each segment's units are Gaussian, over the draw of the weights."""
    swings: Floats
    """What each source of chance does to the logarithm of the mean square, in deviations."""
    noise: float = 0.0
    """Variance that sampling so many units has added to the correlation of two rows."""
    fixed: float = 0.0
    """1 where the mean square of the units does not depend on the draw, else 0."""
    excess: float = 0.0
    """Excess kurtosis of the units: below 0 where they lie on a sphere of few dimensions."""
    balance: float = 0.0
    """By how much the squares of two rows are opposed: batch normalization fixes their sum."""
    sampled: float = 0.0
    """Relative variance of a row's mean square that sampling so many units has just added."""
    laws: tuple[Floats | None, ...] = ()
    """Of segments that are not Gaussian equally likely values, in shape: see `rules.law`."""
    born: Origin | None = None
    """What an activation has just made it from, where that is one Gaussian around 0."""
    raw: Array | None = None
    """The rows themselves, as far as no weight has touched them: (batch, units)."""

    @property
    def wander(self) -> float:
        """Variance of the logarithm of the mean square, over the draw of the weights."""
        return float(self.swings @ self.swings)

    @property
    def shares(self) -> Floats:
        """The share of the units that each segment has: (segments,)."""
        return np.array(self.widths, np.float64) / sum(self.widths)

    def squares(self) -> Floats:
        """The mean square of each row, over all units: (rows,)."""
        return np.asarray(np.einsum("s,srr->r", self.shares, self.moment))

    def whole(self) -> Floats:
        """The mean of x_i x_j over all units: (rows, rows)."""
        return np.asarray(np.einsum("s,sij->ij", self.shares, self.moment))

    def variances(self) -> Floats:
        """The variance over the units of each segment: (segments, rows)."""
        return np.asarray(np.einsum("srr->sr", self.moment) - self.mean**2)

    def law(self, s: int) -> Floats | None:
        """The shape of a segment's distribution; None where it is not known."""
        if self.normal[s]:
            return laws.normal()
        return self.laws[s] if self.laws else None

    def values(self, s: int = 0) -> Floats | None:
        """Equally likely values of a segment's unit in an average row; None if not known."""
        shape = self.law(s)
        if shape is None:
            return None
        mean, variance = self.mean[s].mean(), self.variances()[s].mean()
        return np.asarray(laws.scaled(shape, mean[None], variance[None])[0])

    def cut(self, widths: tuple[int, ...]) -> "Units":
        """The same units in finer segments of these widths."""
        if widths == self.widths:
            return self
        index = _sources(self.widths, widths)
        return replace(
            self,
            widths=widths,
            mean=self.mean[index],
            moment=self.moment[index],
            normal=tuple(self.normal[k] for k in index),
            laws=tuple(self.laws[k] for k in index) if self.laws else (),
        )


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient with respect to a value: e^log times `moment`, its square per unit.

    `log` is kept apart, since over a thousand layers a square leaves the number range.
    """

    widths: tuple[int, ...]
    log: float
    moment: Floats
    """The mean over a segment's units of g_i g_j: (segments, rows, rows)."""
    swings: Floats
    """What each source of chance does to the logarithm of the squared norm, in deviations."""
    noise: float = 0.0
    """Variance that sampling so many units has added to the correlation of two rows."""
    lone: float = 0.0
    """Variance of the logarithm of one row's squared norm that it does not share with others."""
    own: Floats | None = None
    """What the sources of the forward pass do to the logarithm of one row's squared norm, and to no
    other row's; None for nothing."""
    open: float = 0.0
    """What the theory leaves open in ln |g|^2, as a deviation; it adds up from layer to layer."""
    tilt: float = 1.0
    """E[g^2 x^2] / (E[g^2] E[x^2]) with x the value that it belongs to."""
    along: Floats | None = None
    """E[x_i x_j g_i g_j] / E[x^2]; None where g does not depend on x: (segments, rows, rows)."""
    coherent: Floats | None = None
    """What agrees from unit to unit, see `rules.coherence`; None where no skip makes it grow."""
    profiles: tuple[Floats | None, ...] = ()
    """E[g^2 | x] / E[g^2] at the values of x, by segment; None where g does not depend on x."""
    echo: float = 0.0
    """Sum over batch normalizations behind of |gradient there|^2 / |gradient at the last one|^2.

    Each makes the gradient blind to a change of its input's scale, and so less independent of the
    weights that it passes than mean field takes it: it loses about this share of 1 / fan_in more
    (by Stein's lemma, to first order; measured to hold up to a third of the width).
    """
    last: float = 0.0
    """ln |gradient|^2 at the batch normalization that it passed last."""

    @property
    def wander(self) -> float:
        """Variance of the logarithm of the squared norm, over the draw of the weights."""
        return float(self.swings @ self.swings)

    @property
    def alone(self) -> float:
        """Variance of the logarithm of one row's squared norm by all it does not share."""
        return self.lone + (0.0 if self.own is None else float(self.own @ self.own))

    def following(self, swings: Floats, together: float, rows: "Rows") -> "Gradient":
        """The gradient times something that swings so in each row, by `together` alike in all.

        Its typical value is 1. What rows share adds to the band; what they do not is averaged over
        the batch, where the larger ones count: half its variance, until a few are all there is.
        """
        shared = self.swings + together * swings
        apart = (1.0 - min(together * together, 1.0)) ** 0.5 * swings
        own = apart if self.own is None else self.own + apart
        before = 0.0 if self.own is None else rows.mean_of_logs(float(self.own @ self.own))
        lift = 0.5 * float(shared @ shared - self.swings @ self.swings)
        lift += rows.mean_of_logs(float(own @ own)) - before
        return replace(self, swings=shared, own=own, log=self.log + lift)

    def norm2(self) -> Floats:
        """The squared norm of each row, without e^log: (rows,)."""
        return np.asarray(np.einsum("s,srr->r", np.array(self.widths, np.float64), self.moment))

    def log2(self) -> float:
        """ln of the squared norm over the rows at hand."""
        return self.log + log(max(float(self.norm2().sum()), 1e-300))

    def normalized(self) -> "Gradient":
        """The same with a `moment` around 1."""
        size = float(np.max(np.abs(self.moment)))
        if not (size > 0.0 and np.isfinite(size)):
            return self
        along = None if self.along is None else self.along / size
        return replace(self, log=self.log + np.log(size), moment=self.moment / size, along=along)

    def cut(self, widths: tuple[int, ...]) -> "Gradient":
        """The same gradient in finer segments of these widths."""
        if widths == self.widths:
            return self
        index = _sources(self.widths, widths)
        along = None if self.along is None else self.along[index]
        profiles = tuple(self.profiles[k] for k in index) if self.profiles else ()
        return replace(
            self, widths=widths, moment=self.moment[index], along=along, profiles=profiles
        )

    def profile(self, s: int) -> Floats | None:
        """That of one segment."""
        return self.profiles[s] if self.profiles else None

    def shaped(self, widths: tuple[int, ...]) -> "Gradient":
        """The same gradient in segments of these widths: means over finer ones, where it has."""
        if widths == self.widths:
            return self
        return self.cut(common(self.widths, widths))._merged(widths)

    def _merged(self, widths: tuple[int, ...]) -> "Gradient":
        if widths == self.widths:
            return self
        index = np.array(_sources(widths, self.widths))
        own = np.array(self.widths, np.float64)
        moment = np.zeros((len(widths), *self.moment.shape[1:]))
        np.add.at(moment, index, self.moment * own[:, None, None])
        moment /= np.array(widths, np.float64)[:, None, None]
        return replace(self, widths=widths, moment=moment, along=None, profiles=())


def raised(exponent: float) -> float:
    """e^exponent; infinite where that is beyond the number range."""
    return exp(exponent) if exponent < 709.0 else inf


def swung(swings: Floats, source: int, variance: float) -> Floats:
    """With one more source of chance, of this variance."""
    out = swings.copy()
    was = float(out[source])
    out[source] = copysign((was * was + max(variance, 0.0)) ** 0.5, was)
    return out


def common(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """The widths of the coarsest segments that are within those of both."""
    if one == other:
        return one
    ends = sorted({*np.cumsum(one).tolist(), *np.cumsum(other).tolist()})
    return tuple(int(b - a) for a, b in zip([0, *ends], ends, strict=False))


def _sources(coarse: tuple[int, ...], fine: tuple[int, ...]) -> list[int]:
    """For each of the finer segments the coarser one that it lies in."""
    ends = np.cumsum(coarse)
    return [int(k) for k in np.searchsorted(ends, np.cumsum(fine))]


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch of `batch` rows, of which `count` are followed, as many as the arrays have rows.

    Sums over the batch are made from those at hand: over a row itself and over pairs of two rows
    apart, each with its own number.
    """

    batch: int
    count: int
    nodes: int
    """How many ops the network has."""

    def source(self, index: int, which: int = 0) -> int:
        """Where among the sources of chance that of a value stands.

        Which: 0 for what its node makes, 1 for what it sends back, 2 for a sum of gradients. In a
        deep network neighbors share one.
        """
        return 3 * (index * min(self.nodes, GROUPS) // self.nodes) + which

    def mean_of_logs(self, variance: float) -> float:
        """ln of a mean over the batch of e^x, with x of this variance around 0.

        Beyond a variance of 2 ln(batch) the largest is all there is (Derrida 1981).
        """
        most = log(self.batch)
        return 0.5 * variance if variance <= 2.0 * most else (2.0 * most * variance) ** 0.5 - most

    def sources(self) -> int:
        """How many sources of chance there are."""
        return 3 * min(self.nodes, GROUPS) + 3

    def pairs(self) -> float:
        """How many pairs of the batch stand behind each pair at hand."""
        if self.count < 2:
            return 0.0
        return self.batch * (self.batch - 1) / (self.count * (self.count - 1))

    def total(self, matrix: Floats) -> float:
        """sum_ij M_ij over the whole batch."""
        diagonal = float(np.trace(matrix))
        return diagonal * self.batch / self.count + (float(matrix.sum()) - diagonal) * self.pairs()

    def trace(self, matrix: Floats) -> float:
        """sum_i M_ii over the whole batch."""
        return float(np.trace(matrix)) * self.batch / self.count

    def spread(self, matrix: Floats) -> float:
        """The mean over the batch of (G M G)_ii, with G = I - 1 1^T / batch."""
        return (self.trace(matrix) - self.total(matrix) / self.batch) / self.batch

    def centered(self, matrix: Floats) -> Floats:
        """G M G of the rows at hand alone, with the trace that the rows at hand have a share of."""
        row = matrix.mean(axis=1)
        return np.asarray(matrix - row[:, None] - row + row.mean())

    def loosened(self, matrix: npt.NDArray[Any]) -> Floats:
        """A centered matrix of the rows at hand as a part of one that is centered over the batch.

        There two rows are opposed by 1 / (batch - 1) on average, not by 1 / (count - 1).
        """
        if self.count == self.batch:
            return matrix
        eta = (1.0 - (self.count - 1) / (self.batch - 1)) / self.count
        return np.asarray((1.0 - eta) * matrix + eta * float(np.trace(matrix)) / self.count)

    def product(self, one: Floats, other: Floats) -> Floats:
        """The product A B of two matrices of the whole batch, at the rows at hand."""
        full = one @ other
        if self.count == self.batch:
            return full
        a, b = np.diagonal(one), np.diagonal(other)
        own = a[:, None] * other + one * b  # the terms in which one of both is on its diagonal
        apart = full - own
        np.fill_diagonal(apart, np.diagonal(full) - a * b)
        np.fill_diagonal(own, a * b)
        scale = np.full(full.shape, (self.batch - 2) / max(self.count - 2, 1))
        np.fill_diagonal(scale, (self.batch - 1) / max(self.count - 1, 1))
        return np.asarray(own + apart * scale)
