"""A user's own arrays: an NPZ file, read with care and refused in a sentence.

Nothing in the file is ever executed, and nothing is unpacked before its size is known.
"""

import errno
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from math import prod
from typing import Any, TypeAlias

import numpy as np

from gradsim.errors import InputError
from gradsim.experiment.damage import BAD_ARCHIVE, BAD_HEAD
from gradsim.experiment.sources import Table
from gradsim.experiment.tables import (
    FEWEST_ROWS,
    MOST_CATEGORIES,
    MOST_COLUMNS,
    MOST_NUMBERS,
    MOST_ROWS,
    fingerprint,
    path_of,
    plain,
    quoted,
    unreadable,
)
from gradsim.nn.arrays import Array, Labels

LARGEST_UNPACKED = 256 * 2**20
"""Bytes of all arrays that are read, unpacked: as many as MOST_NUMBERS and their targets take."""

LONGEST_WORD = 1000
"""Characters of the longest class name."""

LARGEST_DIRECTORY = 2**20
"""Bytes of the list of arrays in the file, and of each other piece of it that is read at once."""

LONGEST_HEAD = 2048
"""Bytes before the numbers of an array that say what it is; NumPy takes 64 or 128 of them."""

NEEDED = ("inputs", "targets")
HELD_OUT = ("held_out_inputs", "held_out_targets")

