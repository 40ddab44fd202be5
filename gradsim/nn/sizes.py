"""How large the entries of many arrays are: measured together, each gone through once."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gradsim.nn.arrays import Array, mean_and_std, safe_squares
from gradsim.nn.blocks import AT_ONCE, Stack, stacks

Numbers: TypeAlias = npt.NDArray[np.float64]
"""A number of each of many arrays: (count,)."""

Flags: TypeAlias = npt.NDArray[np.bool_]

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
        self.arrays = arrays
        self.low, self.high = np.array([safe_squares(array) for array in arrays]).T
        self._stacks = [stack for stack in stacks(arrays) if stack.parts[0].size]
        self.lie_in(*np.zeros((2, len(arrays))))

    def lie_in(self, squares: Numbers, norms: Numbers) -> None:
        """Put the sums of squares and the norms there: (count,) each."""
        self.squares, self.norms = squares, norms
        runs = [stack.places for stack in self._stacks]
        self._own = [squares[run] if isinstance(run, slice) else None for run in runs]

    def measure(self) -> Numbers:
        """The norms as they are now: (count,)."""
        self.add_up()
        np.sqrt(self.squares, out=self.norms)
        safe = within(self.squares, self.low, self.high)
        self.finish(None if every(safe) else safe)
        return self.norms

    def add_up(self) -> None:
        """Go through all arrays once, and take the sums that the rest is made of."""
        for stack, own in zip(self._stacks, self._own, strict=True):
            flat = stack.flat if stack.rows is None else stack.rows
            if own is None:
                self.squares[stack.places] = np.vecdot(flat, flat)
            elif len(flat) == 1:
                own[0] = flat[0].dot(flat[0])
            else:
                np.vecdot(flat, flat, out=own)
            self._add_up(stack.places, flat)

    def finish(self, safe: Flags | None) -> None:
        """Make the rest of the sums; where they are not safe, the arrays are gone through again.

        `safe` says which are, None that all of them are. The roots of the squares are in `norms`.
        """
        if safe is not None:
            for stack in self._stacks:
                if not (fine := safe[stack.places]).all():
                    again = self.norms[stack.places]
                    again[~fine] = scaled_norms(stack.flat[~fine])
                    self.norms[stack.places] = again

    def _add_up(self, places: slice | list[int], flat: Array) -> None:
        """What is to be known beside the squares, while these arrays are in the cache."""


class Together:
    """Several `Norms` measured as one: their sums lie side by side, and are looked at once."""

    def __init__(self, parts: Sequence[Norms]) -> None:
        self.parts = parts
        self._squares, self._norms = np.zeros((2, sum(len(part.arrays) for part in parts)))
        self._low, self._high = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("low", "high")
        )
        self._own: list[slice] = []
        end = 0
        for part in parts:
            own = slice(end, end := end + len(part.arrays))
            part.lie_in(self._squares[own], self._norms[own])
            self._own.append(own)

    def measure(self) -> None:
        """Measure all of them: what they hold is then as it is now."""
        for part in self.parts:
            part.add_up()
        np.sqrt(self._squares, out=self._norms)
        safe = within(self._squares, self._low, self._high)
        all_safe = every(safe)
        for part, own in zip(self.parts, self._own, strict=True):
            part.finish(None if all_safe else safe[own])


def within(squares: Numbers, low: Numbers, high: Numbers) -> Flags:
    """Whether the squares have stayed in the range, and the sum of none is 0."""
    safe: Flags = squares > low
    safe &= squares <= high
    return safe


def every(flags: Flags) -> bool:
    """Whether all of a few flags are set; for so few quicker than `all`."""
    return b"\0" not in flags.tobytes()


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

    def finish(self, safe: Flags | None) -> None:
        """`means` and `stds` as well: (count,) each."""
        super().finish(safe)
        squares, counts = self.squares, self._counts
        means = np.divide(self.means, counts, out=self.means)
        variances = squares / counts
        variances -= means * means
        np.sqrt(variances, out=self.stds)
        wide = variances > squares * self._narrow
        if not every(wide):
            for stack in self._stacks:
                if not wide[stack.places].all():
                    self._again(stack)
        if safe is not None:
            for k in map(int, np.flatnonzero(~safe)):
                means[k], self.stds[k] = mean_and_std(self.arrays[k])

    def _add_up(self, places: slice | list[int], flat: Array) -> None:
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
        self._run = one_run(arrays)

    def finish(self, safe: Flags | None) -> None:
        """`largest` as well: (count,)."""
        super().finish(safe)
        high, low = self._ends
        np.maximum(high, np.negative(low, out=low), out=self.largest)

    def add_up(self) -> None:
        """Besides the sums the smallest and the largest entry of each."""
        super().add_up()
        if self._run:
            flat, bounds = self._run
            self._ends[0] = np.maximum.reduceat(flat, bounds)[::2]
            self._ends[1] = np.minimum.reduceat(flat, bounds)[::2]

    def _add_up(self, places: slice | list[int], flat: Array) -> None:
        if self._run is None:
            self._ends[0, places] = np.maximum.reduce(flat, axis=1)
            self._ends[1, places] = np.minimum.reduce(flat, axis=1)


def one_run(arrays: Sequence[Array]) -> tuple[Array, list[int]] | None:
    """Parts of one vector, in its order and few enough bytes to go through them in one call.

    The stretch of the vector that has them all, and where in it each begins and ends, but for the
    end of the last; None where they are no such parts.
    """
    base = arrays[0].base if arrays else None
    if base is None or base.ndim != 1 or not base.flags.c_contiguous:
        return None
    if any(a.base is not base or a.ndim != 1 or not a.size for a in arrays):
        return None
    origin = base.__array_interface__["data"][0]
    starts = [(a.__array_interface__["data"][0] - origin) // base.itemsize for a in arrays]
    bounds = [at for start, a in zip(starts, arrays, strict=True) for at in (start, start + a.size)]
    if bounds != sorted(bounds) or (bounds[-1] - bounds[0]) * base.itemsize > AT_ONCE:
        return None
    return base[bounds[0] : bounds[-1]], [at - bounds[0] for at in bounds[:-1]]
