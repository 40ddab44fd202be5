"""Keys that make no sense now: for each one rule, which dims it and says why.

The foot, the help and the palette dim by it; pressing the key says its sentence.
"""

import ast
from collections.abc import Callable
from typing import Protocol

from gradsim.insight.shapes import Shape
from gradsim.tui.driver import Driver
from gradsim.tui.outcome import AT_START
from gradsim.tui.settings import FLOW, Settings
from gradsim.tui.switching import idle_key


class Now(Protocol):
    """What the rules look at: the app as it is."""

    driver: Driver
    settings: Settings

    @property
    def selected(self) -> int:
        """The selected layer: 1 to depth, or depth + 1 for the head."""


Rule = Callable[[Now], str]
"""Why a key does nothing now, in a sentence; nothing where it does something."""


def _no_scenario(instead: str) -> Rule:
    return lambda now: "" if now.driver.playback else f"no scenario is playing: {instead}"


def _go_on(now: Now) -> str:
    playback = now.driver.playback
    if playback and not playback.taken_over and now.driver.concluded:
        return "the scenario is over: ⟨go-back⟩ goes back in it, ⟨quit⟩ quits"
    return _no_scenario("⟨open-lessons⟩ lists the lessons")(now)


def _back(now: Now) -> str:
    return AT_START if now.driver.at_start else ""


def _again(now: Now) -> str:
    if now.driver.at_start and len(now.driver.session.run.segments) == 1:
        return "this is the start of the run: there is nothing to begin again"
    return ""


def _undo(now: Now) -> str:
    if now.driver.busy or now.driver.session.run.parent is not None:
        return ""
    return "nothing has been switched in this run: there is nothing to undo"


def _redo(now: Now) -> str:
    if now.driver.busy or now.driver.session.undone:
        return ""
    return "nothing has been undone since the last switch: there is nothing to redo"


def _pin(now: Now) -> str:
    session = now.driver.session
    known = any(record.layers is not None for record in session.run.records[:1])
    if session.pinned or known or now.driver.busy or session.cursor.step:
        return ""
    return "there is no profile yet that could be pinned: ⟨move-step⟩ makes a step"


def _level(now: Now) -> str:
    e = now.driver.session.experiment
    if e.cell != "none" and e.recurrent_layers > 1:
        return ""
    return "there is one recurrent layer at the most: nothing to choose from"


def _first_cause(now: Now) -> str:
    session = now.driver.session
    step = session.cursor.step
    broken = now.driver.milestones.log.steps[Shape.NOT_FINITE]
    here = session.run.records[step : step + 1]
    if (broken and broken[0] <= step) or any(row.broke_at is not None for row in here):
        return ""
    return "no NaN and no infinity has shown up to here"


CHARTS = ("linear", "fixed", "sorted", "nearer", "farther")
"""In which ways the charts of the flow can be looked at otherwise."""


def _charts(now: Now) -> str:
    return (
        ""
        if now.settings.view == FLOW
        else "the charts are in the view flow: ⟨open-flow⟩ goes there"
    )


def _history(now: Now) -> str:
    return (
        ""
        if now.settings.view == FLOW
        else "the history is in the view flow: ⟨open-flow⟩ goes there"
    )


def _view(name: str) -> Rule:
    return lambda now: f"the view {name} is on screen" if now.settings.view == name else ""


def _fastest(now: Now) -> str:
    return (
        f"{now.driver.speed} is the fastest: ⟨speed-back⟩ is slower" if now.driver.fastest else ""
    )


def _slowest(now: Now) -> str:
    return f"{now.driver.speed} is the slowest: ⟨speed⟩ is faster" if now.driver.notch == 0 else ""


def _last_layer(now: Now) -> str:
    return "the output is the last" if now.selected > now.driver.session.places else ""


def _first_layer(now: Now) -> str:
    return "this is the first" if now.selected == 1 else ""


RULES: dict[str, Rule] = {
    "go_on": _go_on,
    "go_back": _no_scenario("⟨move-op-back⟩ goes back one op, ⟨move-step-back⟩ one step"),
    **{f"move('{grain}', -1)": _back for grain in ("op", "layer", "phase", "step")},
    "event(-1)": _back,
    "speed(1)": _fastest,
    "speed(-1)": _slowest,
    "again": _again,
    "first_cause": _first_cause,
    "undo": _undo,
    "redo": _redo,
    "pin": _pin,
    "level": _level,
    "history": _history,
    **{f"chart('{what}')": _charts for what in CHARTS},
    "layer(1)": _last_layer,
    "layer(-1)": _first_layer,
    f"view('{FLOW}')": _view(FLOW),
}
"""The rule of each action that has one; that of a knob's keys is what the knob is used with."""

STILL_LOOKS = frozenset({"first_cause"})
"""Dimmed by what is recorded; pressed, they look closer all the same."""


def why_idle(action: str, now: Now) -> str:
    """Why an action of the table of keys makes no sense now, in a sentence; or nothing."""
    action = action.removeprefix("app.")
    if action.startswith("knob("):
        return idle_key(now.driver.experiment, _arguments(action)[0])
    if action.startswith("set("):
        knob, choice = _arguments(action)
        same = now.driver.experiment.value(knob) == choice
        return f"{knob} is {choice} already" if same else idle_key(now.driver.experiment, knob)
    rule = RULES.get(action)
    return rule(now) if rule else ""


def _arguments(action: str) -> tuple[str, ...]:
    """What stands in the brackets of an action: `('activation', 'relu')`."""
    found: tuple[str, ...] = ast.literal_eval(action[action.index("(") :])
    return found
