"""Charts with axes, as text. The only file that knows plotext.

plotext 6.1 draws the curves and nothing else: it aborts the whole process on a NaN in a line and
on a value far outside the limits, its log axis is wrong, and its labels cannot tell 1e-9 from 0.
So every value is turned into a whole dot of the canvas before plotext sees it; what has no place
on the canvas (NaN, infinity, zero on a log axis) becomes a mark; axes and labels are written here,
by the same scale that places the curves, so that a label cannot stand in a wrong row.

plotext keeps one global figure: call `draw` from one thread.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Markers = Literal["braille", "block", "ascii"]

SMALLEST: Final = (16, 4)
"""Width and height in cells below which a picture only says that it is too small."""

DOTS: Final[dict[str, tuple[int, int]]] = {"braille": (2, 4), "block": (2, 2), "ascii": (1, 1)}
"""Dots in a cell, across and down, for each kind of markers."""

MARKS: Final[dict[str, tuple[str, str, str]]] = {
    "negative": ("−", "-", "bottom"),
    "zero": ("0", "0", "bottom"),
    "below": ("▼", "v", "bottom"),
    "above": ("▲", "^", "top"),
    "minus infinity": ("∞", "v", "bottom"),
    "infinity": ("∞", "^", "top"),
    "nan": ("?", "?", "bottom"),
}
"""What stands for a value that has no place on the canvas: sign, ASCII sign, row.

A later kind covers an earlier one in the same cell. Zero and negative are marks on a log axis only.
"""

_LARGEST: Final = sys.float_info.max
_TINIEST: Final = 5e-324
_KINDS: Final = tuple(MARKS)

_Tick = tuple[float, str]  # raw value, label
_Placed = tuple[int, str]  # cell, text
_TOO_SMALL: Final = "too small"


# What the caller says


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart: raw values, any float at all. x should ascend."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    style: str
    connect: bool = True

    def __post_init__(self) -> None:
        """Refuse two lengths."""
        if len(self.x) != len(self.y):
            raise ValueError(
                f'curve "{self.name}": x has {len(self.x)} values and y has {len(self.y)}; '
                "they must be as many"
            )


@dataclass(frozen=True, slots=True)
class Axis:
    """Raw limits, low to high. Equal limits are allowed: their value stands in the middle."""

    low: float
    high: float
    log: bool = False
    label: str = ""

    def __post_init__(self) -> None:
        """Refuse limits between which nothing can be drawn."""
        named = f'axis "{self.label}"' if self.label else "axis"
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError(f"{named}: limits must be finite, not {self.low} to {self.high}")
        if self.low > self.high:
            raise ValueError(f"{named}: the low limit {self.low} is above the high {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"{named}: limits of a log axis must be above 0, not {self.low}")


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn chart: rows of (text, role) runs, every row as wide as was asked.

    A role is the style of a curve, or "axis", "label", "mark", or "" where there is nothing.
    """

    rows: tuple[tuple[tuple[str, str], ...], ...]
    left: int = 0
    """Cells left of the canvas; 0 where there is none."""
    foot: int = 0
    """Rows below it."""

    def x_at(self, column: int, axis: Axis) -> float:
        """The value of the (linear) x axis under a column; at the ends outside of the canvas."""
        cells = sum(len(text) for text, _ in self.rows[0]) - self.left if self.rows else 0
        along = min(max(column - self.left + 0.5, 0.0) / max(cells, 1), 1.0)
        return axis.low + along * (axis.high - axis.low)

    def text(self) -> str:
        """The rows without roles, one to a line."""
        return "\n".join("".join(text for text, _ in row) for row in self.rows)


def prepare() -> None:
    """Load what draws the curves, which takes 0.16 s at the first of them otherwise."""
    import plotext  # noqa: F401, PLC0415


def fit(values: Iterable[Sequence[float]], log: bool, pad: float = 0.05) -> tuple[float, float]:
    """Limits, low below high, that hold every finite (on a log axis: positive) value.

    Linear limits leave `pad` of the range free on each side but do not cross zero for it. Log
    limits are whole decades, except at the very ends of what a float can hold.
    """
    arrays = [np.asarray(each, dtype=np.float64).ravel() for each in values]
    all_values = np.concatenate(arrays) if arrays else np.empty(0)
    usable = all_values[np.isfinite(all_values)]
    if log:
        usable = usable[usable > 0]
    if not usable.size:
        return (0.1, 10.0) if log else (0.0, 1.0)
    low, high = float(usable.min()), float(usable.max())
    return _decade_limits(low, high) if log else _linear_limits(low, high, pad)


