"""Expectations against what was measured: pure comparisons, and a sentence for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from gradsim.scenario.format import TOLERANCE, Expectation
from gradsim.scenario.quantities import measured
from gradsim.scenario.words import number


@dataclass(frozen=True, slots=True)
class Outcome:
    """An expectation, what was measured, and whether it holds."""

    step: int
    """The index of the scenario's step."""
    line: int
    """Its line in the file; 0 where the scenario is not from a file."""
    sentence: str
    value: float | str
    measured: str
    """The value in words."""
    passed: bool

    def words(self) -> str:
        """`shape is healthy, measured vanishing`."""
        return f"{self.sentence}, measured {self.measured}"


def judge(
    expectation: Expectation, report: Mapping[str, Any], step: int = 0, line: int = 0
) -> Outcome:
    """What the report says of the quantity, and whether it is as expected."""
    value = measured(report, expectation.quantity, expectation.layer, expectation.time)
    passed = holds(expectation, value)
    words = value if isinstance(value, str) else number(value)
    if not isinstance(value, str) and holds(expectation, float(words)) != passed:
        words = repr(value)  # rounded, it would seem to be on the other side
    return Outcome(step, line, sentence(expectation), value, words, passed)


def holds(expectation: Expectation, value: float | str) -> bool:
    """Whether a value is as expected. NaN is never above, below or equal to anything."""
    key = expectation.comparison
    side = expectation.side(key)
    if isinstance(value, str) or isinstance(side, str):
        return value == side
    if key == "finite":
        return isfinite(value) == side
    assert side is not None
    if key == "equals":
        return abs(value - side) <= expectation.tolerance * abs(side)
    return _ORDERS[key](value, side)


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "at-least": lambda value, side: value >= side,
    "at-most": lambda value, side: value <= side,
    "above": lambda value, side: value > side,
    "below": lambda value, side: value < side,
}


def sentence(expectation: Expectation) -> str:
    """`delta_norm of layer 1 at most 1e-12`."""
    e = expectation
    key = e.comparison
    side = e.side(key)
    what = e.quantity
    if e.layer is not None:
        what += " of the output" if e.layer == "output" else f" of layer {e.layer}"
    if e.time is not None:
        what += f" at time step {e.time}"
    if key == "finite":
        return f"{what} {'finite' if side else 'not finite'}"
    words = side if isinstance(side, str) else number(side or 0.0)
    within = f" within {e.tolerance:g} of it" if e.tolerance != TOLERANCE else ""
    return f"{what} {key.replace('-', ' ')} {words}{within}"
