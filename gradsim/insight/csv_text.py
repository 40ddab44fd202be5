"""A report as CSV: a row for each layer, or for each step."""

import csv
from collections.abc import Iterable
from io import StringIO
from math import isnan
from typing import Any

from gradsim.insight.report import HISTORY_COLUMNS, LAYER_NUMBERS


def csv_layers(report: dict[str, Any]) -> str:
    """A row for each layer, or for each time step of it, the head last."""
    through_time = any("time" in row for row in report["layers"])
    names = ("layer", *(("time",) if through_time else ()), *LAYER_NUMBERS)
    return csv_of(names, ([row.get(name, "") for name in names] for row in report["layers"]))


def csv_history(report: dict[str, Any]) -> str:
    """A row for each step done, and one for the state now."""
    columns = [report["history"][name] for name in HISTORY_COLUMNS]
    return csv_of(HISTORY_COLUMNS, zip(*columns, strict=True))


def csv_of(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """CSV; a NaN stands as NaN, infinity as inf, and nothing where there is no number."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return out.getvalue()


def _plain(value: Any) -> Any:
    return "NaN" if isinstance(value, float) and isnan(value) else value
