"""`gradsim bench`: how long a recorded training step takes, beside what else could make it."""

import json
from dataclasses import asdict
from functools import partial
from platform import machine, python_version
from typing import TYPE_CHECKING, Any

import click

from gradsim.cli.contest.case import DTYPES, KINDS, SIZES, Case, sized
from gradsim.cli.knobs import whole
from gradsim.cli.terminal import Progress, note
from gradsim.cli.threads import one_thread
from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.cli.contest.rounds import Ratio, Times

MOST_ROUNDS = 1000


@click.command(
    short_help="Time a recorded training step beside bare matrix products, PyTorch and JAX.",
    epilog="PyTorch and JAX are measured where they are installed: pip install torch jax.",
)
@click.option(
    "--size", "sizes", multiple=True, metavar="DEPTHxWIDTHxBATCH",
    help=f"Networks to measure, as often as you like. Default: {', '.join(SIZES)}.",
)  # fmt: skip
@click.option(
    "--kind", "kinds", multiple=True, metavar="|".join(KINDS),
    help="plain: ReLU, SGD; full: with batch norm, residual skips and Adam. Default: both.",
)  # fmt: skip
@click.option(
    "--dtype", "dtypes", multiple=True, metavar="|".join(DTYPES),
    help="Number format. Default: both.",
)  # fmt: skip
@click.option("--rounds", default="15", metavar="N", help="Turns of each. Default: 15.")
@click.option("--without", multiple=True, metavar="NAME", help="Leave out torch or jax.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def bench(
    sizes: tuple[str, ...],
    kinds: tuple[str, ...],
    dtypes: tuple[str, ...],
    rounds: str,
    without: tuple[str, ...],
    as_json: bool,
) -> None:
    """Time one training step with all its numbers recorded, one run, one thread.

    Beside it stand the bare matrix products of the same network: three for each layer, into buffers
    that are there. `ours/bare` tells how many times longer the whole step takes; `torch/ours` and
    `jax/ours` how many times longer those take for the same step with the same numbers. They take
    turns; shown is the median over the rounds, with its quartiles.
    """
    for option, given, known in (("--kind", kinds, KINDS), ("--dtype", dtypes, DTYPES)):
        for value in given:
            if value not in known:
                raise InputError(f'{option} is "{value}", but must be one of {", ".join(known)}')
    count = whole("--rounds", rounds, 1, MOST_ROUNDS)
    cases = [
        Case(*sized(size), kind=kind, dtype=dtype)
        for dtype in dtypes or DTYPES
        for kind in kinds or KINDS
        for size in sizes or SIZES
    ]

    from gradsim.cli.contest.contestants import contestants  # noqa: PLC0415
    from gradsim.cli.contest.rounds import measured  # noqa: PLC0415

    able = {name: make for name, make in contestants().items() if name not in without}
    progress, rows = Progress(), []
    if not as_json:
        click.echo(_head(list(able)))
    for case in cases:
        title = f"{case.size} {case.kind} {case.dtype}"
        progress.show(title)
        told = partial(_tell, progress, title, count)
        with one_thread():
            times = measured({name: make(case) for name, make in able.items()}, count, told)
        progress.clear()
        rows.append(_row(case, times))
        if not as_json:
            click.echo(_line(case, times))
    if as_json:
        click.echo(json.dumps({"machine": _machine(), "rounds": count, "cases": rows}, indent=2))
    else:
        note(f"{count} rounds, one thread; {_machine()}")


def _tell(progress: Progress, title: str, rounds: int, done: int) -> None:
    progress.show(f"{title}: round {done} of {rounds}")


def _compared(times: "dict[str, Times]") -> "dict[str, Ratio]":
    from gradsim.cli.contest.rounds import ratio  # noqa: PLC0415

    ours = times["gradsim"]
    others = {f"{n}/ours": ratio(t, ours) for n, t in times.items() if n in ("torch", "jax")}
    return {"ours/bare": ratio(ours, times["products"]), **others}


def _head(names: list[str]) -> str:
    ratios = ["ours/bare", *(f"{name}/ours" for name in names if name in ("torch", "jax"))]
    cells = "".join(f"{name:>19}" for name in ratios)
    return f"{'size':<12}{'kind':<6}{'dtype':<9}{'ours ms':>9}{cells}"


def _line(case: Case, times: "dict[str, Times]") -> str:
    cells = "".join(
        f"{r.median:>8.2f} {f'({r.low:.2f}-{r.high:.2f})':>10}" for r in _compared(times).values()
    )
    ours = 1e3 * times["gradsim"].median
    return f"{case.size:<12}{case.kind:<6}{case.dtype:<9}{ours:>9.3f}{cells}"


def _row(case: Case, times: "dict[str, Times]") -> dict[str, Any]:
    return {
        **asdict(case),
        "seconds": {name: {"median": t.median, "best": t.best} for name, t in times.items()},
        "ratios": {name: asdict(ratio) for name, ratio in _compared(times).items()},
    }


def _machine() -> str:
    import numpy as np  # noqa: PLC0415

    return f"{machine()}, Python {python_version()}, NumPy {np.__version__}"
