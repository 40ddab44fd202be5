"""The array type of the engine and norms that hold over the whole range of a number format."""

from functools import lru_cache
from math import isfinite, sqrt
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
"""A float array: float64 or float32, as the experiment's `dtype` says."""

Labels: TypeAlias = npt.NDArray[np.int64]
"""Class numbers, shape (batch,)."""


_RANGE: dict[Any, tuple[float, float]] = {
    np.dtype(kind): (
        float(np.finfo(kind).tiny) / float(np.finfo(kind).eps),
        float(np.finfo(kind).max),
    )
    for kind in (np.float32, np.float64)
}


def zeros_by_columns(shape: tuple[int, ...], dtype: Any) -> Array:
    """Zeros of this shape, with rows and columns swapped in memory: (..., rows, columns).

    Each column is then one piece of memory, and so are columns side by side: a gate of a cell.
    """
    *outer, rows, columns = shape
    return np.zeros((*outer, columns, rows), dtype).swapaxes(-1, -2)


def zeros_beside(x: Array) -> Array:
    """Zeros of the shape, number format and order in memory of x, to be read only: all share it."""
    return _zeros(x.shape, x.ndim > 1 and x.strides[-1] != x.itemsize, x.dtype)


@lru_cache(maxsize=64)
def _zeros(shape: tuple[int, ...], by_columns: bool, dtype: np.dtype[Any]) -> Array:
    zeros: Array = zeros_by_columns(shape, dtype) if by_columns else np.zeros(shape, dtype)
    zeros.flags.writeable = False
    return zeros


def l2_norm(x: Array) -> float:
    """Euclidean norm of all entries: sqrt(sum x_i^2), right from subnormals to the largest number.

    A plain sum of squares under- or overflows long before the entries do (float32 below 1e-22
    or above 1e18), so outside the safe range the entries are first divided by the largest one.
    NaN gives NaN; an infinity gives infinity.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return quiet_norm(x.ravel("K"))


def quiet_norm(flat: Array) -> float:
    """The same of a vector, to be called with floating-point errors ignored."""
    total = float(flat.dot(flat))
    low, high = safe_squares(flat)
    if low < total <= high:
        return sqrt(total)
    if flat.size == 0:
        return 0.0
    largest = float(np.max(np.abs(flat)))
    if largest == 0.0 or not isfinite(largest):
        return largest
    scaled = flat.astype(np.float64) / largest
    return largest * sqrt(float(scaled.dot(scaled)))


def safe_squares(x: Array) -> tuple[float, float]:
    """Between which bounds a plain sum of the squares of these entries can be trusted.

    Squares that underflow lose less than the smallest normal number each: harmless while the total
    is so much larger than all of them together.
    """
    floor, ceiling = _RANGE[x.dtype]
    return x.size * floor, ceiling


def norm(x: Array, order: float) -> float:
    """The norm of all entries of order 1 (sum |x_i|), 2, or infinity (the largest |x_i|).

    Right over the whole range of the number format; NaN gives NaN.
    """
    if order == 2.0:
        return l2_norm(x)
    if x.size == 0:
        return 0.0
    size = np.abs(x.reshape(-1))
    if order == 1.0:
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.add.reduce(size, dtype=np.float64))
    return float(np.maximum.reduce(size))


def mean_and_std(x: Array) -> tuple[float, float]:
    """Mean and standard deviation of all entries, right over the whole range of the format.

    Two passes, the second over what is left without the mean; entries divided by the largest one
    where sums would leave the number range. NaN gives NaN; an infinity gives infinity or NaN, and
    NaN.
    """
    if x.size == 0:
        return 0.0, 0.0
    with np.errstate(all="ignore"):
        mean, std = _two_passes(x.ravel("K"))
        if not isfinite(std):
            largest = float(np.max(np.abs(x)))
            if isfinite(largest):
                mean, std = _two_passes(x.ravel("K").astype(np.float64) / largest)
                return mean * largest, std * largest
    return mean, std


def _two_passes(flat: Array) -> tuple[float, float]:
    mean = float(np.add.reduce(flat)) / flat.size
    return mean, l2_norm(flat - np.asarray(mean, flat.dtype)) / sqrt(flat.size)
