"""How the app is drawn: what the user chose of the looks, beside what is shown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from gradsim.tui.keys import KEYS, SCENARIO, Key
from gradsim.view.charts import Charts
from gradsim.view.curve_looks import Markers
from gradsim.view.key_words import Told, as_it_is

FLOW = "flow"
"""The view that the app opens with."""


def no_rule(_action: str) -> str:
    """Every action makes sense."""
    return ""


class Tab(NamedTuple):
    """A view as the header has it."""

    key: str
    name: str
    brief: str
    """Its name where room is short."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How panels and views are drawn, beside the frame."""

    markers: Markers = "braille"
    reduced_motion: bool = False
    chart: int = 0
    """The first chart of the history."""
    charts: Charts = field(default_factory=Charts)
    """How the charts of the flow are looked at."""
    view: str = FLOW
    """The name of the view on screen."""
    tabs: tuple[Tab, ...] = ()
    keys: tuple[Key, ...] = ()
    """Its own keys."""
    app_keys: tuple[Key, ...] = KEYS
    """Those of the app, as they are now."""
    told: Told = as_it_is
    """Puts the keys of now into a sentence that names some."""
    idle: Callable[[str], str] = no_rule
    """Why an action of the app makes no sense now, in a sentence; or nothing."""
    own_idle: Callable[[str], str] = no_rule
    """The same of the view's own actions."""

    def yields(self, action: str) -> bool:
        """Whether an action of the view, which makes no sense now, leaves its key to a lesson."""
        mine = {name for key in self.keys if key.action == action for name in key.keys.split(",")}
        return any(
            key.group == SCENARIO
            and not mine.isdisjoint(key.keys.split(","))
            and not self.idle(key.action)
            for key in self.app_keys
        )

    def why_idle(self, key: Key) -> str:
        """Why a key makes no sense now."""
        return self.own_idle(key.action) if key in self.keys else self.idle(key.action)
