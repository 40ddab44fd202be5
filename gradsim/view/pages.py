"""Pages: pictures in rows, as many as there is room for; the others are on further pages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from gradsim.view.lines import Line, beside, fitted

GAP = 3
"""Cells between two pictures."""

Row: TypeAlias = "tuple[Piece, ...]"
Page: TypeAlias = "tuple[Row, ...]"


@dataclass(frozen=True, slots=True)
class Piece:
    """A picture that can be drawn at any size from its least one on."""

    least: tuple[int, int]
    """Width and height."""
    draw: Callable[[int, int], Sequence[Line]]
    """Its lines, each of exactly the width; at most so many as the height."""
    weight: float = 1.0
    """Its part of the room that is left over across; and down, of the row that it is in."""
    grows: bool = True
    """Whether it has use for more lines than its least."""
    name: str = ""
    """What it is asked for by, where one presses the mouse on it."""


def rows(pieces: Sequence[Piece], width: int) -> list[Row]:
    """These pictures in rows as wide as this, about as many in each."""
    most = max(1, _fitting(pieces, width))
    count = -(-len(pieces) // most)
    ends = [len(pieces) * k // count for k in range(count + 1)] if count else [0]
    return [tuple(pieces[a:b]) for a, b in pairwise(ends)]


def together(one: Row, other: Row, width: int) -> list[Row]:
    """Two rows as one where that is not too wide."""
    both = (*one, *other)
    return [both] if _fitting(both, width) == len(both) else [row for row in (one, other) if row]


def pages(wanted: Sequence[Row], height: int) -> list[Page]:
    """The rows on pages of so many lines; where one page holds all, then each row by itself."""
    out: list[list[Row]] = []
    left = 0
    for row in wanted:
        if not out or _least(row) > left:
            out.append([])
            left = height
        out[-1].append(row)
        left -= _least(row)
    found = [tuple(page) for page in out]
    if len(found) == 1 and len(wanted) > 1:
        found += [(row,) for row in wanted]
    return found


def draw(page: Page, width: int, height: int) -> list[Line]:
    """A page: exactly `height` lines, each of exactly `width` cells."""
    blank = fitted([], width)
    lines: list[Line] = []
    for row, top, tall in _heights(page, height):
        lines += [blank] * (top - len(lines)) + _row(row, width, tall)
    return (lines + [blank] * height)[:height]


class Place(NamedTuple):
    """A place within a picture of a page."""

    piece: Piece
    width: int
    height: int
    x: int
    y: int


def place_at(page: Page, width: int, height: int, x: int, y: int) -> Place | None:
    """The picture at a place of a page, and where in it that is; None between them."""
    for row, top, tall in _heights(page, height):
        for piece, left, wide in _widths(row, width):
            if top <= y < top + tall and left <= x < left + wide:
                return Place(piece, wide, tall, x - left, y - top)
    return None


def _heights(page: Page, height: int) -> Iterator[tuple[Row, int, int]]:
    """The rows of a page, each with its first line and how many it has."""
    spare = height - sum(_least(row) for row in page)
    gap = 1 if spare >= len(page) - 1 else 0
    spare = max(0, spare - gap * (len(page) - 1))
    weights = [max(p.weight for p in row) if any(p.grows for p in row) else 0.0 for row in page]
    if not any(weights):
        weights = [1.0] * len(page)
    top = 0
    for index, row in enumerate(page):
        rest = sum(weights[index:])
        more = round(spare * weights[index] / rest) if rest else 0
        spare -= more
        tall = min(_least(row) + more, height - top)
        yield row, top, tall
        top += tall + gap


def _row(row: Row, width: int, height: int) -> list[Line]:
    """Pictures side by side."""
    drawn: list[list[Line]] = []
    for piece, _, wide in _widths(row, width):
        picture = [*piece.draw(wide, height), *[fitted([], wide)] * height]
        drawn.append(picture[:height])
    out = drawn[0]
    for lines in drawn[1:]:
        out = beside(out, lines, " " * GAP)
    return out


def _widths(row: Row, width: int) -> Iterator[tuple[Piece, int, int]]:
    """The pictures of a row, each with its first column and how many it has."""
    spare = width - GAP * (len(row) - 1) - sum(piece.least[0] for piece in row)
    left = 0
    for index, piece in enumerate(row):
        more = round(spare * piece.weight / sum(p.weight for p in row[index:]))
        spare -= more
        wide = max(1, piece.least[0] + more)
        yield piece, left, wide
        left += wide + GAP


def _least(row: Row) -> int:
    return max(piece.least[1] for piece in row)


def _fitting(pieces: Sequence[Piece], width: int) -> int:
    """How many of these, from the first, are not too wide side by side."""
    used = -GAP
    for count, piece in enumerate(pieces):
        used += piece.least[0] + GAP
        if used > width:
            return count
    return len(pieces)
