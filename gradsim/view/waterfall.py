"""The waterfall: places upward, training steps to the right, sizes in decades as signs and colors.

A cell stands for all sizes at its places and steps, and shows the largest of them or the smallest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradsim.view.lines import Line, Run, fitted
from gradsim.view.plot import Markers
from gradsim.view.waterfall_layout import Layout, Window
from gradsim.view.waterfall_past import Columns
from gradsim.view.waterfall_scale import ROLE_OF, SIGN_OF, Codes, Scale, codes, legend

CURSOR, HERE, SELECTED = "▲", "●", "▶"

_ASCII = str.maketrans("↑→▲●▶∞◆▼┬┯–·", "^>^o>!&vTT-.")


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be drawn."""

    noun: str
    """What the places are, in one word."""
    window: Window
    sizes: Columns
    """Of the columns seen, at the places of the lane: (columns, places)."""
    scale: Scale | None
    largest: bool
    """Whether a cell shows its largest size, or its smallest."""
    tiny: float
    """The smallest normal number."""
    selected: int
    """The place of the cursor, counted from 0."""
    cursor: int
    """The step of the cursor."""
    here: int
    """The step that the session shows."""
    caption: Sequence[Run] = ()
    events: Sequence[Run | None] = ()
    """The sign of what happened at the steps of each column."""
    words: Sequence[Line] = ()
    begun: int = 0
    """Steps made before the first."""


def draw(picture: Picture, width: int, height: int, markers: Markers = "braille") -> list[Line]:
    """Caption, events, cells, steps, words and legend: `height` lines of `width` cells."""
    layout = Layout.of(picture.sizes.low.shape[1], width, height)
    shown = together(picture, layout)
    lines = [fitted(picture.caption, width), _events(picture, layout, width)]
    for block in reversed(range(layout.blocks)):
        lines += _row(picture, layout, block, shown[block], width)
    lines += _steps(picture, layout, width)
    spare = height - len(lines) - layout.words - 1
    blank = [fitted([], width)]
    words = [*list(picture.words)[: layout.words], *blank * layout.words][: layout.words]
    seen = frozenset(np.unique(shown).tolist())
    key = fitted(legend(picture.scale, seen, width), width)
    apart = blank * min(1, max(0, spare))
    lines = [*lines, *apart, *words, key, *blank * max(0, spare)][:height]
    if markers == "ascii":
        return [tuple((text.translate(_ASCII), role) for text, role in line) for line in lines]
    return lines


def together(picture: Picture, layout: Layout) -> Codes:
    """The code of each cell: (blocks of places from the lowest up, columns)."""
    low = np.fmin.reduceat(picture.sizes.low, layout.starts, axis=1).T
    high = np.maximum.reduceat(picture.sizes.high, layout.starts, axis=1).T
    if picture.scale is None:
        return codes(low, high, picture.largest, Scale(0.0, 1.0), picture.tiny)
    return codes(low, high, picture.largest, picture.scale, picture.tiny)


def name_of(places: range, count: int) -> str:
    """The places of a line: `7`, `7-9`, `out`."""
    if places[-1] + 1 == count:
        return "out" if len(places) == 1 else f"{places[0] + 1}-out"
    return f"{places[0] + 1}" if len(places) == 1 else f"{places[0] + 1}-{places[-1] + 1}"


def _row(picture: Picture, layout: Layout, block: int, row: Codes, width: int) -> list[Line]:
    """The lines of a block of places."""
    places, cells = layout.places_of(block), picture.window.cells
    here = picture.selected in places
    row = np.repeat(row, cells)
    body = _runs(row)
    at = picture.window.cell_of(picture.cursor)
    if here and at is not None:
        first = at - (cells - 1) // 2
        last = first + cells
        body = [
            *_runs(row[:first]),
            ("".join(SIGN_OF[row[first:last]]), "cursor"),
            *_runs(row[last:]),
        ]
    lines = []
    for line in range(layout.lines_of(block)):
        middle = line == (layout.lines_of(block) - 1) // 2
        lead = SELECTED if here and middle else " "
        name = name_of(places, layout.places) if middle else ""
        runs: list[Run] = [
            (f"{lead}{name:>{layout.gutter - 2}} ", "selected" if here else "axis"),
            *body,
        ]
        lines.append(fitted(runs, width))
    return lines


def _runs(row: Codes) -> list[Run]:
    """Signs in runs of the same role."""
    if not row.size:
        return []
    text = "".join(SIGN_OF[row])
    edges = [0, *(np.flatnonzero(row[1:] != row[:-1]) + 1).tolist(), len(row)]
    firsts = row[edges[:-1]].tolist()
    return [
        (text[start:end], ROLE_OF[code])
        for start, end, code in zip(edges, edges[1:], firsts, strict=False)
    ]


def _events(picture: Picture, layout: Layout, width: int) -> Line:
    """What happened, above the columns."""
    runs: list[Run] = [(f"{picture.noun + ' ↑':<{layout.gutter}}", "label")]
    pad = (picture.window.cells - 1) // 2
    for event in picture.events:
        sign, role = event or (" ", "")
        runs.append((f"{' ' * pad}{sign}".ljust(picture.window.cells), role))
    return fitted(runs, width)


def _steps(picture: Picture, layout: Layout, width: int) -> list[Line]:
    """The numbers of the steps, with the cursor and the session's place above or among them."""
    window = picture.window
    text, roles = [" "] * layout.across, ["axis"] * layout.across
    pointed: dict[int, Run] = {}
    for step, sign, role in ((picture.here, HERE, "live"), (picture.cursor, CURSOR, "selected")):
        at = window.cell_of(step)
        if at is not None and at < layout.across:
            pointed[at] = (sign, role)
    apart = not layout.pointers
    for step in _labelled(window, layout.across, picture.begun):
        at, word = window.cell_of(step), str(picture.begun + step)
        if at is None or at + len(word) > layout.across:
            continue
        taken = range(at - 1, at + len(word) + 1)
        if apart and any(k in pointed for k in taken):
            continue
        text[at : at + len(word)] = word
    lead = f"{'step →':<{layout.gutter}}"
    if layout.pointers:
        marks: list[Run] = [pointed.get(k, (" ", "")) for k in range(layout.across)]
        return [
            fitted([(" " * layout.gutter, ""), *marks], width),
            fitted([(lead, "label"), ("".join(text), "axis")], width),
        ]
    for at, (sign, role) in pointed.items():
        text[at], roles[at] = sign, role
    return [fitted([(lead, "label"), *zip(text, roles, strict=True)], width)]


def _labelled(window: Window, across: int, begun: int) -> range:
    """Steps with round numbers, far enough apart for them; `begun` were made before the first."""
    last = min(window.end, (window.first + window.count) * window.span)
    apart = (len(str(begun + last)) + 3) * window.span / window.cells
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size >= apart:
                every = factor * size
                begin = window.first * window.span
                return range(-(-(begun + begin) // every) * every - begun, last, every)
        size *= 10
