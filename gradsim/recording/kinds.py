"""The kinds of file that a film is written into, by their endings."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gradsim.errors import InputError
from gradsim.recording.film import Film, Shot

Report = Callable[[int, int], None]
"""Told how many of how many pictures are drawn."""


class Kind(NamedTuple):
    """A kind of file, and how it is made of a film, or of one shot of it."""

    about: str
    whole: Callable[[Film, Report], bytes] | None
    """None where only one picture fits in."""
    still: Callable[[Film, Shot], bytes] | None
    """None where one picture is no recording."""
    pixels: bool = False
    """Whether a library has to be there that draws pixels."""


# Each is loaded when it is made: the others are not needed then.


def _cast(film: Film, report: Report) -> bytes:
    from gradsim.recording.cast import cast  # noqa: PLC0415

    return cast(film)


def _gif(film: Film, report: Report) -> bytes:
    from gradsim.recording.gif import gif  # noqa: PLC0415

    return gif(film, report)


def _page(film: Film, report: Report) -> bytes:
    from gradsim.recording.page import page  # noqa: PLC0415

    return page(film)


def _frames(film: Film, report: Report) -> bytes:
    from gradsim.recording.frames import frames  # noqa: PLC0415

    return frames(film)


def _frame(film: Film, shot: Shot) -> bytes:
    from gradsim.recording.frames import frame  # noqa: PLC0415

    return frame(film, shot).encode()


def _svg(film: Film, shot: Shot) -> bytes:
    from gradsim.recording.svg import svg  # noqa: PLC0415

    return svg(film, shot.picture)


def _png(film: Film, shot: Shot) -> bytes:
    from gradsim.recording.png import png  # noqa: PLC0415

    return png(film, shot.picture)


KINDS: Mapping[str, Kind] = {
    ".cast": Kind("asciicast v2, for asciinema", _cast, None),
    ".gif": Kind("an animated picture", _gif, None, pixels=True),
    ".html": Kind("a page that plays it, without a network", _page, None),
    ".txt": Kind("frames of text", _frames, _frame),
    ".svg": Kind("one picture that scales", None, _svg),
    ".png": Kind("one picture of pixels", None, _png, pixels=True),
}
"""Every kind by its ending."""


def kind_of(name: str) -> Kind:
    """The kind of a file by the ending of its name. Raises InputError, a sentence."""
    known = ", ".join(KINDS)
    dot = name.rfind(".", max(name.rfind("/"), name.rfind("\\")) + 1)
    ending = name[dot:].lower() if dot >= 0 else ""
    if ending not in KINDS:
        raise InputError(f"{name or '--output'}: the name of a recording ends in one of {known}")
    return KINDS[ending]
