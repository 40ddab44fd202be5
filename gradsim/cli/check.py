"""`gradsim check`: play scenarios and hold their expectations against what is measured."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradsim.cli.terminal import BAD_INPUT, FAILED, complain
from gradsim.cli.threads import one_thread
from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.scenario.checked import Verdict


@click.command(short_help="Hold the expectations of scenarios against what is measured.")
@click.argument("scenarios", metavar="[FILE|NAME]...", nargs=-1)
@click.option(
    "--control",
    is_flag=True,
    help="Also play each one with its cure taken out: then an expectation must fail.",
)
@click.option("--json", "as_json", is_flag=True, help="What was found, as JSON.")
@click.option("--junit", metavar="FILE", help="Also write it as JUnit XML, for a test server.")
def check(scenarios: tuple[str, ...], control: bool, as_json: bool, junit: str | None) -> None:
    """Play scenarios without a picture, and print each expectation with the measured value.

    Without a name: all that come with gradsim; several are played on all cores. Exit code 1 where
    an expectation fails, 2 where a file is wrong.
    """
    from gradsim.files import check_place, write_whole  # noqa: PLC0415
    from gradsim.scenario.checked import plain  # noqa: PLC0415
    from gradsim.scenario.shelf import shipped  # noqa: PLC0415

    if junit is not None:
        if not junit:
            raise InputError('--junit is "", but must be the name of a file such as checked.xml')
        check_place(Path(junit))
    found: list[Verdict] = []
    for verdict in _verdicts(scenarios or tuple(shipped()), control):
        found.append(verdict)
        complain(verdict.problems)
        if not as_json:
            _print(verdict, control)
    if as_json:
        click.echo(json.dumps(plain(found), indent=2, allow_nan=False))
    else:
        click.echo(_summary(found))
    if junit:
        from gradsim.scenario.junit import junit as xml  # noqa: PLC0415

        write_whole(Path(junit), xml(found))
    if any(verdict.problems for verdict in found):
        raise click.exceptions.Exit(BAD_INPUT)
    if any(verdict.checked.failed or verdict.idle for verdict in found):
        raise click.exceptions.Exit(FAILED)


def _verdicts(names: Sequence[str], control: bool) -> "Iterator[Verdict]":
    """Each file's in its order; several files are played in worker processes."""
    from gradsim.insight.workers import Workers, cores  # noqa: PLC0415
    from gradsim.scenario.checked import (  # noqa: PLC0415
        Verdict,
        checked,
        checked_control,
        verdicts,
    )

    if len(names) * (1 + control) < MANY or cores() == 1:
        for name in names:
            with one_thread():
                yield Verdict(checked(name), checked_control(name) if control else None)
        return
    try:
        with Workers(min(cores(), len(names) * (1 + control))) as workers:
            yield from verdicts(names, control, workers)
    except BrokenProcessPool:
        raise InputError("a process that played a scenario has ended by itself") from None


MANY = 4
"""From so many plays on worker processes are worth their start."""


def _print(verdict: "Verdict", control: bool) -> None:
    from gradsim.scenario.expectations import Outcome  # noqa: PLC0415

    one = verdict.checked
    if not one.title:
        return
    click.echo(f"{one.path}: {one.title}")
    if verdict.problems:
        return
    for told in one.told:
        if isinstance(told, Outcome):
            word = "ok  " if told.passed else "FAIL"
            click.echo(f"  {word} line {told.line}: {told.words()}")
        else:
            lead = f"ask  line {told.line}: " if told.asked else ""
            click.echo(f"  {lead}{told.words}")
    if not one.outcomes:
        click.echo("       no expectation: nothing here can fail")
    if control:
        _print_control(verdict)


def _print_control(verdict: "Verdict") -> None:
    """Say what the control did."""
    control = verdict.control
    if control is None or control.hold is None:
        click.echo("       no control named")
        return
    held = ", ".join(f"{name} {value}" for name, value in control.hold.items())
    if verdict.idle:
        click.echo(f"  FAIL control, {held} throughout: every expectation still holds")
        return
    click.echo(
        f"  ok   control, {held} throughout: {verdict.shows} of {len(control.outcomes)} fail, "
        "as they should"
    )
    for outcome in control.failed:
        click.echo(f"         line {outcome.line}: {outcome.words()}")


def _summary(found: "Sequence[Verdict]") -> str:
    played = sum(bool(verdict.checked.title) for verdict in found)
    passed = sum(len(v.checked.outcomes) - len(v.checked.failed) for v in found)
    failed = sum(len(verdict.checked.failed) for verdict in found)
    missed = sum(verdict.idle for verdict in found)
    bad = sum(bool(verdict.problems) for verdict in found)
    words = [f"{played} scenario{'s' if played != 1 else ''}: {passed} passed"]
    words.append(f"{failed} failed")
    if missed:
        words.append(f"{missed} control{'s' if missed != 1 else ''} without effect")
    if bad:
        words.append(f"{bad} wrong file{'s' if bad != 1 else ''}")
    return ", ".join(words)
