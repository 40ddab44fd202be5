"""A user's own table: a CSV file with a header, read with care and refused in a sentence."""

from collections.abc import Sequence

import numpy as np

from gradsim.errors import InputError, nearest
from gradsim.experiment.columns import Column
from gradsim.experiment.csv_rows import read_columns
from gradsim.experiment.own_files import (
    FEWEST_ROWS,
    MOST_NUMBERS,
    fingerprint,
    path_of,
    plain,
    quoted,
    unreadable,
)
from gradsim.experiment.sources import Table
from gradsim.nn.arrays import Array

MOST_WHOLE_NUMBERS = 20
"""Different whole numbers in a target that are still taken for classes."""

MOST_STEPS = 2000
"""Time steps of the longest sequence."""


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
            columns, rows = read_columns(plain(name), file)
    except OSError as error:
        raise unreadable(name, error) from None
    target = target.strip()
    apart = _apart(plain(name), columns, target, sequence.strip(), time.strip())
    table = _table(plain(name), columns, rows, target)
    return sequences(table, apart, plain(name), rows) if apart else table


def _apart(name: str, columns: list[Column], target: str, sequence: str, time: str) -> list[Column]:
    """Take out the columns that say to which sequence a row belongs, and when it was."""
    found: list[Column] = []
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


def sequences(table: Table, apart: Sequence[Column], name: str, rows: int) -> Table:
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


def _table(name: str, columns: list[Column], rows: int, target: str) -> Table:
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


def _target(column: Column, rows: int) -> tuple[Array, tuple[str, ...]]:
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
