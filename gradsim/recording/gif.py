"""A film as an animated GIF."""

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gradsim.recording.film import Film, Shot
from gradsim.recording.pixels import Painter, check_library

if TYPE_CHECKING:
    from PIL.Image import Image

CELL = 8
"""Pixels across a cell."""

LEVELS = 4
"""Steps between paper and ink: so few that the colors of most films fit into a GIF's 256."""

MOST = 255
"""Colors of a frame; one more means: as it was."""

SHORTEST = 0.02
"""Seconds; viewers show a frame that is to stay shorter for a tenth of a second."""

Report = Callable[[int, int], None]
"""Told how many of how many frames are drawn."""


def gif(film: Film, report: Report = lambda done, of: None) -> bytes:
    """The whole film, again and again. Raises InputError without the library for it."""
    check_library()
    shots = _shown(film)
    images = _images(film, shots, report)
    ends = [*(shot.seconds for shot in shots[1:]), film.seconds]
    times = [round(100 * end) for end in [shots[0].seconds, *ends]]
    out = BytesIO()
    next(images).save(
        out,
        "GIF",
        save_all=True,
        append_images=images,
        duration=[10 * (b - a) for a, b in pairwise(times)],
        loop=0,
        disposal=1,
        optimize=False,
    )
    return out.getvalue()


def _shown(film: Film) -> list[Shot]:
    """The shots that stay long enough to be shown; of those that do not, the last of each frame."""
    out: list[Shot] = []
    for shot in film.shots:
        if out and round(100 * shot.seconds) - round(100 * out[-1].seconds) < 100 * SHORTEST:
            out.append(Shot(out.pop().seconds, shot.picture, shot.caption))
        else:
            out.append(shot)
    return out


def _images(film: Film, shots: list[Shot], report: Report) -> Iterator["Image"]:
    painter = Painter(film, CELL, LEVELS)
    for number, shot in enumerate(shots, start=1):
        painter.paint(shot.picture)
        report(number, len(shots))
        yield _image(painter)


def _image(painter: Painter) -> "Image":
    """The sheet with at most 256 colors: all of the film, else those of the frame."""
    from PIL import Image  # noqa: PLC0415

    colors = np.array(list(painter.colors), np.uint8)
    sheet = painter.sheet
    if len(colors) > MOST:
        used, places = np.unique(sheet, return_inverse=True)
        colors, sheet = colors[used], places.reshape(sheet.shape).astype(sheet.dtype)
    if len(colors) > MOST:
        shown = Image.fromarray(colors[sheet])
        return shown.quantize(MOST, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    image = Image.fromarray(sheet.astype(np.uint8))
    image.putpalette(colors.tobytes())
    return image
