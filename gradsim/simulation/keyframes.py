"""Keyframes: the states that a run keeps, so that every position can be had again by replay."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from gradsim.nn.arrays import Array

MOST_SPREAD = 512
"""Checkpoints all over the run that are kept at the most: what is between them is replayed fast."""

MOST_NEAR = 64
"""Checkpoints near the cursor that are kept at the most, however small they are."""

EVERY = 4
"""Where training goes on, every so many steps one is kept near the cursor."""

EVERY_SMALL, SMALL = 32, 2**20
"""The same where a checkpoint has fewer bytes than this: its network is so small that as many steps
are replayed in a moment, and a copy would take as long as some of the step."""

FEW = 32
"""Where fewer checkpoints have room, the start of a run is none: it comes from the seed."""

FIRST_STRIDE = 8
"""Steps from one checkpoint of the whole run to the next at the least: so few are soon replayed,
and the system is asked for fresh memory eight times less."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that decides the future at the start of a step: copies, never written to."""

    segment: int
    """Index of the run's segment that the network stands in."""
    values: Array
    buffers: dict[str, Array]
    optimizer: Array
    optimizer_count: int

    def size(self) -> int:
        """Bytes held."""
        own = self.values.nbytes + self.optimizer.nbytes
        return own + sum(array.nbytes for array in self.buffers.values())


