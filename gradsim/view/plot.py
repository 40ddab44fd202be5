"""Charts with axes, as text. The only file that knows plotext.

plotext 6.1 draws the curves and nothing else: it aborts the whole process on a NaN in a line and
on a value far outside the limits, its log axis is wrong, and its labels cannot tell 1e-9 from 0.
So every value is turned into a whole dot of the canvas before plotext sees it; what has no place
on the canvas (NaN, infinity, zero on a log axis) becomes a mark; axes and labels are written here,
by the same scale that places the curves, so that a label cannot stand in a wrong row.

plotext keeps one global figure: call `draw` from one thread.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import numpy as np

from gradsim.view.axes import Axis, Scale, fit, foot_ticks, side_ticks
from gradsim.view.curve_looks import (
    DOTS,
    LOOKS,
    MARKS,
    ON_TOP,
    OTHER,
    THIN,
    Look,
    Markers,
    line_of,
    point_of,
    sample,
)
from gradsim.view.traces import KINDS, Curve, Trace, signs_of, trace

__all__ = [
    "DOTS",
    "MARKS",
    "Axis",
    "Curve",
    "Markers",
    "Picture",
    "draw",
    "fit",
    "prepare",
    "sample",
]

SMALLEST: Final = (16, 4)
"""Width and height in cells below which a picture only says that it is too small."""

_TOO_SMALL: Final = "too small"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn chart: rows of (text, role) runs, every row as wide as was asked.

    A role is the style of a curve, or "axis", "label", "mark", or "" where there is nothing.
    """

    rows: tuple[tuple[tuple[str, str], ...], ...]
    left: int = 0
    """Cells left of the canvas; 0 where there is none."""
    foot: int = 0
    """Rows below it."""

    def x_at(self, column: int, axis: Axis) -> float:
        """The value of the (linear) x axis under a column; at the ends outside of the canvas."""
        cells = sum(len(text) for text, _ in self.rows[0]) - self.left if self.rows else 0
        along = min(max(column - self.left + 0.5, 0.0) / max(cells, 1), 1.0)
        return axis.low + along * (axis.high - axis.low)

    def text(self) -> str:
        """The rows without roles, one to a line."""
        return "\n".join("".join(text for text, _ in row) for row in self.rows)


def prepare() -> None:
    """Load what draws the curves, which takes 0.16 s at the first of them otherwise."""
    import plotext  # noqa: F401, PLC0415


@lru_cache(maxsize=64)
def _canvas(
    points: Trace, look: Look, markers: Markers, width: int, height: int
) -> tuple[str, ...]:
    """One curve alone on a canvas without axes, by plotext. Most curves stay as they are."""
    import plotext  # noqa: PLC0415 (0.16 s, so only when there is something to draw)

    across, down = DOTS[markers]
    x = [(column + 0.5) / across for column in points.columns]
    y = [(dot + 0.5) / down for dot in points.heights]
    plotext.terminal.limit(False, False)
    figure: Any = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.axes(False)
    for name, side, cells in (("x", "lower", width), ("y", "left", height)):
        ruler = figure.ruler(name, side)
        ruler.frequency(0)
        ruler.lim(0, cells)
        ruler.alignment(lim="edge")
    if any(points.linked):
        line = figure.signal(x, y, marker=line_of(look, markers))
        for index, linked in enumerate(points.linked):
            if linked:
                line.line(index)
        figure.draw(line)
    signs = signs_of(points, look, across)
    if signs:
        where = [x[index] for index in signs], [y[index] for index in signs]
        figure.draw(figure.signal(*where, marker=point_of(look, markers)))
    rows: list[str] = figure.build().string(colorless=True).split("\n")[:height]
    return tuple(row.translate(THIN) if look.line == "dotted" else row for row in rows)


