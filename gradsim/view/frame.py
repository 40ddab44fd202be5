"""The frame: everything a face shows of a session at one moment, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gradsim.experiment.experiment import Experiment
from gradsim.nn.network import LayerName
from gradsim.simulation.events import Event, Phase, Plan
from gradsim.simulation.measure import LAYER_COLUMNS, StepRecord
from gradsim.simulation.run import Run
from gradsim.simulation.scalars import SCALARS
from gradsim.simulation.session import Session
from gradsim.simulation.switching import Switched
from gradsim.view.axes import Floats
from gradsim.view.key_words import Told, as_it_is
from gradsim.view.lane import Lane, lane

if TYPE_CHECKING:
    # Loaded once there is a gradient to judge: the first picture comes without them, and sooner.
    from gradsim.insight.milestones import Log, Milestones
    from gradsim.insight.remedies.ghost import Ghost
    from gradsim.insight.theory.result import Theory
    from gradsim.insight.verdict import Verdict
    from gradsim.view.played import Played
    from gradsim.view.question import Asked

Sizes = tuple[float | None, ...]
"""A number for each hidden layer and the head; None where the pass has not been yet."""


@dataclass(frozen=True, slots=True)
class View:
    """How a session is looked at: nothing here changes a number."""

    layer: int = 1
    """The selected place: a layer 1 to depth or a time step, or one more for the head."""
    level: int = 0
    """The recurrent layer that is looked at; 0 is the top one."""
    playing: bool = False
    speed: str = ""
    settled: bool = False
    """Show the last step finished rather than the one in progress: for playing fast."""
    ahead: bool = False
    """Between two steps show the gradients of the one to come, where they have been computed."""
    busy: bool = False
    remedy: "Ghost | None" = None
    """The gradients of a remedy that was tried, to be seen beside the live ones."""
    narration: str = ""
    played: "Played | None" = None
    """How far the scenario that plays has come."""
    asked: "Asked | None" = None
    """The question of a lesson that stands in the place of its words."""
    message: str = ""
    first_start: bool = False
    """Whether nothing has been done yet, so that it is said what could be."""
    milestones: "Milestones | None" = None
    """Where something happened, for the timeline."""
    taken_over: bool = False
    """Whether a scenario waits where the user has left it."""
    told: Told = as_it_is
    """Puts the keys of now into a sentence that names some."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The steps of the run on screen, and where something happened."""

    last: int
    """The furthest step of which anything has been computed."""
    log: "Log"
    said: tuple[str, ...]
    """What happened at the step shown, in words."""
    begun: int = 0
    """Steps made before the first."""


@dataclass(frozen=True, slots=True)
class Wave:
    """How far the pass has come, and what it left behind on its way."""

    forward: Sizes
    """Norm of each layer's output, where the forward pass has been."""
    backward: Sizes
    """Norm of each layer's delta, where the backward pass has been."""
    head: int | None
    """Index of the layer at which the pass stands."""
    phase: Phase | None


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Numbers of the steps so far; NaN where a step has none.

    In a very long run the smallest and the largest of some steps each stand for them.
    """

    steps: Floats
    loss: Floats
    accuracy: Floats
    held_out_accuracy: Floats
    grad_norm: Floats
    clipped_grad_norm: Floats

    def __eq__(self, other: object) -> bool:
        """Whether all numbers are the same; where both have none, they are."""
        return isinstance(other, History) and all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=True)
            for name in ("steps", *SCALARS)
        )

    def __hash__(self) -> int:
        """By the number of steps."""
        return hash(len(self.loss))


@dataclass(frozen=True, slots=True)
class Frame:
    """What is seen. Layers, or the time steps of a layer, are indexed from 0; the head is last."""

    experiment: Experiment
    lane: Lane
    step: int
    """The step shown, counted from where the run begins."""
    begun: int
    """Steps made before: those of the state that the run goes on from."""
    event: Event | None
    """The latest event of the step shown; None before the first, and once it is finished."""
    finished: bool
    wave: Wave
    grad_weight: Sizes
    before: Mapping[str, Sequence[float]]
    """The gradient and `grad_weight_norm` of the step before; empty before the first."""
    history: History
    layer: LayerName
    layer_numbers: Mapping[str, float]
    verdict: "Verdict | None"
    judged: int | None
    """The step whose gradients the verdict is on; None without one."""
    switched: Switched | None
    ghost: Sequence[float] | None
    """The gradient before the last switch."""
    pinned: Sequence[float] | None
    """The pinned run's gradient at the step shown, or at the last one known while that is made."""
    pinned_history: History | None
    """Its steps up to the one shown."""
    theory: "Theory | None"
    """What theory says of the start; None before any gradient, and while it is worked out."""
    remedy: Sequence[float] | None
    """The remedy's gradient at the step shown; beyond its last step, that of the last."""
    other_futures: int
    timeline: Timeline | None
    view: View = field(default_factory=View)

    @property
    def depth(self) -> int:
        """How many places there are before the head: layers, or time steps."""
        return self.lane.length

    def selected(self) -> int:
        """Index of the selected layer."""
        return self.depth if self.layer == "output" else int(self.layer) - 1


