"""A picture as SVG: rectangles for what is drawn, text for what is written."""

from collections.abc import Iterator
from html import escape

from gradsim.recording.film import Film, Picture, Row, Stretch, stretches
from gradsim.recording.font import ADVANCE
from gradsim.recording.shapes import patches

WIDE, TALL = 10, 20
"""Units of a cell."""

_MARGIN = 12
_BASELINE = 15.0
FONTS = "DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace"


def svg(film: Film, picture: Picture) -> bytes:
    """One picture of the film. Blocks, lines and braille need no font."""
    width, height = film.width * WIDE + 2 * _MARGIN, film.height * TALL + 2 * _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        f"<title>{escape(film.title)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{film.paper}"/>',
        f'<g transform="translate({_MARGIN} {_MARGIN})" font-family="{FONTS}" '
        f'font-size="{WIDE / ADVANCE:.2f}" xml:space="preserve">',
        *(line for y, row in enumerate(picture) for line in _row(row, y * TALL, film.paper)),
        "</g>",
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _row(row: Row, top: int, paper: str) -> Iterator[str]:
    parts = stretches(row)
    for part in parts:
        if part.look.paper != paper:
            # A hair wider than it is, so that no seam shows between neighbors.
            yield (
                f'<rect x="{part.start * WIDE}" y="{top}" width="{part.cells * WIDE + 0.3:g}" '
                f'height="{TALL + 0.3:g}" fill="{part.look.paper}"/>'
            )
    for part in parts:
        yield from _shapes(part, row, top)
        yield from _words(part, row, top)


def _shapes(part: Stretch, row: Row, top: int) -> Iterator[str]:
    by_ink: dict[float, list[str]] = {}
    for x in range(part.start, part.start + part.cells):
        for patch in patches(row[x].text, TALL / WIDE) or ():
            left, wide = (x + patch.left) * WIDE, (patch.right - patch.left) * WIDE
            y, tall = top + patch.top * TALL, (patch.bottom - patch.top) * TALL
            place = f"M{left:.4g} {y:.5g}h{wide:.4g}v{tall:.4g}h{-wide:.4g}z"
            by_ink.setdefault(patch.ink, []).append(place)
    for ink, places in by_ink.items():
        clear = f' fill-opacity="{ink:g}"' if ink < 1 else ""
        yield f'<path fill="{part.look.ink}"{clear} d="{"".join(places)}"/>'


def _words(part: Stretch, row: Row, top: int) -> Iterator[str]:
    """The written characters, each word at its place, so that no font can shift what follows."""
    faces = [
        face
        for face, on in (
            ('font-weight="bold"', part.look.bold),
            ('font-style="italic"', part.look.italic),
            ('text-decoration="underline"', part.look.underline),
        )
        if on
    ]
    for start, word in _written(part, row):
        yield (
            f'<text x="{start * WIDE}" y="{top + _BASELINE:g}" textLength="{len(word) * WIDE}" '
            f'lengthAdjust="spacingAndGlyphs" fill="{part.look.ink}"'
            f"{''.join(f' {face}' for face in faces)}>{escape(word, quote=False)}</text>"
        )


def _written(part: Stretch, row: Row) -> Iterator[tuple[int, str]]:
    start, word = part.start, ""
    for x in range(part.start, part.start + part.cells):
        text = row[x].text
        if text.strip() and patches(text, TALL / WIDE) is None:
            start = start if word else x
            word += text
        elif word:
            yield start, word
            word = ""
    if word:
        yield start, word
