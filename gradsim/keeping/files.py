"""Writing files so that they are there whole or not at all, whatever happens meanwhile."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gradsim.errors import InputError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, over the one that is there; its folder is made where it is missing.

    Raises InputError, a sentence, where that cannot be done; the old file is then as it was.
    """
    write_with(path, lambda file: file.write(content))


def write_with(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """What `write_whole` does, for one who writes into the open file."""
    # A name of its own: two processes may write the same file.
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        _remove(draft)
        raise InputError(f"{path} cannot be written: {reason(error)}") from None


def create(path: Path, content: bytes) -> Path:
    """Write a new file, which never is one that is there already; the path it got.

    Where there is one of this name a number is put behind the name. Raises InputError, a sentence,
    where that cannot be done.
    """
    count = 1
    while True:
        name = path if count == 1 else path.with_name(f"{path.stem}-{count}{path.suffix}")
        try:
            with name.open("xb") as file:
                file.write(content)
        except FileExistsError:
            count += 1
        except OSError as error:
            raise InputError(f"{name} cannot be written: {reason(error)}") from None
        else:
            return name


def reason(error: OSError) -> str:
    """Why a file could not be read or written, in the words of the system."""
    return (error.strerror or str(error)).lower()


def short(path: Path) -> str:
    """A path as one would type it: with `~` for the home folder."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):  # it is elsewhere, or nobody has a home
        return str(path)


def _remove(draft: Path) -> None:
    try:
        draft.unlink(missing_ok=True)
    except OSError:
        return
