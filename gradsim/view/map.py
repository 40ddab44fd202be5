"""The map as a picture: colored signs, the critical line, the experiment itself, a cursor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gradsim.insight.map.axes import shown
from gradsim.insight.map.line import Crossing
from gradsim.insight.map.order import Place, stand_in
from gradsim.view.lines import Line, Run, beside, fitted
from gradsim.view.map_picture import LIVE, Picture
from gradsim.view.map_scale import look, scale
from gradsim.view.map_words import told_of

GAP = "  "
GUTTER = 6
"""Cells that labels mostly take at the left."""
LEAST_FIELD = 28
"""Cells of width that the field keeps beside its words."""

_ASCII = str.maketrans("│─◆∞·▸▴↑→", "|_&!,>^^>")


@dataclass(frozen=True, slots=True)
class Side:
    """How the values of an axis lie on characters: several each, or several on one."""

    count: int
    room: int
    fills: bool = False
    """Whether some values take a character more than others, rather than much is left over."""

    @property
    def size(self) -> int:
        """Characters that are used."""
        whole = self.room // self.count * self.count or self.room
        return self.room if self.fills and 8 * whole < 7 * self.room else whole

    def shows(self, character: int, wanted: int | None) -> int:
        """The value that a character shows: the wanted one where that is among several."""
        last = ((character + 1) * self.count - 1) // self.size
        if self.count <= self.size:
            return last
        first = character * self.count // self.size
        return wanted if wanted is not None and first <= wanted <= last else first

    def center(self, index: float) -> int:
        """The character in the middle of a value, also of a place between two."""
        if index == int(index) and 0 <= index < self.count:
            span = self.span(int(index))
            return span.start + len(span) // 2
        return min(self.size - 1, max(0, int((index + 0.5) * self.size / self.count)))

    def span(self, index: int) -> range:
        """The characters of a value."""
        first = index * self.size // self.count
        return range(first, max(first + 1, (index + 1) * self.size // self.count))


def room(width: int, height: int) -> tuple[int, int]:
    """Characters that the cells have, across and down, in a picture of this size."""
    words = _words_width(width)
    return max(1, width - (words + len(GAP) if words else 0) - GUTTER), max(1, height - 3)


def _words_width(width: int) -> int:
    """Room for the words at the right; 0 where there is none."""
    words = min(40, max(26, width * 3 // 10))
    return words if width >= words + len(GAP) + LEAST_FIELD else 0


def draw(picture: Picture, width: int, height: int) -> list[Line]:
    """The map at the left, its words at the right: `height` lines of `width` cells."""
    words = _words_width(width)
    if not words:
        return field(picture, width, height)
    told = [*told_of(picture, words), *[fitted([], words)] * height]
    return beside(field(picture, width - words - len(GAP), height), told[:height], GAP)


def in_ascii(lines: Sequence[Line]) -> list[Line]:
    """The same picture with signs that every terminal has."""
    return [tuple((text.translate(_ASCII), role) for text, role in line) for line in lines]


def full(picture: Picture, width: int) -> list[Line]:
    """The map with every row of it, and all its words: beside it, or below where it is narrow."""
    words, rows = _words_width(width), len(picture.plan.y.values) + 3
    told = told_of(picture, words or width)
    if words:
        return draw(picture, width, max(rows, len(told)))
    return [*field(picture, width, rows), *told]


def field(picture: Picture, width: int, height: int) -> list[Line]:
    """The cells with labels at their left and below: exactly `height` lines of `width` cells."""
    y = picture.plan.y
    gutter, across, down = _sides(picture, width, height)
    critical = _thinned(picture.line)
    live = picture.live[1]
    marked = None if live is None else down.center(live)
    named = {
        down.center(k): shown(y.values[k])
        for k in _labelled(len(y.values), lambda k: (down.center(k), down.center(k) + 1))
    }
    lines = [fitted([(f"{y.knob} ↑", "label")], width)]
    for line in reversed(range(down.size)):
        name = named.get(line, "")[: gutter - 2]
        runs: list[Run] = [(f"{name:>{gutter - 2}}", "axis")]
        runs.append(("▸ " if line == marked else "  ", "value"))
        lines.append(fitted([*runs, *_row(picture, critical, across, down, line)], width))
    lines += _below(picture, across, gutter, width)
    return (lines + [fitted([], width)] * height)[:height]


def cell_at(picture: Picture, width: int, height: int, x: int, y: int) -> Place | None:
    """The cell of the map under a column and a line of the picture; None beside the field."""
    words = _words_width(width)
    wide = width - words - len(GAP) if words else width
    gutter, across, down = _sides(picture, wide, height)
    character, line = x - gutter, down.size - y
    if not (0 <= character < across.size and 0 <= line < down.size):
        return None
    cursor = picture.cursor
    return (
        across.shows(character, cursor[0] if cursor else None),
        down.shows(line, cursor[1] if cursor else None),
    )


def _sides(picture: Picture, width: int, height: int) -> tuple[int, Side, Side]:
    """Cells before the field, and how its columns and rows lie."""
    x, y = picture.plan.x, picture.plan.y
    gutter = min(max(len(shown(value)) for value in y.values), max(6, width // 4)) + 2
    across = Side(len(x.values), max(1, width - gutter))
    return gutter, across, Side(len(y.values), max(1, height - 3), fills=True)


def _row(
    picture: Picture, critical: Sequence[Crossing], across: Side, down: Side, line: int
) -> list[Run]:
    """One line of characters; lines are counted from below."""
    levels = scale(picture.plan)
    cursor = picture.cursor
    row = down.shows(line, cursor[1] if cursor else None)
    runs: list[Run] = []
    for character in range(across.size):
        column = across.shows(character, cursor[0] if cursor else None)
        place = stand_in((column, row), picture.cells, across.count, down.count)
        runs.append(look(picture.plan, levels, picture.cells[place] if place else None))
    for crossing in critical:
        if crossing.along == "y" and down.center(crossing.row) == line:
            for character in across.span(int(crossing.column)):
                _mark(runs, character, "─")
        elif crossing.along == "x" and line in down.span(int(crossing.row)):
            _mark(runs, across.center(crossing.column), "│")
    live_column, live_row = picture.live
    if live_column is not None and live_row is not None and down.center(live_row) == line:
        _mark(runs, across.center(live_column), LIVE)
    if cursor and down.center(cursor[1]) == line:
        here = across.span(cursor[0])
        _mark(runs, max(0, here[0] - 1), "[")
        _mark(runs, min(across.size - 1, here[-1] + 1), "]")
    return runs


def _thinned(line: Sequence[Crossing]) -> list[Crossing]:
    """The crossings of the direction that has more of them, and the others where none is near."""
    across = [crossing for crossing in line if crossing.along == "x"]
    upward = [crossing for crossing in line if crossing.along == "y"]
    many, few = (across, upward) if len(across) >= len(upward) else (upward, across)
    return many + [
        one
        for one in few
        if not any(abs(one.column - c.column) <= 1 and abs(one.row - c.row) <= 1 for c in many)
    ]


def _mark(runs: list[Run], character: int, sign: str) -> None:
    """Another sign over a cell, on the cell's own color."""
    _, role = runs[character]
    if not role.endswith("-mark"):
        role = f"{role}-mark" if role.startswith("map-") else "selected"
    runs[character] = (sign, role)


