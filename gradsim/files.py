"""Writing files so that they are there whole or not at all, whatever happens meanwhile."""

import os
import shutil
from collections.abc import Callable
from errno import EACCES, EISDIR, ENOENT
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from gradsim.errors import InputError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, over the one that is there, whose permissions it keeps.

    A link stays a link: what it names is written. A device or a pipe, such as `/dev/stdout`, is
    written into, never put away. Raises InputError, a sentence, where that cannot be done; the old
    file is then as it was.
    """
    write_with(path, lambda file: file.write(content))


def write_with(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """What `write_whole` does, for one who writes into the open file."""
    try:
        if path.exists() and not path.is_file():
            _write_into(path, write)
        else:
            _write_beside(Path(os.path.realpath(path)), write)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {reason(error)}") from None


def check_place(path: Path) -> None:
    """Refuse a place where no file can be written, before long work is done for it.

    Raises InputError, a sentence. What it lets pass can still fail: a disk may be full later.
    """
    trouble = None
    if path.is_dir():
        trouble = EISDIR
    elif not path.parent.is_dir():
        trouble = ENOENT
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        trouble = EACCES
    if trouble is not None:
        raise InputError(f"{path} cannot be written: {os.strerror(trouble).lower()}")


def reason(error: OSError) -> str:
    """Why a file could not be read or written, in the words of the system."""
    return (error.strerror or str(error)).lower()


def _write_into(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write what cannot be replaced. The content is made first: a pipe cannot go back."""
    content = BytesIO()
    write(content)
    path.write_bytes(content.getvalue())


def _write_beside(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a draft in the same folder, then put it in the place of the file."""
    # A name of its own: two processes may write the same file.
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)
    finally:
        _remove(draft)


def _remove(draft: Path) -> None:
    try:
        draft.unlink(missing_ok=True)
    except OSError:
        return
