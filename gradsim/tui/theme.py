"""Colors: what each role of a run looks like. Blue and orange carry the meaning, never alone."""

from rich.style import Style
from textual.theme import Theme

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
    "wave": Style.parse("bold #ffffff"),
    "forward": Style.parse("#4b8fd6"),
    "live": Style.parse("#ffa657"),
    "second": Style.parse("#79c0ff"),
    "ghost": Style.parse("#8b98a8"),
    "previous": Style.parse("#6b5a45"),
    "pinned": Style.parse("#d2a8ff"),
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
    "narration": Style.parse("italic #eef2f7"),
}
"""The look of every role; a role not named here looks like plain text."""


def style(role: str) -> Style:
    """The look of a role."""
    return STYLES.get(role, STYLES[""])
