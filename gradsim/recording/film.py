"""A film: the pictures of a terminal, each with its time. Everything here is plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple, TypeAlias


class Look(NamedTuple):
    """How a character looks: colors as `#rrggbb`, and its face."""

    ink: str
    paper: str
    bold: bool = False
    italic: bool = False
    underline: bool = False


class Cell(NamedTuple):
    """A place on the screen. The right half of a wide character has no text."""

    text: str
    look: Look


Row: TypeAlias = tuple[Cell, ...]
Picture: TypeAlias = tuple[Row, ...]


class Stretch(NamedTuple):
    """Neighbors of one look: from which cell on, how many cells, what they say."""

    start: int
    cells: int
    text: str
    look: Look


@dataclass(frozen=True, slots=True)
class Shot:
    """What is seen from a moment on, until the next shot."""

    seconds: float
    picture: Picture
    caption: str = ""
    """Where in the scenario it is: `step 3 of 12`."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the film with a name."""

    seconds: float
    title: str


@dataclass(frozen=True, slots=True)
class Film:
    """The shots in the order of their times, the first at 0; the last stays until `seconds`."""

    title: str
    width: int
    height: int
    shots: Sequence[Shot]
    seconds: float
    paper: str
    """The color of the background, as `#rrggbb`."""
    ink: str
    """The color of plain text."""
    chapters: Sequence[Chapter] = ()
    about: str = ""
    source: str = ""

    def at(self, seconds: float) -> Shot:
        """What is seen at a moment: the last shot that has begun by then."""
        begun = [shot for shot in self.shots if shot.seconds <= seconds]
        return begun[-1] if begun else self.shots[0]

    def faster(self, factor: float) -> "Film":
        """The same film at so many times its speed."""
        return replace(
            self,
            shots=[replace(shot, seconds=shot.seconds / factor) for shot in self.shots],
            chapters=[replace(mark, seconds=mark.seconds / factor) for mark in self.chapters],
            seconds=self.seconds / factor,
        )

    def lasting(self) -> Iterable[tuple[Shot, float]]:
        """Each shot with how many seconds it stays."""
        ends = [*(shot.seconds for shot in self.shots[1:]), self.seconds]
        lengths = (end - s.seconds for s, end in zip(self.shots, ends, strict=True))
        return zip(self.shots, lengths, strict=True)


def stretches(row: Row, first: int = 0, last: int | None = None) -> list[Stretch]:
    """The cells of a row from `first` to before `last`, taken together where they look the same."""
    out = []
    numbered = list(enumerate(row))[first:last]
    for look, group in groupby(numbered, key=lambda item: item[1].look):
        cells = list(group)
        out.append(Stretch(cells[0][0], len(cells), "".join(c.text for _, c in cells), look))
    return out


def plain(row: Row) -> str:
    """The text of a row, without blanks at its end."""
    return "".join(cell.text for cell in row).rstrip()
