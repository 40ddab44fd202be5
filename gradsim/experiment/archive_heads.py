"""The arrays of an NPZ file: what each says of itself, and whether it may be read."""

import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np

from gradsim.errors import InputError
from gradsim.experiment.damage import BAD_ARCHIVE, BAD_HEAD
from gradsim.experiment.own_files import (
    FEWEST_ROWS,
    MOST_COLUMNS,
    MOST_NUMBERS,
    MOST_ROWS,
    quoted,
)
from gradsim.nn.arrays import Array

LARGEST_UNPACKED = 256 * 2**20
"""Bytes of all arrays that are read, unpacked: as many as MOST_NUMBERS and their targets take."""

LONGEST_WORD = 1000
"""Characters of the longest class name."""

LONGEST_HEAD = 2048
"""Bytes before the numbers of an array that say what it is; NumPy takes 64 or 128 of them."""

NEEDED = ("inputs", "targets")
HELD_OUT = ("held_out_inputs", "held_out_targets")

ANEW = "save it anew with numpy.savez"

KINDS = {
    "b": "truth values",
    "i": "whole numbers",
    "u": "whole numbers",
    "f": "floats",
    "c": "complex numbers",
    "U": "words",
    "S": "words",
    "O": "Python objects, which are never read",
    "M": "dates",
    "m": "spans of time",
    "V": "records",
}
NUMBERS = "biuf"
_CLASSES = "biuUS"
_DType: TypeAlias = np.dtype[Any]


@dataclass(frozen=True, slots=True)
class Head:
    """What an array says of itself before its numbers."""

    shape: tuple[int, ...]
    dtype: _DType

    @property
    def rows(self) -> int:
        """Entries along the first axis."""
        return self.shape[0]

    @property
    def columns(self) -> int:
        """Entries along the second axis, or 1."""
        return self.shape[1] if len(self.shape) == 2 else 1

    @property
    def kind(self) -> str:
        """What its numbers are, in words."""
        return KINDS.get(self.dtype.kind, "something else")


def wrong(name: str, title: str, what: str) -> InputError:
    """A sentence about one of the arrays."""
    return InputError(f'{name}: array "{title}" {what}')


def listed(titles: Iterable[str]) -> str:
    """Names as they stand in a sentence."""
    return ", ".join(map(quoted, titles))