def frame(session: Session, view: View) -> Frame:
    """The frame of a session, looked at in a certain way. Nothing is computed for it."""
    step, op = session.cursor
    if (op == 0 or view.settled) and step > 0:
        # Between two steps the one just finished is shown, whole.
        shown, finished = step - 1, True
    else:
        shown, finished = step, False
    records = session.run.records
    looked_ahead = (
        view.ahead and op == 0 and step < len(records) and records[step].layers is not None
    )
    if looked_ahead:
        shown, finished = step, False
        clip = next(k for k, entry in enumerate(records[step].plan) if entry[0] is Phase.CLIP)
        op = clip + 1
    record = records[shown] if shown < len(records) else StepRecord(shown)
    # Of a finished step all is in its table; its single events may not have been recorded.
    events = () if finished else session.events_of(shown, op)
    experiment = session.run.experiment_at(shown)
    shown_lane = lane(experiment, session.run.data.steps, view.level)
    depth = shown_lane.length
    passed = whole(record, shown_lane) if finished else wave(events, record.plan, shown_lane)
    lost = finished or _past(events, Phase.LOSS)
    upto = shown + 1 if record.loss is not None and lost else shown
    # The gradients of this step are said to be known once the pass shown has reached them all.
    reached = finished or _past(events, Phase.CLIP) or None not in passed.backward
    known = record if reached else None
    earlier = records[shown - 1] if shown else None
    layer = min(max(view.layer, 1), depth + 1)
    return Frame(
        experiment=session.experiment,
        lane=shown_lane,
        step=shown,
        begun=session.run.begun,
        event=events[-1] if events else None,
        finished=finished,
        wave=passed,
        grad_weight=_where(record, "grad_weight_norm", passed.backward, shown_lane),
        before=_profile(earlier, shown_lane),
        history=_history(session.run, upto),
        layer="output" if layer == depth + 1 else layer,
        layer_numbers=_numbers(
            known or earlier, earlier if not finished else known, shown_lane.columns[layer - 1]
        ),
        verdict=_verdict(session, known or earlier),
        judged=_judged(known or earlier),
        switched=session.switched,
        ghost=_ghost(session, view.level),
        pinned=_pinned(session, shown, view.level),
        pinned_history=_history(session.pinned.run, upto) if session.pinned else None,
        theory=_theory(experiment, session, known or earlier),
        remedy=_remedy(view.remedy, shown, view.level) if view.remedy else None,
        other_futures=len(session.runs) - 1,
        timeline=_timeline(view.milestones, shown),
        view=view,
    )


def _timeline(milestones: "Milestones | None", step: int) -> Timeline | None:
    if milestones is None:
        return None
    last = max(len(milestones.session.run.records) - 1, step)
    run = milestones.session.run
    return Timeline(last, milestones.log, tuple(milestones.said(step)), run.begun)


def wave(events: Sequence[Event], plan: Plan, lane: Lane) -> Wave:
    """What the events show of the pass, up to the first one that is not where it should be."""
    forward: list[float | None] = [None] * (lane.length + 1)
    backward: list[float | None] = [None] * (lane.length + 1)
    head, phase = None, None
    for event, expected in zip(events, plan, strict=False):
        if (event.phase, event.layer, event.path, event.op) != expected:
            break
        phase, head = event.phase, lane.index_of(event)
        if head is None:
            continue
        if phase is Phase.FORWARD:
            forward[head] = event.norm_out
        elif phase is Phase.BACKWARD and (
            event.op == "linear" or (lane.level and backward[head] is None)
        ):
            # Through time the gradient of the state is what comes to a time step first.
            backward[head] = event.norm_in
    return Wave(tuple(forward), tuple(backward), head, phase)