class Keyframes:
    """Checkpoints by step within a budget of bytes, the denser the closer to `focus`.

    Every 2^k-th step is kept, every 8th at first, as far as 9/16 of the budget go and a jump needs
    it to be short. With the rest, before the step in `focus`, multiples of smaller powers of two:
    those of each power in the stretch between two of the next one, and in the stretch before it
    once half of this one is left. So who goes back step by step finds every state there, if a
    little is replayed at each of them: `missing` says what, and `on_the_way` keeps how far that
    has come.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.focus = 0
        """The step at which somebody stands, or which is on the way to be computed."""
        self._spread: dict[int, Checkpoint] = {}
        self._near: dict[int, Checkpoint] = {}
        self._stride, self._room, self._every = FIRST_STRIDE, 2, EVERY
        self._scouts: dict[int, tuple[int, Checkpoint]] = {}
        """How far the replay toward each missing step has come."""

    def has(self, step: int) -> bool:
        """Whether a checkpoint of exactly this step is kept."""
        return step in self._near or step in self._spread

    def offer(self, step: int, make: Callable[[], Checkpoint], *, new: bool = False) -> None:
        """Keep a checkpoint of this step where it is wanted, and let go of others for it.

        Of `new` steps, where training goes on, some are enough: what is between is soon replayed.
        """
        due = step % self._stride == 0 and step not in self._spread
        near = step not in self._near and not (new and step % self._every)
        near = near and self._is_near(step, self._stretches())
        if not (due or near):
            return
        if near:
            self._let_go(self._room - 1)  # before this one is made, which may take that memory
        checkpoint = self._near.get(step) or make()
        if near:
            self._near[step] = checkpoint
        if due:
            self._spread[step] = checkpoint
            self._fit(checkpoint.size())

    def on_the_way(self, missing: int, step: int, make: Callable[[], Checkpoint]) -> None:
        """Keep how far the replay toward a missing step has come, to go on from there later."""
        self._scouts.pop(missing, None)
        self._let_go(self._room - 1)
        self._scouts[missing] = step, make()

    def limit(self, budget: int) -> None:
        """Have another budget from now on."""
        if budget != self.budget:
            self.budget = budget
            if known := next(self.all(), None):
                self._fit(known.size())

    def _fit(self, size: int) -> None:
        """Share the budget out among checkpoints of so many bytes."""
        most = self.budget // max(1, size)
        if size < SMALL:
            self._every, self._stride = EVERY_SMALL, max(self._stride, EVERY_SMALL)
        if most < FEW:
            self._spread.pop(0, None)
        while len(self._spread) > min(MOST_SPREAD, max(2, most * 9 // 16)):
            self._stride *= 2
            self._spread = {k: c for k, c in self._spread.items() if k % self._stride == 0}
        self._room = min(MOST_NEAR, max(2, most - len(self._spread)))
        self._let_go(self._room)

    def latest(self, step: int) -> tuple[int, Checkpoint] | None:
        """The last checkpoint at or before a step."""
        known = {k: c for k, c in (*self._spread.items(), *self._near.items()) if k <= step}
        known |= {k: c for k, c in self._scouts.values() if k <= step and k not in known}
        best = max(known, default=None)
        return None if best is None else (best, known[best])

    def missing(self) -> int | None:
        """The step closest to the focus, before it, whose checkpoint is wanted and not there."""
        return next((step for step in self._wanted() if not self.has(step)), None)

    def ahead(self) -> int:
        """Steps to be replayed from the last checkpoint to the focus."""
        found = self.latest(self.focus)
        return self.focus - (found[0] if found else 0)

    def all(self) -> Iterator[Checkpoint]:
        """Every checkpoint held; one that is held twice comes twice."""
        yield from self._spread.values()
        yield from self._near.values()
        yield from (checkpoint for _, checkpoint in self._scouts.values())

    def until(self, step: int, segments: int) -> "Keyframes":
        """The checkpoints at or before a step, within the first segments of the run.

        For a run that forks there.
        """
        fork = Keyframes(self.budget)
        fork._stride, fork._room, fork.focus = self._stride, self._room, step
        fork._every = self._every
        for own, others in ((fork._spread, self._spread), (fork._near, self._near)):
            own.update({k: c for k, c in others.items() if k <= step and c.segment < segments})
        return fork

    def thin(self, budget: int = 0) -> None:
        """Keep fewer, for a run that has been left; with no budget none: it comes from its seed."""
        self._near, self._scouts = {}, {}
        while sum(checkpoint.size() for checkpoint in self._spread.values()) > budget:
            self._stride *= 2
            kept = {k: c for k, c in self._spread.items() if k % self._stride == 0}
            self._spread = kept if len(kept) > 1 else {}
        if not self._spread:
            self._stride = FIRST_STRIDE

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """Each power of two below the stride, and down to where its multiples are wanted."""
        for block, above in pairwise((*_powers(self._stride, self._room), self._stride)):
            last = self.focus // above * above
            yield block, last if 2 * (self.focus - last) >= above else max(0, last - above)

    def _wanted(self) -> list[int]:
        """The steps before the focus of which a checkpoint is wanted, the closest first."""
        wanted: set[int] = set()
        for block, first in self._stretches():
            wanted.update(range(first, self.focus, block))
        return sorted(wanted, reverse=True)

    def _is_near(self, step: int, stretches: Iterable[tuple[int, int]]) -> bool:
        if step >= self.focus:
            return step <= self.focus + self._every
        return any(step >= first and step % block == 0 for block, first in stretches)

    def _let_go(self, room: int) -> None:
        """Keep of those near the focus what is wanted, and so many at the most."""
        near, stretches = self._near, list(self._stretches())
        for step in [step for step in near if not self._is_near(step, stretches)]:
            del near[step]
        scouts = self._scouts
        for step in [
            step for step in scouts if self.has(step) or not self._is_near(step, stretches)
        ]:
            del scouts[step]
        while len(near) + len(scouts) > room:
            # After a rewind what comes later goes first; else what is needed last on the way back.
            last = max((*near, *scouts))
            others = [step for step in near if step != self.focus and step not in self._spread]
            found = last if last > self.focus else min((*others, *scouts) or near)
            del (scouts if found in scouts else near)[found]


@cache
def _powers(stride: int, room: int) -> tuple[int, ...]:
    """Powers of two below a stride whose multiples have room: the fewest, evenly apart.

    Of a power that the next one is q times, up to 3 q / 2 - 2 are kept. The fewer powers there are,
    the less often a step is replayed; where even every power of two has no room, the lowest go.
    """
    bits = stride.bit_length() - 1
    for lowest in range(bits):
        for count in range(1, bits - lowest + 1):
            marks = [lowest + (bits - lowest) * k // count for k in range(count + 1)]
            if sum(3 * 2 ** (b - a) // 2 - 2 for a, b in pairwise(marks)) + 1 <= room:
                return tuple(2**mark for mark in marks[:-1])
    return ()
