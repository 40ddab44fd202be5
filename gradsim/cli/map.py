"""`gradsim map`: one number over two knobs, as a picture that fills in, as CSV and as JSON."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from gradsim.cli.fitting import told
from gradsim.cli.knobs import KnobCommand, changes, set_option, whole
from gradsim.cli.named import found
from gradsim.cli.run import MOST_STEPS
from gradsim.cli.screen import Block, colored, columns
from gradsim.cli.terminal import note
from gradsim.errors import InputError, nearest

if TYPE_CHECKING:
    from gradsim.insight.map.plan import Plan
    from gradsim.insight.map.store import MapFile
    from gradsim.insight.map.survey import Survey
    from gradsim.view.map_picture import Picture

DEFAULT_X = "initializer-gain=0.5:3:40"
DEFAULT_Y = "depth=5:100:40"
REDRAWN_EVERY = 0.2
"""Seconds between two pictures while it fills in."""


@click.command(
    cls=KnobCommand,
    name="map",
    short_help="Draw where gradients vanish and explode, over any two knobs.",
    epilog="In the file, what is not a number is NaN, what is infinite inf, and what was not "
    "measured empty. In JSON they are null, with the reason under `nulls`.",
)
@click.argument("experiment", metavar="[EXPERIMENT.toml]", required=False)
@click.option(
    "--x",
    "x",
    default=DEFAULT_X,
    metavar="KNOB=LOW:HIGH:COUNT|KNOB=A,B,C",
    help="The knob from left to right: COUNT values in equal steps (with :log behind it in equal "
    f"factors), or those named. Default: {DEFAULT_X}.",
)
@click.option(
    "--y",
    "y",
    default=DEFAULT_Y,
    metavar="KNOB=LOW:HIGH:COUNT|KNOB=A,B,C",
    help=f"The knob from below to above. Default: {DEFAULT_Y}.",
)
@click.option(
    "--value",
    default="slope",
    metavar="slope|reach|loss|accuracy",
    help="What is shown: the slope of the activation gradient over depth (decades per layer), its "
    "reach from the last hidden layer to the first (decades), or loss or accuracy on the held-out "
    "rows. Default: slope.",
)
@click.option(
    "--steps",
    metavar="N",
    help="Training steps before it is measured. Default: 0, and 100 for loss and accuracy.",
)
@set_option
@click.option(
    "-o",
    "--output",
    metavar="MAP.csv",
    help="Keep a row for each cell there. A map that was broken off goes on from its file.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Measure on the Dask cluster whose scheduler is there, such as tcp://127.0.0.1:8786.",
)
def map_(
    experiment: str | None,
    x: str,
    y: str,
    value: str,
    steps: str | None,
    settings: tuple[str, ...],
    output: str | None,
    as_json: bool,
    dask: str | None,
    **knobs: str | None,
) -> None:
    """Draw a map: one number over any two knobs, each cell a real network built and run.

    Blue vanishes, orange explodes; each sign says how much, so that it reads without color too. The
    line is where theory expects neither. EXPERIMENT.toml has a table [experiment] of knobs; a
    scenario is such a file, and its name is enough.
    """
    asked = changes(settings, knobs)
    if output is not None and not output.endswith(".csv"):
        raise InputError(f'--output is "{output}", but the name of a map ends in .csv')
    count = None if steps is None else whole("--steps", steps, 0, MOST_STEPS)

    from gradsim.experiment.experiment import Experiment  # noqa: PLC0415
    from gradsim.insight.map.axes import read_axis  # noqa: PLC0415
    from gradsim.insight.map.plan import VALUES, plan  # noqa: PLC0415
    from gradsim.insight.map.store import MapFile  # noqa: PLC0415

    if value not in VALUES:
        raise InputError(
            f'--value is "{value}", but must be one of {", ".join(VALUES)}; '
            f"{nearest(value, VALUES)}"
        )
    base = found(experiment) if experiment is not None else Experiment.of({})
    base = told(base.switch(asked), asked)
    planned = plan(base, read_axis(x, "--x"), read_axis(y, "--y"), value, count)
    kept = MapFile(Path(output), planned) if output else None
    with kept or nullcontext():
        survey = _measured(planned, kept, dask)
    if as_json:
        from gradsim.insight.map.table import table  # noqa: PLC0415
        from gradsim.insight.report import jsonable  # noqa: PLC0415

        click.echo(json.dumps(jsonable(table(survey)), indent=2, allow_nan=False))
        return

    from gradsim.view.map import full  # noqa: PLC0415

    for line in colored(full(_picture(survey), columns(sys.stdout)), sys.stdout):
        click.echo(line)


def _measured(planned: "Plan", kept: "MapFile | None", dask: str | None) -> "Survey":
    """The survey with every cell known; those measured now are in the file."""
    from gradsim.insight.map.survey import Survey  # noqa: PLC0415
    from gradsim.view.map import draw  # noqa: PLC0415

    known = dict(kept.cells) if kept else {}
    block, begun, last = Block(), perf_counter(), 0.0
    missing = planned.places - len(known)
    if kept and known:
        note(f"{len(known)} of {planned.places} cells are known already")
    with _executor(dask if missing else None, missing) as (executor, at_once):
        survey = Survey(planned, executor, known, at_once)
        try:
            for cells in survey.run():
                if kept:
                    kept.add(cells)
                now = perf_counter()
                if now - last > REDRAWN_EVERY:
                    last = now
                    block.show(lambda w, h: draw(_picture(survey, _status(survey)), w, h))
        finally:
            survey.cancel()
            block.clear()
            if kept and not survey.done:
                note(
                    f"{len(survey.cells)} of {planned.places} cells are kept: "
                    "the same command goes on with the others"
                )
    if missing:
        note(f"{missing} cells in {perf_counter() - begun:.1f} s")
    return survey


@contextmanager
def _executor(dask: str | None, missing: int) -> Iterator[tuple[Executor, int | None]]:
    """Who measures: the cores of this machine, or a cluster; and for how many tasks at a time."""
    from gradsim.insight.workers import Workers, cores  # noqa: PLC0415

    if dask is not None:
        from gradsim.cli.cluster import cluster  # noqa: PLC0415

        with cluster(dask) as found_there:
            yield found_there
    else:
        with Workers(min(cores(), max(1, missing))) as workers:
            yield workers, None


def _picture(survey: "Survey", status: str = "") -> "Picture":
    from gradsim.insight.map.line import crossings  # noqa: PLC0415
    from gradsim.view.map_picture import Picture  # noqa: PLC0415

    planned = survey.plan
    x, y = planned.x, planned.y
    live = (x.place(planned.base.value(x.knob)), y.place(planned.base.value(y.knob)))
    line = crossings(survey.factors(), x, y)
    return Picture(planned, survey.cells, line, live, None, status)


def _status(survey: "Survey") -> str:
    left = survey.seconds_left
    told = f"{len(survey.cells)} of {survey.plan.places} cells"
    return told if left is None else f"{told}, {left:.0f} s left"
