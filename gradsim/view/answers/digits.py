"""Digits with the network's answers: 8x8 pictures, the class, the answer and how sure it is."""

import numpy as np

from gradsim.insight.answers import Answers
from gradsim.nn.arrays import Array
from gradsim.view.answers.look import Look, class_name, filled, told
from gradsim.view.lines import Line, Run, fitted, spread

SHADES = " ░▒▓█"
SHADES_ASCII = " .:%@"
HALVES = {
    (0, 0): " ", (0, 1): "░", (0, 2): "▄", (1, 0): "░", (1, 1): "▒", (1, 2): "▄",
    (2, 0): "▀", (2, 1): "▀", (2, 2): "█",
}  # fmt: skip
"""Sign of two pixels, one above the other, each blank (0), gray (1) or inked (2)."""

SIDE = 8
SMALL, LARGE = (12, 6), (18, 10)
"""Cells that a picture takes with its caption and gap, across and down."""


def digits(answers: Answers, width: int, height: int, look: Look) -> list[Line]:
    """A page of pictures: exactly `height` lines."""
    shown = answers.most_wrong() if look.only_wrong else np.arange(answers.rows)
    large = look.markers == "ascii" or look.more % 2 == 1
    across, down = LARGE if large else SMALL
    # The last of a row and of a column needs no gap behind it.
    columns = max(1, (width + 2) // across)
    rows = max(1, height // down)
    each = columns * rows
    pages = max(1, -(-len(shown) // each))
    page = look.page % pages
    order = "only wrong, " if look.only_wrong else ""
    right: list[Run] = [(f"{order}page {page + 1} of {pages}", "label")]
    lines = [spread(told(answers, "digits"), right, width)]
    if not len(shown):
        return filled([*lines, fitted([("none is wrong", "value")], width)], width, height)
    here = shown[page * each : (page + 1) * each]
    sure = answers.confidence()
    for start in range(0, len(here), columns):
        band: list[list[Run]] = [[] for _ in range(down)]
        for row in here[start : start + columns]:
            one = _one(answers, int(row), sure, across, look, large=large)
            for k, runs in enumerate(one):
                band[k] += runs
        lines += [fitted(line, width) for line in band]
    return filled(lines, width, height)


def _one(
    answers: Answers, row: int, sure: Array, width: int, look: Look, *, large: bool
) -> list[list[Run]]:
    """The lines of one picture with its caption, each `width` cells."""
    pixels = ink(answers.data.held_out_inputs)[row].reshape(SIDE, SIDE)
    drawn = shaded(pixels, look.markers == "ascii") if large else halved(pixels)
    target, answer = int(answers.targets[row]), int(answers.chosen()[row])
    right = target == answer
    mark = ("+" if right else "!") if look.markers == "ascii" else ("✓" if right else "✗")
    arrow = ">" if look.markers == "ascii" else "→"
    name = class_name(answers, answer)
    said = name if right else f"{class_name(answers, target)}{arrow}{name}"
    part = "" if answer < 0 else f" {100 * float(sure[row, answer]):.0f}%"
    role = "label" if right else "mark"
    lines: list[list[Run]] = [[(line.ljust(width)[:width], "text")] for line in drawn]
    lines.append([(f"{mark} {said}{part}".ljust(width)[:width], role)])
    return lines


def ink(inputs: Array) -> Array:
    """Pixels from 0 (blank) to 1 (the darkest of all): whatever they were scaled to."""
    low, high = float(inputs.min()), float(inputs.max())
    return np.asarray((inputs - low) / (high - low if high > low else 1.0))


def shaded(pixels: Array, ascii_only: bool = False) -> list[str]:
    """A line for each row of pixels, two cells for each pixel."""
    shades = SHADES_ASCII if ascii_only else SHADES
    levels = np.clip((pixels * len(shades)).astype(int), 0, len(shades) - 1)
    return ["".join(2 * shades[level] for level in row) for row in levels]


def halved(pixels: Array) -> list[str]:
    """A line for two rows of pixels, a cell for two pixels."""
    levels = np.digitize(pixels, [0.25, 0.6])
    return [
        "".join(HALVES[int(a), int(b)] for a, b in zip(top, bottom, strict=True))
        for top, bottom in zip(levels[::2], levels[1::2], strict=True)
    ]
