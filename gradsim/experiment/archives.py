"""A user's own arrays: an NPZ file, read with care and refused in a sentence.

Nothing in the file is ever executed, and nothing is unpacked before its size is known.
"""

import errno
import io
import zipfile
from collections.abc import Sequence
from difflib import get_close_matches

from gradsim.errors import InputError
from gradsim.experiment.archive_heads import (
    ANEW,
    HELD_OUT,
    LARGEST_UNPACKED,
    NEEDED,
    check_heads,
    listed,
    read_array,
    read_head,
    wrong,
)
from gradsim.experiment.archive_values import table_of
from gradsim.experiment.damage import BAD_ARCHIVE
from gradsim.experiment.own_files import fingerprint, path_of, plain, quoted, unreadable
from gradsim.experiment.sources import Table
from gradsim.nn.arrays import Array

LARGEST_DIRECTORY = 2**20
"""Bytes of the list of arrays in the file, and of each other piece of it that is read at once."""

_WRITES = 'numpy.savez("my.npz", inputs=..., targets=...) writes one'


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
    return table_of(plain(name), arrays)


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
            heads = {title: read_head(name, title, archive, members[title]) for title in titles}
            check_heads(name, heads)
            return {title: read_array(name, title, archive, members[title]) for title in titles}
    except InputError:
        raise
    except (*BAD_ARCHIVE, OSError) as error:
        # A broken directory sends zipfile to places before the file's beginning.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise InputError(f"{name}: the file is damaged or cut off; {ANEW}") from None


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
    return f"there {'is' if len(found) == 1 else 'are'} {listed(found[:10])}{more}"


def _rename(others: Sequence[str], title: str) -> str:
    close = get_close_matches(title, others, n=1, cutoff=0.5)
    return f'; should {quoted(close[0])} be named "{title}"?' if close else ""


def _check_packing(name: str, members: dict[str, zipfile.ZipInfo]) -> None:
    """Sizes as the file's directory gives them; zipfile never unpacks more than these."""
    for title, info in members.items():
        if info.flag_bits & 1:
            raise wrong(name, title, f"is encrypted; {ANEW}")
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise wrong(
                name,
                title,
                f"is packed in another way than numpy.savez_compressed does it; {ANEW}",
            )
    unpacked = sum(info.file_size for info in members.values())
    if unpacked > LARGEST_UNPACKED:
        raise InputError(
            f"{name}: unpacked, {listed(members)} have {unpacked / 2**20:,.0f} MiB; at most "
            f"{LARGEST_UNPACKED // 2**20} MiB are read: take a part of them"
        )
