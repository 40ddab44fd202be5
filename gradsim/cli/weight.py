"""`gradsim weight`: what the gradient of one weight says, and what the loss really does."""

import json
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from gradsim.cli.knobs import KnobCommand, set_option, whole
from gradsim.cli.threads import one_thread
from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.insight.weight import Probe, Weight
    from gradsim.nn.network import LayerName

CHART_LINES = 18


@click.command(
    cls=KnobCommand,
    short_help="What the gradient of one weight says; the loss over that weight.",
    epilog="Indices count from 0, as in the state file: --index 5,7 is the weight from input 7 to "
    "unit 5. The gradient is that of the next batch, before clipping.",
)
@click.argument("experiment", metavar="[EXPERIMENT.toml]", required=False)
@set_option
@click.option("--layer", default="1", metavar="LAYER", help="1 to depth, or output. Default: 1.")
@click.option(
    "--parameter",
    default="weight",
    metavar="NAME",
    help="weight, bias, norm.weight, skip.alpha, ... as the layer has them. Default: weight.",
)
@click.option("--index", metavar="I,J", help="Which entry of it.")
@click.option(
    "--largest", is_flag=True, help="The entry whose gradient is the largest: so without --index."
)
@click.option(
    "--nudge", default="0.001", metavar="NUMBER", help="How far to move it. Default: 0.001."
)
@click.option(
    "--steps", default="0", metavar="N", help="Training steps before the look. Default: 0."
)
@click.option("--load", metavar="STATE.npz", help="Start from a state written by run --save.")
@click.option("--json", "as_json", is_flag=True, help="Numbers and the curve, as JSON.")
def weight(
    experiment: str | None,
    settings: tuple[str, ...],
    layer: str,
    parameter: str,
    index: str | None,
    largest: bool,
    nudge: str,
    steps: str,
    load: str | None,
    as_json: bool,
    **knobs: str | None,
) -> None:
    """Move one weight and see whether the loss does what its gradient foretells.

    The loss is run again with the weight at other values: after the nudge, a little to each side
    (the slope without backpropagation), and along a curve, drawn with the tangent whose slope is
    the gradient. EXPERIMENT.toml has a table [experiment] of knobs; a scenario is such a file, and
    its name is enough.
    """
    if largest and index:
        raise InputError("--index and --largest exclude each other: give one of them")
    count, moved = whole("--steps", steps, 0, 1_000_000), _nudge(nudge)

    from gradsim.cli.opening import opened  # noqa: PLC0415
    from gradsim.cli.tables import WIDTH  # noqa: PLC0415
    from gradsim.insight.report import jsonable  # noqa: PLC0415
    from gradsim.insight.study import plain, study  # noqa: PLC0415
    from gradsim.insight.weight import Probe  # noqa: PLC0415
    from gradsim.simulation.actions import Advance, Grain  # noqa: PLC0415
    from gradsim.view.lines import plain as text  # noqa: PLC0415
    from gradsim.view.weight import chart  # noqa: PLC0415
    from gradsim.view.weight_words import sentences, title  # noqa: PLC0415

    with one_thread():
        session = opened(settings, knobs, load, experiment=experiment)
        place = _layer(layer, session.experiment.hidden_layers)
        session.do(Advance(Grain.STEP, count))
        probe = Probe(session)
        found = study(probe, _weight(probe, place, parameter, index), moved, nudged=True)
    if as_json:
        numbers = plain(found)
        numbers["experiment"] = session.experiment.settings()
        numbers["sentences"] = sentences(found)
        click.echo(json.dumps(jsonable(numbers), indent=2, allow_nan=False))
        return
    lines = [
        *wrap(f"{title(found)}, step {found.step}", WIDTH),
        *(line for said in sentences(found) for line in wrap(said, WIDTH)),
        "",
        *(line.rstrip() for line in text(chart(found, WIDTH, CHART_LINES, "braille")).split("\n")),
    ]
    click.echo("\n".join(lines))


def _layer(given: str, depth: int) -> "LayerName":
    if given.strip() == "output":
        return "output"
    if not (given.strip().isdecimal() and 1 <= int(given) <= depth):
        raise InputError(f'--layer is "{given}", but must be 1 to {depth}, or output')
    return int(given)


def _weight(probe: "Probe", layer: "LayerName", parameter: str, index: str | None) -> "Weight":
    if index is None:
        return probe.largest(layer, parameter)
    words = [word.strip() for word in index.split(",")]
    if not all(word.isdecimal() and len(word) < 20 for word in words):
        raise InputError(
            f'--index is "{index}", but must be whole numbers with commas between, such as 5,7'
        )
    return probe.weight(layer, parameter, tuple(int(word) for word in words))


def _nudge(given: str) -> float:
    try:
        value = float(given)
    except ValueError:
        value = float("nan")
    if not 0.0 < abs(value) < float("inf"):
        raise InputError(f'--nudge is "{given}", but must be a number other than 0, such as 0.001')
    return value
