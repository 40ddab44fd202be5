"""Arrays of many layers as one: where they lie side by side, one call goes through them all."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from gradsim.nn.arrays import Array, zeros_by_columns
from gradsim.nn.op import Op

AT_ONCE = 256 * 1024
"""Bytes that are gone through together at the most: what stays in a core's cache meanwhile."""


def settle(ops: Iterable[Op], *, columns: bool = False) -> None:
    """Put the `results` of ops of one kind and shape into one block each, in their order.

    With `columns` each column of a result is one piece of memory, as the time steps have it. What
    is a part of some block already stays where it is.
    To be done once, before the first pass: what the ops hold is not carried over.
    """
    alike: dict[tuple[type[Op], str, tuple[int, ...], str], list[Op]] = {}
    for op in ops:
        for name in op.results:
            buffer: Array = getattr(op, name)
            if buffer.base is not None:
                continue
            alike.setdefault((type(op), name, buffer.shape, buffer.dtype.str), []).append(op)
    for (_, name, shape, dtype), members in alike.items():
        size = len(members), *shape
        block = zeros_by_columns(size, dtype) if columns else np.zeros(size, dtype)
        for op, part in zip(members, block, strict=True):
            setattr(op, name, part)
            op.settled()


class Stack:
    """Arrays of one shape, on top of each other, and which places of a sequence they have."""

    def __init__(self, places: slice | list[int], parts: Sequence[Array]) -> None:
        self.places, self.parts = places, parts
        self.block = _block(parts)
        """A view of them all, (count, ...), where they lie at even distances; else they are
        copied."""
        self.rows: Array | None = None
        """What `flat` is, where that is a view."""
        if self.block is not None:
            rows = self._flattened(self.block)
            self.rows = rows if np.may_share_memory(rows, self.block) else None

    @classmethod
    def of(cls, parts: Sequence[Array]) -> "Stack":
        """All these arrays, in their order."""
        return cls(slice(0, len(parts)), parts)

    @property
    def array(self) -> Array:
        """All of them as they are now: (count, ...)."""
        return np.array(self.parts) if self.block is None else self.block

    @property
    def flat(self) -> Array:
        """All of them as they are now, each as a row in the order of memory: (count, entries)."""
        return self._flattened(self.array) if self.rows is None else self.rows

    def _flattened(self, array: Array) -> Array:
        first = self.parts[0]
        if self.block is not None and not first.flags.c_contiguous:
            array = array.swapaxes(-1, -2)
        return array.reshape(len(self.parts), first.size)


def side_by_side(ops: Sequence[Op], names: Iterable[str]) -> tuple[Array, ...] | None:
    """These arrays of all ops, by attribute, each as one block: (ops, ...); None if one is not.

    An op reads from and writes to the same memory at every call, so this holds once it is seen.
    """
    found = [Stack.of([getattr(op, name) for op in ops]).block for name in names]
    blocks = [block for block in found if block is not None]
    return tuple(blocks) if len(blocks) == len(found) else None


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
            out.append(Stack(run if together else some, parts))
    return out


def _block(parts: Sequence[Array]) -> Array | None:
    first, base = parts[0], parts[0].base
    if len(parts) == 1:
        return first[None]
    if not isinstance(base, np.ndarray) or not base.flags.c_contiguous:
        return None
    starts = [part.__array_interface__["data"][0] for part in parts]
    distance = starts[1] - starts[0]
    even = all(b - a == distance for a, b in pairwise(starts))
    even = even and all(part.base is base for part in parts)
    if not even or distance <= 0 or any(part.strides != first.strides for part in parts):
        return None
    return np.ndarray(
        (len(parts), *first.shape),
        first.dtype,
        base,
        starts[0] - base.__array_interface__["data"][0],
        (distance, *first.strides),
    )
