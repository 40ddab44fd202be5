"""The verdict: what shape the gradient has over depth, judged on its shape and not on its size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradsim.experiment.experiment import Experiment
from gradsim.insight.ledger import Ledger
from gradsim.insight.shapes import Shape
from gradsim.insight.verdict.limits import LIMIT_DECADES
from gradsim.insight.verdict.notes import KINDS, Note, NoteKind, notes_of
from gradsim.insight.verdict.reasons import reasoned
from gradsim.insight.verdict.shape import Evidence, shape_of
from gradsim.insight.verdict.through_time import shape_through_time
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.run import Run

__all__ = [
    "KINDS",
    "LIMIT_DECADES",
    "Evidence",
    "Note",
    "NoteKind",
    "Shape",
    "Verdict",
    "judge",
    "looked_at",
    "since_switch",
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One shape, any number of notes, and the evidence."""

    shape: Shape
    notes: tuple[Note, ...]
    evidence: Evidence

    def explained(self, found: Ledger) -> "Verdict":
        """The same with the ledger's reason in every note that has one."""
        return replace(self, notes=tuple(reasoned(note, found) for note in self.notes))


def judge(record: StepRecord, experiment: Experiment, past: Sequence[StepRecord] = ()) -> Verdict:
    """Judge a step whose gradients are known (`record.layers`).

    `past` are the steps before it under the same experiment, in their order: without them nothing
    is said of how the training goes. The shape is that of this step alone.
    """
    shape, evidence = looked_at(record, experiment)
    return Verdict(shape, notes_of(record, experiment, shape, past), evidence)


def looked_at(record: StepRecord, experiment: Experiment) -> tuple[Shape, Evidence]:
    """The shape of a step whose gradients are known, over depth or through time."""
    look = shape_of if experiment.cell == "none" else shape_through_time
    return look(record, experiment)


def since_switch(run: Run, step: int) -> Sequence[StepRecord]:
    """The steps of a run before this one that were made under the same experiment."""
    start = next(s.start for s in reversed(run.segments) if s.start <= step)
    return run.records[start:step]
