"""A column of a user's own table: numbers, or words and their codes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from gradsim.errors import InputError
from gradsim.experiment.own_files import MOST_CATEGORIES, quoted
from gradsim.nn.arrays import Array

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(slots=True)
class Column:
    """A column as far as it has been read: numbers, or the codes of words."""

    name: str
    title: str
    first: tuple[int, str] | None = None
    """Line and cell of the first row, which decides what the column is."""
    words: dict[str, int] = field(default_factory=dict)
    """Every word and its code, in the order of appearance; empty in a column of numbers."""
    blocks: list[Array] = field(default_factory=list)

    def take(self, lines: Sequence[int], cells: Sequence[str]) -> None:
        """Add cells; refuses a gap, what is not finite, and words among numbers."""
        if not self.words and (numbers := _numbers(cells)) is not None:
            self.first = self.first or (lines[0], cells[0].strip())
            self.blocks.append(numbers)
            return
        codes = np.empty(len(cells), np.uint8)
        for row, cell in enumerate(cells):
            word = cell.strip()
            code = self.words.get(word)
            codes[row] = self._look(lines[row], word) if code is None else code
        self.blocks.append(codes)

    def _look(self, line: int, cell: str) -> int:
        """The code of a word not seen before; 0 for a number before it is known what follows."""
        if not cell:
            raise self.problem(line, "is empty; fill the gap or take the line out")
        number = number_of(cell)
        if number is not None and not isfinite(number):
            raise self.problem(line, f"is {quoted(cell)}, but must be a finite number")
        if self.first is None:
            self.first = (line, cell)
        if (number is None) != (number_of(self.first[1]) is None):
            before, there = self.first
            a, b = ("", " the number") if number is None else (" the number", "")
            raise self.problem(
                line,
                f"is{a} {quoted(cell)}, but line {before} has{b} {quoted(there)} there; a column "
                "must have numbers only, or words only",
            )
        if number is not None:
            return 0
        if not self.words and _DECIMAL_COMMA.fullmatch(cell):
            dotted = cell.replace(",", ".")
            raise self.problem(
                line, f'is {quoted(cell)}; with a decimal point, "{dotted}" is right'
            )
        if len(self.words) == MOST_CATEGORIES:
            raise self.problem(
                line,
                f"is {quoted(cell)}, one different word too many: at most {MOST_CATEGORIES} are "
                "taken as categories",
            )
        return self.words.setdefault(cell, len(self.words))

    def problem(self, line: int, what: str) -> InputError:
        """A sentence about the cell in this line."""
        return InputError(f"{self.name}: line {line}, column {quoted(self.title)} {what}")

    @property
    def inputs(self) -> int:
        """Columns that it makes of the inputs."""
        return len(self.words) or 1

    def numbers(self) -> Array:
        """The column's numbers, or for words the place of each in `sorted_words`."""
        values = np.concatenate(self.blocks)
        if not self.words:
            return values
        places = np.empty(len(self.words), np.int64)
        places[[self.words[word] for word in self.sorted_words()]] = np.arange(len(self.words))
        return np.asarray(places[values])

    def sorted_words(self) -> list[str]:
        """Its different words in order."""
        return sorted(self.words)


def _numbers(cells: Sequence[str]) -> Array | None:
    """Cells as numbers, quickly; None where there is one that is not a finite number."""
    if "_" in "".join(cells):
        return None
    try:
        numbers = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def number_of(cell: str) -> float | None:
    """A cell as a number; None where it is a word."""
    if "_" in cell:  # Python reads 1_2 as 12; in a table it is a word
        return None
    try:
        return float(cell)
    except ValueError:
        return None
