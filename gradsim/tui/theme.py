"""Colors: what each role of a run looks like. Blue and orange carry the meaning, never alone.

A role is declared once, for the dark theme, and has its look in every other theme from that.
"""

from collections.abc import Callable, Mapping

from rich.color import Color
from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

from gradsim.tui.themes.colors import BLACK, parsed
from gradsim.tui.themes.worked_out import ansi, high_contrast, light

DARK = Theme(
    name="gradsim-dark",
    dark=True,
    primary="#ffa657",
    secondary="#79c0ff",
    accent="#ffa657",
    foreground="#d5dbe3",
    background="#0d1117",
    surface="#0d1117",
    panel="#161b22",
    success="#56d4b0",
    warning="#e3b341",
    error="#ff7b72",
)
"""The app's own theme."""

LIGHT = Theme(
    name="gradsim-light",
    dark=False,
    primary="#9a4f00",
    secondary="#0a5ca8",
    accent="#9a4f00",
    foreground="#1f2731",
    background="#fbfcfd",
    surface="#fbfcfd",
    panel="#e9edf2",
    success="#14674f",
    warning="#7a5a00",
    error="#b3261e",
)

CONTRAST = Theme(
    name="gradsim-contrast",
    dark=True,
    primary="#ffb870",
    secondary="#9fd3ff",
    accent="#ffb870",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    success="#7df0cf",
    warning="#ffd866",
    error="#ff9b94",
)

ANSI = Theme(
    name="gradsim-ansi",
    ansi=True,
    primary="ansi_yellow",
    secondary="ansi_cyan",
    accent="ansi_yellow",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    variables=BUILTIN_THEMES["ansi-dark"].variables,
)
"""The terminal's own colors, whatever they are."""

THEMES: dict[str, Theme] = {"dark": DARK, "light": LIGHT, "contrast": CONTRAST, "ansi": ANSI}
"""Every theme by the name that the settings know it by."""

_MAP_GROUNDS = {
    "map-vanishing-5": "#8ccbff",
    "map-vanishing-4": "#4f9be0",
    "map-vanishing-3": "#2b629a",
    "map-vanishing-2": "#20456b",
    "map-vanishing-1": "#1a2f47",
    "map-even": "#181e27",
    "map-exploding-1": "#3a2a1b",
    "map-exploding-2": "#60401f",
    "map-exploding-3": "#935a22",
    "map-exploding-4": "#de8b3c",
    "map-exploding-5": "#ffb870",
    "map-level-0": "#161f22",
    "map-level-1": "#172b2c",
    "map-level-2": "#193a37",
    "map-level-3": "#1b4a44",
    "map-level-4": "#1d5b52",
    "map-level-5": "#206e62",
    "map-level-6": "#37967f",
    "map-level-7": "#4cb597",
    "map-level-8": "#6fd3b3",
    "map-level-9": "#a5efd5",
    "map-odd": "#ff7b72",
    "map-dead": "#b6c2cf",
    "map-nothing": "#30363d",
}
"""The ground of a cell of the map, by its level: dark in the middle, so that the ends stand out."""


def _map_roles() -> dict[str, Style]:
    """For each ground of the map its signs, quiet, and what is drawn over them, loud."""
    styles = {}
    for role, ground in _MAP_GROUNDS.items():
        light = sum(Color.parse(ground).get_truecolor())
        sign, mark = ("#b3c0cf" if light < 170 else "#e6edf5"), "#ffffff"
        if light > 330:
            sign, mark = "#0d1117", "#000000"
        styles[role] = Style.parse(f"{sign} on {ground}")
        styles[f"{role}-mark"] = Style.parse(f"bold {mark} on {ground}")
    return styles


