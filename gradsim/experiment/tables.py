"""A user's own table: a CSV file with a header, read with care and refused in a sentence."""

import csv
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import numpy as np

from gradsim.errors import InputError, nearest
from gradsim.experiment.sources import Table
from gradsim.nn.arrays import Array

LARGEST_FILE = 200 * 2**20
"""Bytes of the largest file that is read."""

MOST_ROWS = 1_000_000
"""Rows of the longest table that is read."""

MOST_CATEGORIES = 100
"""Different words in one column, or different classes."""

FEWEST_ROWS = 5
"""With fewer there would be nothing to hold out."""


def is_file(name: str) -> bool:
    """Whether a data set's name is the path of a CSV file: `my.csv`."""
    return name.lower().endswith(".csv")


def read_table(name: str, target: str) -> Table:
    """The table in a CSV file: each column numbers or categories, one column the target.

    The target is the column of that name, else the last. A column of words becomes a column of 0
    and 1 for each word; a target of words, or of at most 20 whole numbers, is classes, any other a
    number to predict. Raises InputError naming file, row and column.
    """
    path = Path(name)
    header, columns = _columns(path)
    where = header.index(target) if target in header else len(header) - 1
    if target and target not in header:
        raise InputError(f'{name}: there is no column "{target}"; {nearest(target, header)}')
    inputs: list[Array] = []
    for title, cells in zip(header, columns, strict=True):
        if title != header[where]:
            inputs.extend(_features(name, title, cells))
    if not inputs:
        raise InputError(f"{name}: it has only the target column {header[where]}; nothing to learn")
    targets, classes = _target(name, header[where], columns[where])
    return Table(np.stack(inputs, axis=1), targets, classes)


def _columns(path: Path) -> tuple[list[str], list[list[str]]]:
    name = str(path)
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise InputError(f"{name}: this is not a file; a CSV file with a header is right")
        if size > LARGEST_FILE:
            raise InputError(
                f"{name}: it has {size / 2**20:,.0f} MiB; at most {LARGEST_FILE // 2**20} MiB are "
                "read: take a part of it"
            )
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _cells(name, csv.reader(file, strict=True))
    except FileNotFoundError:
        raise InputError(f"{name}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        ) from None
    except csv.Error as error:
        raise InputError(f"{name}: it is not a CSV table: {error}") from None
    except OSError as error:
        raise InputError(f"{name}: {(error.strerror or str(error)).lower()}") from None


def _cells(name: str, rows: Iterator[list[str]]) -> tuple[list[str], list[list[str]]]:
    header = [title.strip() for title in next(rows, [])]
    if not header:
        raise InputError(
            f"{name}: it is empty; a first line with the names of the columns is right"
        )
    if doubled := next((title for title in header if header.count(title) > 1), None):
        raise InputError(f'{name}: two columns are named "{doubled}"; each needs a name of its own')
    columns: list[list[str]] = [[] for _ in header]
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(header):
            raise InputError(
                f"{name}: line {number} has {len(row)} cells, but the header has {len(header)}"
            )
        for title, column, cell in zip(header, columns, row, strict=True):
            if not (stripped := cell.strip()):
                raise InputError(
                    f'{name}: line {number}, column "{title}" is empty; fill the gap or take the '
                    "line out"
                )
            column.append(stripped)
        if len(columns[0]) > MOST_ROWS:
            raise InputError(f"{name}: it has more than {MOST_ROWS:,} rows; take a part of it")
    if len(columns[0]) < FEWEST_ROWS:
        raise InputError(
            f"{name}: it has {len(columns[0])} rows; at least {FEWEST_ROWS} are needed"
        )
    return header, columns


def _features(name: str, title: str, cells: list[str]) -> list[Array]:
    numbers = _numbers(name, title, cells)
    if numbers is not None:
        return [numbers]
    words = _categories(name, title, cells)
    column = np.array(cells)
    return [(column == word).astype(np.float64) for word in words]


def _target(name: str, title: str, cells: list[str]) -> tuple[Array, tuple[str, ...]]:
    numbers = _numbers(name, title, cells)
    if numbers is not None:
        values = np.unique(numbers)
        if len(values) == 1:
            raise InputError(
                f'{name}: column "{title}" is {cells[0]} in every row; nothing to learn'
            )
        if len(values) > 20 or np.any(values != np.round(values)):
            return numbers[:, None], ()
        names = tuple(f"{value:g}" for value in values)
        return np.searchsorted(values, numbers).astype(np.int64), names
    words = _categories(name, title, cells)
    if len(words) == 1:
        raise InputError(f'{name}: column "{title}" is {cells[0]} in every row; nothing to learn')
    return np.searchsorted(np.array(words), np.array(cells)).astype(np.int64), tuple(words)


def _numbers(name: str, title: str, cells: list[str]) -> Array | None:
    """The column as numbers; None where it has none. A mixture is refused."""
    numbers: list[float] = []
    first_word: tuple[int, str] | None = None
    for row, cell in enumerate(cells):
        try:
            numbers.append(float(cell))
        except ValueError:
            first_word = first_word or (row, cell)
            continue
        if not isfinite(numbers[-1]):
            raise InputError(
                f'{name}: row {row + 1} of the data, column "{title}" is {cell}; a finite number '
                "is right"
            )
    if first_word is None:
        return np.array(numbers)
    if not numbers:
        return None
    row, cell = first_word
    raise InputError(
        f'{name}: row {row + 1} of the data, column "{title}" is "{cell}", but '
        f"{len(numbers)} other rows have a number there"
    )


def _categories(name: str, title: str, cells: list[str]) -> list[str]:
    words = sorted(set(cells))
    if len(words) > MOST_CATEGORIES:
        raise InputError(
            f'{name}: column "{title}" has {len(words):,} different words; at most '
            f"{MOST_CATEGORIES} are taken as categories"
        )
    return words
