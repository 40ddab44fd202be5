"""A user's own file: whether it can be read, how much of it, and its words in a sentence."""

import os
import stat
from pathlib import Path
from typing import TypeAlias

from gradsim.errors import InputError

LARGEST_FILE = 200 * 2**20
"""Bytes of the largest file that is read."""

MOST_ROWS = 1_000_000
"""Rows of the longest table that is read."""

MOST_COLUMNS = 10_000
"""Columns of the widest table that is read."""

MOST_NUMBERS = 30_000_000
"""Rows times inputs, each category an input of its own: 240 MB, a few times over while reading."""

MOST_CATEGORIES = 100
"""Different words in one column, or different classes."""

FEWEST_ROWS = 5
"""With fewer there would be nothing to hold out."""

Fingerprint: TypeAlias = tuple[int, ...]
"""What changes when a file changes."""


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
