"""A user's own table: a CSV file with a header, read with care and refused in a sentence."""

import csv
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import TextIO, TypeAlias

import numpy as np

from gradsim.errors import InputError, nearest
from gradsim.experiment.sources import Table
from gradsim.nn.arrays import Array

LARGEST_FILE = 200 * 2**20
"""Bytes of the largest file that is read."""

MOST_ROWS = 1_000_000
"""Rows of the longest table that is read."""

MOST_COLUMNS = 10_000
"""Columns of the widest table that is read."""

MOST_NUMBERS = 30_000_000
"""Rows times inputs, each category an input of its own: 240 MB, a few times over while reading."""

LONGEST_LINE = 2**20
"""Characters of the longest line."""

MOST_CATEGORIES = 100
"""Different words in one column, or different classes."""

MOST_WHOLE_NUMBERS = 20
"""Different whole numbers in a target that are still taken for classes."""

MOST_STEPS = 2000
"""Time steps of the longest sequence."""

FEWEST_ROWS = 5
"""With fewer there would be nothing to hold out."""

CELLS_AT_ONCE = 10_000
ROWS_AT_ONCE = 100
"""So many cells, or so many rows if that is more, are held as text at a time: a cell as text takes
seven times its number, and few cells stay in the processor's cache."""

Fingerprint: TypeAlias = tuple[int, ...]
"""What changes when a file changes."""

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def is_file(name: str) -> bool:
    """Whether a data set's name is the path of a CSV or NPZ file: `my.csv`, `my.npz`."""
    return name.lower().endswith((".csv", ".npz"))


def is_archive(name: str) -> bool:
    """Whether a data set's name is the path of an NPZ file, which `archives` reads: `my.npz`."""
    return name.lower().endswith(".npz")


def fingerprint(name: str) -> Fingerprint:
    """What tells one state of a file from the next, without reading it.

    Raises InputError where there is no file that can be read, or a far too large one.
    """
    kind, inside = (
        ("an NPZ file", 'the arrays "inputs" and "targets"')
        if is_archive(name)
        else ("a CSV file", "a header")
    )
    try:
        found = path_of(name).stat()
    except FileNotFoundError:
        raise InputError(
            f"{plain(name)}: there is no such file; the path of {kind} is right"
        ) from None
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from None
    # A pipe or a device would be waited for, or read, forever.
    if not stat.S_ISREG(found.st_mode):
        this = "a directory" if stat.S_ISDIR(found.st_mode) else "a device or a pipe"
        raise InputError(f"{plain(name)}: this is {this}; {kind} with {inside} is right")
    if found.st_size > LARGEST_FILE:
        raise InputError(
            f"{plain(name)}: it has {found.st_size / 2**20:,.0f} MiB; at most "
            f"{LARGEST_FILE // 2**20} MiB are read: take a part of it"
        )
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def read_table(name: str, target: str, sequence: str = "", time: str = "") -> Table:
    """The table in a CSV file: each column numbers or categories, one column the target.

    With a column `sequence`, rows that agree there are the time steps of one sequence, in the
    order of the column `time`, else of the file.

    The target is the column of that name, else the last. A column of words becomes a column of 0
    and 1 for each word. A target of words, or of at most 20 different whole numbers that repeat,
    is classes, any other a number to predict. Raises InputError naming file, line and column.
    """
    fingerprint(name)
    try:
        # An undecodable byte becomes a mark in its line, so that the line can be named.
        with path_of(name).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            columns, rows = _read(plain(name), file)
    except OSError as error:
        raise unreadable(name, error) from None
    target = target.strip()
    apart = _apart(plain(name), columns, target, sequence.strip(), time.strip())
    table = _table(plain(name), columns, rows, target)
    return sequences(table, apart, plain(name), rows) if apart else table


def _apart(
    name: str, columns: list["_Column"], target: str, sequence: str, time: str
) -> list["_Column"]:
    """Take out the columns that say to which sequence a row belongs, and when it was."""
    found: list[_Column] = []
    for what, title in (("sequence-column", sequence), ("time-column", time)):
        titles = [column.title for column in columns]
        if not title:
            continue
        if title == target or title not in titles:
            if title == target:
                raise InputError(
                    f"{name}: {what} {quoted(title)} is the target too; each needs a column of its "
                    "own"
                )
            raise InputError(
                f"{name}: {what} {quoted(title)} is not there; {plain(nearest(title, titles))}"
            )
        found.append(columns.pop(titles.index(title)))
    if len(found) == 2 and found[1].words:
        raise InputError(f"{name}: time-column {quoted(time)} has words, but must have numbers")
    if found and not columns:
        raise InputError(f"{name}: no column is left for the target; it needs one more")
    return found


