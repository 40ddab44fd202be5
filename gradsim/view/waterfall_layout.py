"""Where things lie in a waterfall: places on lines, steps on cells, and what the window shows."""

from dataclasses import dataclass

TALLEST = 3
"""Lines that a place takes at the most."""

ROOMY, TALL = 18, 30
"""Heights from which the pointers have a line of their own, and the words a third."""

TOP = 2
"""Lines above the cells."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How places lie on lines and steps on cells. The first place is the lowest, the head on top.

    Places lie together in blocks where there are more of them than lines.
    """

    gutter: int
    """Cells for the names of the lines, at the left."""
    across: int
    """Cells for steps."""
    places: int
    blocks: int
    lines: int
    """Lines of all blocks together."""
    words: int
    """Lines for words below."""
    pointers: bool
    """Whether the pointers have a line of their own."""

    @classmethod
    def of(cls, places: int, width: int, height: int) -> "Layout":
        """The layout of so many places, the head among them, in a picture of this size."""
        several = f"{places - 1}-{places}" if places > height else str(places)
        gutter = max(8, len(several) + 3)
        pointers = height >= ROOMY
        words = 3 if height >= TALL else 2 if height >= 10 else 1
        # Caption, events, steps and legend have a line each.
        room = max(1, height - 4 - words - pointers)
        blocks = min(places, room)
        lines = min(room, TALLEST * blocks)
        if 2 * lines < 3 * blocks:
            lines = blocks
        return cls(gutter, max(1, width - gutter), places, blocks, lines, words, pointers)

    @property
    def starts(self) -> list[int]:
        """The first place of each block."""
        return [block * self.places // self.blocks for block in range(self.blocks)]

    @property
    def places_each(self) -> tuple[int, int]:
        """How many places a block has, at the fewest and at the most."""
        return self.places // self.blocks, -(-self.places // self.blocks)

    def block_of(self, place: int) -> int:
        """The block in which a place is."""
        return ((place + 1) * self.blocks - 1) // self.places

    def places_of(self, block: int) -> range:
        """The places, counted from 0, of a block."""
        return range(block * self.places // self.blocks, (block + 1) * self.places // self.blocks)

    def lines_of(self, block: int) -> int:
        """How many lines a block has."""
        first, last = (k * self.lines // self.blocks for k in (block, block + 1))
        return last - first

    def pointed(self, window: "Window", x: int, y: int) -> tuple[int, int] | None:
        """The place and the step at a character of the picture; None beside the cells."""
        column = (x - self.gutter) // window.cells
        below = self.lines - 1 - (y - TOP)
        if not (0 <= column < window.count and 0 <= below < self.lines):
            return None
        block = ((below + 1) * self.blocks - 1) // self.lines
        return self.places_of(block)[0], window.steps_of(window.first + column)[0]


@dataclass(frozen=True, slots=True)
class Window:
    """Which steps are seen: columns of `span` steps, each `cells` wide, from `first` on."""

    first: int
    count: int
    span: int
    cells: int
    end: int
    """The first step that is not there any more."""

    def steps_of(self, column: int) -> range:
        """The steps of a column, counted from the start of the run."""
        return range(column * self.span, min((column + 1) * self.span, self.end))

    def cell_of(self, step: int) -> int | None:
        """The cell, from the left, in the middle of the column of a step; None if not seen."""
        column = step // self.span - self.first
        if not 0 <= column < self.count:
            return None
        return column * self.cells + (self.cells - 1) // 2


def fit(end: int, across: int) -> int:
    """The nearest zoom at which so many steps all fit.

    A column has 2^zoom steps, and where zoom is below 0 it is 2^-zoom cells wide.
    """
    zoom = WIDEST
    while columns(end, zoom) > room(across, zoom):
        zoom += 1
    return zoom


WIDEST = -2
"""The nearest zoom: four cells to a step."""


def columns(end: int, zoom: int) -> int:
    """Columns that so many steps take."""
    return -(-end // (1 << max(zoom, 0)))


def room(across: int, zoom: int) -> int:
    """Columns that there is room for."""
    return max(1, across >> max(-zoom, 0))


def look_at(end: int, zoom: int, across: int, first: int, step: int) -> Window:
    """The window of a zoom in which a step is seen; it moves from `first` as little as it can."""
    span, cells = 1 << max(zoom, 0), 1 << max(-zoom, 0)
    count, most = columns(end, zoom), room(across, zoom)
    at = step // span
    first = min(max(first, at - most + 1), at)
    first = max(0, min(first, count - most))
    return Window(first, min(count - first, most), span, cells, end)
