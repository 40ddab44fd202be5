"""Milestones: the steps of a run at which something happened, found as the run goes on.

Each step is looked at once, when it has been computed. So a picture of 100,000 steps costs no more
than one of 100.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from math import isfinite

from gradsim.insight.shapes import Shape
from gradsim.numbers import number
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.run import Run, Segment
from gradsim.simulation.session import Session

SWITCH, FORK, CLIP = "switch", "fork", "clip"

KINDS: dict[str, str] = {
    Shape.NOT_FINITE: "NaN or infinity",
    SWITCH: "a switch",
    Shape.DEAD: "the verdict: dead",
    Shape.EXPLODING: "the verdict: exploding",
    Shape.VANISHING: "the verdict: vanishing",
    Shape.HEALTHY: "the verdict: healthy",
    FORK: "another run leaves here",
    CLIP: "clipping fires",
}
"""What a milestone can be, the most important first; a change of the verdict is its new shape."""


@dataclass(slots=True)
class Log:
    """What is known of one run: for each kind the steps at which it happened, in their order."""

    seen: int = 0
    """Steps looked at."""
    shape: str = ""
    """The verdict of the last of them that has one."""
    steps: dict[str, list[int]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    """For clipping the first step of each stretch in which it fires."""
    stretches: list[int] = field(default_factory=list)
    """For clipping the last step of each."""
    was: dict[int, str] = field(default_factory=dict)
    """The verdict before each change of it."""

    def until(self, step: int) -> "Log":
        """The part of it before a step, for a run that forks there."""
        out = Log(min(self.seen, step))
        for kind, steps in self.steps.items():
            out.steps[kind] = steps[: bisect_left(steps, step)]
        out.stretches = [min(last, step - 1) for last in self.stretches[: len(out.steps[CLIP])]]
        changes = [(k, kind) for kind in Shape for k in out.steps[kind]]
        out.was = {k: self.was[k] for k, _ in changes if k in self.was}
        out.shape = max(changes, default=(0, self.first()))[1] if out.seen else ""
        return out

    def first(self) -> str:
        """The verdict at the start."""
        return self.was[min(self.was)] if self.was else self.shape

    def within(self, first: int, last: int) -> tuple[str, int] | None:
        """The most important that happened at these steps, both included: its kind and step."""
        for kind, steps in self.steps.items():
            at = bisect_right(steps, last) - 1
            if at < 0:
                continue
            if steps[at] >= first:
                return kind, steps[at]
            if kind == CLIP and self.stretches[at] >= first:
                return kind, first
        return None

    def begins(self, kind: str, step: int) -> bool:
        """Whether something of this kind begins at a step, rather than going on."""
        steps = self.steps[kind]
        at = bisect_left(steps, step)
        return at < len(steps) and steps[at] == step

    def fires(self, step: int) -> bool:
        """Whether clipping fired at a step."""
        at = bisect_right(self.steps[CLIP], step) - 1
        return at >= 0 and self.stretches[at] >= step

    def kinds(self) -> list[str]:
        """What happened at all, the most important first."""
        return [kind for kind, steps in self.steps.items() if steps]

    def neighbor(self, step: int, way: int) -> int | None:
        """The nearest step after this one (way 1) or before it at which something happened."""
        found = []
        for steps in self.steps.values():
            at = bisect_right(steps, step) if way > 0 else bisect_left(steps, step) - 1
            if 0 <= at < len(steps):
                found.append(steps[at])
        return (min if way > 0 else max)(found, default=None)


class Milestones:
    """The milestones of each run of a session. `read` takes in what has been computed since."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._logs: dict[int, Log] = {}
        self._forked = (-1, 0)
        """The run, and the number of runs, that forks were last looked for in."""

    @property
    def log(self) -> Log:
        """What is known of the present run."""
        run = self.session.run
        if run.number not in self._logs:
            start = run.segments[-1].start
            parent = self._logs.get(run.parent) if run.parent is not None else None
            log = parent.until(start) if parent and start else Log()
            log.steps[SWITCH] = [segment.start for segment in run.segments[1:]]
            self._logs[run.number] = log
        return self._logs[run.number]

    def read(self, more: Callable[[], bool]) -> bool:
        """Look at steps of the present run that are complete and new, while `more()`.

        True where there was something to look at.
        """
        run, log = self.session.run, self.log
        before = log.seen
        while log.seen < run.end().step and more():
            _look(log, run, run.records[log.seen])
            log.seen += 1
        return self._find_forks(run, log) or log.seen > before

    def said(self, step: int) -> list[str]:
        """What happened at a step of the present run, the most important first, in words."""
        run, log = self.session.run, self.log
        return [self._words(run, log, kind, step) for kind in log.steps if log.begins(kind, step)]

    def _find_forks(self, run: Run, log: Log) -> bool:
        here = (run.number, len(self.session.runs))
        if here == self._forked:
            return False
        self._forked = here
        parted = {parting(run, other) for other in self.session.runs if other is not run}
        log.steps[FORK] = sorted(step for step in parted if step is not None)
        return True

    def _words(self, run: Run, log: Log, kind: str, step: int) -> str:
        record = run.records[step] if step < len(run.records) else StepRecord(step)
        if kind == SWITCH:
            return f"switched {_switched(run, step)}"
        if kind == FORK:
            others = [r for r in self.session.runs if r is not run and parting(run, r) == step]
            which = f"run {others[0].number}" if len(others) == 1 else f"{len(others)} other runs"
            go = "goes" if len(others) == 1 else "go"
            return f"{which} {go} on otherwise"
        if kind == CLIP:
            norms = f"{number(record.grad_norm)} → {number(record.clipped_grad_norm)}"
            return f"the clip fired, gradient norm {norms}"
        was = f"{log.was[step]} → " if step in log.was else ""
        return f"verdict {was}{kind}"


def parting(one: Run, other: Run) -> int | None:
    """The step at which two runs that began alike part; None where they did not, or never part."""
    if one.data is not other.data or one.origin is not other.origin:
        return None
    for mine, theirs in zip_longest(one.segments, other.segments):
        if mine != theirs:
            start = min(segment.start for segment in (mine, theirs) if segment is not None)
            return start or None
    return None


def _look(log: Log, run: Run, record: StepRecord) -> None:
    """Take in one step, the next one."""
    step = record.step
    if record.fired:
        if log.stretches and log.stretches[-1] == step - 1:
            log.stretches[-1] = step
        else:
            log.steps[CLIP].append(step)
            log.stretches.append(step)
    shape = _shape(run, record)
    if shape and shape != log.shape:
        if log.shape or shape == Shape.NOT_FINITE:
            log.steps[shape].append(step)
            if log.shape:
                log.was[step] = log.shape
        log.shape = shape


def _shape(run: Run, record: StepRecord) -> str:
    """The verdict of a step; of one whose layers were let go of only that it is not finite."""
    if record.layers is not None:
        from gradsim.insight.verdict import looked_at  # noqa: PLC0415 (slow to load)

        return looked_at(record, run.experiment_at(record.step))[0]
    known = (record.loss, record.grad_norm)
    broken = any(value is not None and not isfinite(value) for value in known)
    return Shape.NOT_FINITE if broken else ""


def _switched(run: Run, step: int) -> str:
    """`activation sigmoid → relu, clip none → value`."""
    segments: Sequence[Segment] = run.segments
    index = next(k for k, segment in enumerate(segments) if segment.start == step)
    differing = segments[index - 1].experiment.differs(segments[index].experiment)
    return ", ".join(
        f"{name} {_shown(old)} → {_shown(new)}" for name, (old, new) in differing.items()
    )


def _shown(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)
