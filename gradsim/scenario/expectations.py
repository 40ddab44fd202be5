"""Expectations against what was measured: pure comparisons, and a sentence for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

from gradsim.scenario.format import TOLERANCE, Expectation
from gradsim.scenario.quantities import measured


@dataclass(frozen=True, slots=True)
class Outcome:
    """An expectation, what was measured, and whether it holds."""

    step: int
    """The index of the scenario's step."""
    line: int
    """Its line in the file; 0 where the scenario is not from a file."""
    sentence: str
    value: float | str
    passed: bool

    @property
    def measured(self) -> str:
        """The value in words."""
        return shown(self.value)


def judge(expectation: Expectation, report: Mapping[str, Any]) -> tuple[float | str, bool]:
    """What the report says of the quantity, and whether it is as expected."""
    value = measured(report, expectation.quantity, expectation.layer)
    return value, holds(expectation, value)


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
    where = {None: "", "output": " of the output"}.get(e.layer, f" of layer {e.layer}")
    key = e.comparison
    side = e.side(key)
    if key == "finite":
        return f"{e.quantity}{where} {'finite' if side else 'not finite'}"
    words = f"{e.quantity}{where} {key.replace('-', ' ')} {shown(side)}"
    if key == "equals":
        words += f" within {e.tolerance:g} of it" if e.tolerance != TOLERANCE else ""
    return words


def shown(value: float | str | None) -> str:
    """Six digits, and NaN and infinity by name."""
    if isinstance(value, str) or value is None:
        return str(value)
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return "infinity" if value > 0 else "-infinity"
    return f"{value:.6g}"
