"""The screen for those who want no color at all (NO_COLOR): bold, dim and reverse tell it."""

from functools import lru_cache

from rich.color import Color as RichColor
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from gradsim.tui.themes.colors import Rgb, contrast, parsed

FAINT = 8.0
"""Contrast below which a text is a quiet one: it is dim."""

STRONG = 4.0
"""Contrast with the screen from which on a ground is meant to be seen: it is reversed."""


class Uncolored(LineFilter):
    """Takes every color away on its way to the screen; what was quiet or a ground stays one."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line without colors."""
        ground = background.rgb
        return [
            Segment(text, style and _uncolored(style, ground), control)
            for text, style, control in segments
        ]


UNCOLORED = Uncolored()


@lru_cache(maxsize=1024)
def _uncolored(style: Style, ground: tuple[int, int, int]) -> Style:
    page = (ground[0] / 255, ground[1] / 255, ground[2] / 255)
    reverse = bool(style.reverse)
    if style.bgcolor and not style.bgcolor.is_default:
        behind = _rgb(style.bgcolor)
        reverse ^= behind is None or contrast(behind, page) >= STRONG
    ink = _rgb(style.color)
    return Style(
        bold=style.bold,
        italic=style.italic,
        underline=style.underline,
        dim=bool(style.dim) or (not reverse and ink is not None and contrast(ink, page) < FAINT),
        reverse=reverse,
    )


def _rgb(color: RichColor | None) -> Rgb | None:
    """A color in numbers; None for one of the terminal's own."""
    if color is None or color.type is not ColorType.TRUECOLOR or color.triplet is None:
        return None
    return parsed(color.triplet.hex)
