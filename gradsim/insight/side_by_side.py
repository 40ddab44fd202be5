"""Side by side: the live run and the pinned one at one step, and in what they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log10, nan
from typing import Any

from gradsim.experiment.experiment import Experiment
from gradsim.insight.verdict import Verdict, judge, since_switch
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.run import Run
from gradsim.simulation.session import Session
from gradsim.simulation.switching import DATA_KNOBS


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs at the step."""

    run: Run
    record: StepRecord
    experiment: Experiment
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two runs at the same step."""

    live: Side
    pinned: Side
    differing: Mapping[str, tuple[Any, Any]]
    """Knobs with other values: that of the pinned run, and that of the live one."""
    same_batches: bool
    """Whether both see the same rows in the same order."""
    notes: tuple[str, ...]
    """What stands between the two, in sentences."""


def side_by_side(session: Session, step: int) -> SideBySide | None:
    """Live and pinned run at a step; None without two runs, or where one has no gradients yet."""
    if session.pinned is None or session.pinned.run is session.run:
        return None
    live, pinned = _side(session.run, step), _side(session.pinned.run, step)
    if live is None or pinned is None:
        return None
    return SideBySide(
        live,
        pinned,
        pinned.experiment.differs(live.experiment),
        _same_batches(live, pinned),
        tuple(_notes(live, pinned)),
    )


def decades(sizes: Sequence[float], others: Sequence[float]) -> list[float]:
    """log10(size / other) for each pair, as far as both reach.

    Infinite where one of the two is zero or infinite, NaN where that says nothing.
    """
    return [_decades(one, other) for one, other in zip(sizes, others, strict=False)]


def apart(record: StepRecord, other: StepRecord) -> list[float] | None:
    """By how many decades the gradients of one step are larger, place by place from the first.

    Places are hidden layers, or the time steps of the top recurrent layer; None where one of the
    two has layers and the other time steps.
    """
    one, two = _gradients(record), _gradients(other)
    return decades(one[1], two[1]) if one[0] == two[0] else None


def _gradients(record: StepRecord) -> tuple[bool, list[float]]:
    """Whether it goes through time, and the gradient at each place before the head."""
    hidden = record.places[:-1]
    through_time = any(time is not None for _, time in hidden)
    column = record.column("output_grad_norm" if through_time else "delta_norm")
    assert column is not None, "the gradients of this step are not known"
    top = hidden[-1][0]
    kept = [k for k, (layer, _) in enumerate(hidden) if not through_time or layer == top]
    return through_time, [float(column[k]) for k in kept]


def _decades(one: float, other: float) -> float:
    if not (one >= 0 and other >= 0) or one == other in (0.0, inf):
        return nan
    if one == 0.0 or other == inf:
        return -inf
    if other == 0.0 or one == inf:
        return inf
    return log10(one) - log10(other)


def _side(run: Run, step: int) -> Side | None:
    record = run.records[step] if step < len(run.records) else None
    if record is None or record.layers is None:
        return None
    experiment = run.experiment_at(step)
    return Side(run, record, experiment, judge(record, experiment, since_switch(run, step)))


def _same_batches(live: Side, pinned: Side) -> bool:
    differing = live.experiment.differs(pinned.experiment).keys()
    same = not _other_data(live, pinned) and not {"seed", "batch-size"} & differing
    return same and live.run.begun == pinned.run.begun


def _other_data(live: Side, pinned: Side) -> bool:
    """Whether other rows are read; all recurrent cells read the same sequences."""
    differing = DATA_KNOBS & live.experiment.differs(pinned.experiment).keys()
    through_time = "none" not in (live.experiment.cell, pinned.experiment.cell)
    return bool(differing - {"cell"} if through_time else differing)


def _notes(live: Side, pinned: Side) -> list[str]:
    notes = []
    differing = pinned.experiment.differs(live.experiment)
    if _other_data(live, pinned):
        notes.append("other data: each run goes on with its own, so their losses do not compare")
    elif "seed" in differing:
        notes.append("another seed: other weights at the start, and other batches")
    elif "loss" in differing:
        notes.append("another loss: the two losses do not compare, the shapes do")
    if live.run.begun != pinned.run.begun:
        notes.append(
            f"other batches: the pinned run goes on from step {pinned.run.begun} of a state, "
            f"the live one from step {live.run.begun}"
        )
    for name, side in (("pinned", pinned), ("live", live)):
        broken = _broken(side.run, side.record.step)
        if broken is not None:
            notes.append(f"the {name} run has NaN or infinity since step {side.run.begun + broken}")
        notes += _switches_to_come(name, side)
    return notes


def _broken(run: Run, step: int) -> int | None:
    """The first step up to this one in which something was not finite."""
    return next(run.records.broken(step + 1), None)


def _switches_to_come(name: str, side: Side) -> list[str]:
    later = [segment for segment in side.run.segments if segment.start > side.record.step]
    if not later:
        return []
    changed = ", ".join(side.experiment.differs(later[0].experiment))
    return [f"the {name} run has another {changed} from step {side.run.begun + later[0].start} on"]
