"""Expectations against what was measured: pure comparisons, and a sentence for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from gradsim.scenario.aggregates import aggregated
from gradsim.scenario.expecting import TOLERANCE, Expectation, Measured, Other
from gradsim.scenario.parts import spanned
from gradsim.scenario.quantities import measured
from gradsim.scenario.steps import Expect, Run, Step
from gradsim.scenario.words import number

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An expectation, what was measured, and whether it holds."""

    step: int
    """The index of the scenario's step."""
    line: int
    """Its line in the file; 0 where the scenario is not from a file."""
    sentence: str
    value: float | str
    """What was measured; of several places the first that does not hold, or the first."""
    measured: str
    """The value in words."""
    passed: bool

    def words(self) -> str:
        """`shape is healthy, measured vanishing`."""
        return f"{self.sentence}, measured {self.measured}"


def judge(
    expectation: Expectation,
    report: Report,
    step: int = 0,
    line: int = 0,
    pinned: Report | None = None,
) -> Outcome:
    """What the report says of the quantity, and whether it is as expected.

    `pinned` is the report of the pinned run, where the expectation asks for it.
    """
    found = values(expectation, report, pinned)
    side = expectation.side(expectation.comparison)
    if isinstance(side, Other):
        ((_, other),) = values(side, report, pinned)
        side = side.factor * float(other)
    good = [holds(expectation, value, side) for _, value in found]
    first = good.index(False) if False in good else 0
    words = [_shown(expectation, value, side) for _, value in found]
    told = words[first]
    if len(found) > 1:
        numbers = [float(value) for _, value in found if not isinstance(value, str)]
        if False in good:
            told += f" at {found[first][0]}; {good.count(False)} of {len(good)} do not hold"
        elif numbers:
            told = f"{number(min(numbers))} to {number(max(numbers))} at {len(found)} places"
    if isinstance(expectation.side(expectation.comparison), Other):
        exact = words[first] == repr(found[first][1])
        told += f" against {side!r}" if exact else f" against {number(float(side or 0.0))}"
    return Outcome(step, line, sentence(expectation), found[first][1], told, all(good))


def _shown(expectation: Expectation, value: float | str, side: Any) -> str:
    if isinstance(value, str):
        return value or "none"
    words = number(value)
    good = holds(expectation, value, side)
    if value != side and holds(expectation, float(words), side) != good:
        return repr(value)  # rounded, it would seem to be on the other side
    return words


def values(
    what: Measured, report: Report, pinned: Report | None = None
) -> Sequence[tuple[str, float | str]]:
    """Each place that is meant with its value: one, or several where a range is given."""
    if what.run == "pinned":
        assert pinned is not None, "an expectation of the pinned run needs its report"
        report = pinned
    layers = [what.layer] if what.layers is None else _layers(report, what.layers)
    times = [what.time] if what.times is None else _times(report, what.times)
    found = [
        (_place(layer, time), measured(report, what.quantity, layer, time))
        for layer in layers
        for time in times
    ]
    if what.aggregate is None:
        return found
    return [("", aggregated(what.aggregate, [float(value) for _, value in found]))]


def _layers(report: Report, span: str) -> Sequence[int]:
    last = max((row["layer"] for row in report["layers"] if row["layer"] != "output"), default=1)
    return spanned(span, last)


def _times(report: Report, span: str) -> Sequence[int]:
    return spanned(span, max((row.get("time", 1) for row in report["layers"]), default=1))


def _place(layer: int | str | None, time: int | None) -> str:
    where = "" if layer is None else "the output" if layer == "output" else f"layer {layer}"
    return where if time is None else f"{where} at time step {time}"


def holds(expectation: Expectation, value: float | str, side: Any = None) -> bool:
    """Whether a value is as expected. NaN is never above, below or equal to anything.

    `side` is what it is compared with where that had to be measured.
    """
    key = expectation.comparison
    side = expectation.side(key) if side is None else side
    if isinstance(value, str):
        if key not in ("includes", "excludes"):
            return bool(value == side)
        known = value.split(", ") if expectation.quantity == "notes" else value
        return (side in known) is (key == "includes")
    if key == "finite":
        return isfinite(value) is side
    bound = float(side)
    if key == "equals":
        return abs(value - bound) <= expectation.tolerance * abs(bound)
    return _ORDERS[key](value, bound)


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "at-least": lambda value, side: value >= side,
    "at-most": lambda value, side: value <= side,
    "above": lambda value, side: value > side,
    "below": lambda value, side: value < side,
}


def claim(step: Step) -> str:
    """What a step claims, in a sentence; nothing where it claims nothing."""
    match step:
        case Expect(expect=expectation):
            return sentence(expectation)
        case Run(run=going) if going.until is not None:
            return f"{going.until} within {going.count} steps"
    return ""


def sentence(expectation: Expectation) -> str:
    """`delta_norm of layer 1 at most 1e-12`."""
    e = expectation
    key = e.comparison
    side = e.side(key)
    what = _named(e)
    if key == "finite":
        return f"{what} {'finite' if side else 'not finite'}"
    if isinstance(side, Other):
        words = (f"{side.factor:g} times " if side.factor != 1.0 else "") + _named(side)
    else:
        words = side if isinstance(side, str) else number(side or 0.0)
    within = f" within {e.tolerance:g} of it" if e.tolerance != TOLERANCE else ""
    return f"{what} {key.replace('-', ' ')} {words}{within}"


def _named(what: Measured) -> str:
    """`max of delta_norm of layers 3-last of the pinned run`."""
    words = what.quantity
    if what.aggregate:
        words = f"{what.aggregate} of {words}"
    if what.layer is not None:
        words += f" of {_place(what.layer, None)}"
    if what.layers is not None:
        words += " of every layer" if what.layers == "all" else f" of layers {what.layers}"
    if what.time is not None:
        words += f" at time step {what.time}"
    if what.times is not None:
        words += " at every time step" if what.times == "all" else f" at time steps {what.times}"
    return words + (" of the pinned run" if what.run == "pinned" else "")
