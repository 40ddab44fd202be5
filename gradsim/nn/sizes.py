"""How large the entries of many arrays are: measured together, each gone through once."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gradsim.nn.arrays import Array, mean_and_std, safe_squares
from gradsim.nn.blocks import Stack, stacks

Numbers: TypeAlias = npt.NDArray[np.float64]
"""A number of each of many arrays: (count,)."""

NARROW: dict[np.dtype[np.floating], float] = {
    np.dtype(np.float32): 0.25,
    np.dtype(np.float64): 1e-6,
}
"""Below this share of the mean square a variance has lost too many digits to its mean."""


class Norms:
    """The L2 norm of each of many arrays, right over the whole range as `l2_norm` is.

    The arrays must be those that are written to later. Everything is to be called with
    floating-point errors ignored; what it gives back stands until the next call.
    """

    def __init__(self, arrays: Sequence[Array]) -> None:
        self.arrays, self.norms = arrays, np.zeros(len(arrays))
        self.squares: Numbers = np.zeros(len(arrays))
        """The sums of squares, where they can be trusted."""
        self._stacks = [stack for stack in stacks(arrays) if stack.parts[0].size]
        self._low, self._high = np.array([safe_squares(array) for array in arrays]).T

    def measure(self) -> Numbers:
        """The norms as they are now: (count,)."""
        for stack in self._stacks:
            self._add_up(stack.places, stack.flat)
        norms = np.sqrt(self.squares, out=self.norms)
        if not (safe := self._safe()).all():
            for stack in self._stacks:
                if not (fine := safe[stack.places]).all():
                    again = norms[stack.places]
                    again[~fine] = scaled_norms(stack.flat[~fine])
                    norms[stack.places] = again
        return norms

    def _add_up(self, places: slice | list[int], flat: Array) -> None:
        self.squares[places] = np.vecdot(flat, flat)

    def _safe(self) -> npt.NDArray[np.bool_]:
        """Whether the squares have stayed in the range, and the sum of none is 0."""
        safe: npt.NDArray[np.bool_] = self.squares > self._low
        safe &= self.squares <= self._high
        return safe


def scaled_norms(rows: Array) -> Numbers:
    """The L2 norm of each row, whose entries are first divided by the largest one: (rows,).

    0, infinity and NaN are what they are.
    """
    scaled = rows.astype(np.float64)
    largest: Numbers = np.maximum.reduce(np.abs(scaled), axis=1)
    plain = (largest > 0.0) & (largest < np.inf)
    scaled /= np.where(plain, largest, 1.0)[:, None]
    return np.where(plain, largest * np.sqrt(np.vecdot(scaled, scaled)), largest)


class Spreads(Norms):
    """Besides the norms the mean and standard deviation, right as `mean_and_std` is.

    std^2 = mean(x^2) - mean(x)^2, which takes one pass; where that loses digits, the entries are
    gone through again without their mean.
    """

    def __init__(self, arrays: Sequence[Array]) -> None:
        super().__init__(arrays)
        self.means, self.stds = np.zeros((2, len(arrays)))
        self._counts = np.array([max(1, array.size) for array in arrays])
        self._narrow = np.array([NARROW[array.dtype] for array in arrays]) / self._counts

    def measure(self) -> Numbers:
        """The norms as they are now; and `means` and `stds`: (count,) each."""
        norms, squares = super().measure(), self.squares
        means, counts = np.divide(self.means, self._counts, out=self.means), self._counts
        variances = squares / counts
        variances -= means * means
        wide = variances > squares * self._narrow
        np.sqrt(variances, out=self.stds)
        if not wide.all():
            for stack in self._stacks:
                if not wide[stack.places].all():
                    self._again(stack)
            for k in map(int, np.flatnonzero(~self._safe())):
                means[k], self.stds[k] = mean_and_std(self.arrays[k])
        return norms

    def _add_up(self, places: slice | list[int], flat: Array) -> None:
        self.squares[places] = np.vecdot(flat, flat)
        self.means[places] = np.add.reduce(flat, axis=1)

    def _again(self, stack: Stack) -> None:
        places, flat = stack.places, stack.flat
        rest = flat - self.means[places, None].astype(flat.dtype)
        self.stds[places] = np.sqrt(np.vecdot(rest, rest) / flat.shape[1])


class Largest(Norms):
    """Besides the norms the largest magnitude; NaN where one is in it, 0 of nothing."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        super().__init__(arrays)
        self._ends = np.zeros((2, len(arrays)))
        self.largest: Numbers = np.zeros(len(arrays))

    def measure(self) -> Numbers:
        """The norms as they are now; and `largest`: (count,)."""
        norms, (high, low) = super().measure(), self._ends
        np.maximum(high, np.negative(low, out=low), out=self.largest)
        return norms

    def _add_up(self, places: slice | list[int], flat: Array) -> None:
        self.squares[places] = np.vecdot(flat, flat)
        self._ends[0, places] = np.maximum.reduce(flat, axis=1)
        self._ends[1, places] = np.minimum.reduce(flat, axis=1)