def whole(record: StepRecord, lane: Lane) -> Wave:
    """What a pass leaves behind that has gone all the way."""
    forward, backward = record.column("output_norm"), record.column(lane.size)
    if forward is None or backward is None:
        nothing = (None,) * (lane.length + 1)
        return Wave(nothing, nothing, None, Phase.UPDATE)
    columns = list(lane.columns)
    return Wave(
        tuple(float(size) for size in forward[columns]),
        tuple(float(size) for size in backward[columns]),
        None,
        Phase.UPDATE,
    )


def _past(events: Sequence[Event], phase: Phase) -> bool:
    order = list(Phase)
    return bool(events) and order.index(events[-1].phase) >= order.index(phase)


def _where(record: StepRecord | None, name: str, passed: Sizes, lane: Lane) -> Sizes:
    column = record.column(name) if record else None
    if column is None:
        return (None,) * len(passed)
    return tuple(
        float(column[k]) if been is not None else None
        for k, been in zip(lane.columns, passed, strict=True)
    )


def _profile(record: StepRecord | None, lane: Lane) -> dict[str, Sequence[float]]:
    if record is None or record.layers is None or record.layers.shape[1] != lane.columns[-1] + 1:
        return {}
    columns = list(lane.columns)
    return {
        name: [float(value) for value in record.layers[LAYER_COLUMNS.index(key)][columns]]
        for name, key in (("gradient", lane.size), ("weights", "grad_weight_norm"))
    }


def _history(run: Run, count: int) -> History:
    records = run.records
    steps, columns = records.scalars.first(records, min(count, len(records)))
    return History(steps, **dict(zip(SCALARS, columns, strict=True)))


def _numbers(
    record: StepRecord | None, updated: StepRecord | None, column: int
) -> dict[str, float]:
    """One layer's row: gradients of one step, the update of the last step that made one."""
    out: dict[str, float] = {}
    for name in (*LAYER_COLUMNS, "update_ratio"):
        source = updated if name.startswith("update") else record
        known = source.column(name) if source else None
        if known is not None and column < len(known):
            out[name] = float(known[column])
    return out


def _theory(experiment: Experiment, session: Session, record: StepRecord | None) -> "Theory | None":
    if record is None or record.layers is None:
        return None
    from gradsim.insight.theory.result import glance  # noqa: PLC0415

    return glance(experiment, session.run.data)


def _verdict(session: Session, record: StepRecord | None) -> "Verdict | None":
    if record is None or record.layers is None:
        return None
    from gradsim.insight.verdict import judge, since_switch  # noqa: PLC0415

    run = session.run
    return judge(record, run.experiment_at(record.step), since_switch(run, record.step))


def _judged(record: StepRecord | None) -> int | None:
    return None if record is None or record.layers is None else record.step


def _ghost(session: Session, level: int) -> Sequence[float] | None:
    if session.switched is None or _other_kind(session, session.switched.experiment):
        return None
    before, data = session.switched.before, session.switched.data
    return gradients(before, lane(session.switched.experiment, data.steps, level))


def _pinned(session: Session, step: int, level: int) -> Sequence[float] | None:
    if session.pinned is None:
        return None
    run = session.pinned.run
    known = [record for record in run.records[: step + 1][-2:] if record.layers is not None]
    if not known or _other_kind(session, run.experiment_at(known[-1].step)):
        return None
    return gradients(known[-1], lane(run.experiment_at(known[-1].step), run.data.steps, level))


def _other_kind(session: Session, other: Experiment) -> bool:
    """Whether one goes through time and the other through layers: their places do not compare."""
    return (session.experiment.cell == "none") != (other.cell == "none")


def _remedy(ghost: "Ghost", step: int, level: int) -> Sequence[float]:
    sizes = ghost.steps[min(step, len(ghost.steps) - 1)]
    return [sizes[k] for k in lane(ghost.experiment, ghost.time_steps, level).columns]


def gradients(record: StepRecord, lane: Lane) -> Sequence[float] | None:
    """The gradient at each place of a lane, the head's last; None where it is not recorded."""
    column = record.column(lane.size)
    return None if column is None else [float(column[k]) for k in lane.columns]
