"""Keyframes: the states that a run keeps, so that every position can be had again by replay."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from gradsim.nn.arrays import Array

MOST_SPREAD = 512
"""Checkpoints all over the run that are kept at the most: what is between them is replayed fast."""

MOST_NEAR = 64
"""Checkpoints near the cursor that are kept at the most, however small they are."""


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

    Every 2^k-th step is kept, every 8th at first, as far as 3/8 of the budget go, but no more than
    a jump needs to be fast. With the rest, around the step in `focus`: every step of the block that
    it is in and of the block before; and the beginnings of more blocks before, up to the last
    2^k-th step or, when that is near, to the one before it. So who goes back step by step finds
    every state there, if a little is replayed at each of them: `missing` says what.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.focus = 0
        """The step at which somebody stands, or which is on the way to be computed."""
        self._spread: dict[int, Checkpoint] = {}
        self._near: dict[int, Checkpoint] = {}
        self._stride, self._room = FIRST_STRIDE, 2
        self.scout: tuple[int, Checkpoint] | None = None
        """How far a replay toward what is missing has come."""

    def has(self, step: int) -> bool:
        """Whether a checkpoint of exactly this step is kept."""
        return step in self._near or step in self._spread

    def offer(self, step: int, make: Callable[[], Checkpoint]) -> None:
        """Keep a checkpoint of this step where it is wanted, and let go of others for it."""
        due = step % self._stride == 0 and step not in self._spread
        near = self._is_near(step, *self._window())
        if not due and (step in self._near or not near):
            return
        ahead = near and step == self.focus
        if ahead:
            self._let_go(self._room - 1)  # before this one is made, which may take that memory
        checkpoint = self._near.get(step) or make()
        size = max(1, checkpoint.size())
        self._room = min(MOST_NEAR, max(2, self.budget * 5 // 8 // size))
        if near:
            self._near[step] = checkpoint
            if not ahead or len(self._near) > self._room:
                self._let_go(self._room)
        if due:
            self._spread[step] = checkpoint
            while len(self._spread) > min(MOST_SPREAD, max(2, self.budget * 3 // 8 // size)):
                self._stride *= 2
                self._spread = {k: c for k, c in self._spread.items() if k % self._stride == 0}

    def latest(self, step: int) -> tuple[int, Checkpoint] | None:
        """The last checkpoint at or before a step."""
        known = [k for k in (*self._spread, *self._near) if k <= step]
        if self.scout and self.scout[0] <= step and self.scout[0] > max(known, default=-1):
            return self.scout
        if not known:
            return None
        best = max(known)
        return best, self._near.get(best) or self._spread[best]

    def missing(self) -> int | None:
        """The step closest to the focus, before it, whose checkpoint is wanted and not there."""
        wanted = islice(self._wanted(), self._room)
        return next((step for step in wanted if not self.has(step)), None)

    def all(self) -> Iterator[Checkpoint]:
        """Every checkpoint held; one that is held twice comes twice."""
        yield from self._spread.values()
        yield from self._near.values()
        if self.scout:
            yield self.scout[1]

    def until(self, step: int, segments: int) -> "Keyframes":
        """The checkpoints at or before a step, within the first segments of the run.

        For a run that forks there.
        """
        fork = Keyframes(self.budget)
        fork._stride, fork._room, fork.focus = self._stride, self._room, step
        for own, others in ((fork._spread, self._spread), (fork._near, self._near)):
            own.update({k: c for k, c in others.items() if k <= step and c.segment < segments})
        return fork

    def thin(self, budget: int = 0) -> None:
        """Keep fewer, for a run that has been left; with no budget none: it comes from its seed."""
        self._near, self.scout = {}, None
        while sum(checkpoint.size() for checkpoint in self._spread.values()) > budget:
            self._stride *= 2
            kept = {k: c for k, c in self._spread.items() if k % self._stride == 0}
            self._spread = kept if len(kept) > 1 else {}
        if not self._spread:
            self._stride = FIRST_STRIDE

    def _window(self) -> tuple[int, int, int]:
        """What is wanted near the focus: the steps of a block; the first step of the block before,
        from which on every step is; and down to where the beginnings of blocks are.

        A block is a power of two, so that two blocks and their beginnings have room.
        """
        block = 1
        while 2 * block < self._room // 2 and block < self._stride:
            block *= 2
        last = self.focus // self._stride * self._stride
        # The blocks of the stretch before are made while the second half of this one is left.
        first = last - self._stride if 2 * (self.focus - last) < self._stride else last
        return block, max(0, (self.focus // block - 1) * block), max(0, first)

    def _wanted(self) -> Iterator[int]:
        block, first, first_block = self._window()
        yield from range(self.focus, first - 1, -1)
        yield from range(first - block, first_block - 1, -block)

    def _is_near(self, step: int, block: int, first: int, first_block: int) -> bool:
        if step >= first:
            return step <= self.focus + block
        return step >= first_block and step % block == 0

    def _let_go(self, room: int) -> None:
        """Keep of those near the focus what is wanted, and so many at the most."""
        near, (block, first, first_block) = self._near, self._window()
        for step in [k for k in near if not self._is_near(k, block, first, first_block)]:
            del near[step]
        while len(near) > room:
            # After a rewind what comes later goes first; else what is needed last on the way back.
            last = max(near)
            others = [step for step in near if step != self.focus]
            single = [step for step in others if step % block]
            del near[last if last > self.focus else min(single or others)]
