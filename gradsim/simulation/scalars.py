"""The numbers of every step side by side, so that looking at a long run costs next to nothing."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gradsim.simulation.measure import StepRecord

SCALARS = ("loss", "accuracy", "held_out_accuracy", "grad_norm", "clipped_grad_norm")
"""What is kept of every step, by the names of a record's fields."""

SETTLING = 32
"""Of so many of the latest records the numbers are read again each time: they may still come."""


class Scalars:
    """Reads each record of a run once, as soon as nothing of it will change any more."""

    def __init__(self) -> None:
        self._kept = np.empty((len(SCALARS), 0))
        self._count = 0

    def first(self, records: Sequence[StepRecord], count: int) -> npt.NDArray[np.float64]:
        """The numbers of the first `count` records: (SCALARS, count); NaN where there is none."""
        settled = max(len(records) - SETTLING, 0)
        if settled > self._kept.shape[1]:
            wider = np.empty((len(SCALARS), max(2 * settled, 1024)))
            wider[:, : self._count] = self._kept[:, : self._count]
            self._kept = wider
        if settled > self._count:
            self._kept[:, self._count : settled] = _read(records[self._count : settled])
            self._count = settled
        known = min(count, self._count)
        out = np.empty((len(SCALARS), count))
        out[:, :known] = self._kept[:, :known]
        out[:, known:] = _read(records[known:count])
        return out


def _read(records: Sequence[StepRecord]) -> npt.NDArray[np.float64]:
    rows = [[getattr(record, name) for record in records] for name in SCALARS]
    return np.array(rows, np.float64)  # None becomes NaN
