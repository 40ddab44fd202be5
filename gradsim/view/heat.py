"""A heat map: a matrix as cells, the sign by glyph and color, the size by how full a cell is.

Where the matrix has more entries than there are cells, a cell stands for a block of them and shows
the one that is largest in size; where it has few, an entry takes several cells.
"""

from dataclasses import dataclass
from math import isfinite, isnan

import numpy as np
import numpy.typing as npt

from gradsim.nn.arrays import Array
from gradsim.numbers import number
from gradsim.view.lines import Line, Run, fitted
from gradsim.view.plot import Markers

ABOVE, BELOW = ("░▒▓█", "live"), ("◦○◍●", "second")
"""Signs of entries above and below zero, from small to large, and their role."""

ABOVE_ASCII, BELOW_ASCII = (".:+#", "live"), ("-~=%", "second")

UNKNOWN, ZERO = ("·", "quiet"), ("0", "quiet")

WIDEST, TALLEST = 4, 2
"""Cells that an entry takes at the most, across and down."""

Known = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lane:
    """Entries along one side of a matrix, laid out in cells: blocks of entries, or wide ones."""

    count: int
    blocks: int
    """As many different cells; one for each entry where they fit."""
    cells: int
    """So many cells for each block."""

    @classmethod
    def of(cls, count: int, room: int, most: int) -> "Lane":
        """The layout of so many entries in so many cells."""
        blocks = max(1, min(count, room))
        return cls(count, blocks, max(1, min(room // blocks, most)) if count <= room else 1)

    @property
    def room(self) -> int:
        """Cells taken."""
        return self.blocks * self.cells

    @property
    def starts(self) -> list[int]:
        """The first entry of each block."""
        return [block * self.count // self.blocks for block in range(self.blocks)]

    def block_of(self, entry: int) -> int:
        """The block in which an entry stands."""
        return ((entry + 1) * self.blocks - 1) // self.count


def heat(
    matrix: Array,
    width: int,
    height: int,
    *,
    limit: float | None = None,
    known: Known | None = None,
    cursor: tuple[int, int] | None = None,
    markers: Markers = "braille",
) -> list[Line]:
    """The map of a matrix (rows, columns) in at most `height` lines of exactly `width` cells.

    A cell is full where an entry's size is `limit` (the largest finite one unless told). Entries
    not `known` are `·`, zeros `0`, infinities `∞`, NaN `?`. A cursor (row, column) is pointed at
    from above and from the left.
    """
    margin = 0 if cursor is None else 1
    if width <= margin or height <= margin or not matrix.size:
        return []
    down = Lane.of(matrix.shape[0], height - margin, TALLEST)
    across = Lane.of(matrix.shape[1], width - margin, WIDEST)
    shown = np.ones(matrix.shape, dtype=np.bool_) if known is None else known
    values = _together(np.where(shown, matrix, 0.0), down, across)
    there = _each(np.logical_or, shown, down, across)
    top = largest(matrix, shown) if limit is None else limit
    here = None if cursor is None else (down.block_of(cursor[0]), across.block_of(cursor[1]))
    lines: list[Line] = []
    if here is not None:
        arrow = "v" if markers == "ascii" else "▼"
        at = margin + here[1] * across.cells + (across.cells - 1) // 2
        lines.append(fitted([(" " * at, ""), (arrow, "selected")], width))
    for row in range(down.blocks):
        cells = [
            _cell(float(values[row, column]), bool(there[row, column]), top, markers)
            for column in range(across.blocks)
        ]
        body: list[Run] = [
            (sign * across.cells, "cursor" if (row, column) == here else role)
            for column, (sign, role) in enumerate(cells)
        ]
        pointed = here is not None and row == here[0]
        for line in range(down.cells):
            first = pointed and line == (down.cells - 1) // 2
            lead = [((">" if markers == "ascii" else "▶") if first else " ", "selected")]
            lines.append(fitted([*lead[:margin], *body], width))
    return lines


def largest(matrix: Array, known: Known | None = None) -> float:
    """The largest finite size in a matrix; 0 where there is none."""
    size = np.abs(matrix if known is None else matrix[known])
    return float(np.max(size, initial=0.0, where=np.isfinite(size)))


def legend(limit: float, markers: Markers = "braille") -> list[list[Run]]:
    """What the signs mean, in parts for a line."""
    above, below = _signs(markers)
    return [
        [(above[0], above[1]), (" above 0", "label")],
        [(below[0], below[1]), (" below 0", "label")],
        [(above[0][-1], above[1]), (below[0][-1], below[1]), (f" {number(limit)}", "label")],
    ]


def _signs(markers: Markers) -> tuple[tuple[str, str], tuple[str, str]]:
    return (ABOVE_ASCII, BELOW_ASCII) if markers == "ascii" else (ABOVE, BELOW)


def _cell(value: float, known: bool, limit: float, markers: Markers) -> tuple[str, str]:
    """The sign of a value, and its role."""
    if not known:
        return (".", UNKNOWN[1]) if markers == "ascii" else UNKNOWN
    if value == 0.0:
        return ZERO
    if isnan(value):
        return "?", "mark"
    if not isfinite(value):
        return "^" if markers == "ascii" else "∞", "mark"
    above, below = _signs(markers)
    signs, role = above if value > 0.0 else below
    full = abs(value) / limit if limit else 1.0
    return signs[min(int(full * len(signs)), len(signs) - 1)], role


def _together(matrix: Array, down: Lane, across: Lane) -> Array:
    """For each block its entry that is largest in size; what is not finite comes first."""
    finite = np.where(np.isfinite(matrix), matrix, 0.0)
    high = _each(np.maximum, finite, down, across)
    low = _each(np.minimum, finite, down, across)
    out = np.where(high >= -low, high, low)
    for odd in (-np.inf, np.inf):
        out[_each(np.logical_or, matrix == odd, down, across)] = odd
    out[_each(np.logical_or, np.isnan(matrix), down, across)] = np.nan
    return np.asarray(out)


def _each(what: np.ufunc, matrix: npt.NDArray[np.generic], down: Lane, across: Lane) -> Array:
    """What becomes of the entries of each block together."""
    rows = what.reduceat(matrix, down.starts, axis=0)
    return np.asarray(what.reduceat(rows, across.starts, axis=1))
