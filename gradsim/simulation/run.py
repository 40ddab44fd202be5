"""A run: which experiment holds from which step on, what was recorded, and where to restart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.nn.arrays import Array
from gradsim.simulation.measure import StepRecord

KEYFRAME_BUDGET = 128 * 2**20
"""Bytes of parameters that a run keeps for rewinding, half of it for the latest steps."""

TABLE_BUDGET = 64 * 2**20
"""Bytes of layer tables that stay recorded, of the latest steps; older ones come back by replay."""

EVENTS_KEPT = 16
"""Steps whose single events stay recorded; those of older steps come back by exact replay."""


class Position(NamedTuple):
    """A place between two ops: `op` events of training step `step` are done."""

    step: int
    op: int


START = Position(0, 0)


class Segment(NamedTuple):
    """An experiment and the step from which it holds."""

    start: int
    experiment: Experiment


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run starts from that does not start from its seed: a state saved before."""

    parameters: Mapping[str, Array]
    buffers: Mapping[str, Array]
    optimizer: Mapping[str, Array]
    """The optimizer's state by parameter, (slots, *shape); empty where it starts anew."""
    optimizer_count: int
    step: int
    """Training steps made before: batches and schedule go on from there."""


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
    """Checkpoints by step: all of the latest steps, and every 2^k-th before, within a budget."""

    def __init__(self) -> None:
        self._spread: dict[int, Checkpoint] = {}
        self._recent: dict[int, Checkpoint] = {}
        self._stride = 1

    def has(self, step: int) -> bool:
        """Whether a checkpoint of exactly this step is kept."""
        return step in self._recent or step in self._spread

    def offer(self, step: int, make: Callable[[], Checkpoint]) -> None:
        """Keep a checkpoint of this step, and let go of others where the budget asks for it."""
        if self.has(step):
            return
        checkpoint = make()
        room = max(2, KEYFRAME_BUDGET // 2 // max(1, checkpoint.size()))
        self._recent[step] = checkpoint
        while len(self._recent) > min(room, EVENTS_KEPT):
            # The one farthest from the step at hand goes: after a rewind that may be a later one.
            first, last = min(self._recent), max(self._recent)
            del self._recent[first if step - first >= last - step else last]
        if step % self._stride == 0:
            self._spread[step] = checkpoint
            while len(self._spread) > room:
                self._stride *= 2
                self._spread = {k: c for k, c in self._spread.items() if k % self._stride == 0}

    def latest(self, step: int) -> tuple[int, Checkpoint] | None:
        """The last checkpoint at or before a step."""
        known = [k for k in (*self._spread, *self._recent) if k <= step]
        if not known:
            return None
        best = max(known)
        return best, self._recent.get(best) or self._spread[best]

    def until(self, step: int, segments: int) -> "Keyframes":
        """The checkpoints at or before a step, within the first segments of the run.

        For a run that forks there.
        """
        fork = Keyframes()
        fork._stride = self._stride
        for own, others in ((fork._spread, self._spread), (fork._recent, self._recent)):
            own.update({k: c for k, c in others.items() if k <= step and c.segment < segments})
        return fork

    def thin(self) -> None:
        """Let go of all: a run that has been left comes back from its seed, by exact replay."""
        self._spread, self._recent, self._stride = {}, {}, 1


@dataclass(slots=True)
class Run:
    """One line of training: from step 0, through its switches, as far as it has been computed."""

    number: int
    segments: tuple[Segment, ...]
    data: Data
    """As it was read when the run began: a file may change or leave, a replay must not."""
    origin: Origin | None = None
    """A saved state that it starts from, instead of its seed."""
    parent: int | None = None
    cursor: Position = START
    """Where the session stands, or stood when it left this run."""
    records: list[StepRecord] = field(default_factory=list)
    keyframes: Keyframes = field(default_factory=Keyframes)

    def end(self) -> Position:
        """As far as this run has been computed."""
        if not self.records:
            return START
        last = self.records[-1]
        if last.complete:
            return Position(len(self.records), 0)
        return Position(last.step, len(last.events or ()))

    def reaches(self, position: Position) -> bool:
        """Whether a position has been computed; every op of a step has one, its end none."""
        step, op = position
        if not START <= position <= self.end() or op < 0:
            return False
        return op == 0 or op < len(self.records[step].plan)

    def experiment_at(self, step: int) -> Experiment:
        """The experiment that holds at a step."""
        return next(s.experiment for s in reversed(self.segments) if s.start <= step)

    def fork(self, number: int, step: int, experiment: Experiment) -> "Run":
        """A run that shares this one's past up to `step` and goes on with another experiment."""
        # Of several switches at one step the last one counts: off and on again is no switch.
        past = tuple(segment for segment in self.segments if segment.start < step)
        return Run(
            number=number,
            segments=(*past, Segment(step, experiment)),
            data=self.data,
            origin=self.origin,
            parent=self.number,
            cursor=Position(step, 0),
            records=self.records[:step],
            keyframes=self.keyframes.until(step, len(past)),
        )