STYLES: dict[str, Style] = {
    "": Style.parse("#d5dbe3"),
    "text": Style.parse("#d5dbe3"),
    "title": Style.parse("bold #ffa657"),
    "label": Style.parse("#8b98a8"),
    "axis": Style.parse("#7a8797"),
    "value": Style.parse("bold #eef2f7"),
    "quiet": Style.parse("#7a8797"),
    "key": Style.parse("bold #79c0ff"),
    "message": Style.parse("#e3b341"),
    "selected": Style.parse("bold #ffffff"),
    "tab-here": Style.parse("bold #ffa657"),
    "wave": Style.parse("bold #ffffff"),
    "forward": Style.parse("#4b8fd6"),
    "live": Style.parse("#ffa657"),
    "second": Style.parse("#79c0ff"),
    "ghost": Style.parse("#8b98a8"),
    "theory": Style.parse("#c9a0f0"),
    "band": Style.parse("#a48bcb"),
    "previous": Style.parse("#6b5a45"),
    "pinned": Style.parse("#d2a8ff"),
    "remedy": Style.parse("#56d4b0"),
    "threshold": Style.parse("#e3b341"),
    "mark": Style.parse("bold #ff7b72"),
    "vanishing": Style.parse("bold #0d1117 on #79c0ff"),
    "exploding": Style.parse("bold #0d1117 on #ffa657"),
    "healthy": Style.parse("bold #0d1117 on #56d4b0"),
    "dead": Style.parse("bold #0d1117 on #b6c2cf"),
    "not-finite": Style.parse("bold #0d1117 on #ff7b72"),
    "part-activation": Style.parse("#ffa657"),
    "part-weights": Style.parse("#79c0ff"),
    "part-normalization": Style.parse("#56d4b0"),
    "part-skip": Style.parse("#d2a8ff"),
    "heat-above-1": Style.parse("#c9b8a6 on #33271c"),
    "heat-above-2": Style.parse("#f2e3d3 on #60401f"),
    "heat-above-3": Style.parse("#ffffff on #935a22"),
    "heat-above-4": Style.parse("#0d1117 on #de8b3c"),
    "heat-below-1": Style.parse("#a9bdd3 on #1a2c42"),
    "heat-below-2": Style.parse("#d9e7f5 on #20456b"),
    "heat-below-3": Style.parse("#ffffff on #2b629a"),
    "heat-below-4": Style.parse("#0d1117 on #5fa8ea"),
    "cursor": Style.parse("bold #0d1117 on #eef2f7"),
    "timeline-here": Style.parse("bold #eef2f7"),
    "timeline-done": Style.parse("#ffa657"),
    "timeline-known": Style.parse("#b6c2cf"),
    "timeline-open": Style.parse("#7a8797"),
    "mark-switch": Style.parse("bold #79c0ff"),
    "mark-fork": Style.parse("bold #d2a8ff"),
    "mark-clip": Style.parse("#e3b341"),
    "narration": Style.parse("italic #eef2f7"),
    **_map_roles(),
}
"""The look of every role; a role not named here looks like plain text."""


_WAYS: dict[str, Callable[[Style], Style]] = {
    "light": lambda dark: light(dark, parsed(str(LIGHT.panel))),
    "contrast": lambda dark: high_contrast(dark, BLACK),
    "ansi": ansi,
}


_OWN: Mapping[str, Mapping[str, Style]] = {
    # A green that stays one on a terminal of sixteen colors, where the one worked out is gray.
    "light": {"healthy": Style.parse("bold #ffffff on #008640")},
}
"""What a theme has otherwise than it would be worked out."""


def styles(theme: str) -> Mapping[str, Style]:
    """The look of every role in a theme."""
    if theme == "dark":
        return STYLES
    way = _WAYS[theme]
    return {role: way(dark) for role, dark in STYLES.items()} | dict(_OWN.get(theme, {}))


class _Now:
    """The theme that is on."""

    styles: Mapping[str, Style] = STYLES


def use(theme: str) -> Theme:
    """Let every role look as it does in this theme from now on; gives back Textual's part of it."""
    _Now.styles = styles(theme)
    return THEMES[theme]


def style(role: str) -> Style:
    """The look of a role."""
    return _Now.styles.get(role, _Now.styles[""])
