"""A layer as pictures: its functions, the distributions of its arrays, its weights, its ledger."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from gradsim.insight.functions import Function
from gradsim.insight.layer import Distribution, LayerStudy, Matrix
from gradsim.insight.tally import Tally
from gradsim.view.function import LEAST as LEAST_FUNCTION
from gradsim.view.function import function
from gradsim.view.heat import Lane, entry_at, heat, largest, legend
from gradsim.view.histogram import histogram, titled
from gradsim.view.ledger import formula
from gradsim.view.lines import Line, Run, beside, fitted, length, spread, wrapped_words
from gradsim.view.pages import Page, Piece, Row, draw, pages, place_at, rows, together
from gradsim.view.plot import Markers

LEAST_HISTOGRAM = (26, 6)
LEAST_MAP = (24, 7)

TILE = (16, 8)
"""Cells of a unit's weights as a picture: two for each pixel, which makes it about square."""

ROLES = {"delta": "live", "weight gradient": "second"}
"""Gradients have the colors that they have in the profile."""


def layer(
    study: LayerStudy,
    number: int,
    log: bool,
    width: int,
    height: int,
    markers: Markers,
    waits: bool = False,
) -> list[Line]:
    """Which layer and step it is, and page `number` of its pictures: exactly `height` lines.

    `waits` says that it is to give way to another one, which is being counted.
    """
    found = layout(study, log, width, height - 1, markers)
    shown = found[number % len(found)]
    head = _head(study, number % len(found), len(found), waits, width)
    return [head, *draw(shown, width, height - 1)][:height]


def weight_at(
    study: LayerStudy,
    number: int,
    log: bool,
    width: int,
    height: int,
    markers: Markers,
    x: int,
    y: int,
) -> tuple[str, int, int] | None:
    """The parameter, row and column of the weight whose cell is at a place; or None."""
    found = layout(study, log, width, height - 1, markers)
    place = place_at(found[number % len(found)], width, height - 1, x, y - 1)
    matrix = next((m for m in study.matrices if place and m.name == place.piece.name), None)
    if place is None or matrix is None:
        return None
    # Above the map stands its title, below it what its signs mean.
    entry = entry_at(matrix.values, place.width, place.height - 2, place.x, place.y - 1)
    if entry is None:
        return None
    # Of a large matrix only the strongest entry of each block is there.
    row, column = (
        at * of // kept
        for at, of, kept in zip(entry, matrix.shape, matrix.values.shape, strict=True)
    )
    return matrix.parameter, row, column


