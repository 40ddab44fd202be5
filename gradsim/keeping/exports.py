"""What is on screen, taken away: as a picture, as text, or as the numbers behind it."""

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gradsim.errors import InputError
from gradsim.insight.csv_text import csv_history, csv_layers
from gradsim.insight.report import jsonable, layer_rows, report
from gradsim.insight.weight import whole
from gradsim.keeping.files import create, short
from gradsim.keeping.session_text import summary
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.session import Session

FONTS = "Fira Code, DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, Courier New, monospace"
"""Fonts for a PNG, where they are installed; the first has the best blocks and braille."""

PNG_WIDTH = 1600
"""Pixels."""


class Screen(NamedTuple):
    """What is seen: made when it is asked for."""

    svg: Callable[[], str]
    text: Callable[[], str]


Past = Sequence[StepRecord] | None
"""The records of every step before the cursor, for what tells of every step."""


class Kind(NamedTuple):
    """A way to take away what is seen."""

    ending: str
    about: str
    make: Callable[[Screen, Session, Past], bytes]
    every_step: bool = False
    """Whether it tells of every step."""


def png_of(svg: str) -> bytes:
    """An SVG picture as PNG. Raises InputError, a sentence, without the library for it."""
    try:
        import resvg_py  # noqa: PLC0415
    except ImportError:
        raise InputError(
            "PNG needs a library that is not here: pip install 'gradsim[png]'; SVG and text need "
            "nothing more"
        ) from None
    # The picture names fonts that a browser would fetch; here only those installed count.
    named = re.sub(r"font-family: ?Fira Code[^;]*;", f"font-family: {FONTS};", svg)
    return bytes(resvg_py.svg_to_bytes(svg_string=named, width=PNG_WIDTH))


def _layers(session: Session) -> str:
    return csv_layers({"layers": layer_rows(session)})


def _json(session: Session, past: Past) -> str:
    return json.dumps(jsonable(report(session, past)), indent=2, allow_nan=False) + "\n"


KINDS: Mapping[str, Kind] = {
    "svg": Kind("svg", "the screen as a picture that scales", lambda s, *_: s.svg().encode()),
    "png": Kind("png", "the screen as a picture of pixels", lambda s, *_: png_of(s.svg())),
    "text": Kind("txt", "the screen as text", lambda s, *_: (s.text() + "\n").encode()),
    "layers": Kind(
        "csv", "a row for each layer, as run --csv", lambda _, s, __: _layers(s).encode()
    ),
    "history": Kind(
        "csv",
        "a row for each step, as run --csv --history",
        lambda _, s, past: csv_history(report(s, past)).encode(),
        every_step=True,
    ),
    "json": Kind(
        "json",
        "every number, as run --json",
        lambda _, s, past: _json(s, past).encode(),
        every_step=True,
    ),
}
"""Every way, by its name."""


def export(kind: str, screen: Screen, session: Session, folder: Path) -> Path:
    """Write what is seen into a new file in the folder, and give back its path.

    Raises InputError, a sentence, where that cannot be done.
    """
    return whole(exporting(kind, screen, session, folder))


def exporting(
    kind: str, screen: Screen, session: Session, folder: Path
) -> Generator[None, None, Path]:
    """What `export` does, in slices: the numbers of a very long run are computed again."""
    found = KINDS[kind]
    past = (yield from session.gathering()) if found.every_step else None
    what = re.sub(r"[^a-z0-9]+", "-", summary(session).lower()).strip("-")
    last = f"-{kind}" if found.ending == "csv" else ""
    content = found.make(screen, session, past)
    return create(folder / f"gradsim-{what}{last}.{found.ending}", content)


def exported(path: Path) -> str:
    """What is said of a file that was written."""
    return f"written: {path.name} in {short(path.parent)}"
