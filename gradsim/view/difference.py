"""The difference between two gradient profiles, by place, in decades: rows and their bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan

from gradsim.insight.side_by_side import SideBySide, decades
from gradsim.numbers import number, signed
from gradsim.view.frame import gradients
from gradsim.view.lane import Lane, lane
from gradsim.view.lines import Line, Run, fitted, tall, wrapped_words
from gradsim.view.plot import Markers

WIDE = 46
"""Width from which both sizes stand beside the difference."""

NAME, NUMBER = 10, 7
LEAST_BAR = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One place, or several that share a line."""

    name: str
    first: int
    last: int
    """Indices of places, counted from 0."""
    low: float
    high: float
    """The least and the largest difference among them, in decades; NaN where there is none."""
    sizes: tuple[float, float]
    """Live and pinned, where the difference is largest."""

    @property
    def most(self) -> float:
        """The difference that is farthest from 0."""
        return self.high if abs(self.high) >= abs(self.low) else self.low


@dataclass(frozen=True, slots=True)
class Profiles:
    """Both gradients by place, the head last."""

    live: Sequence[float]
    pinned: Sequence[float]
    lane: Lane
    comparable: bool
    """Whether a place of one is the same kind of thing as a place of the other."""


def profiles(both: SideBySide, level: int) -> Profiles:
    """The gradient profiles of both runs."""
    lanes = [lane(side.experiment, side.run.data.steps, level) for side in (both.live, both.pinned)]
    live, pinned = (
        gradients(side.record, its) or ()
        for side, its in zip((both.live, both.pinned), lanes, strict=True)
    )
    return Profiles(live, pinned, lanes[0], lanes[0].noun == lanes[1].noun)


def rows(found: Profiles, most: int) -> list[Row]:
    """A row for the head and for each place that both have, from the last down to the first.

    Where there are more than `most`, some share a row; it tells the farthest from 0 of them.
    """
    shared = min(len(found.live), len(found.pinned)) - 1
    each = max(1, -(-shared // max(1, most - 1)))
    out = []
    if found.live and found.pinned:
        out.append(_row("output", len(found.live) - 1, [(found.live[-1], found.pinned[-1])]))
    for last in range(shared, 0, -each):
        first = max(1, last - each + 1)
        name = f"{found.lane.short} {last}" if first == last else f"{first}-{last}"
        pairs = [(found.live[k - 1], found.pinned[k - 1]) for k in range(first, last + 1)]
        out.append(_row(name, first - 1, pairs))
    return out


def _row(name: str, first: int, pairs: Sequence[tuple[float, float]]) -> Row:
    values = decades([one for one, _ in pairs], [other for _, other in pairs])
    # What cannot be compared comes before everything else: it must not hide among the others.
    order = sorted(
        range(len(values)), key=lambda k: inf if isnan(values[k]) else abs(values[k]), reverse=True
    )
    farthest = order[0]
    known = [value for value in values if not isnan(value)]
    low, high = (min(known), max(known)) if known else (values[farthest],) * 2
    if isnan(values[farthest]):
        low = high = values[farthest]
    return Row(name, first, first + len(pairs) - 1, low, high, pairs[farthest])


def bars(found: Profiles, selected: int, width: int, height: int, markers: Markers) -> list[Line]:
    """A bar for each place, to the right where the live gradient is larger: `height` lines."""
    blank = [fitted([], width)]
    if not found.comparable:
        words = wrapped_words(
            "Layers and time steps are different things: there is no difference by place.",
            "label",
            width,
        )
        return (words + blank * height)[:height]
    shown = rows(found, max(2, height - 1))
    sizes = 2 * (NUMBER + 2) if width >= WIDE else 0
    room = max(LEAST_BAR, width - NAME - NUMBER - 1 - sizes)
    loss = max([0.0, *(-row.low for row in shown if isfinite(row.low))])
    gain = max([0.0, *(row.high for row in shown if isfinite(row.high))])
    span = loss + gain
    left = round((room - 1) * loss / span) if span else (room - 1) // 2
    scale = (room - 1) / span if span else 0.0
    lines = [_axis(left, room, sizes, width)]
    each = tall(len(shown), height - 1)
    gap = fitted([(" " * (NAME + left), ""), ("│" if markers != "ascii" else "|", "axis")], width)
    for row in shown:
        here = row.first <= selected <= row.last
        role = "selected" if here else "value"
        bar = _bar(row, left, room - 1 - left, scale, markers)
        runs: list[Run] = [
            (f"{'▶' if here else ' '}{row.name:<{NAME - 1}}"[:NAME], role if here else "label"),
            *bar,
            (f" {told(row.most):>{NUMBER}}", role),
        ]
        if sizes:
            runs += [(f"{number(size):>{NUMBER + 2}}", "label") for size in row.sizes]
        lines.append(fitted(runs, width))
        lines += [fitted([(" " * NAME, ""), *bar], width)] * (each - 2)
        lines += [gap] * (each > 1)
    return (lines + blank * height)[:height]


def told(value: float) -> str:
    """`+1.25`, `-∞`; `?` for what is no number."""
    if isnan(value):
        return "?"
    return signed(value) if isfinite(value) else ("+∞" if value > 0 else "-∞")


def _axis(left: int, room: int, sizes: int, width: int) -> Line:
    right = room - 1 - left
    before, after = " " * left, " " * right
    for smaller, larger in (("◀ less", "more ▶"), ("◀ live less", "live more ▶")):
        before = smaller.ljust(left) if left > len(smaller) else before
        after = larger.rjust(right) if right > len(larger) else after
    runs: list[Run] = [
        (" " * NAME, ""), (before, "label"), ("┬", "axis"), (after, "label"),
        (f" {'decades':>{NUMBER}}", "label"),
    ]  # fmt: skip
    if sizes:
        runs += [(f"{name:>{NUMBER + 2}}", name) for name in ("live", "pinned")]
    return fitted(runs, width)


def _bar(row: Row, left: int, right: int, scale: float, markers: Markers) -> list[Run]:
    """From the middle to the farthest of the row; lighter beyond the nearest."""
    room = left + right + 1
    if isnan(row.most):
        one, other = row.sizes
        word = "both are 0" if one == other == 0.0 else "not a number"
        return [(word[:room].center(room), "mark")]
    if not isfinite(row.most):
        word = "live is 0" if row.sizes[0] == 0.0 else "pinned is 0"
        word = "infinite" if inf in row.sizes else word
        return [(word[:room].center(room), "mark")]
    solid, light, line = ("#", ".", "|") if markers == "ascii" else ("█", "░", "│")
    less, more = max(0.0, -row.low), max(0.0, row.high)
    near = (max(0.0, -row.high), max(0.0, row.low))
    cells = [min(limit, round(size * scale)) for size, limit in ((less, left), (more, right))]
    inner = [min(outer, round(size * scale)) for size, outer in zip(near, cells, strict=True)]
    return [
        (" " * (left - cells[0]), ""),
        (light * (cells[0] - inner[0]) + solid * inner[0], "pinned"),
        (line, "axis"),
        (solid * inner[1] + light * (cells[1] - inner[1]), "live"),
        (" " * (right - cells[1]), ""),
    ]
