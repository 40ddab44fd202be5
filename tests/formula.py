"""Numbers from a formula in whole numbers: the same bits everywhere, with nothing stored.

Used by the script that makes the PyTorch reference and by the test that reads it; NumPy only.
"""

from zlib import crc32

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

PRIME = 999_983


def numbers(shape: tuple[int, ...], name: str) -> Array:
    """Numbers between -1 and 1 that look random, fixed by their name."""
    k = np.arange(int(np.prod(shape)), dtype=np.int64) + crc32(name.encode()) % PRIME
    mixed = (k * k % PRIME * 7919 + k * 104_729) % PRIME
    return np.asarray((2.0 * mixed / (PRIME - 1) - 1.0).reshape(shape), np.float64)


def starting_value(name: str, shape: tuple[int, ...]) -> Array:
    """What a parameter starts from, by its name: weights of variance 2 / fan_in, the rest small."""
    start = numbers(shape, name)
    spread = 0.2
    if name.endswith("norm.weight"):
        return 1.0 + 0.3 * start
    if name.endswith("activation.weight"):
        return 0.25 + 0.1 * start
    if name.endswith(".weight"):
        spread = float(np.sqrt(6.0 / shape[1]))
    return spread * start


def rows(features: int, count: int, name: str) -> Array:
    """Input rows: (count, features)."""
    return 2.0 * numbers((count, features), name)


def labels(count: int, classes: int) -> npt.NDArray[np.int64]:
    """Class numbers: (count,)."""
    k = np.arange(count, dtype=np.int64)
    return (k * k + k // 2) % classes
