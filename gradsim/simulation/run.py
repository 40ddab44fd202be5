"""A run: which experiment holds from which step on, what was recorded, and where to restart."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.nn.arrays import Array
from gradsim.simulation.budget import Budget, MemoryUse
from gradsim.simulation.keyframes import Keyframes
from gradsim.simulation.records import Records


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


@dataclass(slots=True)
class Run:
    """One line of training: from step 0, through its switches, as far as it has been computed."""

    number: int
    segments: tuple[Segment, ...]
    data: Data
    """As it was read when the run began: a file may change or leave, a replay must not."""
    budget: Budget
    keyframes: Keyframes
    origin: Origin | None = None
    """A saved state that it starts from, instead of its seed."""
    parent: int | None = None
    cursor: Position = START
    """Where the session stands, or stood when it left this run."""
    records: Records = field(default_factory=Records, repr=False, compare=False)

    @property
    def begun(self) -> int:
        """Training steps made before its step 0: those of the state that it goes on from."""
        return self.origin.step if self.origin else 0

    def end(self) -> Position:
        """As far as this run has been computed."""
        if not self.records:
            return START
        last = self.records[-1]
        if last.complete:
            return Position(len(self.records), 0)
        return Position(last.step, len(last.events or ()))

    def thin(self, shared: Set[int]) -> None:
        """Let go of all that can be had again, but for records that another run shares."""
        self.keyframes.thin()
        for record in self.records.all():
            if id(record) not in shared:
                record.layers = record.events = None

    def reaches(self, position: Position) -> bool:
        """Whether a position has been computed; every op of a step has one, its end none."""
        step, op = position
        if not START <= position <= self.end() or op < 0:
            return False
        return op == 0 or op < len(self.records[step].plan)

    def experiment_at(self, step: int) -> Experiment:
        """The experiment that holds at a step."""
        return next(s.experiment for s in reversed(self.segments) if s.start <= step)

    def evaluated_before(self, step: int) -> int:
        """The last step, up to this one, at which held-out accuracy was measured."""
        for start, experiment in reversed(self.segments):
            at = step - step % experiment.evaluate_every
            if start <= at:
                return at
            step = min(step, start - 1)
        return 0

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
            records=self.records.fork(step),
            budget=self.budget,
            keyframes=self.keyframes.until(step, len(past)),
        )


def begin(
    number: int,
    segments: tuple[Segment, ...],
    data: Data,
    budget: Budget,
    origin: Origin | None = None,
    parent: int | None = None,
) -> Run:
    """A run of which nothing has been computed yet."""
    return Run(
        number,
        segments,
        data,
        budget,
        Keyframes(budget.keyframes),
        origin,
        parent,
        records=Records(budget.steps),
    )


def used(runs: Iterable[Run], budget: Budget) -> MemoryUse:
    """What these runs hold of their past; what several of them share is counted once."""
    checkpoints = {id(c): c.size() for run in runs for c in run.keyframes.all()}
    tables = {
        id(record.layers): record.layers.nbytes
        for run in runs
        for record in run.records.all()
        if record.layers is not None
    }
    return MemoryUse(
        budget.total, sum(checkpoints.values()), sum(tables.values()), len(checkpoints)
    )
