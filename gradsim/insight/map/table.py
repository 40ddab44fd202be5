"""A map as plain values: a list for each column, so that it reads as a table."""

from typing import Any

from gradsim.insight.map.cells import NUMBERS, Cell
from gradsim.insight.map.line import Crossing, crossings
from gradsim.insight.map.plan import VALUES, Plan
from gradsim.insight.map.survey import Survey

SCHEMA = "gradsim/map/1"

MEASURED = ("shape", *NUMBERS)
"""The columns of the cells, beside x and y."""


def table(survey: Survey) -> dict[str, Any]:
    """The map as far as it is known; numbers may be NaN or infinite, None was not measured.

    `cells` has a list for each column, an entry for each cell that could be built, row by row;
    `not_built` the others with their reason; `critical_line` the points where theory's factor is 1.
    """
    plan = survey.plan
    known = [cell for _, cell in sorted(survey.cells.items(), key=lambda item: item[0][::-1])]
    built = [cell for cell in known if not cell.reason]
    names = [name for name in MEASURED if plan.held_out or name not in ("loss", "accuracy")]
    return {
        "schema": SCHEMA,
        "experiment": plan.base.settings(),
        "x": {"knob": plan.x.knob, "values": list(plan.x.values)},
        "y": {"knob": plan.y.knob, "values": list(plan.y.values)},
        "value": plan.value,
        "unit": VALUES[plan.value].unit,
        "steps": plan.steps,
        "cells": {
            "x": [_at(plan, cell)["x"] for cell in built],
            "y": [_at(plan, cell)["y"] for cell in built],
            **{name: [getattr(cell, name) for cell in built] for name in names},
        },
        "not_built": [{**_at(plan, cell), "reason": cell.reason} for cell in known if cell.reason],
        "critical_line": [
            _point(plan, crossing) for crossing in crossings(survey.factors(), plan.x, plan.y)
        ],
    }


def _at(plan: Plan, cell: Cell) -> dict[str, Any]:
    column, row = cell.place
    return {"x": plan.x.values[column], "y": plan.y.values[row]}


def _point(plan: Plan, crossing: Crossing) -> dict[str, Any]:
    """A crossing in the values of the knobs; the one that it was not found along is exact."""
    if crossing.along == "x":
        x, y = plan.x.between(crossing.column), plan.y.values[int(crossing.row)]
    else:
        x, y = plan.x.values[int(crossing.column)], plan.y.between(crossing.row)
    return {"x": x, "y": y}