_WRITES = 'numpy.savez("my.npz", inputs=..., targets=...) writes one'
_ANEW = "save it anew with numpy.savez"
_KINDS = {
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
_NUMBERS = "biuf"
_CLASSES = "biuUS"
_DType: TypeAlias = np.dtype[Any]


@dataclass(frozen=True, slots=True)
class _Head:
    """What an array says of itself before its numbers."""

    shape: tuple[int, ...]
    dtype: _DType

    @property
    def rows(self) -> int:
        return self.shape[0]

    @property
    def columns(self) -> int:
        return self.shape[1] if len(self.shape) == 2 else 1

    @property
    def kind(self) -> str:
        return _KINDS.get(self.dtype.kind, "something else")


def read_archive(name: str) -> Table:
    """The table in an NPZ file, from its arrays "inputs" and "targets".

    Targets of whole numbers, truth values or words are classes, floats are numbers to predict. With
    "held_out_inputs" and "held_out_targets" these rows are held out. Raises InputError naming file
    and array.
    """
    fingerprint(name)
    try:
        with _Sips(path_of(name).open("rb", buffering=0)) as file:
            arrays = _arrays(plain(name), file)
    except OSError as error:
        raise unreadable(name, error) from None
    return _table(plain(name), arrays)


def _wrong(name: str, title: str, what: str) -> InputError:
    return InputError(f'{name}: array "{title}" {what}')


# -- from bytes to arrays -----------------------------------------------------------------------


class _Sips(io.BufferedReader):
    """A file that gives no large piece at once: zipfile takes a list of any length whole."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As every file, unless far more is asked for than any good archive needs."""
        if size is not None and size > LARGEST_DIRECTORY:
            raise zipfile.BadZipFile
        return super().read(size)


def _arrays(name: str, file: io.BufferedReader) -> dict[str, Array]:
    """The arrays that are needed, or may be there, by name."""
    start = file.peek(6)[:6]
    if not start.startswith(b"PK"):
        this = (
            "it is empty"
            if not start
            else "it is a single array, as numpy.save writes it"
            if start == b"\x93NUMPY"
            else "it is no NPZ file"
        )
        raise InputError(f"{name}: {this}; {_WRITES}")
    try:
        with zipfile.ZipFile(file) as archive:
            members = {
                info.filename.removesuffix(".npy"): info
                for info in archive.infolist()
                if info.filename.endswith(".npy")
            }
            titles = _titles(name, list(members))
            _check_packing(name, {title: members[title] for title in titles})
            heads = {title: _head(name, title, archive, members[title]) for title in titles}
            _check_heads(name, heads)
            return {title: _array(name, title, archive, members[title]) for title in titles}
    except InputError:
        raise
    except (*BAD_ARCHIVE, OSError) as error:
        # A broken directory sends zipfile to places before the file's beginning.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise InputError(f"{name}: the file is damaged or cut off; {_ANEW}") from None


def _titles(name: str, found: list[str]) -> tuple[str, ...]:
    """The arrays to read: the two needed, and the two held out where they are there."""
    others = [title for title in found if title not in NEEDED + HELD_OUT]
    for title in NEEDED:
        if title not in found:
            hint = _rename(others, title) or '; "inputs" and "targets" are needed'
            raise InputError(f'{name}: there is no array "{title}"; {_there(found)}{hint}')
    missing = [title for title in HELD_OUT if title not in found]
    if len(missing) == 1:
        (there,) = set(HELD_OUT) - set(missing)
        raise InputError(
            f'{name}: there is an array "{there}", but none "{missing[0]}"; both or neither are '
            f"right{_rename(others, missing[0])}"
        )
    # Held-out rows with a slip in their name must not be passed over in silence.
    for title in missing:
        if close := get_close_matches(title, others, n=1, cutoff=0.75):
            raise InputError(
                f'{name}: there is an array {quoted(close[0])}; for rows to hold out "{title}" is '
                "the right name"
            )
    return NEEDED if missing else NEEDED + HELD_OUT


def _there(found: Sequence[str]) -> str:
    if not found:
        return "there are no arrays at all"
    more = f" and {len(found) - 10:,} more" if len(found) > 10 else ""
    return f"there {'is' if len(found) == 1 else 'are'} {_listed(found[:10])}{more}"


def _listed(titles: Iterable[str]) -> str:
    return ", ".join(map(quoted, titles))


def _rename(others: Sequence[str], title: str) -> str:
    close = get_close_matches(title, others, n=1, cutoff=0.5)
    return f'; should {quoted(close[0])} be named "{title}"?' if close else ""


def _check_packing(name: str, members: dict[str, zipfile.ZipInfo]) -> None:
    """Sizes as the file's directory gives them; zipfile never unpacks more than these."""
    for title, info in members.items():
        if info.flag_bits & 1:
            raise _wrong(name, title, f"is encrypted; {_ANEW}")
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise _wrong(
                name,
                title,
                f"is packed in another way than numpy.savez_compressed does it; {_ANEW}",
            )
    unpacked = sum(info.file_size for info in members.values())
    if unpacked > LARGEST_UNPACKED:
        raise InputError(
            f"{name}: unpacked, {_listed(members)} have {unpacked / 2**20:,.0f} MiB; at most "
            f"{LARGEST_UNPACKED // 2**20} MiB are read: take a part of them"
        )


@contextmanager
def _intact(name: str, title: str) -> Iterator[None]:
    """Reading an array; it is quiet about heads of old, which NumPy warns of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except BAD_ARCHIVE:
        raise _wrong(name, title, f"is damaged or cut off; {_ANEW}") from None


def _head(name: str, title: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Head:
    with _intact(name, title), archive.open(info) as member:
        start = io.BytesIO(member.read(LONGEST_HEAD))
        shape, dtype = _shape_and_dtype(start)
    if dtype is None:
        raise _wrong(name, title, f"does not begin as an array of numbers does; {_ANEW}")
    head = _Head(shape, dtype)
    _check_kind(name, title, head)
    # NumPy lets True pass for a length here, and stumbles over it later; beside a length of 0,
    # another could be anything.
    lengths = all(type(length) is int and 0 <= length <= LARGEST_UNPACKED for length in shape)
    if not lengths or start.tell() + prod(shape) * dtype.itemsize != info.file_size:
        raise _wrong(name, title, f"is damaged or cut off; {_ANEW}")
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


def _array(name: str, title: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    with _intact(name, title), archive.open(info) as member:
        array: Array = np.lib.format.read_array(
            member, allow_pickle=False, max_header_size=LONGEST_HEAD
        )
    return array


# -- what an array must be ----------------------------------------------------------------------


def _check_kind(name: str, title: str, head: _Head) -> None:
    inputs, hint = title.endswith("inputs"), ""
    if inputs:
        right, kinds = "numbers are right", _NUMBERS
    else:
        right = "classes (whole numbers, truth values, words) or floats to predict are right"
        kinds = _NUMBERS + _CLASSES
    if head.dtype.kind not in kinds:
        if head.dtype.kind == "O":  # as pandas gives them
            hint = f": {title}.astype({'float' if inputs else 'str'})"
        elif head.kind == "words":
            hint = "; for categories, a column of 0 and 1 each"
        raise _wrong(name, title, f"has {head.kind}; {right}{hint}")
    if head.dtype.kind in "US":
        longest = head.dtype.itemsize // (4 if head.dtype.kind == "U" else 1)
        if longest == 0:
            raise _wrong(name, title, "has only empty words; names are right")
        if longest > LONGEST_WORD:
            raise _wrong(
                name,
                title,
                f"has words of up to {longest:,} characters; at most {LONGEST_WORD:,} are read",
            )


def _check_heads(name: str, heads: dict[str, _Head]) -> None:
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
                f"{name}: {_listed(titles)} {'has' if len(titles) == 1 else 'have'} {numbers:,} "
                f"numbers; at most {MOST_NUMBERS:,} are read: take a part of it"
            )


def _check_shape(name: str, title: str, head: _Head) -> None:
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
        raise _wrong(name, title, f"has the shape {shown}; {right} is right{hint}")
    if head.columns == 0:
        raise _wrong(name, title, "has no columns; at least 1 is needed")
    if head.columns > MOST_COLUMNS:
        raise _wrong(
            name, title, f"has {head.columns:,} columns; at most {MOST_COLUMNS:,} are read"
        )
    if head.rows > MOST_ROWS:
        raise _wrong(
            name,
            title,
            f"has {head.rows:,} rows; at most {MOST_ROWS:,} are read: take a part of it",
        )


def _check_rows(name: str, heads: dict[str, _Head], one: str, other: str, fewest: int) -> None:
    rows, others = heads[one].rows, heads[other].rows
    if rows != others:
        raise _wrong(
            name,
            one,
            f'has {rows:,} rows, but "{other}" has {others:,}; a target for each row is right',
        )
    if rows < fewest:
        found = "no rows" if rows == 0 else f"only {rows} row{'s' if rows > 1 else ''}"
        needed = "1 is needed" if fewest == 1 else f"{fewest} are needed"
        raise _wrong(name, one, f"has {found}; at least {needed}")


def _check_alike(name: str, title: str, head: _Head, held_out: _Head) -> None:
    """Inputs may be whole numbers here and floats there, targets not: their kind decides."""
    if title == "targets" and head.kind != held_out.kind:
        raise _wrong(
            name,
            "held_out_targets",
            f'has {held_out.kind}, but "targets" has {head.kind}; the same in both is right',
        )
    if head.columns != held_out.columns:
        raise _wrong(
            name,
            f"held_out_{title}",
            f'has {held_out.columns:,} columns, but "{title}" has {head.columns:,}; as many in '
            "both are right",
        )


# -- from arrays to a table ---------------------------------------------------------------------


def _table(name: str, arrays: dict[str, Array]) -> Table:
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
        raise _wrong(
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
        one = _KINDS[array.dtype.kind].removesuffix("s")
        raise _wrong(
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
            raise _wrong(
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
        raise _wrong(
            name,
            title,
            f"has {len(values):,} different {_KINDS[array.dtype.kind]}; at most {MOST_CATEGORIES} "
            f"are taken as classes{_or_floats(array)}",
        )
    words = [_word(values, code) for code in range(len(values))]
    for code, word in enumerate(words):
        if not word.strip():
            row = int(np.argmax(codes == code))
            raise _wrong(
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
    whole = _KINDS[array.dtype.kind] == "whole numbers"
    return "; numbers to predict must be floats: targets.astype(float)" if whole else ""


def _constant(name: str, value: str) -> InputError:
    return _wrong(name, "targets", f"is {value} in every row; a target must differ from row to row")
