"""`gradsim grade`: the verdict held against theory on networks drawn at random."""

import json
from time import perf_counter
from typing import TYPE_CHECKING

import click

from gradsim.cli.knobs import whole
from gradsim.cli.terminal import FAILED, Progress, note

if TYPE_CHECKING:
    from gradsim.insight.grades import Grades

MOST = 10_000


@click.command(
    short_help="Hold the verdict against theory on networks drawn at random.",
    epilog="Exit code 0 where micro-averaged precision and recall are at least 0.95, 1 where they "
    "are not, 2 for bad input.",
)
@click.option("--networks", default="300", metavar="N", help="How many. Default: 300.")
@click.option("--seed", default="0", metavar="N", help="What they are drawn from. Default: 0.")
@click.option(
    "--steps",
    default="60",
    metavar="N",
    help="Training steps of each, to see whether its first layers move; 0 trains none. "
    "Default: 60.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.pass_context
def grade(context: click.Context, networks: str, seed: str, steps: str, as_json: bool) -> None:
    """Draw networks of every kind, label each by mean-field theory, and judge it by its gradient.

    Depth 3 to 100, width 16 to 256; activation, initializer, gain, biases, normalization, skips,
    data, loss and its factor, number format vary. The table tells how often verdict and theory
    agree. Each network is then really trained, as the verdict is about what the first layers get.
    """
    size = whole("--networks", networks, 1, MOST)
    number = whole("--seed", seed, 0, 2**31 - 1)
    count = whole("--steps", steps, 0, MOST)

    from gradsim.insight.corpus import corpus  # noqa: PLC0415
    from gradsim.insight.grades import grades, plain  # noqa: PLC0415
    from gradsim.insight.report import jsonable  # noqa: PLC0415
    from gradsim.insight.workers import Workers, cores  # noqa: PLC0415

    progress, begun = Progress(), perf_counter()
    try:
        with Workers() as workers:
            found = corpus(
                number,
                size,
                count,
                workers,
                lambda done: progress.show(f"network {done} of {size}"),
            )
    finally:
        progress.clear()
    marks = grades(found.examples)
    if as_json:
        click.echo(json.dumps(jsonable(plain(found, number, count)), indent=2, allow_nan=False))
    else:
        click.echo("\n".join(table(marks, len(found.examples), found.without_theory, count)))
    note(f"{size} networks in {perf_counter() - begun:.1f} s on {cores()} cores, seed {number}")
    if not marks.passed:
        context.exit(FAILED)


def table(marks: "Grades", networks: int, without_theory: int, steps: int) -> list[str]:
    """The grades as text, 80 columns."""
    from gradsim.cli.tables import wrapped  # noqa: PLC0415
    from gradsim.insight.grades import CLASSES, DEFINITIONS, SHAPES  # noqa: PLC0415

    def line(name: str, cells: list[str]) -> str:
        return f"{name:<18}" + "".join(f"{cell:>12}" for cell in cells)

    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    lines = [
        line("theory \\ verdict", list(SHAPES)),
        *(line(name, [str(marks.confusion[name][s]) for s in SHAPES]) for name in CLASSES),
        "",
        line("", [*CLASSES, "all (micro)"]),
        line("precision", [*map(share, map(marks.precision_of, CLASSES)), share(marks.precision)]),
        line("recall", [*map(share, map(marks.recall_of, CLASSES)), share(marks.recall)]),
        "",
        *wrapped(
            "networks",
            f"{networks} that theory predicts, {marks.scored} of them scored; for "
            f"{without_theory} others there is no theory",
        ),
    ]
    if steps:
        lines += [
            "",
            f"after {steps} steps of SGD",
            line("by verdict", ["networks", "first move", "first/last", "loss falls"]),
            *(
                line(
                    shape,
                    [str(row.count), f"{row.moves:.0%}", f"{row.ratio:.2g}", f"{row.learns:.0%}"],
                )
                for shape, row in marks.learning.items()
            ),
        ]
    lines.append("")
    for name, words in DEFINITIONS.items():
        lines += wrapped(name, words)
    for example in marks.disagreements:
        lines += wrapped(
            f"network {example.index}",
            f"theory {example.label} ({example.predicted:+.2f} decades), verdict {example.shape} "
            f"({example.measured:+.2f})",
        )
    return lines
