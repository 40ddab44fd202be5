"""Files of the user's own folders: made where they are missing, never over another one."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gradsim import files
from gradsim.errors import InputError


def write_whole(path: Path, content: bytes) -> None:
    """What `gradsim.files.write_whole` does; the folder is made where it is missing."""
    write_with(path, lambda file: file.write(content))


def write_with(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """What `write_whole` does, for one who writes into the open file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {files.reason(error)}") from None
    files.write_with(path, write)


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
            raise InputError(f"{name} cannot be written: {files.reason(error)}") from None
        else:
            return name


def short(path: Path) -> str:
    """A path as one would type it: with `~` for the home folder."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):  # it is elsewhere, or nobody has a home
        return str(path)