def _labelled(count: int, extent: Callable[[int], tuple[int, int]]) -> list[int]:
    """Which values bear their name so that none overlap: both ends, and evenly between."""
    for stride in range(1, count + 1):
        start_of_last, end_of_last = extent(count - 1)
        inner = [
            index
            for index in range(0, count - 1, stride)
            if extent(index)[1] <= start_of_last or end_of_last <= extent(index)[0]
        ]
        spans = sorted(extent(index) for index in inner)
        if all(one[1] <= other[0] for one, other in pairwise(spans)):
            return [*inner, count - 1]
    return [count - 1]


def _below(picture: Picture, across: Side, gutter: int, width: int) -> list[Line]:
    """A line that marks the live experiment, with the values of x in it, and the knob's name."""
    x, room = picture.plan.x, max(1, width - gutter)
    names = [shown(value) for value in x.values]

    def extent(index: int) -> tuple[int, int]:
        size = len(names[index])
        start = max(0, min(across.center(index) - size // 2, room - size))
        return start, start + size + 1

    text = [" "] * room
    for index in _labelled(len(names), extent):
        start = extent(index)[0]
        for offset, sign in enumerate(names[index][: room - start]):
            text[start + offset] = sign
    pointer = [" "] * room
    live = picture.live[0]
    if live is not None:
        pointer[across.center(live)] = "▴"
    name = f"{x.knob} →"
    return [
        fitted([(" " * gutter, ""), ("".join(text), "axis")], width),
        fitted([(f"{'':{gutter}}", ""), *_named(pointer, name, across.size)], width),
    ]


def _named(pointer: list[str], name: str, size: int) -> list[Run]:
    """The pointer at the live experiment and the name of the axis, in one line, clear of it."""
    start = max(0, size - len(name))
    if any(sign != " " for sign in pointer[start : start + len(name)]):
        start = 0
    text = pointer[:start], pointer[start + len(name) :]
    return [("".join(text[0]), "value"), (name, "label"), ("".join(text[1]), "value")]