def _decade_limits(low: float, high: float) -> tuple[float, float]:
    """The decades around two positive values, at least one decade apart."""
    rounding = 1e-10  # 0.010000000000000002 needs no decade of its own; `_Scale` draws it
    bottom = math.floor(math.log10(low) + rounding)
    top = math.ceil(math.log10(high) - rounding)
    if bottom >= top:
        bottom, top = bottom - 1, top + 1
    return max(_power(bottom), _TINIEST), min(_power(top), _LARGEST)


def _linear_limits(low: float, high: float, pad: float) -> tuple[float, float]:
    """Two values with room around them."""
    margin = abs(low) / 2 if low == high else pad * high - pad * low
    padded_low = max(low - margin, 0.0 if low >= 0 else -_LARGEST)
    padded_high = min(high + margin, 0.0 if high <= 0 else _LARGEST)
    return (padded_low, padded_high) if padded_low < padded_high else (low - 1.0, high + 1.0)


def _power(decade: int) -> float:
    """Ten to a whole power, to the last bit; infinity or 0 beyond the floats."""
    return float(f"1e{decade}")


# How the styles are told apart without colour


@dataclass(frozen=True, slots=True)
class _Look:
    """How a style is drawn: its line, the sign of a single point, whether a line bears signs."""

    line: Literal["solid", "dotted", "dashed"]
    point: str
    signs: bool
    ascii: str


_LOOKS: Final[dict[str, _Look]] = {
    "live": _Look("solid", "•", signs=False, ascii="*"),
    "second": _Look("solid", "◆", signs=True, ascii="+"),
    "previous": _Look("dotted", "·", signs=False, ascii=","),
    "ghost": _Look("dotted", "·", signs=False, ascii="."),
    "pinned": _Look("dotted", "○", signs=True, ascii="o"),
    "remedy": _Look("dotted", "▪", signs=True, ascii="#"),
    "theory": _Look("dotted", "×", signs=True, ascii="x"),
    "band": _Look("dotted", "·", signs=False, ascii=":"),
    "threshold": _Look("dashed", "╌", signs=False, ascii="="),
}
_OTHER: Final = _Look("solid", "▪", signs=True, ascii="#")
_ON_TOP: Final = {"live": 1, "theory": 2}
"""Styles that are drawn over all others, in this order."""

_SIGN_GAP: Final = 5  # cells from one sign to the next along a line


def _thin(bits: int) -> int:
    """Braille dots moved into the first and third dot of the left column: a line becomes dots."""
    upper, lower = bits & 0b00011011, bits & 0b11100100
    return (0b001 if upper else 0) | (0b100 if lower else 0)


_THIN: Final = {0x2800 + bits: 0x2800 + _thin(bits) for bits in range(1, 256)}


def sample(style: str, markers: Markers = "braille", connect: bool = True) -> str:
    """Three cells of a style, for a legend beside the chart."""
    look = _LOOKS.get(style, _OTHER)
    if not connect:
        return f" {_point(look, markers)} "
    line = _line(look, markers)
    line = {"braille": "⠤", "hd": "▄"}.get(line, line)
    if look.line == "dotted":
        line = line.translate(_THIN)
    return line + (_point(look, markers) if look.signs else line) + line


def _line(look: _Look, markers: Markers) -> str:
    """plotext's name of the marker that the line of a style is drawn with."""
    if markers == "ascii":
        return look.ascii
    if look.line == "dashed":
        return "╌"
    if markers == "braille":
        return "braille"
    return "hd" if look.line == "solid" else "·"


def _point(look: _Look, markers: Markers) -> str:
    """The sign of a point of a style."""
    return look.ascii if markers == "ascii" else look.point


# From values to dots


