"""Histograms: the entries of an array as bars, over their values or over the decades of their size.

On the log axis entries below zero stand to the left, those above it to the right, each from large
to small toward the middle, where a bar of `0` stands for exact zeros.
"""

from collections.abc import Sequence

import numpy as np

from gradsim.insight.tally import Counts, Tally, together
from gradsim.numbers import number, share
from gradsim.view.lines import Line, Run, fitted, joined, length, spread
from gradsim.view.plot import Markers
from gradsim.view.scales import LEVELS

LEVELS_ASCII = " ..::||##"

LEAST = (20, 5)
"""Width and height below which a histogram says nothing."""

ROUNDING = 1e-15
"""Share of the largest entry below which a mean is what rounding leaves of 0."""

Label = tuple[int, str]
"""The cell that a text is about, and the text."""


def histogram(
    title: Sequence[Run],
    tally: Tally,
    role: str,
    width: int,
    height: int,
    *,
    log: bool = False,
    markers: Markers = "braille",
) -> list[Line]:
    """Title, bars over an axis with its numbers, and what else there is: exactly `height` lines.

    The longest bar fills the room; one entry still shows a sliver.
    """
    rows = height - 3
    lines = [fitted(title, width)]
    if not tally.finite:
        lines.append(fitted([("no entry is a finite number", "label")], width))
        lines += [fitted([], width)] * max(0, rows)
    elif log:
        lines += _by_size(tally, role, width, rows, markers)
    else:
        lines += bars(together(tally.counts, width), role, rows, markers)
        low, high = tally.span
        ends = [(0, number(low)), (width - 1, number(high))]
        zero = int(np.floor(-low / (high - low) * width)) if low < 0.0 < high else None
        if low == high:
            ends = [(width // 2, number(low))]
        lines.append(axis([*ends, *([(zero, "0")] if zero is not None else [])], width, markers))
    return [*lines[: height - 1], facts(tally, width)][:height]


def bars(
    counts: Counts, role: str, rows: int, markers: Markers, top: int | None = None
) -> list[Line]:
    """A bar for each count, side by side; one of `top` entries (the most unless told) is full."""
    levels = LEVELS_ASCII if markers == "ascii" else LEVELS
    most = int(counts.max(initial=0)) if top is None else top
    heights = [0] * len(counts)
    if most and rows > 0:
        part = np.minimum(counts / most, 1.0) * (8 * rows)
        heights = np.where(counts > 0, np.maximum(np.round(part), 1), 0).astype(int).tolist()
    return [
        ((("".join(levels[min(max(h - 8 * row, 0), 8)] for h in heights)), role),)
        for row in range(rows - 1, -1, -1)
    ]


def axis(labels: Sequence[Label], width: int, markers: Markers) -> Line:
    """A line with numbers in it, each as near to its cell as there is room; the first ones win."""
    cells = ["-" if markers == "ascii" else "─"] * width
    taken = [False] * width
    for at, text in labels:
        start = min(max(at - len(text) // 2, 0), max(width - len(text), 0))
        if len(text) > width or any(taken[max(0, start - 1) : start + len(text) + 1]):
            continue
        # A blank on either side, as a minus looks like the line.
        for k, sign in enumerate(f" {text} ", start - 1):
            if 0 <= k < width:
                cells[k] = sign
        taken[start : start + len(text)] = [True] * len(text)
    runs: list[Run] = []
    for sign, word in zip(cells, taken, strict=True):
        role = "label" if word else "axis"
        if runs and runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + sign, role)
        else:
            runs.append((sign, role))
    return tuple(runs)


def facts(tally: Tally, width: int) -> Line:
    """What has no place on an axis, by name and number, then size and spread, as far as fits."""
    odd = [
        ("NaN", tally.nans, "mark"),
        ("∞", tally.infinities, "mark"),
        ("zero", tally.zeros, "value"),
        ("subnormal", tally.subnormals, "mark"),
    ]
    parts: list[list[Run]] = []
    for told in (_count, lambda count, _: f"{count:,}"):
        parts = [
            [(f"{name} ", "label"), (told(count, tally.size), role)]
            for name, count, role in odd
            if count
        ]
        if length(joined(parts)) <= width:
            break
    if tally.finite:
        parts.append([("std ", "label"), (number(tally.std), "value")])
        # A mean that is 0 in theory is what rounding leaves, and another number on each machine.
        rounded = abs(tally.mean) < ROUNDING * tally.largest
        mean = "~0" if rounded and tally.mean else number(tally.mean)
        parts.append([("mean ", "label"), (mean, "value")])
        parts.append([("largest ", "label"), (number(tally.largest), "value")])
    if not any(count for _, count, _ in odd):
        parts.append([("none zero, subnormal or not finite", "label")])
    fits: list[list[Run]] = []
    for part in parts:
        if length(joined([*fits, part])) <= width or not fits:
            fits.append(part)
    return fitted(joined(fits), width)


def _count(count: int, size: int) -> str:
    """`12`, or `8,192 (50.0 %)` where it is more than a few."""
    return f"{count:,}" if count < 0.001 * size else f"{count:,} ({share(count / size)})"


def _by_size(tally: Tally, role: str, width: int, rows: int, markers: Markers) -> list[Line]:
    """Bars and axis with the sizes below zero, exact zeros, and the sizes above zero."""
    side = (width - 1) // 2
    left, right = together(tally.negative, side)[::-1], together(tally.positive, side)
    top = max(int(left.max(initial=0)), int(right.max(initial=0)))
    zeros = bars(np.array([tally.zeros]), "quiet", rows, markers, top or tally.zeros)
    lines: list[Line] = []
    for one, zero, other in zip(
        bars(left, role, rows, markers, top), zeros, bars(right, role, rows, markers, top),
        strict=True,
    ):  # fmt: skip
        middle = ("0", "quiet") if zero[0][0].strip() else (" ", "")
        lines.append(fitted([*one, middle, *other], width))
    low, high = tally.decades
    labels = [(side, "0")]
    if low < high:
        labels += [(0, f"-1e{high}"), (2 * side, f"1e{high}")]
        inner = f"-1e{low}"
        if len(f"-1e{high} {inner} ") <= side:
            at = side - 1 - len(inner) + len(inner) // 2
            labels += [(at, inner), (side + 2 + len(inner[1:]) // 2, inner[1:])]
    return [*lines, axis(labels, width, markers)]


def titled(name: str, symbol: str, tally: Tally, log: bool, width: int) -> Line:
    """`delta  dL/dz` at the left, how many entries and which scale at the right."""
    scale = "log" if log else "linear"
    for middle, right in ((symbol, f"{tally.size:,} entries, {scale}"), (symbol, scale)):
        left: list[Run] = [(name, "value"), (f"  {middle}", "label")]
        if length(left) + len(right) + 2 <= width:
            return spread(left, [(right, "label")], width)
    return spread([(name, "value")], [(scale, "label")], width)
