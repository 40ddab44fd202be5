"""A comparison of runs: what to compare as it is asked for, and the result as table, CSV, JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from math import prod
from string import ascii_uppercase
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from gradsim.cli.terminal import Progress
from gradsim.cli.threads import one_thread
from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.experiment.experiment import Experiment

MOST_RUNS = 24
LABEL = 14
"""Columns for the name of a run in the table; a longer one goes on below."""


# -- what is asked for --------------------------------------------------------------------------


def inline(text: str, name: str = "") -> dict[str, str]:
    """The knobs of `activation=relu,initializer=he-normal`; raises InputError.

    `name` is what the experiment is called in sentences, where it has more in it than knobs.
    """
    from gradsim.cli.knobs import changes  # noqa: PLC0415

    parts = [part.strip() for part in text.split(",")]
    wrong = [part for part in parts if "=" not in part]
    if wrong:
        raise InputError(
            f'{name or text}: "{wrong[0]}" is no knob with a value; '
            "KNOB=VALUE,KNOB=VALUE is right, such as activation=relu,depth=10"
        )
    try:
        return changes(parts, {})
    except InputError as error:
        sentences = [problem.removeprefix("--set: ") for problem in error.problems]
        raise InputError([f"{name or text}: {sentence}" for sentence in sentences]) from None


def varied(base: "Experiment", asked: Sequence[str]) -> list[tuple[str, "Experiment"]]:
    """The product of all `KNOB=VALUE,VALUE,...`, each with its name; raises InputError."""
    from gradsim.experiment.experiment import KNOBS, Experiment  # noqa: PLC0415
    from gradsim.experiment.reading import unknown  # noqa: PLC0415

    problems: list[str] = []
    values: dict[str, list[str]] = {}
    for text in asked:
        name, equals, listed = text.partition("=")
        name = name.strip()
        given = list(dict.fromkeys(value.strip() for value in listed.split(",")))
        if not equals or "" in given:
            problems.append(
                f'--vary is "{text}", but must be KNOB=VALUE,VALUE, such as activation=relu,tanh'
            )
        elif name not in KNOBS:
            problems.append(f"--vary: {unknown(name, KNOBS)}")
        elif name in values:
            problems.append(f"--vary: {name} is varied twice: give all its values at once")
        else:
            values[name] = given
            for value in given:
                try:
                    Experiment.of({name: value}, "--vary")
                except InputError as error:
                    problems += error.problems
    if problems:
        raise InputError(problems)
    count = prod(len(given) for given in values.values())
    if count > MOST_RUNS:
        raise InputError(
            f"--vary asks for {count} runs, but at most {MOST_RUNS} are made: "
            "take out some of the values"
        )
    return [
        (", ".join(chosen), base.switch(dict(zip(values, chosen, strict=True))))
        for chosen in product(*values.values())
    ]


# -- doing it, with progress --------------------------------------------------------------------


def compared(runs: Sequence[tuple[str, "Experiment"]], steps: int) -> dict[str, Any]:
    """Train all runs, with a line of progress, and give back the comparison."""
    from gradsim.insight.compare import compare  # noqa: PLC0415

    progress = Progress()

    def tell(index: int, done: int, loss: float | None) -> None:
        if done % 10 == 0:
            name = runs[index][0]
            progress.show(
                f"run {index + 1} of {len(runs)}, {name}: step {done} of {steps}, loss {loss:.4g}"
            )

    try:
        with one_thread():
            return compare(runs, steps, tell)
    finally:
        progress.clear()


def show(comparison: dict[str, Any], *, as_json: bool, as_csv: bool = False) -> None:
    """Write a comparison to stdout."""
    from gradsim.insight.report import jsonable  # noqa: PLC0415

    if as_json:
        click.echo(json.dumps(jsonable(comparison), indent=2, allow_nan=False))
    elif as_csv:
        click.echo(csv_runs(comparison), nl=False)
    else:
        click.echo(text(comparison))


# -- as text and as CSV -------------------------------------------------------------------------

_COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("", "shape", 11),
    ("reach", "decades", 8),
    ("slope", "/layer", 7),
    ("", "loss", 9),
    ("held-", "out", 7),
    ("gradient", "norm", 9),
    ("oscil-", "lation", 8),
)
"""The two lines of each head, and the width."""


def text(comparison: dict[str, Any]) -> str:
    """Two rows for each run, its start and its end; then the knobs in which they differ.

    Where a name does not fit, the runs are called A, B, C in the table.
    """
    runs, steps = comparison["runs"], comparison["steps"]
    labels = [wrap(run["name"], LABEL - 1, break_long_words=False) for run in runs]
    if all(len(parts) <= 2 and all(len(part) < LABEL for part in parts) for parts in labels):
        explained = [(run["name"], run) for run in runs if not _says_all(run)]
    else:
        labels = [[letter] for letter in ascii_uppercase[: len(runs)]]
        explained = [
            (f"{letter}, {run['name']}", run)
            for letter, run in zip(ascii_uppercase, runs, strict=False)
        ]
    lines = [
        _line("", "", (top for top, _, _ in _COLUMNS)),
        _line("run", "step", (end for _, end, _ in _COLUMNS)),
    ]
    for label, run in zip(labels, runs, strict=True):
        first, second = (*label, "", "")[:2]
        lines.append(_line(first, "0", [*_cells(run["start"]), ""]))
        if steps:
            lines.append(_line(second, f"{steps}", [*_cells(run["end"]), _oscillation(run)]))
        elif second:
            lines.append(second)
    knobs = [line for name, run in explained for line in _knobs_of(name, run)]
    return "\n".join([*lines, *([""] if knobs else []), *knobs])


def _says_all(run: Mapping[str, Any]) -> bool:
    """Whether the name is made of all values that differ, as under --vary."""
    return len(run["name"].split(", ")) == len(run["knobs"])


def _oscillation(run: Mapping[str, Any]) -> str:
    from gradsim.cli.tables import short  # noqa: PLC0415

    return short(run["oscillation"], ".2g")


def _knobs_of(name: str, run: Mapping[str, Any]) -> list[str]:
    from gradsim.cli.knobs import shown  # noqa: PLC0415
    from gradsim.cli.tables import wrapped  # noqa: PLC0415

    knobs = ", ".join(f"{knob} {shown(value)}" for knob, value in run["knobs"].items())
    return wrapped(name, knobs or "as all the others")


def _line(label: str, step: str, cells: Iterable[str]) -> str:
    padded = (cell.rjust(width) for cell, (_, _, width) in zip(cells, _COLUMNS, strict=True))
    return (label.ljust(LABEL) + step.rjust(7) + "".join(padded)).rstrip()


def _cells(state: Mapping[str, Any]) -> list[str]:
    from gradsim.cli.tables import short  # noqa: PLC0415

    return [
        state["shape"],
        short(state["reach_decades"], "+.1f"),
        short(state["slope"], "+.2f"),
        short(state["loss"], ".3g"),
        short(state["held_out_accuracy"], ".3f"),
        short(state["grad_norm"], ".2g"),
    ]


def csv_runs(comparison: dict[str, Any]) -> str:
    """A row for each run: name, the knobs that differ, start, end, oscillation."""
    from gradsim.insight.compare import STATE_COLUMNS  # noqa: PLC0415
    from gradsim.insight.csv_text import csv_of  # noqa: PLC0415

    header = [
        "name",
        *comparison["knobs"],
        *(f"{when}_{name}" for when in ("start", "end") for name in STATE_COLUMNS),
        "oscillation",
    ]
    return csv_of(
        header,
        (
            [
                run["name"],
                *run["knobs"].values(),
                *(run[when][name] for when in ("start", "end") for name in STATE_COLUMNS),
                run["oscillation"],
            ]
            for run in comparison["runs"]
        ),
    )
