"""Axes of charts: their limits, where a value lies on them, and where their labels stand.

Limits hold all that can be drawn, from subnormal numbers to the largest there are; labels are
written by the same scale that places the curves, so that a label cannot stand in a wrong row.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_LARGEST: Final = sys.float_info.max
_TINIEST: Final = 5e-324

_Tick = tuple[float, str]  # raw value, label
_Placed = tuple[int, str]  # cell, text


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


def fit(
    values: Iterable[Sequence[float] | Floats], log: bool, pad: float = 0.05
) -> tuple[float, float]:
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
    rounding = 1e-10  # 0.010000000000000002 needs no decade of its own; `Scale` draws it
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


@dataclass(frozen=True, slots=True)
class Scale:
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


def side_ticks(scale: Scale) -> dict[int, str]:
    """The labels of the y axis by cell, counted from the bottom, as many as stand apart."""
    every = _tick_choices(scale.axis, scale.cells, integers=False)
    *choices, limits = (scale.place(ticks) for ticks in every)
    for apart in (3 if scale.cells >= 12 else 2, 1):
        for ticks in choices:
            if all(after[0] - before[0] >= apart for before, after in pairwise(ticks)):
                return dict(ticks)
    return dict(limits)


def foot_ticks(scale: Scale, integers: bool, margin: int) -> tuple[list[int], list[_Placed]]:
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
