"""`gradsim diagnose`: the verdict on an experiment's gradient, and which part of it did it."""

import json
import sys
from textwrap import wrap

import click

from gradsim.cli.fitting import told
from gradsim.cli.knobs import KnobCommand, changes, set_option, whole
from gradsim.cli.named import found
from gradsim.cli.remedies import lines as lines_of_search
from gradsim.cli.remedies import searched
from gradsim.cli.screen import colored
from gradsim.cli.terminal import FAILED
from gradsim.cli.threads import one_thread


@click.command(
    cls=KnobCommand,
    short_help="Say what the gradient does, and why; exit 0 if healthy.",
    epilog="Exit code 0 where the verdict is healthy, 1 where it is not, 2 for bad input.",
)
@click.argument("experiment", metavar="[EXPERIMENT.toml]", required=False)
@set_option
@click.option(
    "--steps",
    default="0",
    metavar="N",
    help="Training steps before the look; 0 is the untouched start. Default: 0.",
)
@click.option(
    "--remedies",
    is_flag=True,
    help="Try what may help, alone and in pairs, by real training on all cores, and rank it.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything found, as JSON.")
@click.pass_context
def diagnose(
    context: click.Context,
    /,
    experiment: str | None,
    settings: tuple[str, ...],
    steps: str,
    remedies: bool,
    as_json: bool,
    **knobs: str | None,
) -> None:
    """Say what the gradient does over depth, and which part of which layer does it.

    EXPERIMENT.toml has a table [experiment] of knobs; a scenario is such a file, and its name is
    enough. Options set knobs anew. The ledger goes from the head back to layer 1: along a path the
    change of the gradient's norm, in decades, splits exactly into weights, activation slope,
    normalization and skip.
    """
    count = whole("--steps", steps, 0, 1_000_000)
    asked = changes(settings, knobs)

    from gradsim.cli.tables import WIDTH, cause_lines, wrapped  # noqa: PLC0415
    from gradsim.experiment.experiment import Experiment  # noqa: PLC0415
    from gradsim.insight.clip_advisor import advise  # noqa: PLC0415
    from gradsim.insight.clip_advisor import plain as plain_advice  # noqa: PLC0415
    from gradsim.insight.first_cause import first_cause  # noqa: PLC0415
    from gradsim.insight.first_cause import plain as plain_cause  # noqa: PLC0415
    from gradsim.insight.recurrence import words as time_words  # noqa: PLC0415
    from gradsim.insight.remedies.plain import plain as plain_search  # noqa: PLC0415
    from gradsim.insight.report import jsonable, report  # noqa: PLC0415
    from gradsim.insight.theory.result import lines as lines_of  # noqa: PLC0415
    from gradsim.simulation.actions import Advance, Grain  # noqa: PLC0415
    from gradsim.simulation.session import Session  # noqa: PLC0415

    base = found(experiment) if experiment is not None else Experiment.of({})
    with one_thread():
        session = Session(told(base.switch(asked), asked))
        session.do(Advance(Grain.STEP, count))
        numbers = report(session)
        advice, cause = advise(session), first_cause(session)
    verdict, ledger = numbers["verdict"], numbers["ledger"]
    if as_json:
        shown = {
            key: numbers[key]
            for key in ("schema", "experiment", "verdict", "ledger", "theory", "time")
        }
        shown["clip_advice"] = plain_advice(advice)
        if cause:
            shown["first_cause"] = plain_cause(cause)
        if remedies:
            shown["remedies"] = plain_search(searched(session.experiment))
        click.echo(json.dumps(jsonable(shown), indent=2, allow_nan=False))
    else:
        theory = [] if numbers["time"] else lines_of(numbers["theory"])
        lines = [
            *wrapped(verdict["shape"], verdict["evidence"]["sentence"]),
            *cause_lines(cause),
            *wrapped("why", ledger["sentence"]),
            *(line for words in time_words(numbers["time"]) for line in wrapped("time", words)),
            *(line for head, words in theory for line in wrapped(head, words)),
            "",
            *(
                line
                for block in ledger["blocks"]
                for line in wrap(block["sentence"], WIDTH, subsequent_indent="  ")
            ),
            *(line for note in verdict["notes"] for line in wrapped("note", note["sentence"])),
            *(line for words in advice.sentences for line in wrapped("clipping", words)),
        ]
        click.echo("\n".join(lines))
        if remedies:
            search = searched(session.experiment)
            click.echo("\n".join(["", *colored(lines_of_search(search), sys.stdout)]))
    if verdict["shape"] != "healthy":
        context.exit(FAILED)