@contextmanager
def _intact(name: str, title: str) -> Iterator[None]:
    """Reading an array; it is quiet about heads of old, which NumPy warns of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except BAD_ARCHIVE:
        raise wrong(name, title, f"is damaged or cut off; {ANEW}") from None


def read_head(name: str, title: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Head:
    """What an array says of itself; raises InputError where that is nonsense, or too much."""
    with _intact(name, title), archive.open(info) as member:
        start = io.BytesIO(member.read(LONGEST_HEAD))
        shape, dtype = _shape_and_dtype(start)
    if dtype is None:
        raise wrong(name, title, f"does not begin as an array of numbers does; {ANEW}")
    head = Head(shape, dtype)
    _check_kind(name, title, head)
    # NumPy lets True pass for a length here, and stumbles over it later; beside a length of 0,
    # another could be anything.
    lengths = all(type(length) is int and 0 <= length <= LARGEST_UNPACKED for length in shape)
    if not lengths or start.tell() + prod(shape) * dtype.itemsize != info.file_size:
        raise wrong(name, title, f"is damaged or cut off; {ANEW}")
    return head


def _shape_and_dtype(start: io.BytesIO) -> tuple[tuple[int, ...], _DType | None]:
    """What the head says, read up to its end; no dtype where it is no head."""
    try:
        version = np.lib.format.read_magic(start)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = read(start, max_header_size=LONGEST_HEAD)
    except BAD_HEAD:
        return (), None
    return shape, dtype


def read_array(name: str, title: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    """The array itself, once its head was found right."""
    with _intact(name, title), archive.open(info) as member:
        array: Array = np.lib.format.read_array(
            member, allow_pickle=False, max_header_size=LONGEST_HEAD
        )
    return array


def _check_kind(name: str, title: str, head: Head) -> None:
    inputs, hint = title.endswith("inputs"), ""
    if inputs:
        right, kinds = "numbers are right", NUMBERS
    else:
        right = "classes (whole numbers, truth values, words) or floats to predict are right"
        kinds = NUMBERS + _CLASSES
    if head.dtype.kind not in kinds:
        if head.dtype.kind == "O":  # as pandas gives them
            hint = f": {title}.astype({'float' if inputs else 'str'})"
        elif head.kind == "words":
            hint = "; for categories, a column of 0 and 1 each"
        raise wrong(name, title, f"has {head.kind}; {right}{hint}")
    if head.dtype.kind in "US":
        longest = head.dtype.itemsize // (4 if head.dtype.kind == "U" else 1)
        if longest == 0:
            raise wrong(name, title, "has only empty words; names are right")
        if longest > LONGEST_WORD:
            raise wrong(
                name,
                title,
                f"has words of up to {longest:,} characters; at most {LONGEST_WORD:,} are read",
            )


def check_heads(name: str, heads: dict[str, Head]) -> None:
    """Refuse shapes, rows and columns that do not fit together."""
    for title, head in heads.items():
        _check_shape(name, title, head)
    _check_rows(name, heads, "inputs", "targets", FEWEST_ROWS)
    if len(heads) > len(NEEDED):
        _check_rows(name, heads, "held_out_inputs", "held_out_targets", 1)
        for title in NEEDED:
            _check_alike(name, title, heads[title], heads[f"held_out_{title}"])
    for end in NEEDED:
        numbers = sum(prod(head.shape) for title, head in heads.items() if title.endswith(end))
        if numbers > MOST_NUMBERS:
            titles = [title for title in heads if title.endswith(end)]
            raise InputError(
                f"{name}: {listed(titles)} {'has' if len(titles) == 1 else 'have'} {numbers:,} "
                f"numbers; at most {MOST_NUMBERS:,} are read: take a part of it"
            )


def _check_shape(name: str, title: str, head: Head) -> None:
    shape = head.shape
    two = title.endswith("inputs") or head.dtype.kind == "f"
    if not 1 <= len(shape) <= 1 + two:
        right = "(rows, features)" if title.endswith("inputs") else "(rows,) or (rows, numbers)"
        hint = f": {title}.reshape(len({title}), -1)" if len(shape) > 2 else ""
        if not two:
            right, hint = "(rows,)", f", as {head.kind} are classes, one in each row"
            if head.kind == "whole numbers":
                hint += "; numbers to predict must be floats"
        shown = str(shape) if len(str(shape)) <= 60 else f"of {len(shape)} dimensions"
        raise wrong(name, title, f"has the shape {shown}; {right} is right{hint}")
    if head.columns == 0:
        raise wrong(name, title, "has no columns; at least 1 is needed")
    if head.columns > MOST_COLUMNS:
        raise wrong(name, title, f"has {head.columns:,} columns; at most {MOST_COLUMNS:,} are read")
    if head.rows > MOST_ROWS:
        raise wrong(
            name,
            title,
            f"has {head.rows:,} rows; at most {MOST_ROWS:,} are read: take a part of it",
        )


def _check_rows(name: str, heads: dict[str, Head], one: str, other: str, fewest: int) -> None:
    rows, others = heads[one].rows, heads[other].rows
    if rows != others:
        raise wrong(
            name,
            one,
            f'has {rows:,} rows, but "{other}" has {others:,}; a target for each row is right',
        )
    if rows < fewest:
        found = "no rows" if rows == 0 else f"only {rows} row{'s' if rows > 1 else ''}"
        needed = "1 is needed" if fewest == 1 else f"{fewest} are needed"
        raise wrong(name, one, f"has {found}; at least {needed}")


def _check_alike(name: str, title: str, head: Head, held_out: Head) -> None:
    """Inputs may be whole numbers here and floats there, targets not: their kind decides."""
    if title == "targets" and head.kind != held_out.kind:
        raise wrong(
            name,
            "held_out_targets",
            f'has {held_out.kind}, but "targets" has {head.kind}; the same in both is right',
        )
    if head.columns != held_out.columns:
        raise wrong(
            name,
            f"held_out_{title}",
            f'has {held_out.columns:,} columns, but "{title}" has {head.columns:,}; as many in '
            "both are right",
        )
