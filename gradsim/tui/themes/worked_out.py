"""The styles of a theme from those of the dark one: same hue, as light as its ground asks for."""

from colorsys import rgb_to_hls

from rich.color import Color
from rich.style import Style

from gradsim.tui.themes.colors import (
    BLACK,
    WHITE,
    Rgb,
    contrast,
    lightness,
    parsed,
    readable,
    turned,
    written,
)

LEAST = 4.5
"""Contrast that every text has (WCAG 2.2, level AA)."""

HIGH = 7.0
"""Contrast on the plain ground of the theme with high contrast (level AAA)."""

GRAY = 0.15
"""Difference between the largest and the smallest part below which a color counts as a gray."""

STRONG = 0.5
"""Lightness from which on a ground is a strong one: on a light theme it turns into a dark one."""

_HUES = ((20, "red"), (75, "yellow"), (170, "green"), (250, "cyan"))
"""Up to which hue in degrees a color has which name; beyond the last it is magenta."""


def light(dark: Style, ground: Rgb) -> Style:
    """A style for a light ground: grays turned around, colors as dark as they must be."""
    ink = _ink(dark)
    if dark.bgcolor is None:
        return _style(dark, readable(turned(ink) if _gray(ink) else ink, ground, LEAST), None)
    behind = _rgb(dark.bgcolor)
    strong = lightness(behind) >= STRONG and not _gray(behind)
    behind = readable(behind, WHITE, LEAST) if strong else turned(behind)
    return _style(dark, WHITE if strong else readable(turned(ink), behind, LEAST), behind)


def high_contrast(dark: Style, ground: Rgb) -> Style:
    """A style for a black ground: light enough to stand out; black or white on colors."""
    if dark.bgcolor is None:
        return _style(dark, readable(_ink(dark), ground, HIGH), None)
    behind = _rgb(dark.bgcolor)
    return _style(dark, max(BLACK, WHITE, key=lambda ink: contrast(ink, behind)), behind)


def ansi(dark: Style) -> Style:
    """A style in the terminal's own colors: their names, and its own text color for grays.

    Grounds that are dark leave the terminal's own ground; what is on them takes their hue.
    """
    bold = "bold " if dark.bold else ""
    italic = "italic " if dark.italic else ""
    if dark.bgcolor is None:
        return Style.parse(f"{bold}{italic}{_named(_ink(dark))}")
    behind = _rgb(dark.bgcolor)
    name = _named(behind)
    if lightness(behind) < 0.35:
        return Style.parse(f"{bold}{italic}{name}")
    # Not bold: many a terminal has a gray for bold black, which nobody can read on a color.
    return Style.parse(f"{italic}black on {'white' if name == 'default' else name}")


def _named(color: Rgb) -> str:
    if _gray(color):
        return "default"
    hue, light_, _ = rgb_to_hls(*color)
    name = next((name for most, name in _HUES if hue * 360 < most), "magenta")
    return "blue" if name == "cyan" and light_ < 0.6 else name


def _gray(color: Rgb) -> bool:
    return max(color) - min(color) < GRAY


def _rgb(color: Color | None) -> Rgb:
    assert color is not None
    assert color.triplet is not None
    return parsed(color.triplet.hex)


def _ink(style: Style) -> Rgb:
    return _rgb(style.color)


def _style(like: Style, ink: Rgb, behind: Rgb | None) -> Style:
    return Style(
        color=written(ink),
        bgcolor=written(behind) if behind else None,
        bold=like.bold,
        italic=like.italic,
    )
