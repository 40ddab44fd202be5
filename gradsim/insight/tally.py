"""Tallies: how the entries of an array are distributed, over the whole range of a number format.

All entries are counted, in slices, so that an array of any size can be looked at while the screen
stays alive. What is no finite number has no place on an axis and is counted by its name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, log10, nan, sqrt

import numpy as np
import numpy.typing as npt

from gradsim.insight.weight import Slices
from gradsim.nn.arrays import Array

BINS = 20160
"""Bins of a tally: so many that those of a picture, put together of them, are equal to 1 %."""

CHUNK = 65536
"""Entries that are counted in one slice."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries of an array are where."""

    size: int
    """Entries of any kind."""
    zeros: int
    subnormals: int
    """Entries so small that digits are lost: below 2.2e-308, in float32 1.2e-38."""
    nans: int
    infinities: int
    """Entries that are infinite, above or below zero."""
    low: float
    """The least finite entry; NaN where there is none, as `high`."""
    high: float
    mean: float
    """Of the finite entries; NaN where there is none, as `std`."""
    std: float
    span: tuple[float, float]
    """Between these `counts` goes: `low` and `high`, or wider limits that were asked for."""
    counts: Counts
    """Finite entries in equal bins: (BINS,)."""
    decades: tuple[int, int]
    """Powers of ten between which all finite sizes above zero are; equal where there is none."""
    negative: Counts
    """Finite entries below zero in equal bins of log10 of their size, from small: (BINS,)."""
    positive: Counts

    @property
    def finite(self) -> int:
        """Entries that are finite numbers."""
        return self.size - self.nans - self.infinities

    @property
    def largest(self) -> float:
        """The largest finite size; NaN where there is none."""
        return max(-self.low, self.high) + 0.0


def tallying(array: Array, limits: tuple[float, float] | None = None) -> Slices[Tally]:
    """Count all entries of an array; `limits` may widen the span. At most CHUNK in a slice."""
    flat = array.reshape(-1)
    tiny = float(np.finfo(array.dtype).tiny)
    low, high, least, most = inf, -inf, inf, 0.0
    zeros = subnormals = nans = infinities = 0
    for finite, part in _chunks(flat):
        nans += int(np.count_nonzero(np.isnan(part)))
        infinities += int(np.count_nonzero(np.isinf(part)))
        size = np.abs(finite)
        zeros += int(np.count_nonzero(size == 0.0))
        subnormals += int(np.count_nonzero((size > 0.0) & (size < tiny)))
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            least = min(least, float(np.min(size, initial=inf, where=size > 0.0)))
            most = max(most, float(size.max()))
        yield
    span = limits or (low, high)
    if low > high:
        low = high = nan
        span = limits or (0.0, 0.0)
    decades = (floor(log10(least)), ceil(log10(most))) if most else (0, 0)
    if decades[0] == decades[1] and most:
        decades = (decades[0], decades[0] + 1)
    counts, negative, positive = (np.zeros(BINS, np.int64) for _ in range(3))
    unit, moments = most or 1.0, (0, 0.0, 0.0)
    for finite, _ in _chunks(flat):
        counts += _linear(finite, span)
        moments = _moments(moments, finite / unit)
        with np.errstate(divide="ignore"):
            sizes = np.log10(np.abs(finite))
        ends = float(decades[0]), float(decades[1])
        negative += _binned(sizes[finite < 0.0], *ends)
        positive += _binned(sizes[finite > 0.0], *ends)
        yield
    count, mean, squares = moments
    mean, std = (unit * mean, unit * sqrt(squares / count)) if count else (nan, nan)
    return Tally(
        flat.size, zeros, subnormals, nans, infinities, low, high, mean, std, span, counts,
        decades, negative, positive,
    )  # fmt: skip


def together(counts: Counts, bars: int) -> Counts:
    """The same counts in so many bins, as equal as they can be: (bars,)."""
    return spread(counts, np.arange(BINS) * bars // BINS, bars)


def spread(counts: Counts, bar_of: npt.NDArray[np.int64], bars: int) -> Counts:
    """The same counts put together in bars; `bar_of` is the bar of each bin: (bars,)."""
    return np.bincount(bar_of, weights=counts, minlength=bars).astype(np.int64)


def strongest(matrix: Array, rows: Sequence[int], columns: Sequence[int]) -> Array:
    """Of each block of a matrix the entry that is largest in size; what is not finite comes first.

    Blocks begin at these rows and columns: (len(rows), len(columns)).
    """
    finite = np.where(np.isfinite(matrix), matrix, 0.0)
    high = _each(np.maximum, finite, rows, columns)
    low = _each(np.minimum, finite, rows, columns)
    out = np.where(high >= -low, high, low)
    for odd in (-np.inf, np.inf):
        out[_each(np.logical_or, matrix == odd, rows, columns)] = odd
    out[_each(np.logical_or, np.isnan(matrix), rows, columns)] = np.nan
    return np.asarray(out)


def condensing(matrix: Array, most: int) -> Slices[Array]:
    """`strongest` of a matrix, down to at most so many rows and columns; a copy of a small one."""
    rows, columns = (
        [k * count // min(count, most) for k in range(min(count, most))] for count in matrix.shape
    )
    if not matrix.size:
        return matrix.copy()
    out = np.empty((len(rows), len(columns)), matrix.dtype)
    ends = [*rows[1:], len(matrix)]
    start = 0
    while start < len(rows):
        stop = start + 1
        while stop < len(rows) and (ends[stop] - rows[start]) * matrix.shape[1] <= CHUNK:
            stop += 1
        first = rows[start]
        band = matrix[first : ends[stop - 1]]
        out[start:stop] = strongest(band, [row - first for row in rows[start:stop]], columns)
        start = stop
        yield
    return out


def _chunks(flat: Array) -> Iterator[tuple[npt.NDArray[np.float64], Array]]:
    """The finite entries of each chunk as float64, and all of its entries."""
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        yield part[np.isfinite(part)].astype(np.float64), part


def _moments(
    known: tuple[int, float, float], more: npt.NDArray[np.float64]
) -> tuple[int, float, float]:
    """Count, mean and sum of squared deviations, with more values (Chan, Golub, LeVeque 1979)."""
    if not more.size:
        return known
    count, mean, squares = known
    new = float(np.mean(more))
    total, apart = count + more.size, new - mean
    rest = more - new
    squares += float(np.dot(rest, rest)) + apart * apart * count * more.size / total
    return total, mean + apart * more.size / total, squares


def _linear(finite: npt.NDArray[np.float64], span: tuple[float, float]) -> Counts:
    # Divided by the largest limit first: the difference of two limits may leave the number range.
    unit = max(abs(span[0]), abs(span[1]))
    if unit == 0.0:
        return _binned(finite, 0.0, 0.0)
    return _binned(finite / unit, span[0] / unit, span[1] / unit)


def _binned(values: npt.NDArray[np.float64], low: float, high: float) -> Counts:
    """Counts in BINS equal bins; all in the middle one where there is no span."""
    if low == high:
        counts = np.zeros(BINS, np.int64)
        counts[BINS // 2] = values.size
        return counts
    bins = np.floor((values - low) * (BINS / (high - low))).astype(np.int64)
    return np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS)


def _each(
    what: np.ufunc, matrix: npt.NDArray[np.generic], rows: Sequence[int], columns: Sequence[int]
) -> Array:
    """What becomes of the entries of each block together."""
    return np.asarray(what.reduceat(what.reduceat(matrix, rows, axis=0), columns, axis=1))
