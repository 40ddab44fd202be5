"""`gradsim run`: train without a picture, and give the numbers out."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from gradsim.cli.comparison import MOST_RUNS, compared, show, varied
from gradsim.cli.knobs import KnobCommand, set_option, whole
from gradsim.cli.terminal import Progress, note
from gradsim.cli.threads import one_thread
from gradsim.errors import InputError
from gradsim.files import check_place
from gradsim.numbers import counted

if TYPE_CHECKING:
    from gradsim.experiment.experiment import Experiment
    from gradsim.simulation.session import Session

DEFAULT_STEPS = 100
MOST_STEPS = 1_000_000
ENDING = ".npz"


@click.command(
    cls=KnobCommand,
    short_help="Train without a picture; numbers to stdout.",
    epilog="What is not a number or infinite is null in JSON, with the reason under `nulls`, and "
    "NaN or inf in CSV. Updates are NaN before the first.",
)
@click.argument("experiment", metavar="[EXPERIMENT.toml]", required=False)
@set_option
@click.option(
    "--steps",
    default=str(DEFAULT_STEPS),
    metavar="N",
    help=f"Training steps; 0 shows the untouched start. Default: {DEFAULT_STEPS}.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="A row for each layer, as CSV.")
@click.option("--history", is_flag=True, help="With --csv: a row for each step instead.")
@click.option(
    "--until",
    multiple=True,
    metavar="CONDITION",
    help="Stop before --steps where this happens: verdict (it changes), clip, not-finite, or a "
    "quantity of the report that crosses a value: loss<1, grad_norm>100, delta_norm@1>1e-6. "
    "Several are possible; it is said which one it was.",
)
@click.option(
    "--vary",
    multiple=True,
    metavar="KNOB=A,B",
    help="Train once for each of these values and compare; several make the product, up to "
    f"{MOST_RUNS} runs.",
)
@click.option(
    "--save",
    metavar="STATE.npz",
    help="Write the state there at the end: parameters, gradients, and all that goes on from them.",
)
@click.option("--load", metavar="STATE.npz", help="Start from a state written by --save.")
@click.option(
    "--memory",
    metavar="MIB",
    help="Memory for rewinding and for the numbers of each layer at earlier steps, besides the "
    "network itself. Default: 384. What was used is in --json.",
)
@click.option(
    "--details",
    metavar="LAYERS",
    help="With --json: histograms, quantiles and more of these layers: 3, 1,5,output, or all.",
)
@click.option(
    "--details-every",
    metavar="K",
    help="With --details: at every K-th step too, not only at the end.",
)
def run(
    experiment: str | None,
    settings: tuple[str, ...],
    steps: str,
    as_json: bool,
    as_csv: bool,
    history: bool,
    until: tuple[str, ...],
    vary: tuple[str, ...],
    save: str | None,
    load: str | None,
    memory: str | None,
    details: str | None,
    details_every: str | None,
    **knobs: str | None,
) -> None:
    """Train a network and print its layers and the verdict on its gradients.

    EXPERIMENT.toml has a table [experiment] of knobs; a scenario is such a file, and its name is
    enough. Options set knobs anew. Data goes to stdout, words go to stderr. The gradients shown are
    those of the next batch.
    """
    if as_json and as_csv:
        raise InputError("--json and --csv exclude each other: give one of them")
    if history and not as_csv:
        raise InputError("--history goes with --csv only")
    if history and vary:
        raise InputError("--history is of one run: leave out --vary, or --history")
    count = whole("--steps", steps, 0, MOST_STEPS)
    if details and not as_json:
        raise InputError("--details goes with --json only")
    if details_every and not details:
        raise InputError("--details-every goes with --details only")
    from gradsim.cli.opening import asked_for, opened  # noqa: PLC0415

    if vary:
        if save is not None or load is not None or details or until or memory:
            raise InputError(
                "--save, --load, --memory, --details and --until are of one run: leave out --vary"
            )
        base = asked_for(settings, knobs, experiment)
        _vary(varied(base, vary), count, as_json=as_json, as_csv=as_csv)
        return
    if save is not None:
        _check_state(save)
    every = whole("--details-every", details_every, 1, MOST_STEPS) if details_every else None

    from gradsim.cli.tables import text  # noqa: PLC0415
    from gradsim.insight.csv_text import csv_history, csv_layers  # noqa: PLC0415
    from gradsim.insight.first_cause import first_cause  # noqa: PLC0415
    from gradsim.insight.report import jsonable, report  # noqa: PLC0415

    with one_thread():
        session = opened(settings, knobs, load, memory, experiment)
        close_look = CloseLook(session, details, every) if details else None
        stop = Stop(session, until) if until else None
        seconds = _train(session, count, close_look, stop)
        numbers: dict[str, Any] = report(session)
        use = session.memory
        numbers["memory"] = asdict(use) | {"used": use.used}
        if close_look:
            numbers["details"] = close_look.seen()
        if stop:
            numbers["stopped"] = stop.reasons
        cause = None if as_json or as_csv else first_cause(session)
    if as_json:
        click.echo(json.dumps(jsonable(numbers), indent=2, allow_nan=False))
    elif as_csv:
        click.echo(csv_history(numbers) if history else csv_layers(numbers), nl=False)
    else:
        click.echo(text(numbers, cause))
    if save:  # last, so that a full disk takes no number away
        _save(session, Path(save))
    done = len(numbers["history"]["step"]) - 1
    note(f"{counted(done, 'training step')} in {seconds:.1f} s")
    if stop:
        note("; ".join(stop.reasons) or f"none of these has happened: {', '.join(until)}")


def _check_state(name: str) -> None:
    """Raises InputError where no state can be written, before anything is computed."""
    path = Path(name)
    new = not name or path.is_file() or not path.exists()  # a pipe or a device keeps its name
    if new and not name.endswith(ENDING):
        raise InputError(f'--save is "{name}", but the name of a state ends in {ENDING}')
    check_place(path)


def _save(session: "Session", path: Path) -> None:
    from gradsim.simulation.state import save  # noqa: PLC0415

    with one_thread():
        save(session, path)


def _vary(runs: "list[tuple[str, Experiment]]", count: int, *, as_json: bool, as_csv: bool) -> None:
    begun = perf_counter()
    show(compared(runs, count), as_json=as_json, as_csv=as_csv)
    note(
        f"{counted(len(runs), 'run')} of {counted(count, 'step')} in {perf_counter() - begun:.1f} s"
    )


class CloseLook:
    """Looks closely at some layers, at the end of a run and at every k-th step before."""

    def __init__(self, session: "Session", layers: str, every: int | None) -> None:
        from gradsim.insight.details import layers_of  # noqa: PLC0415

        self.session, self.every = session, every
        self.layers = layers_of(layers, session.experiment.hidden_layers)
        self._seen: list[dict[str, Any]] = []

    def step(self) -> None:
        """Look where a step to be looked at begins."""
        if self.every and self.session.cursor.step % self.every == 0:
            self._look()

    def seen(self) -> list[dict[str, Any]]:
        """All that was seen, the state now last."""
        if not self._seen or self._seen[-1]["step"] != self.session.cursor.step:
            self._look()
        return self._seen

    def _look(self) -> None:
        from gradsim.insight.details import details  # noqa: PLC0415

        self._seen += [details(self.session, layer) for layer in self.layers]


class Stop:
    """Conditions at which to stop; `reasons` says which have come to be."""

    def __init__(self, session: "Session", texts: Sequence[str]) -> None:
        from gradsim.insight.watch import Watch, parsed  # noqa: PLC0415

        self.session = session
        problems, conditions = [], []
        for text in texts:
            try:
                conditions.append(parsed(text, session.places))
            except InputError as error:
                problems += [f"--until: {problem}" for problem in error.problems]
        if problems:
            raise InputError(problems)
        self._watch = Watch(conditions)
        self.reasons: list[str] = []

    def reached(self) -> bool:
        """Whether any of them has come to be at the state of now."""
        step = self.session.look().step
        self.reasons = [
            f"step {step}: {said}" for said in self._watch.happened(self.session.run, step)
        ]
        return bool(self.reasons)


def _train(
    session: "Session",
    count: int,
    close_look: CloseLook | None = None,
    stop: Stop | None = None,
) -> float:
    """Go on by so many steps, or until it is to stop; the seconds it took."""
    from gradsim.simulation.actions import Advance, Grain  # noqa: PLC0415

    progress, begun = Progress(), perf_counter()
    last = begun
    try:
        for done in range(count):
            if stop and stop.reached():
                break
            if close_look:
                close_look.step()
            session.do(Advance(Grain.STEP))
            now = perf_counter()
            if now - last > 0.1:
                last = now
                progress.show(f"step {done + 1} of {count}, loss {session.past()[-1].loss:.4g}")
        else:
            if stop:
                stop.reached()
    finally:
        progress.clear()
    return perf_counter() - begun