def sequences(table: Table, apart: Sequence["_Column"], name: str, rows: int) -> Table:
    """The rows of a table put together to sequences, all of them equally long."""
    numbers = apart[0].numbers()
    when = apart[1].numbers() if len(apart) > 1 else np.arange(rows)
    order = np.lexsort((when, numbers))
    same = (np.diff(numbers[order]) == 0) & (np.diff(when[order]) == 0)
    if same.any():
        row = order[int(np.flatnonzero(same)[0])]
        words = apart[0].sorted_words()
        one = words[int(numbers[row])] if words else f"{numbers[row]:g}"
        raise InputError(
            f"{name}: sequence {quoted(one)} has two rows of time {when[row]:g}; each time step "
            "has one row"
        )
    members, counts = np.unique(numbers[order], return_counts=True)
    if (counts != counts[0]).any():
        other = int(np.flatnonzero(counts != counts[0])[0])
        words = apart[0].sorted_words()
        one, two = (words[int(m)] if words else f"{m:g}" for m in (members[0], members[other]))
        raise InputError(
            f"{name}: sequence {quoted(one)} has {counts[0]} rows and {quoted(two)} has "
            f"{counts[other]}; all must be equally long"
        )
    steps = int(counts[0])
    if steps > MOST_STEPS:
        raise InputError(
            f"{name}: its sequences have {steps:,} time steps; at most {MOST_STEPS:,} are taken"
        )
    if len(members) < FEWEST_ROWS:
        raise InputError(
            f"{name}: it has {len(members)} sequences; at least {FEWEST_ROWS} are needed"
        )
    shape = (len(members), steps)
    targets = table.targets[order].reshape(*shape, *table.targets.shape[1:])
    inputs = table.inputs[order].reshape(len(members), -1)
    return Table(inputs, targets, table.classes, steps=steps)


def path_of(name: str) -> Path:
    """The path that a data set's name stands for."""
    return Path(os.path.expanduser(name))  # noqa: PTH111, of an unknown user Path makes an error


def unreadable(name: str, error: Exception) -> InputError:
    """What the system says about a file that it does not give, in a sentence."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return InputError(f"{plain(name)}: it cannot be read: {reason.lower()}")


def plain(text: str) -> str:
    """Text from outside, fit to stand in a sentence: one line, not long, no escape sequences."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return shown if len(shown) <= 200 else f"{shown[:100]}…{shown[-99:]}"


def quoted(text: str) -> str:
    """A cell as it stands in a sentence."""
    shown = plain(text[:41])
    return f'"{shown}"' if len(text) <= 40 else f'"{shown[:39]}…"'


# -- from bytes to rows -------------------------------------------------------------------------


def _lines(name: str, file: TextIO) -> Iterator[str]:
    """The lines of a file, each one checked: text of a length that can be worked on."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if not line.isascii() and (bad := _NOT_UTF_8.search(line)):
            byte = ord(bad.group()) - 0xDC00
            utf_16 = number == 1 and bad.start() == 0 and byte in {0xFF, 0xFE}
            raise InputError(
                f"{name}: it is UTF-16; save the file as UTF-8"
                if utf_16
                else f"{name}: line {number} has a byte that is not UTF-8 (0x{byte:02x}, after "
                f"{bad.start()} characters); save the file as UTF-8"
            )
        if "\0" in line:
            raise InputError(
                f"{name}: line {number} has a NUL byte, which no text has; save the table as CSV "
                "in UTF-8"
            )
        if len(line) > LONGEST_LINE:
            raise InputError(
                f"{name}: line {number} has more than {LONGEST_LINE:,} characters; a line for "
                "each row is right"
            )
        yield line


def _rows(name: str, file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins on, as an editor counts them; blank lines are left out."""
    reader = csv.reader(_lines(name, file), strict=True, skipinitialspace=True)
    while True:
        # Quoted cells may go over several lines, so rows and lines are not counted alike.
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{name}: line {line} {_broken(str(error))}") from None
        if len(row) > 1 or (row and row[0].strip()):
            yield line, row


def _broken(problem: str) -> str:
    """What the csv module has found, in our words; it tells its errors apart by text only."""
    if "limit" in problem:
        return (
            f"has a cell of more than {csv.field_size_limit():,} characters; is a quotation mark "
            "not closed?"
        )
    if "end of data" in problem:
        return "opens a quotation mark that is never closed; close it"
    if "expected after" in problem:
        return "goes on after a closing quotation mark; a comma or the end of the line is right"
    return f"is not CSV: {problem}"


