"""The records of a run: the latest whole, of those before ever fewer, in bounded memory.

What is let go of comes back by exact replay.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import overload

from gradsim.simulation.budget import RECENT
from gradsim.simulation.events import Plan
from gradsim.simulation.measure import Places, StepRecord
from gradsim.simulation.scalars import Scalars

FAR = 4096
"""Records of earlier steps that are kept at the most: every 2^k-th."""

AGAIN = 1024
"""Records that are kept at the most after they came back by replay."""

EVENTS_KEPT = 16
"""Steps whose single events stay recorded; those of older steps come back by exact replay."""

BROKEN_KEPT = 64
"""Steps not finite that are known for good, the first of them."""


class Records(Sequence[StepRecord]):
    """The records by step; of a step whose record was let go of one in which nothing is known.

    Even of those it is known at once what ops they have and whether clipping fired.
    """

    def __init__(self, recent: int = RECENT) -> None:
        self.scalars = Scalars(recent)
        self._near = recent
        self._count = 0
        self._settled = 0
        """Steps before this one are no longer kept one by one."""
        self._recent: dict[int, StepRecord] = {}
        self._far: dict[int, StepRecord] = {}
        self._stride = 1
        self._again: dict[int, StepRecord] = {}
        self._marked: set[int] = {0}
        """Steps whose records stay."""
        self._plans: list[tuple[int, Plan, Places]] = []
        """From which step on a step has these ops and places."""
        self._fired = bytearray()
        """A bit for each settled step."""
        self._broken: list[int] = []
        self._tables: dict[int, StepRecord] = {}
        """Tables older than the latest that are kept: every 2^k-th."""
        self._tables_stride = 1
        self._with_events: dict[int, StepRecord] = {}

    def __len__(self) -> int:
        """Steps begun."""
        return self._count

    @overload
    def __getitem__(self, which: int) -> StepRecord: ...

    @overload
    def __getitem__(self, which: slice) -> Sequence[StepRecord]: ...

    def __getitem__(self, which: int | slice) -> StepRecord | Sequence[StepRecord]:
        """The record of a step; a slice copies nothing."""
        if isinstance(which, slice):
            return _Part(self, range(self._count)[which])
        step = which if which >= 0 else which + self._count
        if not 0 <= step < self._count:
            raise IndexError(step)
        return self.kept(step) or self._unknown(step)

    def kept(self, step: int) -> StepRecord | None:
        """The record of a step, if it is there."""
        return self._recent.get(step) or self._far.get(step) or self._again.get(step)

    @property
    def whole(self) -> bool:
        """Whether the record of every step is there."""
        return self._settled == 0 or (self._stride == 1 and len(self._far) >= self._settled)

    def kept_within(self, begin: int, end: int) -> list[StepRecord]:
        """Those that are there of these steps, in their order."""
        if begin >= self._settled:
            return [self._recent[step] for step in range(begin, end)]
        parts = (self._far, self._again, self._recent)
        known = {k for part in parts for k in part if begin <= k < end}
        return [self[step] for step in sorted(known)]

    def all(self) -> Iterator[StepRecord]:
        """Every record held; one that is held twice comes twice."""
        for part in (self._far, self._recent, self._again):
            yield from part.values()

    def append(self, record: StepRecord) -> None:
        """Begin the next step."""
        assert record.step == self._count
        self._recent[self._count] = record
        self._count += 1
        self.scalars.take(self)
        while self._settled < self._count - self._near:
            self._settle(self._settled)

    def open(self, step: int, tables: int) -> StepRecord:
        """The record of a step that is computed now, with room for its events.

        About `tables` tables of layers are kept, a half of them those of the latest steps.
        """
        if step == self._count:
            record = StepRecord(step)
            self.append(record)
        else:
            record = self[step]
        near = min(self._near, max(EVENTS_KEPT, tables // 2))
        self._let_tables_go(self._count - 1 - near, min(FAR, tables // 4))
        if self.kept(step) is None or (record.layers is None and step < self._count - near):
            self._again[step] = record
            while len(self._again) > min(AGAIN, max(EVENTS_KEPT, tables // 4)):
                self._again.pop(next(iter(self._again))).layers = None
        record.events = []
        self._with_events.pop(step, None)
        self._with_events[step] = record
        while len(self._with_events) > EVENTS_KEPT:
            self._with_events.pop(next(iter(self._with_events))).events = None
        return record

    def fired(self, end: int) -> int:
        """At how many of the steps before this one clipping fired."""
        old = min(end, self._settled)
        whole, rest = divmod(old, 8)
        count = int.from_bytes(self._fired[:whole]).bit_count()
        count += (self._fired[whole] & ((1 << rest) - 1)).bit_count() if rest else 0
        return count + sum(self._recent[step].fired for step in range(old, end))

    def broken(self, end: int) -> Iterator[int]:
        """The first steps before this one in which something was not finite; not all of them."""
        yield from (step for step in self._broken if step < end)
        for step in range(self._settled, end):
            if self._recent[step].broke_at is not None:
                yield step

    def fork(self, step: int) -> "Records":
        """The same records before a step, for a run that forks there."""
        out = Records(self._near)
        out._count, out._settled = step, min(step, self._settled)
        for name in ("_recent", "_far", "_again", "_tables", "_with_events"):
            part: dict[int, StepRecord] = getattr(self, name)
            getattr(out, name).update({k: r for k, r in part.items() if k < step})
        out._stride, out._tables_stride = self._stride, self._tables_stride
        out._marked = {k for k in self._marked if k < step} | {step}
        out._plans = [entry for entry in self._plans if entry[0] < step]
        out._fired = self._fired[: out._settled // 8 + 1]
        if out._settled % 8 and len(out._fired) > out._settled // 8:
            out._fired[-1] &= (1 << out._settled % 8) - 1
        out._broken = [k for k in self._broken if k < step]
        out.scalars = self.scalars.fork(step, self)
        return out

    def _settle(self, step: int) -> None:
        """Keep the record of a step no longer for its own sake."""
        record = self._recent.pop(step)
        self._settled = step + 1
        last = self._plans[-1] if self._plans else None
        if last is None or (
            last[1] is not record.plan and last[1:] != (record.plan, record.places)
        ):
            self._plans.append((step, record.plan, record.places))
        if step // 8 >= len(self._fired):
            self._fired.append(0)
        self._fired[step // 8] |= record.fired << step % 8
        if record.broke_at is not None and len(self._broken) < BROKEN_KEPT:
            self._broken.append(step)
            self._marked.add(step)
        if step % self._stride == 0 or step in self._marked:
            self._far[step] = record
        else:
            self._tables.pop(step, None)
        while len(self._far) > FAR + len(self._marked):
            self._stride *= 2
            self._far = {k: r for k, r in self._far.items() if self._stays(k)}

    def _stays(self, step: int) -> bool:
        if step % self._stride == 0 or step in self._marked:
            return True
        self._tables.pop(step, None)
        return False

    def _let_tables_go(self, step: int, most: int) -> None:
        """Of a step that is none of the latest any more; at most so many of those are kept."""
        record = self.kept(step) if step >= 0 else None
        if record is None or record.layers is None or step in self._tables or step in self._again:
            return
        if most and step % self._tables_stride == 0:
            self._tables[step] = record
        else:
            record.layers = None
        while len(self._tables) > most:
            self._tables_stride *= 2
            for k in [k for k in self._tables if k % self._tables_stride]:
                self._tables.pop(k).layers = None

    def _unknown(self, step: int) -> StepRecord:
        at = bisect_right(self._plans, step, key=lambda entry: entry[0]) - 1
        _, plan, places = self._plans[at]
        fired = bool(self._fired[step // 8] >> step % 8 & 1)
        return StepRecord(step, None, plan, places, complete=True, fired=fired)


class _Part(Sequence[StepRecord]):
    """Some of the records, looked up when they are asked for."""

    def __init__(self, records: Records, steps: range) -> None:
        self._records, self._steps = records, steps

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, which: int) -> StepRecord: ...

    @overload
    def __getitem__(self, which: slice) -> Sequence[StepRecord]: ...

    def __getitem__(self, which: int | slice) -> StepRecord | Sequence[StepRecord]:
        if isinstance(which, slice):
            return _Part(self._records, self._steps[which])
        return self._records[self._steps[which]]
