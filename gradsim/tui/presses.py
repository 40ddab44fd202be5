"""What a press of the mouse does in each panel: a pure function from a place to an action."""

from collections.abc import Callable
from typing import NamedTuple

from gradsim.tui.panels import brief, foot_keys, tab_parts
from gradsim.tui.settings import Settings
from gradsim.view import history, profile, strip, words
from gradsim.view.frame import Frame
from gradsim.view.lines import part_at
from gradsim.view.question import choice_at
from gradsim.view.timeline import step_at

MIDDLE, RIGHT = 2, 3
"""Buttons of the mouse."""


class Press(NamedTuple):
    """An action by its name in the table of keys, for each button."""

    left: str
    right: str = ""
    middle: str = ""
    dragged: bool = False
    """Whether it goes on while the mouse is dragged."""
    own: bool = False
    """Whether it is an action of the view on screen, and not of the app."""

    def action(self, button: int, dragging: bool) -> str:
        """What a button does here; nothing where it does nothing."""
        if dragging and not self.dragged:
            return ""
        return {MIDDLE: self.middle, RIGHT: self.right}.get(button, self.left)


def select(layer: int) -> Press:
    """Select a layer, or a time step."""
    return Press(f"select({layer})", dragged=True)


def go_to(step: int) -> Press:
    """Go to a step."""
    return Press(f"go_to({step})", dragged=True)


def _header(frame: Frame, width: int, _h: int, _s: Settings, x: int, _y: int) -> Press | None:
    return Press("play", "full_speed") if x >= width - len(frame.view.speed) - 4 else None


def _tabs(_f: Frame, width: int, _h: int, settings: Settings, x: int, _y: int) -> Press | None:
    index = part_at(tab_parts(width, settings), 10**6, x, 0, gap="")
    return None if index is None else Press(f"view('{settings.tabs[index].name}')")


def _narration(f: Frame, width: int, height: int, _s: Settings, x: int, y: int) -> Press | None:
    asked = f.view.asked
    if asked and not asked.answered:
        index = choice_at(asked, width - 2, height, x - 2, y)
        return None if index is None else Press(f"answer({index})", "go_back")
    return Press("go_on", "go_back")


def _profile(f: Frame, width: int, height: int, s: Settings, x: int, _y: int) -> Press | None:
    return select(profile.place_at(f, width, height, s.markers, x, s.charts))


def _history(f: Frame, width: int, height: int, s: Settings, x: int, y: int) -> Press | None:
    return go_to(history.step_at(f, width, height, s.markers, s.chart, x, y, s.charts))


def _switches(f: Frame, width: int, height: int, _s: Settings, x: int, y: int) -> Press | None:
    knob = words.switch_at(f, width, height, x, y)
    if knob is None:
        return None
    return Press(f"knob('{knob}', 1)", f"knob('{knob}', -1)", f"choose('{knob}')")


def _timeline(f: Frame, width: int, _h: int, _s: Settings, x: int, _y: int) -> Press | None:
    return go_to(step_at(f.timeline, width, x)) if f.timeline else None


def _foot(f: Frame, width: int, _h: int, settings: Settings, x: int, y: int) -> Press | None:
    keys = foot_keys(f, width, settings)
    index = part_at([brief(key, settings) for key in keys], 10**6, x, y, gap="")
    return None if index is None else Press(keys[index].action, own=keys[index] in settings.keys)


PRESSES: dict[str, Callable[[Frame, int, int, Settings, int, int], Press | None]] = {
    "header": _header,
    "tabs": _tabs,
    "narration": _narration,
    "network": lambda f, w, h, s, x, y: select(strip.place_at(f, w, x)),
    "profile": _profile,
    "history": _history,
    "switches": _switches,
    "timeline": _timeline,
    "foot": _foot,
}
"""For each panel that does something: what is at a place in it."""
