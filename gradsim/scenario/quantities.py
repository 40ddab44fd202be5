"""Quantities: every number and word of the report, by its short name or by its path in there."""

from collections.abc import Mapping
from math import nan
from typing import Any

from gradsim.errors import nearest
from gradsim.scenario.quantity_paths import PATHS, pattern_of
from gradsim.scenario.quantity_table import QUANTITIES, Part, Quantity

__all__ = ["QUANTITIES", "Part", "Quantity", "measured", "nearest_name", "quantity_of"]


def quantity_of(name: str) -> Quantity | None:
    """What a name means: a short one, `loss`, or a path in the JSON, `ledger.parts.weights`."""
    return QUANTITIES.get(name) or PATHS.get(pattern_of(name))


def nearest_name(name: str) -> str:
    """`did you mean "loss"?`, or the names that there are."""
    hint = nearest(name, PATHS if "." in name else QUANTITIES)
    if hint.startswith("did"):
        return hint
    hint = nearest(name, [*QUANTITIES, *PATHS])
    return hint if hint.startswith("did") else "gradsim explain lists them"


def measured(
    report: Mapping[str, Any], name: str, layer: int | str | None = None, time: int | None = None
) -> float | str:
    """A quantity's value in a report, the last one where there is a history; NaN where none.

    In a recurrent network a layer has one for each time step; the first where none is named.
    Numbers of a weight stand under `weights` where `seen` has put them.
    """
    quantity = quantity_of(name)
    if quantity is None:
        raise KeyError(name)
    match quantity.part:
        case Part.HISTORY:
            value = report["history"][name][-1]
        case Part.TOP:
            value = report[name]
        case Part.LAYERS:
            rows = [row for row in report["layers"] if row["layer"] == layer]
            at = rows[:1] if time is None else [row for row in rows if row.get("time") == time]
            value = at[0][name] if at else nan
        case Part.WEIGHTS:
            value = report["weights"][layer][name]
        case Part.EVIDENCE:
            value = report["verdict"]["evidence"][name]
        case Part.VERDICT:
            value = report["verdict"][name]
        case Part.NOTES:
            value = ", ".join(note["kind"] for note in report["verdict"]["notes"])
        case Part.TIME:
            value = report["time"].get(name)
        case Part.THEORY:
            value = report["theory"][name]
        case Part.PATH:
            value = _at(report, name)
    if quantity.is_text:
        return "" if value is None else str(value)
    return nan if value is None or isinstance(value, str) else value


def _at(report: Any, path: str) -> Any:
    """What stands at a path; None where it leads nowhere."""
    if path.startswith("experiment."):
        # The name of a layer's own knob has dots in it.
        return report["experiment"].get(path.partition(".")[2])
    found = report
    for key in path.split("."):
        if isinstance(found, list):
            found = found[int(key)] if key.isdecimal() and int(key) < len(found) else None
        elif isinstance(found, Mapping):
            found = found.get(key)
        else:
            return None
    return None if isinstance(found, list | Mapping) else found
