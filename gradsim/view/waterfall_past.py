"""What a waterfall is drawn from: for each place of a run its smallest and largest size over steps.

Steps are taken in once, in blocks that grow with the run. So neither memory nor the work of a
picture grows with the number of steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gradsim.simulation.measure import StepRecord
from gradsim.simulation.run import Run
from gradsim.simulation.session import RUNS_AT_HAND, Session

Numbers = npt.NDArray[np.float64]

QUANTITIES = ("gradient", "grad_weight_norm", "update_ratio")
"""What can be shown: the gradient of the lane, that of the weights, update over weight."""

RATIO = QUANTITIES.index("update_ratio")

BUDGET = 16 * 2**20
"""Bytes of blocks that a run has, unless a place for each column of a wide screen needs more."""

FEWEST, MOST = 512, 2048
"""Blocks that a run has at the least and at the most, once it has as many steps."""

BATCH = 64
"""Steps taken in at once."""

NARROW = 16
"""Steps to a column up to which tables that were let go of are looked for once more."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of steps: smallest and largest size at each place, (columns, places of the table).

    Where nothing is kept `low` is NaN and `high` -infinity. Where a size is NaN, `high` is.
    """

    low: Numbers
    high: Numbers
    kept: npt.NDArray[np.intp]
    """(columns,): of how many steps the sizes are known."""


class Past:
    """The steps of one run. `size` is what its lane calls the gradient (see `Lane.size`)."""

    def __init__(self, run: Run, size: str) -> None:
        self.run = run
        self.names = (size, *QUANTITIES[1:])
        self.seen = 0
        """Steps taken in."""
        self.stride = 1
        """Steps to a block."""
        self._low = self._high = np.empty((0, len(QUANTITIES), 0))
        self._kept = np.empty(0, np.intp)
        self._ready: dict[int, tuple[Numbers, Numbers, int]] = {}
        """Columns that will not change any more."""
        self._ready_for: tuple[int, int] = (0, 0)

    @property
    def blank(self) -> bool:
        """Whether of no step anything is kept."""
        return not self._places()

    def fork(self, run: Run, step: int) -> "Past":
        """The same past up to a step, for a run that forks there."""
        out = Past(run, self.names[0])
        whole = min(step, self.seen) // self.stride
        out.stride, out.seen = self.stride, whole * self.stride
        out._low, out._high = self._low[:whole].copy(), self._high[:whole].copy()
        out._kept = self._kept[:whole].copy()
        return out

    def take(self, more: Callable[[], bool]) -> bool:
        """Take in steps that are complete and new, while `more()`; True where there were any."""
        end, before = self.run.end().step, self.seen
        batch = max(4, min(BATCH, 2**15 // max(1, self._places())))
        while self.seen < end and more():
            self._take(self.run.records[self.seen : min(end, self.seen + batch)])
        return self.seen > before

    def columns(self, quantity: int, first: int, count: int, span: int, end: int) -> Columns:
        """So many columns from column `first` on, each of `span` steps, of the steps before `end`.

        `span` is a power of 2. A step that is not taken in yet is not there, but for the last few.
        """
        places = self._places()
        low = np.full((count, places), np.nan)
        high = np.full((count, places), -np.inf)
        kept = np.zeros(count, np.intp)
        if self._ready_for != (quantity, span) or len(self._ready) > 4 * count + BATCH:
            self._ready, self._ready_for = {}, (quantity, span)
        missing = [k for k in range(count) if first + k not in self._ready]
        if missing and span >= self.stride:
            self._from_blocks(quantity, first, missing, span, Columns(low, high, kept))
        for k in range(count):
            column = first + k
            if column in self._ready:
                low[k], high[k], kept[k] = self._ready[column]
                continue
            own = Columns(low[k], high[k], kept[k : k + 1])
            self._from_records(quantity, column, span, end, own)
            whole = (column + 1) * span <= min(self.seen, end)
            if whole and (kept[k] == span or span > max(NARROW, self.stride)):
                self._ready[column] = low[k].copy(), high[k].copy(), int(kept[k])
        return Columns(low, high, kept)

    def at(self, quantity: int, step: int) -> Numbers | None:
        """The sizes of one step at each place; None where they are not kept."""
        values, known = self._read(self.run.records[step : step + 1], (quantity,))
        if known.any():
            return np.asarray(values[0, 0])
        if self.stride == 1 and step < self.seen and self._kept[step]:
            return np.asarray(self._high[step, quantity])
        return None

    # -- blocks ---------------------------------------------------------------------------------

    def _places(self) -> int:
        """Columns of the run's layer tables, as far as one of them is known."""
        if not self._low.shape[2]:
            known = (r.layers.shape[1] for r in reversed(self.run.records) if r.layers is not None)
            return next(known, 0)
        return self._low.shape[2]

    def _take(self, records: Sequence[StepRecord]) -> None:
        values, known = self._read(records, range(len(QUANTITIES)))
        most = self._most(values.shape[2])
        while self.seen + len(records) > most * self.stride:
            self._halve()
        blocks = (self.seen + np.arange(len(records))) // self.stride
        starts = np.flatnonzero(np.diff(blocks, prepend=blocks[0] - 1))
        first, last = int(blocks[0]), int(blocks[-1]) + 1
        self._make_room(last, values.shape[2])
        own = slice(first, last)
        low = np.fmin.reduceat(values, starts, axis=0)
        high = np.maximum.reduceat(np.where(known[:, None, None], values, -np.inf), starts, axis=0)
        self._low[own] = np.fmin(self._low[own], low)
        self._high[own] = np.maximum(self._high[own], high)
        self._kept[own] += np.add.reduceat(known.astype(np.intp), starts)
        self.seen += len(records)

    def _most(self, places: int) -> int:
        """Blocks that there is room for, an even number."""
        per_block = max(1, places) * len(QUANTITIES) * 2 * 8
        return min(max(FEWEST, BUDGET // per_block // 2 * 2), MOST)

    def _make_room(self, blocks: int, places: int = 0) -> None:
        """Room for so many blocks; of what is not known yet nothing is kept."""
        have = len(self._low)
        if places and not self._low.shape[2]:
            # Until now no table has been kept at all.
            self._low = np.full((have, len(QUANTITIES), places), np.nan)
            self._high = np.full((have, len(QUANTITIES), places), -np.inf)
        if blocks <= have:
            return
        more = max(blocks, min(2 * have, self._most(places))) - have
        shape = (more, *self._low.shape[1:])
        self._low = np.concatenate([self._low, np.full(shape, np.nan)])
        self._high = np.concatenate([self._high, np.full(shape, -np.inf)])
        self._kept = np.concatenate([self._kept, np.zeros(more, np.intp)])

    def _halve(self) -> None:
        """Two blocks become one."""
        self._make_room(len(self._low) + len(self._low) % 2)
        half = len(self._low) // 2
        self._low[:half] = np.fmin(self._low[::2], self._low[1::2])
        self._high[:half] = np.maximum(self._high[::2], self._high[1::2])
        self._kept[:half] = self._kept[::2] + self._kept[1::2]
        self._low[half:], self._high[half:], self._kept[half:] = np.nan, -np.inf, 0
        self.stride *= 2

    def _read(
        self, records: Sequence[StepRecord], quantities: Sequence[int]
    ) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """Sizes of steps, (steps, quantities, places), and which of the steps are kept."""
        places = self._places()
        values = np.full((len(records), len(quantities), places), np.nan)
        known = np.zeros(len(records), np.bool_)
        updates = RATIO in quantities
        for k, record in enumerate(records):
            if record.layers is None or record.layers.shape[1] != places:
                continue
            if updates and not record.complete:
                continue
            for row, quantity in enumerate(quantities):
                column = record.column(self.names[quantity])
                assert column is not None
                values[k, row] = column
            known[k] = True
        return values, known

    # -- columns --------------------------------------------------------------------------------

    def _from_blocks(
        self,
        quantity: int,
        first: int,
        columns: Sequence[int],
        span: int,
        into: Columns,
    ) -> None:
        """Fill in columns of whole blocks: from the first to the last of those asked for."""
        each = span // self.stride
        begin = (first + columns[0]) * each
        end = (first + columns[-1] + 1) * each
        if begin >= self.seen // self.stride + 1 or not self._low.shape[2]:
            return
        self._make_room(end)
        own, parts = slice(columns[0], columns[-1] + 1), (-1, each, self._low.shape[2])
        low, high = (blocks[begin:end, quantity] for blocks in (self._low, self._high))
        into.low[own] = np.fmin.reduce(low.reshape(parts), axis=1)
        into.high[own] = np.maximum.reduce(high.reshape(parts), axis=1)
        into.kept[own] = self._kept[begin:end].reshape(-1, each).sum(axis=1)

    def _from_records(self, quantity: int, column: int, span: int, end: int, into: Columns) -> None:
        """Add what the blocks do not tell: finer columns, the last steps, tables that came back."""
        begin, stop = column * span, min((column + 1) * span, end)
        first, fine = begin, span < self.stride
        if not fine and (span > NARROW or into.kept[0] == stop - begin):
            begin = max(begin, self.seen)
        if begin >= stop or (not fine and stop - begin > BATCH):
            return
        values, known = self._read(self.run.records[begin:stop], (quantity,))
        if not known.any():
            return
        sizes, count = values[known, 0], np.count_nonzero(known)
        into.low[:] = np.fmin(into.low, np.fmin.reduce(sizes, axis=0))
        into.high[:] = np.maximum(into.high, np.maximum.reduce(sizes, axis=0))
        into.kept[0] = max(into.kept[0], count) if begin == first else into.kept[0] + count


class Pasts:
    """The pasts of a session's runs; those of the runs looked at last are kept."""

    def __init__(self) -> None:
        self._known: dict[int, Past] = {}

    def of(self, session: Session, size: str) -> Past:
        """The past of the present run; what it shares with the run it forked off is taken over."""
        run = session.run
        found = self._known.pop(run.number, None)
        if found is None or found.run is not run or found.names[0] != size:
            start, parent = run.segments[-1].start, self._known.get(run.parent or 0)
            shares = (
                start > 0 and parent is not None and parent.run is session.runs[run.parent or 0]
            )
            found = parent.fork(run, start) if parent and shares else Past(run, size)
        self._known[run.number] = found
        while len(self._known) > RUNS_AT_HAND:
            del self._known[next(iter(self._known))]
        return found
