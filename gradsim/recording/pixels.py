"""A picture as pixels: written with the font that comes with gradsim, drawn by rectangles."""

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gradsim.errors import InputError
from gradsim.recording.film import Cell, Film, Look, Picture
from gradsim.recording.font import ADVANCE, font_file
from gradsim.recording.shapes import patches

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Sheet: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.uint32]]
"""The number of a color for each pixel."""

Pixels: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def check_library() -> None:
    """Raises InputError, a sentence, where the library that writes pixels is missing."""
    try:
        import PIL  # noqa: F401, PLC0415
    except ImportError:
        raise InputError(
            "GIF and PNG need a library that is not here: pip install 'gradsim[record]'; .cast, "
            ".svg, .txt and .html need nothing more"
        ) from None


class Painter:
    """Paints pictures on one sheet, again only where they have changed.

    A pixel is a number: that of its color in `colors`. There are as many of them as looks have
    colors, times the `levels` between paper and ink.
    """

    def __init__(self, film: Film, wide: int, levels: int) -> None:
        """`wide` are the pixels across a cell."""
        self.wide, self.tall = wide, 2 * wide
        self.colors: dict[tuple[int, int, int], int] = {}
        self._levels = levels
        self._inks: dict[Look, np.ndarray[tuple[int], np.dtype[np.uint32]]] = {}
        self._glyphs = lru_cache(maxsize=None)(self._glyph)
        self._font = _font(round(wide / ADVANCE))
        self._before: Picture = ()
        self.sheet: Sheet = np.zeros((film.height * self.tall, film.width * wide), np.uint32)

    def paint(self, picture: Picture) -> None:
        """Paint what has changed since the picture before."""
        for y, row in enumerate(picture):
            old = self._before[y] if self._before else ()
            if row is old:
                continue
            for x, cell in enumerate(row):
                if cell.text and (x >= len(old) or cell != old[x]):
                    self._cell(cell, x, y, 2 if x + 1 < len(row) and not row[x + 1].text else 1)
        self._before = picture

    def _cell(self, cell: Cell, x: int, y: int, cells: int) -> None:
        glyph = self._glyphs(cell.text, cell.look.bold, cell.look.underline, cells)
        top, left = y * self.tall, x * self.wide
        place = self.sheet[top : top + self.tall, left : left + cells * self.wide]
        place[:] = self._ink(cell.look)[glyph]

    def _ink(self, look: Look) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        """The numbers of the colors from a look's paper to its ink."""
        if look not in self._inks:
            paper, ink = (np.array(list(bytes.fromhex(c[1:]))) for c in (look.paper, look.ink))
            shares = np.linspace(0.0, 1.0, self._levels)[:, None]
            blends = np.rint(paper + (ink - paper) * shares).astype(int).tolist()
            numbers = [self.colors.setdefault(tuple(c), len(self.colors)) for c in blends]
            self._inks[look] = np.array(numbers, np.uint32)
        return self._inks[look]

    def _glyph(self, text: str, bold: bool, underline: bool, cells: int) -> Pixels:
        """How much ink is on each pixel of a cell, as a level."""
        wide = cells * self.wide
        shape = patches(text, self.tall / self.wide)
        ink = self._drawn(shape, wide) if shape is not None else self._written(text, bold, wide)
        if underline:
            ink[-max(1, self.tall // 16) - 1 :] = 1.0
        levels: Pixels = np.rint(ink * (self._levels - 1)).astype(np.uint8)
        return levels

    def _drawn(self, shape: Iterable[tuple[float, ...]], wide: int) -> np.ndarray:
        ink = np.zeros((self.tall, wide))
        for left, top, right, bottom, share in shape:
            # At least a pixel, and whole ones, so that lines are sharp and meet.
            x, y = _whole(left * wide, right * wide), _whole(top * self.tall, bottom * self.tall)
            ink[y, x] = share
        return ink

    def _written(self, text: str, bold: bool, wide: int) -> np.ndarray:
        from PIL import Image, ImageDraw  # noqa: PLC0415

        image = Image.new("L", (wide, self.tall))
        draw = ImageDraw.Draw(image)
        # The font has no bold face here: a second stroke beside the first makes it bold.
        for shift in (0.0, self.wide / 16) if bold else (0.0,):
            draw.text((shift, 0.76 * self.tall), text, 255, font=self._font, anchor="ls")
        return np.asarray(image) / 255.0


def _whole(start: float, end: float) -> slice:
    first = round(start)
    return slice(first, max(first + 1, round(end)))


@lru_cache(maxsize=4)
def _font(size: int) -> "FreeTypeFont":
    from PIL import ImageFont  # noqa: PLC0415

    return ImageFont.truetype(BytesIO(font_file()), size, layout_engine=ImageFont.Layout.BASIC)