class _Grid:
    """Cells to write in, later over earlier: a sign and a role each."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.signs = [[" "] * width for _ in range(height)]
        self.roles = [[""] * width for _ in range(height)]

    def write(self, row: int, column: int, text: str, role: str) -> None:
        """Put a text, cut off at the right edge."""
        for at, sign in enumerate(text[: max(self.width - column, 0)], start=column):
            self.signs[row][at] = sign
            self.roles[row][at] = role

    def overlay(self, top: int, left: int, rows: Sequence[str], role: str) -> None:
        """Put rows of text of which the spaces are transparent."""
        for row, text in enumerate(rows, start=top):
            signs, roles = self.signs[row], self.roles[row]
            for at, sign in enumerate(text, start=left):
                if sign != " ":
                    signs[at] = sign
                    roles[at] = role

    def picture(self, left: int = 0, foot: int = 0) -> Picture:
        """What was written, cells of one role joined into runs."""
        return Picture(tuple(map(_runs, self.signs, self.roles)), left, foot)


def _runs(signs: list[str], roles: list[str]) -> tuple[tuple[str, str], ...]:
    """A row of cells as runs of one role."""
    runs: list[tuple[str, str]] = []
    start = 0
    for role, cells in groupby(roles):
        stop = start + len(list(cells))
        runs.append(("".join(signs[start:stop]), role))
        start = stop
    return tuple(runs)


def draw(
    curves: Sequence[Curve],
    x: Axis,
    y: Axis,
    width: int,
    height: int,
    markers: Markers = "braille",
    cursor: float | None = None,
) -> Picture:
    """A chart of exactly `width` by `height` cells, without title and legend.

    A later curve covers an earlier one; "live" covers all but the signs of theory. Points left and
    right of the x limits are not shown. At `cursor`, an x, stands an upright line behind
    the curves.
    """
    if markers not in DOTS:
        raise ValueError(f'markers "{markers}" are not known; known are: {", ".join(DOTS)}')
    width, height = max(width, 0), max(height, 0)
    grid = _Grid(width, height)
    if width < SMALLEST[0] or height < SMALLEST[1]:
        if height:
            grid.write(height // 2, max(width - len(_TOO_SMALL), 0) // 2, _TOO_SMALL, "label")
        return grid.picture()

    top = 1 if y.label and height >= 8 else 0  # rows above the canvas: the name of the y axis
    foot = 2 if height >= 6 else 1  # rows below it: the x axis and its labels
    across, down = DOTS[markers]
    up = Scale(y, height - top - foot, down)
    side = side_ticks(up)
    left = max(map(len, side.values())) + 1
    along = Scale(x, width - left, across)

    _frame(grid, up, along, side, markers, top, integers=_of_integers(curves, x))
    if cursor is not None and x.low <= cursor <= x.high:
        _point_at(grid, along.place([(cursor, "")])[0][0] + left, top, up.cells, markers)
    marks: list[tuple[int, int]] = []
    for curve in sorted(curves, key=lambda each: ON_TOP.get(each.style, 0)):
        look = LOOKS.get(curve.style, OTHER)
        found = trace(curve, along, up)
        if found.columns:
            canvas = _canvas(found, look, markers, along.cells, up.cells)
            grid.overlay(top, left, canvas, curve.style)
        marks.extend(found.marks)
    for column, kind in sorted(marks, key=lambda mark: mark[1]):
        fine, plain, edge = MARKS[KINDS[kind]]
        row = top if edge == "top" else top + up.cells - 1
        grid.write(row, left + column, plain if markers == "ascii" else fine, "mark")
    return grid.picture(left, foot)


def _point_at(grid: _Grid, column: int, top: int, rows: int, markers: Markers) -> None:
    """The cursor: a line through the canvas, and an arrow on the axis below it."""
    line, arrow = (":", "^") if markers == "ascii" else ("┊", "▲")
    for row in range(top, top + rows):
        grid.write(row, column, line, "axis")
    if top + rows < len(grid.signs) - 1:
        grid.write(top + rows, column, arrow, "selected")


def _frame(
    grid: _Grid,
    up: Scale,
    along: Scale,
    side: dict[int, str],
    markers: Markers,
    top: int,
    integers: bool,
) -> None:
    """Axes, ticks and labels around the canvas."""
    upright, flat, corner, to_left, to_foot = "|-+++" if markers == "ascii" else "│─└┤┬"
    left = grid.width - along.cells
    if top:
        grid.write(0, 0, up.axis.label, "label")
    for cell in range(up.cells):
        row = top + up.cells - 1 - cell
        label = side.get(cell, "")
        grid.write(row, 0, label.rjust(left - 1), "label")
        grid.write(row, left - 1, to_left if label else upright, "axis")
    columns, texts = foot_ticks(along, integers, left)
    line = top + up.cells
    if line < len(grid.signs) - 1:
        grid.write(line, left - 1, corner + flat * along.cells, "axis")
        for column in columns:
            grid.write(line, column, to_foot, "axis")
    for start, text in texts:
        grid.write(len(grid.signs) - 1, start, text, "label")


def _of_integers(curves: Sequence[Curve], x: Axis) -> bool:
    """Whether the x axis counts something: every x of every curve is whole, or else its limits."""
    values = [np.asarray(curve.x, dtype=np.float64).ravel() for curve in curves]
    every = np.concatenate([*values, np.empty(0)])
    if not every.size:
        every = np.array([x.low, x.high])
    return bool(np.all(np.floor(every) == every)) and math.floor(x.high) > math.ceil(x.low)
