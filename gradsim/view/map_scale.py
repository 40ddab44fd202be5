"""The scales of the map: from a cell to a sign and a role, so that it reads without color too."""

from bisect import bisect_right
from dataclasses import dataclass
from math import isinf, isnan

from gradsim.insight.map.cells import Cell
from gradsim.insight.map.plan import VALUES, Plan
from gradsim.numbers import number
from gradsim.view.lines import Run

VANISHING = (".", "-", "=", "v", "V")
"""Signs from a little to far below, and above the middle; blank is the middle."""
EXPLODING = ("'", "+", "x", "*", "#")
RAMP = tuple(" .:-=+*%#@")

NOT_A_NUMBER, INFINITE, DEAD, NOTHING, UNKNOWN = "?", "∞", "0", "/", "·"


@dataclass(frozen=True, slots=True)
class Scale:
    """Levels between bounds, the same on every map so that two can be compared.

    `bounds` ascend; `signs` and `roles` have one more entry, from the lowest level up.
    """

    bounds: tuple[float, ...]
    signs: tuple[str, ...]
    roles: tuple[str, ...]

    def level(self, value: float) -> int:
        """The level of a number that is not NaN."""
        return bisect_right(self.bounds, value)

    def words(self, level: int) -> str:
        """The numbers of a level: `0.1 to 0.3`, `below -1`."""
        if level == 0:
            return f"below {number(self.bounds[0])}"
        if level == len(self.bounds):
            return f"above {number(self.bounds[-1])}"
        return f"{number(self.bounds[level - 1])} to {number(self.bounds[level])}"


def _diverging(*bounds: float) -> Scale:
    """Levels to both sides of 0: blue below, orange above."""
    return Scale(
        (*(-bound for bound in bounds[::-1]), *bounds),
        (*VANISHING[::-1], " ", *EXPLODING),
        (
            *(f"map-vanishing-{k}" for k in (5, 4, 3, 2, 1)),
            "map-even",
            *(f"map-exploding-{k}" for k in (1, 2, 3, 4, 5)),
        ),
    )


def _rising(*bounds: float) -> Scale:
    return Scale(bounds, RAMP, tuple(f"map-level-{k}" for k in range(len(RAMP))))


SLOPE = _diverging(0.01, 0.03, 0.1, 0.3, 1.0)
REACH = _diverging(1.5, 3.0, 6.0, 12.0, 24.0)
"""The middle is what the verdict calls healthy."""
ACCURACY = _rising(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LOSS = _rising(0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def scale(plan: Plan) -> Scale:
    """The scale of what a map shows; for the loss in multiples of `loss-factor`."""
    if plan.value == "loss":
        factor = plan.base.loss_factor
        return Scale(tuple(factor * bound for bound in LOSS.bounds), LOSS.signs, LOSS.roles)
    return {"slope": SLOPE, "reach": REACH, "accuracy": ACCURACY}[plan.value]


def value_of(plan: Plan, cell: Cell) -> float | None:
    """The number of a cell that its map shows; None where it was not measured."""
    found: float | None = getattr(cell, VALUES[plan.value].column)
    return found


def look(plan: Plan, levels: Scale, cell: Cell | None) -> Run:
    """Sign and role of a cell: of its level, or of what is in place of a number."""
    if cell is None:
        return UNKNOWN, "quiet"
    value = value_of(plan, cell)
    if cell.reason or value is None:
        return NOTHING, "map-nothing"
    gradient = plan.value in ("slope", "reach")
    if gradient and cell.shape == "dead":
        return DEAD, "map-dead"
    if isnan(value) or (gradient and cell.shape == "not-finite"):
        # A slope over those layers that are still finite says nothing of the network.
        return (INFINITE if isinf(value) else NOT_A_NUMBER), "map-odd"
    level = levels.level(value)
    return (INFINITE if isinf(value) else levels.signs[level]), levels.roles[level]


def words_of(plan: Plan, cell: Cell) -> str:
    """A cell in words: its number with the unit, or why there is none."""
    value = value_of(plan, cell)
    if cell.reason:
        return cell.reason
    if value is None:
        return "not measured: the data has no classes"
    unit = {"slope": " decades/layer", "reach": " decades"}.get(plan.value, "")
    return f"{number(value)}{unit}"