@dataclass(frozen=True, slots=True)
class _Scale:
    """An axis laid over cells, each divided into dots."""

    axis: Axis
    cells: int
    dots: int

    def fraction(self, values: Floats) -> Floats:
        """How far along the axis: 0 at its low limit, 1 at its high one. NaN where no log is."""
        with np.errstate(all="ignore"):
            limits = np.array([self.axis.low, self.axis.high])
            if self.axis.log:
                values, limits = np.log10(values), np.log10(limits)
            span = limits[1] - limits[0]
            if span == 0:
                middle = np.full(values.shape, 0.5)
                return np.where(values == limits[0], middle, (values - limits[0]) * np.inf)
            if np.isinf(span):
                values, limits = values / 2, limits / 2
                span = limits[1] - limits[0]
            along: Floats = (values - limits[0]) / span
            slack = 1e-9
            along[(along < 0) & (along > -slack)] = 0.0
            along[(along > 1) & (along < 1 + slack)] = 1.0
            return along

    def dot(self, fraction: Floats) -> Whole:
        """The dot, counted from the low end, of fractions from 0 to 1."""
        return np.floor(fraction * (self.cells * self.dots - 1) + 0.5).astype(np.int64)

    def place(self, ticks: list[_Tick]) -> list[_Placed]:
        """Ticks within the limits, each with its cell, counted from the low end."""
        cells = self.dot(self.fraction(np.array([value for value, _ in ticks]))) // self.dots
        return [(int(cell), text) for cell, (_, text) in zip(cells, ticks, strict=True)]


@dataclass(frozen=True, slots=True)
class _Trace:
    """A curve in dots; `linked` says of each point whether a line leads to it from the last one."""

    columns: tuple[int, ...]
    heights: tuple[int, ...]
    linked: tuple[bool, ...]
    marks: tuple[tuple[int, int], ...]  # (cell column, kind as an index of _KINDS)


