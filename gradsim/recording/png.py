"""A picture as PNG."""

from io import BytesIO

import numpy as np

from gradsim.recording.film import Film, Picture
from gradsim.recording.pixels import Painter, check_library

CELL = 16
"""Pixels across a cell: sharp on a fine screen too."""

LEVELS = 64
"""Steps between paper and ink."""


def png(film: Film, picture: Picture) -> bytes:
    """One picture of the film. Raises InputError without the library for it."""
    check_library()
    from PIL import Image  # noqa: PLC0415

    painter = Painter(film, CELL, LEVELS)
    painter.paint(picture)
    colors = np.array(list(painter.colors), np.uint8)
    out = BytesIO()
    Image.fromarray(colors[painter.sheet]).save(out, "PNG", optimize=True)
    return out.getvalue()
