"""Arrays of many layers as one: where they lie side by side, one call measures them all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gradsim.nn.arrays import Array, by_columns, l2_norm, mean_and_std, safe_squares
from gradsim.nn.op import Op

Numbers: TypeAlias = npt.NDArray[np.float64]
"""A number of each of many arrays: (count,)."""

AT_ONCE = 256 * 1024
"""Bytes that are gone through together at the most: what stays in a core's cache meanwhile."""


def settle(ops: Iterable[Op], *, columns: bool = False) -> None:
    """Put the `results` of ops of one kind and shape into one block each, in their order.

    With `columns` each column of a result is one piece of memory, as the time steps have it.
    To be done once, before the first pass: what the ops hold is not carried over.
    """
    alike: dict[tuple[type[Op], str, tuple[int, ...], str], list[Op]] = {}
    for op in ops:
        for name in op.results:
            buffer: Array = getattr(op, name)
            alike.setdefault((type(op), name, buffer.shape, buffer.dtype.str), []).append(op)
    for (_, name, shape, dtype), members in alike.items():
        block = np.zeros((len(members), *shape), dtype)
        if columns:
            block = by_columns(block)
        for op, part in zip(members, block, strict=True):
            setattr(op, name, part)
            op.settled()


@dataclass(frozen=True, slots=True)
class Stack:
    """Arrays of one shape, on top of each other, and which places of a sequence they have."""

    places: slice | list[int]
    parts: Sequence[Array]
    block: Array | None
    """A view of them all, (count, ...), where they lie at even distances; else they are copied."""

    @classmethod
    def of(cls, parts: Sequence[Array]) -> "Stack":
        """All these arrays, in their order."""
        return cls(slice(0, len(parts)), parts, _block(parts))

    @property
    def array(self) -> Array:
        """All of them as they are now: (count, ...)."""
        return np.array(self.parts) if self.block is None else self.block

    @property
    def flat(self) -> Array:
        """All of them as they are now, each as a row in the order of memory: (count, entries)."""
        array, first = self.array, self.parts[0]
        if self.block is not None and not first.flags.c_contiguous:
            array = array.swapaxes(-1, -2)
        return array.reshape(len(self.parts), first.size)


def stacks(arrays: Sequence[Array], at_once: int = AT_ONCE) -> list[Stack]:
    """Every array in a stack with others of its shape, each of at most so many bytes.

    The arrays must be those that are written to later: the stacks look at their memory.
    """
    alike: dict[tuple[tuple[int, ...], int], list[int]] = {}
    for place, array in enumerate(arrays):
        alike.setdefault((array.shape, id(array.base)), []).append(place)
    out = []
    for places in alike.values():
        most = max(1, at_once // max(1, arrays[places[0]].nbytes))
        for start in range(0, len(places), most):
            some = places[start : start + most]
            parts = [arrays[place] for place in some]
            run = slice(some[0], some[-1] + 1)
            together = some == list(range(run.start, run.stop))
            out.append(Stack(run if together else some, parts, _block(parts)))
    return out


class _Squares:
    """Sums of squares of many arrays, and which of them can be trusted."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        self.arrays, self.stacks = arrays, stacks(arrays)
        self.sums: Numbers = np.zeros(len(arrays))
        self._low, self._high = np.array([safe_squares(array) for array in arrays]).T

    def poor(self) -> Iterable[int]:
        """Where squares have left the range, or may have."""
        safe = self.sums > self._low
        safe &= self.sums <= self._high
        return () if safe.all() else map(int, np.flatnonzero(~safe))


class Norms:
    """The L2 norm of each of many arrays, right over the whole range as `l2_norm` is."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        self._squares = _Squares(arrays)

    def measure(self) -> Numbers:
        """The norms as they are now: (count,). To be called with floating-point errors ignored."""
        squares = self._squares
        for stack in squares.stacks:
            flat = stack.flat
            squares.sums[stack.places] = np.vecdot(flat, flat)
        norms: Numbers = np.sqrt(squares.sums)
        for k in squares.poor():
            norms[k] = l2_norm(squares.arrays[k])
        return norms


class Spreads:
    """Mean and standard deviation of each of many arrays, right as `mean_and_std` is."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        self._squares = _Squares(arrays)
        self._means = np.zeros(len(arrays))
        self._sizes = np.array([max(1, array.size) for array in arrays])

    def measure(self) -> tuple[Numbers, Numbers]:
        """Means and deviations as they are now: (count,) each; with errors ignored, as above."""
        squares, means = self._squares, self._means
        for stack in squares.stacks:
            flat = stack.flat
            mean = np.add.reduce(flat, axis=1, keepdims=True)
            mean /= max(1, flat.shape[1])
            rest = flat - mean
            means[stack.places] = mean[:, 0]
            squares.sums[stack.places] = np.vecdot(rest, rest)
        stds: Numbers = np.sqrt(squares.sums / self._sizes)
        for k in squares.poor():
            means[k], stds[k] = mean_and_std(squares.arrays[k])
        return means, stds


class Largest:
    """The largest magnitude in each of many arrays; NaN where one is in it."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        # Of nothing the largest is 0.
        self._stacks = [stack for stack in stacks(arrays) if stack.parts[0].size]
        self._ends = np.zeros((2, len(arrays)))

    def measure(self) -> Numbers:
        """The magnitudes as they are now: (count,)."""
        high, low = self._ends
        for stack in self._stacks:
            flat = stack.flat
            high[stack.places] = np.maximum.reduce(flat, axis=1)
            low[stack.places] = np.minimum.reduce(flat, axis=1)
        return np.maximum(high, -low)


def _block(parts: Sequence[Array]) -> Array | None:
    first, base = parts[0], parts[0].base
    if len(parts) == 1:
        return first[None]
    if not isinstance(base, np.ndarray) or not base.flags.c_contiguous:
        return None
    starts = [part.__array_interface__["data"][0] for part in parts]
    distance = starts[1] - starts[0]
    even = all(b - a == distance for a, b in pairwise(starts))
    if not even or distance <= 0 or any(part.strides != first.strides for part in parts):
        return None
    return np.ndarray(
        (len(parts), *first.shape),
        first.dtype,
        base,
        starts[0] - base.__array_interface__["data"][0],
        (distance, *first.strides),
    )
