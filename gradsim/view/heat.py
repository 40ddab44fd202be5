"""A heat map: a matrix as cells, sign and size of an entry by its glyph and by its color.

Where the matrix has more entries than there are cells, a cell stands for a block of them and shows
the one that is largest in size; where it has few, an entry takes several cells.
"""

from dataclasses import dataclass
from math import isfinite, isnan

import numpy as np

from gradsim.insight.tally import strongest
from gradsim.nn.arrays import Array
from gradsim.numbers import number
from gradsim.view.lines import Line, Run, fitted
from gradsim.view.plot import Markers

ABOVE, BELOW = ".:+#", "-~=≡"
"""Signs of entries above and below zero, from small to large."""

BELOW_ASCII = "-~=%"

PLUS_MINUS = "±", "+-"
"""To either side; in ASCII one sign alone would read as "about"."""

WIDEST, TALLEST = 4, 2
"""Cells that an entry takes at the most, across and down."""


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
        return [self.block(index).start for index in range(self.blocks)]

    def block(self, index: int) -> range:
        """The entries of a block."""
        return range(index * self.count // self.blocks, (index + 1) * self.count // self.blocks)

    def block_of(self, entry: int) -> int:
        """The block in which an entry stands."""
        return ((entry + 1) * self.blocks - 1) // self.count


def heat(
    matrix: Array,
    width: int,
    height: int,
    *,
    limit: float | None = None,
    cursor: tuple[int, int] | None = None,
    markers: Markers = "braille",
) -> list[Line]:
    """The map of a matrix (rows, columns) in at most `height` lines of exactly `width` cells.

    The strongest sign is that of the size `limit` (the largest finite one unless told). A zero is
    `0`, infinity `∞`, NaN `?`. A cursor (row, column) is pointed at from above and from the left.
    """
    margin = 0 if cursor is None else 1
    if width <= margin or height <= margin or not matrix.size:
        return []
    down = Lane.of(matrix.shape[0], height - margin, TALLEST)
    across = Lane.of(matrix.shape[1], width - margin, WIDEST)
    values = strongest(matrix, down.starts, across.starts)
    top = largest(matrix) if limit is None else limit
    here = None if cursor is None else (down.block_of(cursor[0]), across.block_of(cursor[1]))
    lines: list[Line] = []
    if here is not None:
        arrow = "v" if markers == "ascii" else "▼"
        at = margin + here[1] * across.cells + (across.cells - 1) // 2
        lines.append(fitted([(" " * at, ""), (arrow, "selected")], width))
    for row in range(down.blocks):
        cells = [_cell(float(value), top, markers) for value in values[row]]
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


def entry_at(
    matrix: Array, width: int, height: int, x: int, y: int, *, pointed: bool = False
) -> tuple[int, int] | None:
    """The entry that the map of this size shows at a cell, row and column; None beside it.

    `pointed` is a map with a cursor.
    """
    margin = int(pointed)
    if width <= margin or height <= margin or not matrix.size:
        return None
    down = Lane.of(matrix.shape[0], height - margin, TALLEST)
    across = Lane.of(matrix.shape[1], width - margin, WIDEST)
    row, column = (y - margin) // down.cells, (x - margin) // across.cells
    if not (y >= margin and x >= margin and row < down.blocks and column < across.blocks):
        return None
    rows, columns = down.block(row), across.block(column)
    block = matrix[rows.start : rows.stop, columns.start : columns.stop]
    sizes = np.abs(np.where(np.isnan(block), np.inf, block))
    first, second = np.unravel_index(int(np.argmax(sizes)), block.shape)
    return rows[int(first)], columns[int(second)]


def largest(matrix: Array) -> float:
    """The largest finite size in a matrix; 0 where there is none."""
    return float(np.max(np.abs(matrix), initial=0.0, where=np.isfinite(matrix)))


def legend(limit: float, markers: Markers = "braille") -> list[Run]:
    """All signs in a row, from far below zero to far above: `≡=~-0.:+# to ±0.31`.

    A limit of 0 says that no entry has a size: then there is no scale to tell.
    """
    levels = len(ABOVE)
    values = [k / levels for k in range(-levels, levels + 1)]
    # Each sign by a value in the middle of its level.
    bar = [_cell(value - np.sign(value) / (2 * levels), 1.0, markers) for value in values]
    if not limit:
        return bar
    return [*bar, (f" to {PLUS_MINUS[markers == 'ascii']}{number(limit)}", "label")]


def _cell(value: float, limit: float, markers: Markers) -> Run:
    """The sign of a value, and its role: `heat-above-1` to `heat-below-4`, or another."""
    if value == 0.0:
        return "0", "quiet"
    if isnan(value):
        return "?", "mark"
    if not isfinite(value):
        return "!" if markers == "ascii" else "∞", "mark"
    below = BELOW_ASCII if markers == "ascii" else BELOW
    signs, side = (ABOVE, "above") if value > 0.0 else (below, "below")
    share = abs(value) / limit if limit else 1.0
    level = min(int(share * len(signs)), len(signs) - 1)
    return signs[level], f"heat-{side}-{level + 1}"