def _trace(curve: Curve, across: _Scale, up: _Scale) -> _Trace:
    """Place a curve: dots where it can be drawn, marks where it cannot."""
    x = np.asarray(curve.x, dtype=np.float64).ravel()
    y = np.asarray(curve.y, dtype=np.float64).ravel()
    along, height = across.fraction(x), up.fraction(y)
    visible = (along >= 0) & (along <= 1)
    kind = _kinds(y, height, up.axis.log)
    drawn = visible & (kind < 0)
    marked = visible & (kind >= 0)

    cells = across.dot(along[marked]) // across.dots
    marks = sorted(set(zip(cells.tolist(), kind[marked].tolist(), strict=True)))
    columns, heights = across.dot(along[drawn]), up.dot(height[drawn])
    stretch = np.cumsum(~drawn)[drawn]  # a new number after each gap
    keep = (
        _extremes(columns // across.dots, heights)
        if curve.connect
        else _one_a_cell(columns // across.dots, heights // up.dots)
    )
    linked = np.zeros(len(keep), dtype=bool)
    if curve.connect:
        linked[1:] = np.diff(stretch[keep]) == 0
    return _Trace(
        tuple(columns[keep].tolist()),
        tuple(heights[keep].tolist()),
        tuple(linked.tolist()),
        tuple(marks),
    )


def _kinds(y: Floats, height: Floats, log: bool) -> Whole:
    """The kind of mark that each value needs, as an index of `_KINDS`; -1 for none."""
    kind = np.full(y.shape, -1, dtype=np.int64)
    tests = {"below": height < 0, "above": height > 1}
    if log:
        tests |= {"negative": y < 0, "zero": y == 0}
    tests |= {"minus infinity": y == -np.inf, "infinity": y == np.inf, "nan": np.isnan(y)}
    for name, test in tests.items():
        kind[test] = _KINDS.index(name)
    return kind


def _extremes(cells: Whole, heights: Whole) -> Whole:
    """Which points to keep: of each run in one column its lowest and highest, in their order.

    The very first and last are kept as well, so that a level line does not fall short.
    """
    ends = [0, *(np.flatnonzero(np.diff(cells)) + 1).tolist(), len(cells)]
    keep: list[int] = []
    for start, stop in pairwise(ends):
        if stop - start <= 2:
            keep.extend(range(start, stop))
        else:
            run = heights[start:stop]
            chosen = {start + int(run.argmin()), start + int(run.argmax())}
            keep.extend(sorted(chosen | ({start, stop - 1} & {0, len(cells) - 1})))
    return np.array(keep, dtype=np.int64)


def _one_a_cell(columns: Whole, rows: Whole) -> Whole:
    """Which points to keep where each is a sign of its own: the first in each cell."""
    # Not by np.unique, which loads NumPy's masked arrays: 10 ms of the first picture.
    first: dict[tuple[int, int], int] = {}
    for index, cell in enumerate(zip(columns.tolist(), rows.tolist(), strict=True)):
        first.setdefault(cell, index)
    return np.array(list(first.values()), dtype=np.int64)


# From dots to cells: plotext


@lru_cache(maxsize=64)
def _canvas(
    trace: _Trace, look: _Look, markers: Markers, width: int, height: int
) -> tuple[str, ...]:
    """One curve alone on a canvas without axes, by plotext. Most curves stay as they are."""
    import plotext  # noqa: PLC0415 (0.16 s, so only when there is something to draw)

    across, down = DOTS[markers]
    x = [(column + 0.5) / across for column in trace.columns]
    y = [(dot + 0.5) / down for dot in trace.heights]
    plotext.terminal.limit(False, False)
    figure: Any = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.axes(False)
    for name, side, cells in (("x", "lower", width), ("y", "left", height)):
        ruler = figure.ruler(name, side)
        ruler.frequency(0)
        ruler.lim(0, cells)
        ruler.alignment(lim="edge")
    if any(trace.linked):
        line = figure.signal(x, y, marker=_line(look, markers))
        for index, linked in enumerate(trace.linked):
            if linked:
                line.line(index)
        figure.draw(line)
    signs = _signs(trace, look, across)
    if signs:
        where = [x[index] for index in signs], [y[index] for index in signs]
        figure.draw(figure.signal(*where, marker=_point(look, markers)))
    rows: list[str] = figure.build().string(colorless=True).split("\n")[:height]
    return tuple(row.translate(_THIN) if look.line == "dotted" else row for row in rows)


def _signs(trace: _Trace, look: _Look, dots: int) -> list[int]:
    """Which points get a sign: those that no line touches, and some along a line that has them."""
    chosen: list[int] = []
    last = -math.inf
    for index, linked in enumerate(trace.linked):
        cell = trace.columns[index] // dots
        alone = not linked and not any(trace.linked[index + 1 : index + 2])
        if alone or (look.signs and abs(cell - last) >= _SIGN_GAP):
            chosen.append(index)
            last = cell
    return chosen


# Ticks


def _tick_choices(axis: Axis, most: int, integers: bool) -> Iterator[list[_Tick]]:
    """Sets of two ticks or more, from about `most` to few; last the limits themselves."""
    if axis.low == axis.high:
        yield [(axis.low, _short(axis.low))]
        return
    choices = _decade_choices(axis) if axis.log else _linear_choices(axis, most, integers)
    yield from (ticks for ticks in choices if len(ticks) > 1)
    low, high = (axis.low, _short(axis.low)), (axis.high, _short(axis.high))
    yield [low, high] if low[1] != high[1] else [low]


def _decade_choices(axis: Axis) -> Iterator[list[_Tick]]:
    """Whole decades: each, or every few from the lowest to the highest, or else round ones."""
    low, high = np.log10([axis.low, axis.high])
    bottom, top = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    for step in (1, 2, 3, 4, 5, 10, 15, 20, 25, 50, 100, 150, 200, max(top - bottom, 1)):
        first = bottom if (top - bottom) % step == 0 else -(-bottom // step) * step
        decades = range(first, top + 1, step)
        yield [(min(max(_power(each), axis.low), axis.high), f"1e{each}") for each in decades]


def _linear_choices(axis: Axis, most: int, integers: bool) -> Iterator[list[_Tick]]:
    """Multiples of 1, 2 or 5 in some decade; on an axis of integers also its first and last one."""
    low, high = axis.low, axis.high
    span = high / 2 - low / 2  # half of it, since all of it may be more than a float can hold
    decade = math.floor(math.log10(span)) if span > 0 else -323
    for power in range(decade - 2, decade + 2):
        for digit in (1, 2, 5):
            step = float(f"{digit}e{power}")
            if not 0 < step < math.inf or span > step * most / 2:
                continue
            if integers and (step < 1 or (step == 2 and math.ceil(low) % 2)):
                continue  # from 1 on, 1 5 10 reads better than 1 4 6
            first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
            values = [min(max(n * step, low), high) for n in range(first, last + 1)]
            if integers:
                ends = float(math.ceil(low)), float(math.floor(high))
                near = 0.6 * step
                inner = [each for each in values if ends[0] + near <= each <= ends[1] - near]
                values = [ends[0], *inner, ends[1]]
            yield _labelled(values, power)


def _labelled(values: list[float], power: int) -> list[_Tick]:
    """Ticks with labels in one form, precise to a decade; of equal labels the first alone stays."""
    largest = max((abs(value) for value in values), default=0.0)
    top = math.floor(math.log10(largest)) if largest > 0 else 0
    plain = [f"{value:.{max(0, -power)}f}" for value in values]
    short = [_exponent(value, min(max(0, top - power), 4)) for value in values]
    usual = top < 7 and power >= -3
    texts = plain if usual or _longest(plain) <= _longest(short) else short
    ticks: dict[str, float] = {}
    for value, text in zip(values, texts, strict=True):
        ticks.setdefault("0" if float(text) == 0 else text, value)
    return [(value, text) for text, value in ticks.items()]


def _longest(texts: list[str]) -> int:
    """The length of the longest text."""
    return max(map(len, texts), default=0)


def _exponent(value: float, digits: int) -> str:
    """A number as 1e-8 or 1.5e308."""
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}" if int(exponent) else mantissa


def _short(value: float) -> str:
    """A number of any size in few characters."""
    usual = value == 0 or 1e-3 <= abs(value) < 1e5
    return f"{value:.3g}" if usual else _exponent(value, 2)


def _side_ticks(scale: _Scale) -> dict[int, str]:
    """The labels of the y axis by cell, counted from the bottom, as many as stand apart."""
    every = _tick_choices(scale.axis, scale.cells, integers=False)
    *choices, limits = (scale.place(ticks) for ticks in every)
    for apart in (3 if scale.cells >= 12 else 2, 1):
        for ticks in choices:
            if all(after[0] - before[0] >= apart for before, after in pairwise(ticks)):
                return dict(ticks)
    return dict(limits)


def _foot_ticks(scale: _Scale, integers: bool, margin: int) -> tuple[list[int], list[_Placed]]:
    """The x axis: the columns of its ticks, and the texts below them, by where each starts.

    All count from the left edge of the picture, `margin` cells left of the canvas. The first and
    the last tick always have their labels; the axis is named before the last, like `layer 20`.
    """
    chosen: list[_Placed] = []
    columns: dict[_Placed, int] = {}
    for ticks in _tick_choices(scale.axis, scale.cells // 2, integers):
        columns = {}
        for cell, text in scale.place(ticks):
            start = min(margin + cell - len(text) // 2, margin + scale.cells - len(text))
            columns[(max(start, 0), text)] = margin + cell
        first, *inner = columns
        last = inner.pop() if inner else first
        inner = [each for each in inner if _apart(first, each) and _apart(each, last)]
        chosen = sorted({first, *inner, last})
        if all(_apart(before, after) for before, after in pairwise(chosen)):
            break
    else:
        chosen = chosen[-1:]
    *others, last = chosen
    name = (last[0] - len(scale.axis.label) - 1, scale.axis.label)
    left = [each for each in others if _apart(each, name)]
    if scale.axis.label and name[0] >= 0 and (left or not others):
        return [columns[each] for each in (*left, last)], [*left, name, last]
    return [columns[each] for each in chosen], chosen


def _apart(before: _Placed, after: _Placed) -> bool:
    """Whether two texts can be told from each other."""
    return before[0] + len(before[1]) + 2 <= after[0]


# The whole


class _Grid:
    """Cells to write in, later over earlier: a sign and a role each."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.signs = [[" "] * width for _ in range(height)]
        self.roles = [[""] * width for _ in range(height)]

    def write(self, row: int, column: int, text: str, role: str) -> None:
        """Put a text, cut off at the right edge."""
        for at, sign in enumerate(text[: max(self.width - column, 0)], start=column):
            self.signs[row][at] = sign
            self.roles[row][at] = role

    def overlay(self, top: int, left: int, rows: Sequence[str], role: str) -> None:
        """Put rows of text of which the spaces are transparent."""
        for row, text in enumerate(rows, start=top):
            signs, roles = self.signs[row], self.roles[row]
            for at, sign in enumerate(text, start=left):
                if sign != " ":
                    signs[at] = sign
                    roles[at] = role

    def picture(self, left: int = 0, foot: int = 0) -> Picture:
        """What was written, cells of one role joined into runs."""
        return Picture(tuple(map(_runs, self.signs, self.roles)), left, foot)


def _runs(signs: list[str], roles: list[str]) -> tuple[tuple[str, str], ...]:
    """A row of cells as runs of one role."""
    runs: list[tuple[str, str]] = []
    start = 0
    for role, cells in groupby(roles):
        stop = start + len(list(cells))
        runs.append(("".join(signs[start:stop]), role))
        start = stop
    return tuple(runs)


def draw(
    curves: Sequence[Curve],
    x: Axis,
    y: Axis,
    width: int,
    height: int,
    markers: Markers = "braille",
) -> Picture:
    """A chart of exactly `width` by `height` cells, without title and legend.

    A later curve covers an earlier one; "live" covers all but the signs of theory. Points left and
    right of the x limits are not shown.
    """
    if markers not in DOTS:
        raise ValueError(f'markers "{markers}" are not known; known are: {", ".join(DOTS)}')
    width, height = max(width, 0), max(height, 0)
    grid = _Grid(width, height)
    if width < SMALLEST[0] or height < SMALLEST[1]:
        if height:
            grid.write(height // 2, max(width - len(_TOO_SMALL), 0) // 2, _TOO_SMALL, "label")
        return grid.picture()

    top = 1 if y.label and height >= 8 else 0  # rows above the canvas: the name of the y axis
    foot = 2 if height >= 6 else 1  # rows below it: the x axis and its labels
    across, down = DOTS[markers]
    up = _Scale(y, height - top - foot, down)
    side = _side_ticks(up)
    left = max(map(len, side.values())) + 1
    along = _Scale(x, width - left, across)

    _frame(grid, up, along, side, markers, top, integers=_of_integers(curves, x))
    marks: list[tuple[int, int]] = []
    for curve in sorted(curves, key=lambda each: _ON_TOP.get(each.style, 0)):
        look = _LOOKS.get(curve.style, _OTHER)
        trace = _trace(curve, along, up)
        if trace.columns:
            canvas = _canvas(trace, look, markers, along.cells, up.cells)
            grid.overlay(top, left, canvas, curve.style)
        marks.extend(trace.marks)
    for column, kind in sorted(marks, key=lambda mark: mark[1]):
        fine, plain, edge = MARKS[_KINDS[kind]]
        row = top if edge == "top" else top + up.cells - 1
        grid.write(row, left + column, plain if markers == "ascii" else fine, "mark")
    return grid.picture(left, foot)


def _frame(
    grid: _Grid,
    up: _Scale,
    along: _Scale,
    side: dict[int, str],
    markers: Markers,
    top: int,
    integers: bool,
) -> None:
    """Axes, ticks and labels around the canvas."""
    upright, flat, corner, to_left, to_foot = "|-+++" if markers == "ascii" else "│─└┤┬"
    left = grid.width - along.cells
    if top:
        grid.write(0, 0, up.axis.label, "label")
    for cell in range(up.cells):
        row = top + up.cells - 1 - cell
        label = side.get(cell, "")
        grid.write(row, 0, label.rjust(left - 1), "label")
        grid.write(row, left - 1, to_left if label else upright, "axis")
    columns, texts = _foot_ticks(along, integers, left)
    line = top + up.cells
    if line < len(grid.signs) - 1:
        grid.write(line, left - 1, corner + flat * along.cells, "axis")
        for column in columns:
            grid.write(line, column, to_foot, "axis")
    for start, text in texts:
        grid.write(len(grid.signs) - 1, start, text, "label")


def _of_integers(curves: Sequence[Curve], x: Axis) -> bool:
    """Whether the x axis counts something: every x of every curve is whole, or else its limits."""
    values = [np.asarray(curve.x, dtype=np.float64).ravel() for curve in curves]
    every = np.concatenate([*values, np.empty(0)])
    if not every.size:
        every = np.array([x.low, x.high])
    return bool(np.all(np.floor(every) == every)) and math.floor(x.high) > math.ceil(x.low)
