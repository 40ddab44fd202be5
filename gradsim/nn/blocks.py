"""Arrays of many layers as one: where they lie side by side, one call measures them all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gradsim.nn.arrays import Array, l2_norm, safe_squares
from gradsim.nn.op import Op

AT_ONCE = 256 * 1024
"""Bytes that are gone through together at the most: what stays in a core's cache meanwhile."""


def settle(ops: Iterable[Op]) -> None:
    """Put the `results` of ops of one kind and shape into one block each, in their order.

    To be done once, before the first pass: what the ops hold is not carried over.
    """
    alike: dict[tuple[type[Op], str, tuple[int, ...], str], list[Op]] = {}
    for op in ops:
        for name in op.results:
            buffer: Array = getattr(op, name)
            alike.setdefault((type(op), name, buffer.shape, buffer.dtype.str), []).append(op)
    for (_, name, shape, dtype), members in alike.items():
        block = np.zeros((len(members), *shape), dtype)
        for op, part in zip(members, block, strict=True):
            setattr(op, name, part)


@dataclass(frozen=True, slots=True)
class Stack:
    """Arrays of one shape, on top of each other, and which places of a sequence they have."""

    places: slice | list[int]
    parts: Sequence[Array]
    block: Array | None
    """A view of them all, (count, ...), where they lie at even distances; else they are copied."""

    @property
    def array(self) -> Array:
        """All of them as they are now: (count, ...)."""
        return np.array(self.parts) if self.block is None else self.block

    @property
    def flat(self) -> Array:
        """All of them as they are now, each as a row: (count, entries)."""
        array = self.array
        return array.reshape(len(self.parts), self.parts[0].size)


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


class Norms:
    """The L2 norm of each of many arrays, right over the whole range as `l2_norm` is."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        self._arrays, self._stacks = arrays, stacks(arrays)
        self._squares = np.empty(len(arrays))
        bounds = [safe_squares(array) for array in arrays]
        self._low, self._high = np.array(bounds).T

    def measure(self) -> npt.NDArray[np.float64]:
        """The norms as they are now: (count,). To be called with floating-point errors ignored."""
        squares = self._squares
        for stack in self._stacks:
            flat = stack.flat
            squares[stack.places] = np.vecdot(flat, flat)
        norms: npt.NDArray[np.float64] = np.sqrt(squares)
        safe = squares > self._low
        safe &= squares <= self._high
        if not safe.all():
            for k in np.flatnonzero(~safe):
                norms[k] = l2_norm(self._arrays[int(k)])
        return norms


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
