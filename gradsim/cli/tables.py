"""A report as text."""

from collections.abc import Iterable
from math import isfinite, isnan
from textwrap import wrap
from typing import Any

from gradsim.experiment.experiment import DEFAULTS, Experiment
from gradsim.insight.first_cause import FirstCause
from gradsim.insight.recurrence import words as time_words
from gradsim.insight.report import HISTORY_COLUMNS

WIDTH = 80
TEXT_COLUMNS = (
    "delta_norm",
    "grad_weight_norm",
    "weight_norm",
    "update_ratio",
    "activation_std",
    "saturated",
    "dead",
)
"""The numbers of a layer that fit into 80 columns; CSV and JSON hold them all."""

MOST_TIMES = 40
"""Time steps that a table in text has rows for; of more, every so many is shown."""

SHARES = ("saturated", "dead")
"""Layer columns that are shares: 0.25 reads better than 2.50e-01."""


def text(report: dict[str, Any], cause: FirstCause | None = None) -> str:
    """What is trained, where it stands, a table of the layers, and the verdict; 80 columns.

    Where NaN or infinity appeared, `cause` is what they began with.
    """
    history, verdict = report["history"], report["verdict"]
    experiment = Experiment.of(report["experiment"])
    changed = [
        f"{name} {value}" + ("" if experiment.in_use(name) else " (does nothing now)")
        for name, value in report["experiment"].items()
        if value != DEFAULTS.get(name)
    ]
    lines = [
        *wrapped("knobs", ", ".join(changed) or "all as they come"),
        *wrapped(
            f"step {history['step'][-1]}",
            ", ".join(
                [
                    *(f"{n} {_number(history[n][-1])}" for n in _told(report)),
                    f"oscillation {_number(report['oscillation'])}",
                ]
            ),
        ),
        "",
        *_layer_table(report["layers"], updated=history["step"][-1] > 0),
        "",
        *wrapped(verdict["shape"], verdict["evidence"]["sentence"]),
        *cause_lines(cause),
        *wrapped("why", report["ledger"]["sentence"]),
        *(line for words in time_words(report["time"]) for line in wrapped("time", words)),
        *(
            line
            for note in (*(n["sentence"] for n in verdict["notes"]), *report["wiring"])
            for line in wrapped("note", note)
        ),
    ]
    return "\n".join(lines)


def cause_lines(cause: FirstCause | None) -> list[str]:
    """What NaN or infinity began with, and what led there; nothing where all is finite."""
    return wrapped("first cause", "; ".join([cause.sentence, *cause.way])) if cause else []


def _told(report: dict[str, Any]) -> list[str]:
    """What is said of the state in text: of the clipping only where there is any."""
    clips = report["experiment"]["clip"] != "none"
    hidden = {"step"} if clips else {"step", "clipped_grad_norm"}
    return [n for n in HISTORY_COLUMNS if n not in hidden and (clips or not n.startswith("clip_"))]


def _layer_table(layers: list[dict[str, Any]], *, updated: bool) -> list[str]:
    steps = max((row.get("time") or 1 for row in layers), default=1)
    every = -(-steps // MOST_TIMES)
    heads = [name.rpartition("_") for name in TEXT_COLUMNS]
    tops = [first or last for first, _, last in heads]
    ends = [last if first else "" for first, _, last in heads]
    widths = [max(9, len(top)) + 1 for top in tops]

    def line(first: str, cells: Iterable[str]) -> str:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return (first.rjust(6) + "".join(padded)).rstrip()

    def cell(name: str, value: float) -> str:
        if name.startswith("update") and not updated:
            return "-"
        return _cell(name, value)

    more = (
        [f"of {steps} time steps every {every} has a row; --csv and --json have them all"]
        if every > 1
        else []
    )
    return [
        line("layer", tops),
        line("", ends),
        *(
            line(_place(row), (cell(name, row[name]) for name in TEXT_COLUMNS))
            for row in layers
            if row.get("time") is None or row["time"] % every == 0
        ),
        *more,
    ]


def _place(row: dict[str, Any]) -> str:
    """`7`, `output`, or `1@30`: time step 30 of layer 1."""
    return str(row["layer"]) + (f"@{row['time']}" if "time" in row else "")


def _cell(name: str, value: float) -> str:
    if not isfinite(value):
        return _number(value)
    return f"{value:.2f}" if name in SHARES else f"{value:.2e}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if isnan(value):
        return "NaN"
    return f"{value:.4g}" if isfinite(value) else ("inf" if value > 0 else "-inf")


def short(value: float | None, form: str) -> str:
    """A number in this form; NaN, infinity and a missing one by name."""
    return _number(value) if value is None or not isfinite(value) else format(value, form)


def wrapped(head: str, words: str) -> list[str]:
    """`head: words`, wrapped to the width of a table."""
    return wrap(f"{head}: {words}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)
