"""What a picture of the map is drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradsim.insight.map.cells import Cell
from gradsim.insight.map.line import Crossing
from gradsim.insight.map.order import Place
from gradsim.insight.map.plan import Plan

LIVE = "◆"
"""The sign of the experiment itself."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be drawn of a map."""

    plan: Plan
    cells: Mapping[Place, Cell]
    line: Sequence[Crossing] = ()
    live: tuple[float | None, float | None] = (None, None)
    """Where the experiment itself stands, in columns and rows; None where it is not on an axis."""
    cursor: Place | None = None
    status: str = ""
    """How far it is."""
