"""The numbers of every step side by side, so that looking at a long run costs next to nothing."""

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gradsim.simulation.measure import StepRecord

if TYPE_CHECKING:
    from gradsim.simulation.records import Records

SCALARS = ("loss", "accuracy", "held_out_accuracy", "grad_norm", "clipped_grad_norm")
"""What is kept of every step, by the names of a record's fields."""

_NUMBERS = attrgetter(*SCALARS)

SETTLING = 32
"""Of so many of the latest records the numbers are read again each time: they may still come."""

BUCKETS = 4096
"""Buckets at the most: of the steps in each the smallest and the largest number are kept."""

Floats = npt.NDArray[np.float64]


class Scalars:
    """Reads each record of a run once, as soon as nothing of it will change any more.

    At least the `recent` latest steps have their own numbers, and all of the first BUCKETS; of the
    others, in buckets of 2^k steps, the smallest and the largest, so that no spike is lost.
    """

    def __init__(self, recent: int) -> None:
        self._recent = recent
        self._begin = 0
        """The first step that has its own numbers in `_kept`."""
        self._count = 0
        """Steps read."""
        self._kept = np.empty((len(SCALARS), 0))
        self._low = self._high = np.empty((len(SCALARS), 0))
        self._stride = 1
        """Steps in a bucket."""

    def take(self, records: Sequence[StepRecord]) -> None:
        """Read the records that are settled by now; to be called as they come."""
        settled = len(records) - SETTLING
        if settled - self._count < SETTLING:
            return
        known = self._count - self._begin
        new = _read(records[self._count : settled])
        if known + new.shape[1] > self._kept.shape[1]:
            wider = np.empty((len(SCALARS), max(2 * self._kept.shape[1], 1024)))
            wider[:, :known] = self._kept[:, :known]
            self._kept = wider
        self._kept[:, known : known + new.shape[1]] = new
        self._count = settled
        if self._count - self._begin >= 2 * self._recent:
            self._fold(self._recent)

    def first(self, records: "Records", count: int) -> tuple[Floats, Floats]:
        """The numbers of the first `count` steps: at which steps, and (SCALARS, so many) numbers.

        A step has its own or, with those around it, the smallest and the largest; NaN where there
        is none.
        """
        if count < self._begin:
            buckets = count // self._stride
            begin, end = buckets * self._stride, count
            rest = records.kept_within(begin, end)
            if count and not (rest and rest[-1].step == count - 1):
                rest.append(records[count - 1])
        else:
            buckets = -(-self._begin // self._stride)
            begin, end = self._begin, min(count, self._count)
            rest = records.kept_within(end, count)
        own = self._kept[:, : max(0, end - self._begin)]
        steps = np.arange(begin, begin + own.shape[1], dtype=np.float64)
        late = np.array([record.step for record in rest], np.float64)
        old_steps, old = self._of_buckets(buckets)
        return (
            np.concatenate([old_steps, steps, late]),
            np.concatenate([old, own, _read(rest)], axis=1),
        )

    def fork(self, step: int, records: "Records") -> "Scalars":
        """The same before a step, for a run that forks there."""
        out = Scalars(self._recent)
        out._stride = self._stride
        out._count = min(step, self._count)
        out._begin = min(step, self._begin)
        buckets = out._begin // self._stride
        out._kept = (
            self._kept[:, : out._count - self._begin].copy() if step > self._begin else out._kept
        )
        whole = slice(0, -(-out._begin // self._stride))
        out._low, out._high = self._low[:, whole].copy(), self._high[:, whole].copy()
        if step < self._begin and step % self._stride:
            # The last bucket has steps behind the fork too: it is read anew, as far as it is known.
            known = _read(records.kept_within(buckets * self._stride, step))
            known = known if known.shape[1] else np.full((len(SCALARS), 1), np.nan)
            out._low[:, buckets] = np.fmin.reduce(known, axis=1)
            out._high[:, buckets] = np.maximum.reduce(known, axis=1)
        return out

    def _of_buckets(self, count: int) -> tuple[Floats, Floats]:
        """The first buckets as numbers at steps."""
        begins = np.arange(count, dtype=np.float64) * self._stride
        if self._stride == 1:
            return begins, self._high[:, :count]
        # The last bucket may be cut off where the run forks.
        middles = np.minimum(begins + self._stride // 2, self._begin - 1)
        steps = np.stack([begins, middles], axis=1)
        both = np.stack([self._low[:, :count], self._high[:, :count]], axis=2)
        return steps.ravel(), both.reshape(len(SCALARS), -1)

    def _fold(self, count: int) -> None:
        """Put the first steps that have their own numbers into buckets."""
        begin, end = self._begin, self._begin + count
        while end > BUCKETS * self._stride:
            self._halve()
        values = self._kept[:, :count]
        buckets = np.arange(begin, end) // self._stride
        starts = np.flatnonzero(np.diff(buckets, prepend=-1))
        shape = (len(SCALARS), int(buckets[-1]) + 1)
        low, high = np.full(shape, np.nan), np.full(shape, -np.inf)
        known = self._low.shape[1]
        low[:, :known], high[:, :known] = self._low, self._high
        own = slice(int(buckets[0]), None)
        low[:, own] = np.fmin(low[:, own], np.fmin.reduceat(values, starts, axis=1))
        high[:, own] = np.maximum(high[:, own], np.maximum.reduceat(values, starts, axis=1))
        self._low, self._high = low, high
        rest = self._kept[:, count : self._count - begin].copy()
        self._kept[:, : rest.shape[1]] = rest
        self._begin = end

    def _halve(self) -> None:
        """Two buckets become one."""
        if self._low.shape[1] % 2:
            self._low = np.append(self._low, self._low[:, -1:], axis=1)
            self._high = np.append(self._high, self._high[:, -1:], axis=1)
        self._low = np.fmin(self._low[:, ::2], self._low[:, 1::2])
        self._high = np.maximum(self._high[:, ::2], self._high[:, 1::2])
        self._stride *= 2


def _read(records: Sequence[StepRecord]) -> Floats:
    rows = np.array([_NUMBERS(record) for record in records], np.float64)  # None becomes NaN
    return rows.reshape(-1, len(SCALARS)).T