def layout(study: LayerStudy, log: bool, width: int, height: int, markers: Markers) -> list[Page]:
    """The pages that there are in a pane of this size."""
    functions = [
        Piece(LEAST_FUNCTION, partial(_function, found, tally, markers), 2.0)
        for found, tally in study.functions
    ]
    histograms = [
        Piece(LEAST_HISTOGRAM, partial(_histogram, each, log, markers), 1.2)
        for each in study.distributions
    ]
    maps = [
        Piece(LEAST_MAP, partial(_map, each, markers), 1.6, name=each.name)
        for each in study.matrices
    ]
    told = words(study, width)
    main = sum(map(len, told[:2]))
    lines = min(sum(map(len, told)), max(main, height // 4), max(1, height))
    line = Piece((min(width, 40), lines), partial(_told, told), grows=False)
    first, weights = rows(functions, width), rows(maps, width)
    if len(first) == len(weights) == 1:
        both = together(first[0], weights[0], width)
        first, weights = both[:1], both[1:]
    wanted: list[Row] = [*first, *rows(histograms, width), (line,), *weights]
    if study.pictures:
        tiles = partial(_pictures, study, markers)
        wanted.append((Piece((TILE[0], TILE[1] + 2), tiles, grows=False),))
    return pages(wanted, height)


def turn_at(study: LayerStudy, number: int, count: int, width: int, x: int) -> tuple[int, int]:
    """Which way a column of the first line turns: layers, and pages; 0 where it does not."""
    arrows = length([(_place(study), "")]) + 2
    if x >= width - length(_page(number % count, count)):
        return 0, 1 if count > 1 else 0
    return (-1 if x < 2 else 1 if arrows <= x < arrows + 2 else 0), 0


def _place(study: LayerStudy) -> str:
    place = "output" if study.layer == "output" else f"layer {study.layer}"
    return place if study.time is None else f"time step {study.time} of {place}"


def _page(page: int, count: int) -> list[Run]:
    return [("page ", "label"), (f"{page + 1} of {count}", "value")] if count > 1 else []


def _head(study: LayerStudy, page: int, count: int, waits: bool, width: int) -> Line:
    units, inputs = study.matrices[0].shape
    if gates := study.matrices[0].gates.split():
        units //= len(gates)
    left: list[Run] = [
        ("◀ ", "key"),
        (_place(study), "selected"),
        (" ▶", "key"),
        (f"  step {study.begun + study.step}", "value"),
        (f"  {inputs} → {units} units, batch {study.batch}", "label"),
    ]
    right = _page(page, count)
    if waits:
        right = [("another is being counted …  ", "message"), *right]
    return spread(left, right, width)


def words(study: LayerStudy, width: int) -> list[list[Line]]:
    """What the layer does to the gradient: a sentence, and each path's formula with its numbers.

    The path that brings the most comes first.
    """
    block = study.block
    if block is None:
        said = "No gradient goes further back from here: it is the first time step, or it is cut."
        return [wrapped_words(said, "label", width)]
    sentence = f"{block.sentence[:1].upper()}{block.sentence[1:]}"
    paths = sorted(block.paths, key=lambda path: path is not block.main)
    return [
        wrapped_words(sentence, "text", width),
        *(formula(block, path, width) for path in paths),
    ]


def _told(parts: Sequence[Sequence[Line]], _width: int, height: int) -> list[Line]:
    """As much of the words as is whole in so many lines; the formula comes before the sentence."""
    lines: list[Line] = []
    for part in parts:
        if len(lines) + len(part) <= height:
            lines += part
    fits = len(parts) < 2 or len(parts[0]) + len(parts[1]) <= height
    return lines if fits else [*parts[1], *parts[0]][:height]


def _function(
    found: Function, tally: Tally, markers: Markers, width: int, height: int
) -> Sequence[Line]:
    return function(found, tally, width, height, markers)


def _histogram(
    each: Distribution, log: bool, markers: Markers, width: int, height: int
) -> Sequence[Line]:
    by_size = log and each.gradient
    title = titled(each.name, each.symbol, each.tally, by_size, width)
    role = ROLES.get(each.name, "forward")
    return histogram(title, each.tally, role, width, height, log=by_size, markers=markers)


def _map(matrix: Matrix, markers: Markers, width: int, height: int) -> Sequence[Line]:
    """Title, map, and what its signs mean."""
    units, inputs = matrix.shape
    limit = largest(matrix.values)
    down = -(-units // Lane.of(units, height - 2, 1).blocks)
    across = -(-inputs // Lane.of(inputs, width, 1).blocks)
    sides = f"{units} units" if not matrix.gates else f"{matrix.gates}, {units} rows"
    title: list[Run] = [(matrix.name, "value"), (f"  {sides} x {inputs}", "label")]
    said: list[Run] = legend(limit, markers)
    if np.isnan(matrix.values).any():
        said = [*said, ("  ? NaN", "mark")] if limit else [("? NaN", "mark")]
    if down * across > 1:
        for words_before in ("  each cell the largest of", "  largest of", "  max of"):
            more: Run = (f"{words_before} {down}x{across}", "label")
            if length([*said, more]) <= width:
                said = [*said, more]
                break
    return [
        fitted(title, width),
        *heat(matrix.values, width, height - 2, limit=limit, markers=markers),
        fitted(said, width),
    ]


def _pictures(study: LayerStudy, markers: Markers, width: int, height: int) -> list[Line]:
    """Incoming weights of the units with the largest ones, each as a picture of its pixels."""
    gap = 2
    across = max(1, (width + gap) // (TILE[0] + gap))
    down = max(1, (height - 1) // (TILE[1] + 1))
    limit = max(
        float(np.max(np.abs(p), initial=0.0, where=np.isfinite(p))) for _, p in study.pictures
    )
    said: list[Run] = [("W as pictures", "value"), ("  units with the largest weights  ", "label")]
    lines = [fitted([*said, *legend(limit, markers)], width)]
    for start in range(0, min(len(study.pictures), across * down), across):
        shown: list[Line] = []
        for unit, picture in study.pictures[start : start + across]:
            tile = [
                fitted([(f"unit {unit}", "label")], TILE[0]),
                *heat(picture, *TILE, limit=limit, markers=markers),
            ]
            shown = beside(shown, tile, " " * gap) if shown else tile
        lines += [fitted(line, width) for line in shown]
    return (lines + [fitted([], width)] * height)[:height]
