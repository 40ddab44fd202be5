"""Sequences to learn from: made-up tasks of any length, and the digits as sequences.

A new one is an entry in the table. A row holds its time steps one after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradsim.experiment.sources import DATA_SETS, Table
from gradsim.nn.arrays import Array

MOST_ROWS = 10_000
"""Rows of a made-up task, held-out rows included."""

MOST_NUMBERS = 10_000_000
"""Inputs of all rows together; a long sequence has fewer rows, but at least FEWEST_ROWS."""

FEWEST_ROWS = 500

SYMBOLS = 4
"""Different symbols in recall and copy."""

COPIED = 5
"""Symbols that the copy task asks for."""


@dataclass(frozen=True, slots=True)
class SequenceSource:
    """A named set of sequences: what it is, where it is from, and its rows for a length.

    The length of some is what it is, whatever is asked for.
    """

    about: str
    source: str
    table: Callable[[int], Table]
    shortest: int = 1

    @property
    def formula(self) -> str:
        """What it is, as lists of choices show it."""
        return self.about


def _rows(length: int, features: int) -> int:
    return max(FEWEST_ROWS, min(MOST_ROWS, MOST_NUMBERS // (length * features)))


def _stream(number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(20261124, spawn_key=(number,)))


def _adding(length: int) -> Table:
    """Two numbers a step: one from 0 to 1, and a mark that is 1 twice; the sum of the marked."""
    rng, rows = _stream(1), _rows(length, 2)
    inputs = np.zeros((rows, length, 2))
    inputs[:, :, 0] = rng.uniform(size=(rows, length))
    # One mark in each half, so that the first is always far back.
    first = rng.integers(0, max(1, length // 2), rows)
    second = rng.integers(length // 2, length, rows)
    for marked in (first, second):
        inputs[np.arange(rows), marked, 1] = 1.0
    targets = np.einsum("rt,rt->r", inputs[:, :, 0], inputs[:, :, 1])[:, None]
    return Table(inputs.reshape(rows, -1), targets, (), steps=length, as_is=True)


def _recall(length: int) -> Table:
    """One symbol at the first step, then noise; at the end the symbol is to be named."""
    rng, rows = _stream(2), _rows(length, SYMBOLS + 1)
    inputs = np.zeros((rows, length, SYMBOLS + 1))
    symbols = rng.integers(0, SYMBOLS, rows)
    inputs[np.arange(rows), 0, symbols] = 1.0
    inputs[:, 1:, SYMBOLS] = rng.normal(size=(rows, length - 1))
    return Table(inputs.reshape(rows, -1), symbols, _named(SYMBOLS), steps=length, as_is=True)


def _copy(length: int) -> Table:
    """Symbols, then blanks, then a sign to go on which the symbols are to be named in order."""
    rng, rows = _stream(3), _rows(length, SYMBOLS + 2)
    blank, go = SYMBOLS, SYMBOLS + 1
    shown = np.full((rows, length), blank)
    symbols = rng.integers(0, SYMBOLS, (rows, COPIED))
    shown[:, :COPIED] = symbols
    shown[:, length - COPIED - 1] = go
    wanted = np.full((rows, length), blank)
    wanted[:, length - COPIED :] = symbols
    inputs = np.eye(SYMBOLS + 2)[shown]
    classes = (*_named(SYMBOLS), "blank")
    return Table(inputs.reshape(rows, -1), wanted, classes, steps=length, as_is=True)


def _named(count: int) -> tuple[str, ...]:
    return tuple("abcdefgh"[:count])


def _digits(steps: int) -> Callable[[int], Table]:
    def table(_: int) -> Table:
        whole = DATA_SETS["digits"].table()
        return Table(whole.inputs, whole.targets, whole.classes, as_one=True, steps=steps)

    return table


SEQUENCES: dict[str, SequenceSource] = {
    "adding": SequenceSource(
        "sequences of numbers, two of them marked: their sum is to be told at the end",
        "Hochreiter, Schmidhuber 1997, experiment 4; after Le, Jaitly, Hinton 2015",
        _adding,
        2,
    ),
    "recall": SequenceSource(
        "a symbol at the first step, then noise: which of 4 it was is to be told at the end",
        "after Hochreiter, Schmidhuber 1997, experiment 2",
        _recall,
        2,
    ),
    "copy": SequenceSource(
        "5 symbols, then blanks, then a sign: the 5 are to be told in order, step by step",
        "Hochreiter, Schmidhuber 1997; after Arjovsky, Shah, Bengio 2016",
        _copy,
        2 * COPIED + 1,
    ),
    "digits-pixels": SequenceSource(
        "the digits, one pixel a time step: 64 steps",
        "Alpaydin, Kaynak 1998 (UCI, CC BY 4.0); after Le, Jaitly, Hinton 2015",
        _digits(64),
    ),
    "digits-rows": SequenceSource(
        "the digits, one row of 8 pixels a time step: 8 steps",
        "Alpaydin, Kaynak 1998 (UCI, CC BY 4.0)",
        _digits(8),
    ),
}
"""Every set of sequences by its name."""


def at_last(targets: Array) -> Array:
    """Of targets for every time step (rows, steps, ...), those of the last one."""
    return np.ascontiguousarray(targets[:, -1])


def at_every(targets: Array, steps: int) -> Array:
    """Targets of whole sequences (rows, ...), repeated for every time step."""
    return np.repeat(targets[:, None], steps, axis=1)
