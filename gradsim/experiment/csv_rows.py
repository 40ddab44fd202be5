"""The rows of a CSV file, each one checked, and the columns they fill."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import TextIO

from gradsim.errors import InputError
from gradsim.experiment.columns import Column, number_of
from gradsim.experiment.own_files import (
    FEWEST_ROWS,
    MOST_COLUMNS,
    MOST_NUMBERS,
    MOST_ROWS,
    quoted,
)

LONGEST_LINE = 2**20
"""Characters of the longest line."""

CELLS_AT_ONCE = 10_000
ROWS_AT_ONCE = 100
"""So many cells, or so many rows if that is more, are held as text at a time: a cell as text takes
seven times its number, and few cells stay in the processor's cache."""

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")


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
    numbers = [title for title in titles if number_of(title) is not None]
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


def read_columns(name: str, file: TextIO) -> tuple[list[Column], int]:
    """The columns and the number of rows."""
    rows = _rows(name, file)
    columns = [Column(name, title) for title in _header(name, rows)]
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
