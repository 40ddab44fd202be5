"""Arrays of many layers as one: where they lie side by side, one call measures them all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gradsim.nn.arrays import Array
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

    places: Sequence[int]
    parts: Sequence[Array]
    block: Array | None
    """A view of them all, (count, ...), where they lie at even distances; else they are copied."""

    @property
    def array(self) -> Array:
        """All of them as they are now: (count, ...)."""
        return np.array(self.parts) if self.block is None else self.block


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
            out.append(Stack(some, parts, _block(parts)))
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
    if not even or distance <= 0 or any(part.strides != first.strides for part in parts):
        return None
    return np.ndarray(
        (len(parts), *first.shape),
        first.dtype,
        base,
        starts[0] - base.__array_interface__["data"][0],
        (distance, *first.strides),
    )