def _header(name: str, rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    line, row = next(rows, (1, []))
    titles = [title.strip() for title in row]
    right = "a first line with the names of the columns is right"
    if not titles:
        raise InputError(f"{name}: it is empty; {right}")
    if len(titles) > MOST_COLUMNS:
        raise InputError(
            f"{name}: it has {len(titles):,} columns; at most {MOST_COLUMNS:,} are read"
        )
    if len(titles) == 1:
        title = titles[0]
        for mark, words in _SEPARATORS.items():
            if mark in title:
                raise InputError(
                    f"{name}: its only column is named {quoted(title)}; cells must be separated "
                    f"by commas, not {words}"
                )
    numbers = [title for title in titles if _number(title) is not None]
    # Whole numbers may be names, such as years, but not all of them; nothing is named "5.1".
    data = titles[0] if len(numbers) == len(titles) else next((n for n in numbers if "." in n), "")
    if data:
        raise InputError(f"{name}: line {line} has numbers, such as {quoted(data)}; {right}")
    known: set[str] = set()
    for number, title in enumerate(titles, start=1):
        if not title:
            raise InputError(f"{name}: line {line}, column {number} has no name; {right}")
        if title in known:
            raise InputError(
                f"{name}: line {line} has two columns named {quoted(title)}; each needs a name "
                "of its own"
            )
        known.add(title)
    return titles


def _read(name: str, file: TextIO) -> tuple[list["_Column"], int]:
    """The columns and the number of rows."""
    rows = _rows(name, file)
    columns = [_Column(name, title) for title in _header(name, rows)]
    most = min(MOST_ROWS, MOST_NUMBERS // len(columns))
    at_once = max(ROWS_AT_ONCE, CELLS_AT_ONCE // len(columns))
    count = 0
    # A block at a time: as text the whole table would take many times its size.
    while block := list(islice(rows, at_once)):
        for line, row in block:
            if len(row) != len(columns):
                cells = f"{len(row)} cell{'s' if len(row) > 1 else ''}"
                raise InputError(
                    f"{name}: line {line} has {cells}, but the header has {len(columns)}"
                )
        count += len(block)
        if count > most:
            wide = f" of {len(columns):,} cells" if most < MOST_ROWS else ""
            raise InputError(f"{name}: it has more than {most:,} rows{wide}; take a part of it")
        lines = [line for line, _ in block]
        parts = zip(*(row for _, row in block), strict=True)
        for column, part in zip(columns, parts, strict=True):
            column.take(lines, part)
    if count < FEWEST_ROWS:
        found = "no rows" if count == 0 else f"only {count} row{'s' if count > 1 else ''}"
        raise InputError(
            f"{name}: it has {found} below the header; at least {FEWEST_ROWS} are needed"
        )
    return columns, count


# -- from rows to numbers -----------------------------------------------------------------------


@dataclass(slots=True)
class _Column:
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
        number = _number(cell)
        if number is not None and not isfinite(number):
            raise self.problem(line, f"is {quoted(cell)}, but must be a finite number")
        if self.first is None:
            self.first = (line, cell)
        if (number is None) != (_number(self.first[1]) is None):
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


def _number(cell: str) -> float | None:
    if "_" in cell:  # Python reads 1_2 as 12; in a table it is a word
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _table(name: str, columns: list[_Column], rows: int, target: str) -> Table:
    titles = [column.title for column in columns]
    if target and target not in titles:
        raise InputError(
            f"{name}: there is no column {quoted(target)}; {plain(nearest(target, titles))}"
        )
    chosen = columns.pop(titles.index(target) if target else -1)
    if not columns:
        raise InputError(
            f"{name}: its only column, {quoted(chosen.title)}, is the target; at least one more "
            "to learn from is needed"
        )
    targets, classes = _target(chosen, rows)
    width = sum(column.inputs for column in columns)
    if rows * width > MOST_NUMBERS:
        raise InputError(
            f"{name}: {rows:,} rows with {width:,} inputs (each category is one) are more than "
            f"{MOST_NUMBERS:,} numbers; take a part of it"
        )
    inputs = np.zeros((rows, width))
    start = 0
    for column in columns:
        numbers = column.numbers()
        if column.words:
            inputs[np.arange(rows), start + numbers] = 1.0
        else:
            inputs[:, start] = numbers
        start += column.inputs
        column.blocks.clear()
    return Table(inputs, targets, classes)


def _target(column: _Column, rows: int) -> tuple[Array, tuple[str, ...]]:
    numbers = column.numbers()
    values = np.unique(numbers)
    assert column.first is not None
    if len(values) == 1:
        raise InputError(
            f"{column.name}: column {quoted(column.title)} is {quoted(column.first[1])} in every "
            "row; a target must differ from row to row"
        )
    if column.words:
        if len(values) == rows:
            raise InputError(
                f"{column.name}: column {quoted(column.title)} has another word in every row; "
                "a target needs several rows of each class"
            )
        return numbers, tuple(column.sorted_words())
    whole = bool(np.all(values == np.round(values)))
    if whole and len(values) <= min(MOST_WHOLE_NUMBERS, rows - 1):
        return np.searchsorted(values, numbers), tuple(str(int(value)) for value in values)
    return numbers[:, None], ()
