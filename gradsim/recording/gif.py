"""A film as an animated GIF.

Pillow compresses each picture; they are put together here one after the other, so that a long film
needs no more memory than a short one. Source: CompuServe, "Graphics Interchange Format 89a".
"""

from collections.abc import Callable
from io import BytesIO
from itertools import pairwise

import numpy as np

from gradsim.recording.film import Film, Shot
from gradsim.recording.pixels import Painter, Sheet, check_library

CELL = 8
"""Pixels across a cell."""

LEVELS = 4
"""Steps between paper and ink: so few that the colors of most films fit into a GIF's 256."""

MOST = 255
"""Colors of a frame; one more means: as it was."""

SHORTEST = 0.02
"""Seconds; viewers show a frame that is to stay shorter for a tenth of a second."""

LONGEST = 65535
"""Hundredths of a second that a frame can stay."""

_FOREVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"

Report = Callable[[int, int], None]
"""Told how many of how many frames are drawn."""


def gif(film: Film, report: Report = lambda done, of: None) -> bytes:
    """The whole film, again and again. Raises InputError without the library for it."""
    check_library()
    shots = _shown(film)
    times = [round(100 * end) for end in [*(shot.seconds for shot in shots), film.seconds]]
    painter = Painter(film, CELL, LEVELS)
    tall, wide = painter.sheet.shape
    out = [b"GIF89a" + _two(wide) + _two(tall) + b"\x00\x00\x00", _FOREVER]
    before: Sheet | None = None
    for number, (shot, (begin, end)) in enumerate(zip(shots, pairwise(times), strict=True), 1):
        painter.paint(shot.picture)
        out.append(_frame(painter, before, min(end - begin, LONGEST)))
        before = painter.sheet.copy()
        report(number, len(shots))
    return b"".join([*out, b"\x3b"])


def _shown(film: Film) -> list[Shot]:
    """The shots that stay long enough to be shown; of those that do not, the last of each frame."""
    out: list[Shot] = []
    for shot in film.shots:
        if out and round(100 * shot.seconds) - round(100 * out[-1].seconds) < 100 * SHORTEST:
            out.append(Shot(out.pop().seconds, shot.picture, shot.caption))
        else:
            out.append(shot)
    return out


def _frame(painter: Painter, before: Sheet | None, stays: int) -> bytes:
    """What has changed, in the smallest rectangle; in it what has not is left out."""
    sheet = painter.sheet
    same = np.zeros(sheet.shape, bool) if before is None else sheet == before
    rows, columns = (_span(np.logical_not(same).any(axis=axis)) for axis in (1, 0))
    pixels, colors = _few(painter, sheet[rows, columns])
    clear = len(colors)
    pixels[same[rows, columns]] = clear
    table, data = _compressed(pixels, np.vstack([colors, [[0, 0, 0]]]).astype(np.uint8))
    size = (len(table) // 3).bit_length() - 2
    return b"".join(
        [
            b"\x21\xf9\x04\x05" + _two(stays) + bytes([clear, 0]),
            b"\x2c" + _two(columns.start) + _two(rows.start),
            _two(columns.stop - columns.start) + _two(rows.stop - rows.start),
            bytes([0x80 | size]) + table + data,
        ]
    )


def _span(changed: np.ndarray) -> slice:
    """From the first that has changed to the last; the first one where none has."""
    found = np.flatnonzero(changed)
    return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 1)


def _few(painter: Painter, sheet: Sheet) -> tuple[np.ndarray, np.ndarray]:
    """The pixels by at most 255 colors, and these: those that are there, else the nearest."""
    from PIL import Image  # noqa: PLC0415

    used, places = np.unique(sheet, return_inverse=True)
    colors = np.array(list(painter.colors), np.uint8)[used]
    places = places.reshape(sheet.shape)
    if len(colors) > MOST:
        shown = Image.fromarray(colors[places])
        few = shown.quantize(MOST, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        colors = np.array(few.getpalette(), np.uint8).reshape(-1, 3)[:MOST]
        places = np.asarray(few)
    return places.astype(np.uint8), colors


def _compressed(pixels: np.ndarray, colors: np.ndarray) -> tuple[bytes, bytes]:
    """The color table and the compressed pixels, as Pillow writes them into a GIF of its own."""
    from PIL import Image  # noqa: PLC0415

    image = Image.fromarray(pixels)
    image.putpalette(colors.tobytes())
    whole = BytesIO()
    image.save(whole, "GIF", interlace=False, optimize=False)
    content = whole.getvalue()
    at = 13 + 3 * 2 ** ((content[10] & 7) + 1)
    table = content[13:at]
    while content[at] == 0x21:  # a comment or the like, in blocks that begin with their length
        at += 2
        while content[at]:
            at += 1 + content[at]
        at += 1
    return table, content[at + 10 : -1]


def _two(number: int) -> bytes:
    return number.to_bytes(2, "little")
