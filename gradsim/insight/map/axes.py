"""Axes of a map: a knob and the values it goes through."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import floor, isfinite, log10
from typing import Any

from gradsim.errors import InputError
from gradsim.experiment.experiment import KINDS, KNOBS, Experiment
from gradsim.experiment.reading import unknown
from gradsim.numbers import number

MOST_CELLS = 10_000
"""Cells of the largest map; an axis alone may have as many."""

FORMS = "KNOB=LOW:HIGH:COUNT (with :log behind it for equal factors) or KNOB=A,B,C"
EXAMPLE = "initializer-gain=0.5:3:40"


@dataclass(frozen=True, slots=True)
class Axis:
    """A knob with the values that it takes along the axis, in their order, no two alike."""

    knob: str
    values: tuple[Any, ...]
    log: bool = False
    """Whether neighbors differ by a factor, not by a difference."""

    @property
    def numeric(self) -> bool:
        """Whether it makes sense to look between two values."""
        return not any(isinstance(value, str) for value in self.values)

    def between(self, index: float) -> float:
        """The value at a place between two values of a numeric axis: 1.5 is half way to the third.

        On a log axis it is half way in the logarithm.
        """
        low = min(floor(index), len(self.values) - 2) if len(self.values) > 1 else 0
        part = index - low
        one, other = self.values[low], self.values[min(low + 1, len(self.values) - 1)]
        if part in (0, 1):
            return float(other if part else one)
        if self.log:
            return float(10.0 ** (log10(one) + part * (log10(other) - log10(one))))
        return float(one + part * (other - one))

    def place(self, value: Any) -> float | None:
        """Where a value stands, as an index with a fraction; None where it is not on the axis."""
        if value in self.values:
            return float(self.values.index(value))
        if not self.numeric or isinstance(value, str):
            return None
        scale = log10 if self.log else float
        for low, (one, other) in enumerate(itertools.pairwise(self.values)):
            if min(one, other) < value < max(one, other):
                first, last = scale(one), scale(other)
                return float(low + (scale(value) - first) / (last - first))
        return None

    def words(self) -> str:
        """`initializer-gain 0.5 to 3, 40 values`."""
        if self.numeric and len(self.values) > 4:
            ends = f"{shown(self.values[0])} to {shown(self.values[-1])}"
            return f"{self.knob} {ends}, {len(self.values)} values"
        few = ", ".join(shown(value) for value in self.values[:4])
        return f"{self.knob} {few}" + (", ..." if len(self.values) > 4 else "")


def shown(value: Any) -> str:
    """A knob's value in few characters."""
    return number(value) if isinstance(value, float) else str(value)


def read_axis(text: str, where: str) -> Axis:
    """The axis that a text declares; `where` (the flag) begins each problem.

    `initializer-gain=0.5:3:40` are 40 values in equal steps, `learning-rate=1e-4:1:20:log` 20 in
    equal factors, `activation=sigmoid,tanh` those named. Values of a knob that counts are rounded,
    and each is taken once. Raises InputError.
    """
    name, equals, given = (part.strip() for part in text.partition("="))
    if not equals or not given:
        raise InputError(f'{where} is "{text}", but must be {FORMS}, such as {EXAMPLE}')
    knob = name.rpartition(".")[2]
    if "." not in name and name not in KNOBS:
        raise InputError(f"{where}: {unknown(name, KNOBS)}")
    if name == "widths":
        raise InputError(
            f"{where}: widths cannot be an axis, as its values have commas; depth and width can"
        )
    parts = [part.strip() for part in given.split(":")]
    if len(parts) > 1 and KINDS.get(knob) is not str:
        low, high, count, log = _range(name, parts, where)
        spread = _whole if KINDS.get(knob) is int else _real
        return Axis(name, _right(name, spread(name, low, high, count, log, where), where), log)
    values = [value.strip() for value in given.split(",")]
    if "" in values:
        raise InputError(f'{where} is "{text}", but has nothing between two commas')
    return Axis(name, _right(name, values, where))


def _range(name: str, parts: list[str], where: str) -> tuple[str, str, int, bool]:
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] not in ("log", "linear")):
        raise InputError(
            f'{where}: {name} is "{":".join(parts)}", but must be LOW:HIGH:COUNT or '
            "LOW:HIGH:COUNT:log"
        )
    low, high, count, *form = parts
    if not (count.isdecimal() and len(count) < 10 and 2 <= int(count) <= MOST_CELLS):
        raise InputError(
            f'{where}: the count of {name} is "{count}", but must be a whole number from 2 to '
            f"{MOST_CELLS}"
        )
    return low, high, int(count), form == ["log"]


def _real(name: str, low: str, high: str, count: int, log: bool, where: str) -> list[float]:
    ends = []
    for text in (low, high):
        try:
            ends.append(float(text))
        except ValueError:
            ends.append(float("nan"))
        if not isfinite(ends[-1]):
            raise InputError(f'{where}: {name} begins or ends at "{text}", which is no number')
    one, other = ends
    _ordered(name, one, other, log, where)
    share = (k / (count - 1) for k in range(1, count - 1))
    if log:
        first, wide = log10(one), log10(other) - log10(one)
        return [one, *(10.0 ** (first + wide * part) for part in share), other]
    return [one, *(one + (other - one) * part for part in share), other]


def _whole(name: str, low: str, high: str, count: int, log: bool, where: str) -> list[int]:
    for text in (low, high):
        if not (text.isdecimal() and len(text) < 20):
            raise InputError(
                f'{where}: {name} begins or ends at "{text}", but must at a whole number'
            )
    one, other = int(low), int(high)
    _ordered(name, one, other, log, where)
    if log:
        first, wide = log10(one), log10(other) - log10(one)
        inner = (round(10.0 ** (first + wide * k / (count - 1))) for k in range(1, count - 1))
        return [one, *(min(max(value, one), other) for value in inner), other]
    # In whole numbers throughout: a seed may have more digits than a float can tell apart.
    return [floor(Fraction((other - one) * k, count - 1) + Fraction(1, 2)) + one
            for k in range(count)]  # fmt: skip


def _ordered(name: str, low: float, high: float, log: bool, where: str) -> None:
    if not low < high:
        raise InputError(
            f"{where}: {name} goes from {low:g} to {high:g}, but the first must be the smaller one"
        )
    if log and low <= 0:
        raise InputError(f"{where}: {name} begins at {low:g}, but equal factors must begin above 0")


def _right(name: str, values: Iterable[Any], where: str) -> tuple[Any, ...]:
    """The values as the knob has them, each once; raises InputError where one is never right."""
    # Whether a layer exists depends on the other axis too, so here it is asked of the deepest.
    around = {"depth": KNOBS["depth"].high} if "." in name else {}
    right = (Experiment.of({**around, name: value}, where).value(name) for value in values)
    return tuple(dict.fromkeys(right))
