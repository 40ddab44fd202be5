"""Switching: which choice comes next, which cannot be made now, and what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradsim.errors import InputError
from gradsim.experiment.build import check, load_data
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.experiment.layered import INHERIT
from gradsim.numbers import number
from gradsim.simulation.session import Session
from gradsim.simulation.switching import DATA_KNOBS
from gradsim.tui.places import Place


@dataclass(frozen=True, slots=True)
class Turn:
    """What a key or a typed value comes to: knobs to switch (or none), and what is to be said."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""


def shown(value: object) -> str:
    """A value as the panel has it."""
    return number(value) if isinstance(value, float) else str(value)


def problem(session: Session, experiment: Experiment, changes: Mapping[str, Any]) -> str:
    """Why a session could not make this switch, in a sentence; nothing where it can."""
    try:
        after = experiment.switch(changes)
        reads = DATA_KNOBS & session.experiment.differs(after).keys()
        check(after, load_data(after) if reads else session.run.data)
    except InputError as error:
        return error.problems[0]
    return ""


def turned(
    session: Session, experiment: Experiment, knob: str, way: int, place: Place | None = None
) -> Turn:
    """The next (way 1) or previous choice that can be made now; those left out are told of."""
    place = place or Place()
    name, steps = place.name(knob), KNOBS[knob]
    start = place.values(experiment, knob)[0]
    left_out: list[tuple[str, str]] = []
    seen, after = {start}, type(start)(steps.neighbor(start, way))
    # Until the end of the ladder, or once around all choices.
    while after not in seen:
        why = problem(session, experiment, {name: after})
        if not why:
            return Turn({name: after}, _left_out(name, left_out))
        left_out.append((shown(after), _brief(why, knob, after)))
        seen.add(after)
        after = type(start)(steps.neighbor(after, way))
    if left_out:
        return Turn(message=f"no other {knob} works now: {left_out[0][1]}")
    if steps.choices:
        return Turn(message=f"{name} is {start}: there is no other")
    if not steps.ladder:
        return Turn(message=f"{name} has no next value: enter, and type one")
    end = "the largest" if way > 0 else "the smallest"
    return Turn(message=f"{name} is {start:g}: {end} this key goes to")


def typed(session: Session, experiment: Experiment, knob: str, text: str, place: Place) -> Turn:
    """A value as it was typed or chosen."""
    name = place.name(knob)
    if place.layers and text.strip() == INHERIT:
        return inherited(session, experiment, knob, place)
    if why := problem(session, experiment, {name: text}):
        return Turn(message=why)
    after = experiment.switch({name: text})
    if experiment.differs(after):
        return Turn({name: after.value(name)})
    same = shown(after.value(name))
    return Turn(message=f"{place.words}: {knob} is {same} already" if place.layers else "")


def inherited(session: Session, experiment: Experiment, knob: str, place: Place) -> Turn:
    """A layer's own value taken away again, so that it has that of all layers."""
    if not place.layers:
        return Turn(
            message="⟨knob-list.inherit⟩ takes away a layer's own value: choose the layer first"
        )
    if not place.own(experiment, knob):
        return Turn(message=f"{place.words}: {knob} is that of all layers already")
    change = {place.name(knob): INHERIT}
    if why := problem(session, experiment, change):
        return Turn(message=why)
    if not experiment.differs(experiment.switch(change)):
        return Turn(message=f"{place.words}: its own {knob} is the same as that of all layers")
    return Turn(change)


def idle(experiment: Experiment, knob: str, place: Place | None = None) -> str:
    """Why a knob does nothing now: `activation is sigmoid; it is for leaky-relu`; or nothing."""
    place = place or Place()
    needed = KNOBS[knob].used_with
    if needed is None:
        return ""
    other, choices = needed
    if not place.layers:
        used = experiment.in_use(knob)
    else:
        # What is the same for all layers (`widths`) stands back behind a layer's own value.
        values = place.values(experiment, other)
        used = not KNOBS[other].per_layer or any(value in choices for value in values)
    if used:
        return ""
    now = ", ".join(shown(value) for value in place.values(experiment, other))
    return f"{other} is {now}; it is for {_which(other, choices)}"


def idle_key(experiment: Experiment, knob: str) -> str:
    """What a key says whose knob does nothing now, and which key would change that; or nothing."""
    why = idle(experiment, knob)
    if not why:
        return ""
    other, _ = KNOBS[knob].used_with or ("", ())
    if experiment.value(other) == "none" and KNOBS[other].key:
        return f"{knob} does nothing now: {other} is none; ⟨knob-{other}⟩ turns it on"
    return f"{knob} does nothing now: {why}"


def _which(other: str, choices: tuple[str, ...]) -> str:
    """The choices of the other knob under which one does something, in few words."""
    if choices == ("",):
        return f"an empty {other}"
    rest = [name for name in KNOBS[other].choices if name not in choices]
    if len(rest) < min(3, len(choices)):
        return f"all but {' and '.join(rest)}"
    return ", ".join(choices)


def _brief(why: str, knob: str, value: object) -> str:
    """The reason without what would be right instead, and without the choice itself."""
    return why.split(": ", maxsplit=1)[0].removeprefix(f"{knob} {value} ")


def _left_out(name: str, left_out: list[tuple[str, str]]) -> str:
    if not left_out:
        return ""
    names = [value for value, _ in left_out]
    if len(names) > 3:
        names[2:] = [f"{len(names) - 2} more"]
    label = "" if KNOBS[name.rpartition(".")[2]].choices else f"{name} "
    return f"{label}{', '.join(names)} left out: {left_out[0][1]}"
