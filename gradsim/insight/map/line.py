"""The critical line: where theory says that gradients neither vanish nor explode with depth."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, log

from gradsim.insight.map.axes import Axis
from gradsim.insight.map.order import Place

CRITICAL = 1e-9
"""A factor this close to 1, in its logarithm, is 1 up to rounding."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A point of the line, in columns and rows with fractions; it was found going along `along`."""

    column: float
    row: float
    along: str
    """`x` or `y`."""


def crossings(factors: Mapping[Place, float | None], x: Axis, y: Axis) -> list[Crossing]:
    """Where the predicted factor per layer passes 1 between neighbors, along x and along y.

    The place between two cells is found in the logarithm of the factor, as a straight line. Where a
    factor is 1 up to rounding that cell is the place; over a stretch of such cells, its middle. A
    line of cells on one side of 1, or all at 1, has no crossing. Cells that are not known yet are
    passed over; across a cell for which theory is silent (None) nothing is said.
    """
    columns, rows = range(len(x.values)), range(len(y.values))
    out: list[Crossing] = []
    if x.numeric:
        for row in rows:
            known = [(c, factors[c, row]) for c in columns if (c, row) in factors]
            for place in _along(known):
                out.append(Crossing(place, float(row), "x"))
    if y.numeric:
        for column in columns:
            known = [(r, factors[column, r]) for r in rows if (column, r) in factors]
            for place in _along(known):
                out.append(Crossing(float(column), place, "y"))
    return out


def _along(factors: list[tuple[int, float | None]]) -> list[float]:
    """The crossings along one line of cells, as indices with fractions."""
    out: list[float] = []
    before: tuple[int, float] | None = None
    critical: list[int] = []
    for index, factor in factors:
        if factor is None or not (isfinite(factor) and factor > 0):
            before, critical = None, []
            continue
        size = log(factor)
        if abs(size) < CRITICAL:
            critical.append(index)
            continue
        if before and before[1] * size < 0:
            low, small = before
            place = low + small / (small - size) * (index - low)
            out.append((critical[0] + critical[-1]) / 2 if critical else place)
        before, critical = (index, size), []
    return out
