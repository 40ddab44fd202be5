"""The settings of the app: each is declared once here, for the file, the panel and the lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, get_type_hints

from gradsim.simulation.budget import Budget, budget_of
from gradsim.view.curve_looks import Markers


@dataclass(frozen=True, slots=True)
class Preference:
    """A setting of the app: what file, panel, list and reference page need of it.

    It annotates a field of `Preferences`. `choices` maps each name to a line about it; without
    them the setting is on or off.
    """

    help: str
    choices: Mapping[str, str] = field(default_factory=dict)

    def right(self) -> str:
        """What would be a right value, in words."""
        return f"one of {', '.join(self.choices)}" if self.choices else "true or false"

    def problem(self, value: object) -> bool:
        """Whether this value is none of those that can be."""
        if self.choices:
            return not isinstance(value, str) or value not in self.choices
        return not isinstance(value, bool)

    def neighbor(self, value: str | bool, way: int) -> str | bool:
        """The choice after (way 1) or before (-1) this one, around the end."""
        if not self.choices:
            return not value
        names = list(self.choices)
        if value not in names:  # set for this time only, from the command line
            return names[0]
        return names[(names.index(str(value)) + way) % len(names)]


THEMES: Mapping[str, str] = {
    "dark": "light text on a dark ground",
    "light": "dark text on a light ground",
    "contrast": "on black, every text at a contrast of 7 or more",
    "ansi": "the sixteen colors of the terminal itself",
}
"""The themes by name, each with a line about it; how they look is in the app's theme module."""

MARKERS: Mapping[Markers, str] = {
    "braille": "eight dots in each character: the finest curves",
    "block": "four blocks in each character, for fonts without braille",
    "ascii": "plain characters, for any terminal",
}

MEMORY: Mapping[str, str] = {
    "128 MiB": "for a small machine: a jump back may take a while",
    "384 MiB": "1,000 steps of 50 layers of 128 units, any of them back within seconds",
    "1024 MiB": "for large networks and long runs",
    "4096 MiB": "for the largest",
}
"""Some budgets for what is kept of the past."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the user has set; what is not set is as it comes."""

    theme: Annotated[str, Preference("colors of the app", THEMES)] = "dark"
    markers: Annotated[Markers, Preference("what curves are drawn with", MARKERS)] = "braille"
    reduced_motion: Annotated[
        bool, Preference("nothing moves by itself: steps are shown whole, not op by op")
    ] = False
    low_bandwidth: Annotated[bool, Preference("fewer pictures a second, for a slow connection")] = (
        False
    )
    memory: Annotated[str, Preference("memory to rewind with, at the most", MEMORY)] = "384 MiB"
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys of the user's own, by the name of what they do."""

    def value(self, name: str) -> str | bool:
        """A setting by its name in the file: `reduced-motion`."""
        found: str | bool = getattr(self, name.replace("-", "_"))
        return found

    def budget(self) -> Budget:
        """The budget for what is kept of the past."""
        return budget_of(self.memory, "memory")

    def having(self, name: str, value: str | bool) -> "Preferences":
        """These settings with one of them changed."""
        changed: dict[str, Any] = {name.replace("-", "_"): value}
        return replace(self, **changed)


def _declared() -> dict[str, Preference]:
    hints = get_type_hints(Preferences, include_extras=True)
    return {
        part.name.replace("_", "-"): note
        for part in fields(Preferences)
        for note in getattr(hints[part.name], "__metadata__", ())
    }


PREFERENCES: Mapping[str, Preference] = _declared()
"""Every setting by its name in the file, in the order of the panel."""

DEFAULTS = Preferences()
"""As everything comes."""


def spelled(value: str | bool) -> str:
    """A value as it is written in TOML."""
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
