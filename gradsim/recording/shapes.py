"""Characters that are drawn and not written: blocks, shades, lines, braille.

Fonts draw them with gaps between the cells, or lack them. Here each is made of rectangles in
shares of a cell's width and height, so that neighbors meet.
"""

from functools import cache
from typing import NamedTuple


class Patch(NamedTuple):
    """A rectangle in a cell whose sides are 1; `ink` is how much of the ink covers it."""

    left: float
    top: float
    right: float
    bottom: float
    ink: float = 1.0


_EIGHTHS_UP = "▁▂▃▄▅▆▇█"
_EIGHTHS_LEFT = "▉▊▋▌▍▎▏"
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
_QUARTERS = {
    "▖": "3", "▗": "4", "▘": "1", "▙": "134", "▚": "14", "▛": "123", "▜": "124", "▝": "2",
    "▞": "23", "▟": "234",
}  # fmt: skip
"""Upper left, upper right, lower left, lower right: 1 to 4."""

_LINES = {
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "udr", "┤": "udl",
    "┬": "lrd", "┴": "lru", "┼": "lrud", "╭": "rd", "╮": "ld", "╰": "ru", "╯": "lu", "╴": "l",
    "╵": "u", "╶": "r", "╷": "d", "━": "LR", "┃": "UD", "╸": "L", "╹": "U", "╺": "R", "╻": "D",
}  # fmt: skip
"""Which arms a line has: left, right, up, down; capitals are heavy ones."""

_DASHES = {"╌": (2, "h"), "┄": (3, "h"), "┈": (4, "h"), "╎": (2, "v"), "┆": (3, "v"), "┊": (4, "v")}
"""In how many parts a dashed line is broken, and whether it lies or stands."""

_THIN, _HEAVY = 0.0625, 0.125
"""Half of a line's breadth, in widths of a cell."""

BRAILLE = 0x2800
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each dot, in the order of its bit."""


@cache
def patches(character: str, tall: float = 2.0) -> tuple[Patch, ...] | None:
    """What a character is made of; None where it is one to be written.

    `tall` is a cell's height by its width.
    """
    if len(character) != 1:
        return None
    if character in _EIGHTHS_UP:
        return (Patch(0, 1 - (1 + _EIGHTHS_UP.index(character)) / 8, 1, 1),)
    if character in _EIGHTHS_LEFT:
        return (Patch(0, 0, (7 - _EIGHTHS_LEFT.index(character)) / 8, 1),)
    if character in _SHADES:
        return (Patch(0, 0, 1, 1, _SHADES[character]),)
    if character in _QUARTERS:
        return tuple(_quarter(int(number) - 1) for number in _QUARTERS[character])
    if character in _LINES:
        return tuple(_arm(arm, tall) for arm in _LINES[character])
    if character in _DASHES:
        return tuple(_dashes(*_DASHES[character], tall))
    if 0 <= ord(character) - BRAILLE < 256:
        bits = ord(character) - BRAILLE
        return tuple(_dot(*place, tall) for n, place in enumerate(_DOTS) if bits >> n & 1)
    return {"▀": (Patch(0, 0, 1, 0.5),), "▐": (Patch(0.5, 0, 1, 1),), "▔": (Patch(0, 0, 1, 0.125),),
            "▕": (Patch(0.875, 0, 1, 1),)}.get(character)  # fmt: skip


def _quarter(number: int) -> Patch:
    x, y = number % 2 / 2, number // 2 / 2
    return Patch(x, y, x + 0.5, y + 0.5)


def _arm(arm: str, tall: float) -> Patch:
    half = _HEAVY if arm.isupper() else _THIN
    across = half / tall
    match arm.lower():
        case "l":
            return Patch(0, 0.5 - across, 0.5 + half, 0.5 + across)
        case "r":
            return Patch(0.5 - half, 0.5 - across, 1, 0.5 + across)
        case "u":
            return Patch(0.5 - half, 0, 0.5 + half, 0.5 + across)
    return Patch(0.5 - half, 0.5 - across, 0.5 + half, 1)


def _dashes(count: int, way: str, tall: float) -> list[Patch]:
    gap = 0.3 / count
    spans = [(n / count + gap / 2, (n + 1) / count - gap / 2) for n in range(count)]
    if way == "h":
        across = _THIN / tall
        return [Patch(start, 0.5 - across, end, 0.5 + across) for start, end in spans]
    return [Patch(0.5 - _THIN, start, 0.5 + _THIN, end) for start, end in spans]


def _dot(column: int, row: int, tall: float) -> Patch:
    x, y = 0.25 + 0.5 * column, (row + 0.5) / 4
    half = 0.13
    return Patch(x - half, y - half / tall, x + half, y + half / tall)
