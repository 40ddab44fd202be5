"""A function and its slope with what enters it under them on the same axis: saturation is seen."""

from math import ceil, log10

import numpy as np
import numpy.typing as npt

from gradsim.insight.functions import Function
from gradsim.insight.tally import BINS, Tally
from gradsim.insight.tally import spread as spread_over
from gradsim.numbers import number, share
from gradsim.simulation.measure import SATURATED_BELOW
from gradsim.view.histogram import bars
from gradsim.view.lines import Line, Run, fitted, joined, length, wrapped_words
from gradsim.view.plot import DOTS, Axis, Curve, Markers, draw, fit, sample

LEAST = (24, 9)
"""Width and height below which it is not drawn."""

STUCK, STUCK_ASCII = "░", "~"
"""Stands between curve and bars where an entry is saturated."""

WORDY = 24
"""Cells beside the name of the axis below which it is a formula."""

TALL = 8.0
"""Values of phi beyond so many times the largest slope are drawn at a smaller scale."""


def function(
    found: Function, tally: Tally, width: int, height: int, markers: Markers = "braille"
) -> list[Line]:
    """Legend, curves, where they are saturated, bars, axis, words: exactly `height` lines."""
    scale = _scale(found)
    words = _words(found, tally, width, 2 if height >= 14 else 1, markers)
    room = height - 1 - len(words)
    under = max(2, (room - 3) * 2 // 5)
    curves = [
        Curve("slope", found.x.tolist(), found.slope.tolist(), "second"),
        Curve("value", found.x.tolist(), (found.value / scale).tolist(), "live"),
    ]
    y = fit([found.slope.tolist(), (found.value / scale).tolist()], log=False)
    label = found.reads if len(found.reads) + WORDY <= width else found.symbol
    picture = draw(
        curves,
        Axis(-found.reach, found.reach, label=label),
        Axis(*y),
        width,
        room - under - 1,
        markers,
    )
    curve, foot = list(picture.rows), list(picture.rows[len(picture.rows) - picture.foot :])
    if not picture.left:
        return (_legend(found, scale, width, markers) + curve + words)[:height]
    del curve[len(curve) - picture.foot :]
    cells = width - picture.left
    lead: list[Run] = [
        (" " * (picture.left - 1), ""),
        ("|" if markers == "ascii" else "│", "axis"),
    ]
    counts = spread_over(tally.counts, _cell_of(cells, DOTS[markers][0]), cells)
    lines = [
        *_legend(found, scale, width, markers),
        *curve,
        fitted([*lead, (_zone(found, cells, markers), "mark")], width),
        *(fitted([*lead, *row], width) for row in bars(counts, "forward", under, markers)),
        *foot,
        *words,
    ]
    return (lines + [fitted([], width)] * height)[:height]


def _cell_of(cells: int, dots: int) -> npt.NDArray[np.int64]:
    """The cell of each bin, by the rule that places the curves: (BINS,)."""
    along = (np.arange(BINS) + 0.5) / BINS
    return np.floor(along * (cells * dots - 1) + 0.5).astype(np.int64) // dots


def _zone(found: Function, cells: int, markers: Markers) -> str:
    """A sign in each cell where all that stands there is saturated."""
    sign = STUCK_ASCII if markers == "ascii" else STUCK
    along = (found.x / found.reach + 1.0) / 2.0
    at = np.minimum((along * cells).astype(np.int64), cells - 1)
    free = np.bincount(at, weights=~found.stuck(), minlength=cells)
    known = np.bincount(at, minlength=cells)
    # A cell without a point of the curve is as its neighbor.
    out, last = "", " "
    for has, loose in zip(known, free, strict=True):
        last = (" " if loose else sign) if has else last
        out += last
    return out


def _scale(found: Function) -> float:
    """The power of ten that phi is divided by so that its slope is seen beside it."""
    finite = found.value[np.isfinite(found.value)]
    slope = max(float(np.max(np.abs(found.slope), initial=0.0)), 1e-300)
    top = float(np.max(np.abs(finite), initial=0.0)) / slope
    return float(10.0 ** ceil(log10(top / TALL))) if top > TALL else 1.0


def _legend(found: Function, scale: float, width: int, markers: Markers) -> list[Line]:
    name = found.kind if found.name == "phi" else f"{found.name} {found.kind}"
    times = f" / {number(scale)}" if scale > 1.0 else ""
    for value, slope, entries in (
        (f"{name}: {found.formula}{times}", "its slope", "what enters it"),
        (f"{name}{times}", "its slope", "what enters it"),
        (f"{name}{times}", "slope", "entries"),
        (f"{name}{times}", "slope", ""),
        (found.name if found.name != "phi" else name, "slope", ""),
    ):
        parts: list[list[Run]] = [
            [(sample("live", markers), "live"), (f" {value}", "value")],
            [(sample("second", markers), "second"), (f" {slope}", "label")],
        ]
        if entries:
            block = "##" if markers == "ascii" else "▄█"
            parts.append([(block, "forward"), (f" {entries}", "label")])
        if length(joined(parts)) <= width:
            break
    return [fitted(joined(parts), width)]


def _words(found: Function, tally: Tally, width: int, most: int, markers: Markers) -> list[Line]:
    """How much is saturated, as a number; and how much is no number that could be drawn."""
    if tally.finite < tally.size:
        odd = f"{tally.size - tally.finite:,} of {tally.size:,} entries are NaN or infinite"
        return wrapped_words(odd, "mark", width)[:most]
    sign = STUCK_ASCII if markers == "ascii" else STUCK
    sides = [n / found.entries if found.entries else 0.0 for n in found.saturated]
    # Both sides add up to the whole on screen too.
    digits = 2 if any(0.0 < side < 0.001 for side in sides) else 1
    stuck_share, below, above = (share(s, digits) for s in (found.saturated_share, *sides))
    if found.bound:
        told = [
            f"saturated {stuck_share} (slope below "
            f"{SATURATED_BELOW:.0%} of its largest): {below} below 0, {above} above",
            f"saturated {stuck_share}: {below} below 0, {above} above",
            f"saturated {stuck_share}",
        ]
        if found.flat:
            told[0] += f"; slope exactly 0: {share(found.flat_share)}"
    else:
        told = [
            f"slope exactly 0 for {share(found.flat_share)} of the entries; it does not saturate",
            f"slope exactly 0: {share(found.flat_share)}",
        ]
    stuck = found.saturated_share if found.bound else found.flat_share
    for text in told:
        lines = wrapped_words(text, "value" if stuck else "label", max(1, width - 2))
        if len(lines) <= most:
            break
    lead = [f"{sign} ", *["  "] * most]
    return [
        fitted([(mark, "mark"), *line], width)
        for mark, line in zip(lead, lines[:most], strict=False)
    ]
