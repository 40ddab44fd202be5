"""`gradsim diagnose --remedies`: the search on all cores, its progress, and its table."""

import shlex
import sys
from typing import TYPE_CHECKING

from gradsim.cli.screen import columns
from gradsim.cli.terminal import Progress, complain

if TYPE_CHECKING:
    from gradsim.experiment.experiment import Experiment
    from gradsim.insight.remedies.search import Search
    from gradsim.view.lines import Line

NARROWEST, WIDEST = 80, 120


def searched(experiment: "Experiment") -> "Search":
    """Try remedies for an experiment in worker processes; how far they are is told on stderr."""
    from gradsim.insight.remedies.search import Search  # noqa: PLC0415
    from gradsim.insight.workers import Workers  # noqa: PLC0415
    from gradsim.view.lines import plain  # noqa: PLC0415
    from gradsim.view.remedies import progress  # noqa: PLC0415

    shown = Progress()
    try:
        with Workers() as workers:
            search = Search(experiment, workers)
            while not search.over:
                search.poll()
                shown.show(plain([progress(search, NARROWEST - 1)]).rstrip())
                search.wait(1.0)
    finally:
        shown.clear()
    if search.problem:
        complain([search.problem])
    return search


def lines(search: "Search") -> "list[Line]":
    """What was tried, the table, and how the best is applied."""
    from gradsim.cli.tables import wrapped  # noqa: PLC0415
    from gradsim.view.remedies import head, table, tried_words  # noqa: PLC0415

    width = min(max(columns(sys.stdout), NARROWEST), WIDEST) if sys.stdout.isatty() else NARROWEST
    rows = table(search, width)
    if not rows:
        return []
    return [
        *(((line, ""),) for line in wrapped("remedies", tried_words(search))),
        head(search, width),
        *(row.line for row in rows),
        *(
            ((line, ""),)
            for name, why in search.left_out.items()
            for line in wrapped("left out", f"{name}: {why}")
        ),
        *(((line, ""),) for line in _applied(search)),
    ]


def _applied(search: "Search") -> list[str]:
    from gradsim.cli.tables import wrapped  # noqa: PLC0415

    ranked = search.ranked()
    if not ranked:
        return []
    best = ranked[0]
    if not best.finite or (best.gain or 0.0, best.loss_gain) <= (0.0, 0.0):
        return wrapped(
            "remedies", "nothing that was tried does better than the experiment as it is"
        )
    # Options of their own, as these win over --set: the command can simply be made longer by them.
    flags = (
        f"--{name} {shlex.quote(str(value))}"
        for name, value in best.tried.candidate.changes.items()
    )
    return wrapped("to apply the first", " ".join(flags))
