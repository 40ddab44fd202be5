"""The array type of the engine and norms that hold over the whole range of a number format."""

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


def l2_norm(x: Array) -> float:
    """Euclidean norm of all entries: sqrt(sum x_i^2), right from subnormals to the largest number.

    A plain sum of squares under- or overflows long before the entries do (float32 below 1e-22
    or above 1e18), so outside the safe range the entries are first divided by the largest one.
    NaN gives NaN; an infinity gives infinity.
    """
    flat = x.reshape(-1)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        total = float(np.dot(flat, flat))
    # Squares that underflow lose less than the smallest normal number each: harmless while the
    # total is so much larger than all of them together.
    floor, ceiling = _RANGE[x.dtype]
    if flat.size * floor < total <= ceiling:
        return sqrt(total)
    if flat.size == 0:
        return 0.0
    largest = float(np.max(np.abs(flat)))
    if largest == 0.0 or not isfinite(largest):
        return largest
    scaled = flat.astype(np.float64) / largest
    return largest * sqrt(float(np.dot(scaled, scaled)))
