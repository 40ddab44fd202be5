"""How curves are told apart without color: the line of a style, the sign of its points, marks."""

from dataclasses import dataclass
from typing import Final, Literal

Markers = Literal["braille", "block", "ascii"]

DOTS: Final[dict[str, tuple[int, int]]] = {"braille": (2, 4), "block": (2, 2), "ascii": (1, 1)}
"""Dots in a cell, across and down, for each kind of markers."""

MARKS: Final[dict[str, tuple[str, str, str]]] = {
    "negative": ("−", "-", "bottom"),
    "zero": ("0", "0", "bottom"),
    "below": ("▼", "v", "bottom"),
    "above": ("▲", "^", "top"),
    "minus infinity": ("∞", "!", "bottom"),
    "infinity": ("∞", "!", "top"),
    "nan": ("?", "?", "bottom"),
}
"""What stands for a value that has no place on the canvas: sign, ASCII sign, row.

A later kind covers an earlier one in the same cell. Zero and negative are marks on a log axis only.
"""


@dataclass(frozen=True, slots=True)
class Look:
    """How a style is drawn: its line, the sign of a single point, whether a line bears signs."""

    line: Literal["solid", "dotted", "dashed"]
    point: str
    signs: bool
    ascii: str


LOOKS: Final[dict[str, Look]] = {
    "live": Look("solid", "•", signs=False, ascii="*"),
    "second": Look("solid", "◆", signs=True, ascii="+"),
    "previous": Look("dotted", "·", signs=False, ascii=","),
    "ghost": Look("dotted", "·", signs=False, ascii="."),
    "pinned": Look("dotted", "○", signs=True, ascii="o"),
    "remedy": Look("dotted", "▪", signs=True, ascii="#"),
    "theory": Look("dotted", "×", signs=True, ascii="x"),
    "band": Look("dotted", "·", signs=False, ascii=":"),
    "threshold": Look("dashed", "╌", signs=False, ascii="="),
}
OTHER: Final = Look("solid", "▪", signs=True, ascii="#")
ON_TOP: Final = {"live": 1, "theory": 2}
"""Styles that are drawn over all others, in this order."""

SIGN_GAP: Final = 5  # cells from one sign to the next along a line


def _thin(bits: int) -> int:
    """Braille dots moved into the first and third dot of the left column: a line becomes dots."""
    upper, lower = bits & 0b00011011, bits & 0b11100100
    return (0b001 if upper else 0) | (0b100 if lower else 0)


THIN: Final = {0x2800 + bits: 0x2800 + _thin(bits) for bits in range(1, 256)}


def sample(style: str, markers: Markers = "braille", connect: bool = True) -> str:
    """Three cells of a style, for a legend beside the chart."""
    look = LOOKS.get(style, OTHER)
    if not connect:
        return f" {point_of(look, markers)} "
    line = line_of(look, markers)
    line = {"braille": "⠤", "hd": "▄"}.get(line, line)
    if look.line == "dotted":
        line = line.translate(THIN)
    return line + (point_of(look, markers) if look.signs else line) + line


def line_of(look: Look, markers: Markers) -> str:
    """plotext's name of the marker that the line of a style is drawn with."""
    if markers == "ascii":
        return look.ascii
    if look.line == "dashed":
        return "╌"
    if markers == "braille":
        return "braille"
    return "hd" if look.line == "solid" else "·"


def point_of(look: Look, markers: Markers) -> str:
    """The sign of a point of a style."""
    return look.ascii if markers == "ascii" else look.point
