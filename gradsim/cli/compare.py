"""`gradsim compare`: experiments side by side, trained for as many steps on the same seed."""

from time import perf_counter
from typing import TYPE_CHECKING

import click

from gradsim.cli.comparison import MOST_RUNS, compared, show
from gradsim.cli.knobs import whole
from gradsim.cli.named import are_knobs_alone, found
from gradsim.cli.run import DEFAULT_STEPS, MOST_STEPS
from gradsim.cli.terminal import note
from gradsim.errors import InputError
from gradsim.numbers import counted

if TYPE_CHECKING:
    from gradsim.experiment.experiment import Experiment

FEWEST = 2


@click.command(short_help="Train experiments side by side, and print what became of each.")
@click.argument("experiments", metavar="A B [C]...", nargs=-1)
@click.option(
    "--steps",
    default=str(DEFAULT_STEPS),
    metavar="N",
    help=f"Training steps of each; 0 compares the untouched starts. Default: {DEFAULT_STEPS}.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def compare(experiments: tuple[str, ...], steps: str, as_json: bool) -> None:
    """Compare experiments, each of them `default`, a TOML file with an [experiment] table, the
    name of a scenario that comes with gradsim, or knobs such as activation=relu,depth=10.

    mine.toml,activation=relu is the experiment of a file with knobs set anew; knobs alone are set
    on the default one. All get the seed of the first: `gradsim run --vary seed=0,1,2` compares
    seeds. Data goes to stdout, words go to stderr.
    """
    count = whole("--steps", steps, 0, MOST_STEPS)
    if not FEWEST <= len(experiments) <= MOST_RUNS:
        raise InputError(
            f"compare takes {FEWEST} to {MOST_RUNS} experiments, but has {len(experiments)}; "
            "such as gradsim compare default activation=relu"
        )
    runs: list[tuple[str, Experiment]] = []
    problems: list[str] = []
    for name in experiments:
        try:
            runs.append((name, found(name)))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    seed = runs[0][1].seed
    others = [name for name, experiment in runs if experiment.seed != seed]
    runs = [(name, experiment.switch({"seed": seed})) for name, experiment in runs]

    begun = perf_counter()
    show(compared(runs, count), as_json=as_json)
    if alone := [name for name in experiments if are_knobs_alone(name)]:
        first = next((name for name in experiments if name not in ("default", *alone)), "")
        if first and "," not in first:
            note(
                f"{', '.join(alone)}: set on the default experiment; "
                f"{first},{alone[0]} sets {'them' if ',' in alone[0] else 'it'} on {first}"
            )
    if others:
        note(f"seed {seed}, that of the first, for {', '.join(others)} too")
    note(
        f"{counted(len(runs), 'run')} of {counted(count, 'step')} in {perf_counter() - begun:.1f} s"
    )
