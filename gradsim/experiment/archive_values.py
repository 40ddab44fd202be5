"""From the arrays of an NPZ file to a table: every number finite, every class a name."""

from collections.abc import Sequence

import numpy as np

from gradsim.errors import InputError
from gradsim.experiment.archive_heads import KINDS, wrong
from gradsim.experiment.own_files import MOST_CATEGORIES, quoted
from gradsim.experiment.sources import Table
from gradsim.nn.arrays import Array, Labels


def table_of(name: str, arrays: dict[str, Array]) -> Table:
    """The table of the arrays that were read; targets that are no floats are classes."""
    classes: tuple[str, ...] = ()
    numbers = {
        title: _numbers(name, title, array)
        for title, array in arrays.items()
        if title.endswith("inputs") or array.dtype.kind == "f"
    }
    if "targets" in numbers:
        targets = numbers["targets"]
        if (targets == targets[0]).all():
            raise _constant(name, f"{targets[0, 0]:g}" if targets.shape[1] == 1 else "the same")
    else:
        classes, numbers["targets"] = _classes(name, arrays["targets"])
    if "held_out_inputs" not in numbers:
        return Table(numbers["inputs"], numbers["targets"], classes)
    if classes:
        numbers["held_out_targets"] = _among(name, arrays["held_out_targets"], classes)
    held_out = numbers["held_out_inputs"], numbers["held_out_targets"]
    return Table(numbers["inputs"], numbers["targets"], classes, held_out=held_out)


def _numbers(name: str, title: str, array: Array) -> Array:
    """An array as float64 (rows, columns), every number finite."""
    with np.errstate(all="ignore"):  # a long double may be too large; it is infinite then
        numbers = array.astype(np.float64, order="C", copy=False).reshape(len(array), -1)
    finite = np.isfinite(numbers)
    if not finite.all():
        row, column = divmod(int(np.argmin(finite)), numbers.shape[1])
        where = f"row {row}, column {column}" if array.ndim == 2 else f"row {row}"
        raise wrong(
            name,
            title,
            f"is {numbers[row, column]} in {where} (counted from 0), but must be finite",
        )
    return numbers


def _classes(name: str, array: Array) -> tuple[tuple[str, ...], Labels]:
    """The different targets in order, as words, and for each row the place of its own."""
    words, codes = _words(name, "targets", array)
    if len(words) == 1:
        raise _constant(name, quoted(words[0]))
    if len(words) == len(array):
        one = KINDS[array.dtype.kind].removesuffix("s")
        raise wrong(
            name,
            "targets",
            f"has another {one} in every row; several rows of each class are needed"
            f"{_or_floats(array)}",
        )
    return tuple(words), codes


def _among(name: str, array: Array, classes: Sequence[str]) -> Labels:
    """For each held-out row the place of its target among the classes."""
    words, codes = _words(name, "held_out_targets", array)
    places = {word: place for place, word in enumerate(classes)}
    for code, word in enumerate(words):
        if word not in places:
            row = int(np.argmax(codes == code))
            raise wrong(
                name,
                "held_out_targets",
                f'is {quoted(word)} in row {row} (counted from 0), which is nowhere in "targets"; '
                "a class must be learned before it is asked for",
            )
    return np.array([places[word] for word in words], np.int64)[codes]


def _words(name: str, title: str, array: Array) -> tuple[list[str], Labels]:
    """The different values of an array in order, as words, and for each row which it is."""
    values, codes = np.unique(array, return_inverse=True)
    if len(values) > MOST_CATEGORIES:
        raise wrong(
            name,
            title,
            f"has {len(values):,} different {KINDS[array.dtype.kind]}; at most {MOST_CATEGORIES} "
            f"are taken as classes{_or_floats(array)}",
        )
    words = [_word(values, code) for code in range(len(values))]
    for code, word in enumerate(words):
        if not word.strip():
            row = int(np.argmax(codes == code))
            raise wrong(
                name,
                title,
                f"is empty, or no text, in row {row} (counted from 0); the name of a class is "
                "right",
            )
    return words, codes.reshape(-1).astype(np.int64)


def _word(values: Array, place: int) -> str:
    """An entry as text; nothing where it is none."""
    if values.dtype.kind == "U":
        # An array may hold numbers that no character has, of which Python makes a broken string.
        numbers = np.dtype(np.uint32).newbyteorder(values.dtype.byteorder)
        points = values[place : place + 1].view(numbers)
        if np.any((points > 0x10FFFF) | ((points >= 0xD800) & (points <= 0xDFFF))):
            return ""
    value = values[place]
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        return ""


def _or_floats(array: Array) -> str:
    whole = KINDS[array.dtype.kind] == "whole numbers"
    return "; numbers to predict must be floats: targets.astype(float)" if whole else ""


def _constant(name: str, value: str) -> InputError:
    return wrong(name, "targets", f"is {value} in every row; a target must differ from row to row")
