"""`gradsim check`: play scenarios and hold their expectations against what is measured."""

from typing import TYPE_CHECKING

import click

from gradsim.cli.terminal import BAD_INPUT, FAILED, complain
from gradsim.cli.threads import one_thread
from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.scenario.check import Result
    from gradsim.scenario.format import Scenario


@click.command(short_help="Hold the expectations of scenarios against what is measured.")
@click.argument("scenarios", metavar="[FILE|NAME]...", nargs=-1)
@click.option(
    "--control",
    is_flag=True,
    help="Also play each one with its cure taken out: then an expectation must fail.",
)
def check(scenarios: tuple[str, ...], control: bool) -> None:
    """Play scenarios without a picture, and print each expectation with the measured value.

    Without a name: all that come with gradsim. Exit code 1 where an expectation fails, 2 where a
    file is wrong.
    """
    from gradsim.scenario import check as checking  # noqa: PLC0415
    from gradsim.scenario.shelf import find, shipped  # noqa: PLC0415

    right: list[Scenario] = []
    bad = 0
    for name in scenarios or shipped():
        try:
            right.append(find(name))
        except InputError as error:
            complain(error.problems)
            bad += 1
    passed = failed = missed = 0
    with one_thread():
        for scenario in right:
            click.echo(f"{scenario.path}: {scenario.title}")
            try:
                result = checking.check(scenario)
                taken_out = checking.check_control(scenario) if control else None
            except InputError as error:
                # A step can turn out to be impossible only when it is reached, after going back.
                complain(error.problems)
                bad += 1
                continue
            _print_outcomes(result)
            failed += len(result.failed)
            passed += len(result.outcomes) - len(result.failed)
            if control:
                missed += _print_control(scenario, taken_out)
    click.echo(_summary(len(right), passed, failed, missed, bad))
    if bad:
        raise click.exceptions.Exit(BAD_INPUT)
    if failed or missed:
        raise click.exceptions.Exit(FAILED)


def _print_outcomes(result: "Result") -> None:
    from gradsim.scenario.steps import Ask, Chapter  # noqa: PLC0415

    known = {outcome.step: outcome for outcome in result.outcomes}
    for index, step in enumerate(result.scenario.steps):
        if isinstance(step, Chapter):
            click.echo(f"  {step.chapter}")
        elif isinstance(step, Ask):
            words = " ".join(step.ask.question.split())
            click.echo(
                f"  ask  line {result.scenario.lines[index]}: {words} Answer: {step.ask.answer}"
            )
        elif outcome := known.get(index):
            word = "ok  " if outcome.passed else "FAIL"
            click.echo(f"  {word} line {outcome.line}: {outcome.words()}")
    if not result.outcomes:
        click.echo("       no expectation: nothing here can fail")


def _print_control(scenario: "Scenario", taken_out: "Result | None") -> int:
    """Say what the control did; 1 where it fails nothing, and so shows nothing."""
    if taken_out is None or scenario.control is None:
        click.echo("       no control named")
        return 0
    held = ", ".join(f"{name} {value}" for name, value in scenario.control.hold.items())
    if not taken_out.failed:
        click.echo(f"  FAIL control, {held} throughout: every expectation still holds")
        return 1
    click.echo(
        f"  ok   control, {held} throughout: {len(taken_out.failed)} of "
        f"{len(taken_out.outcomes)} fail, as they should"
    )
    for outcome in taken_out.failed:
        click.echo(f"         line {outcome.line}: {outcome.words()}")
    return 0


def _summary(scenarios: int, passed: int, failed: int, missed: int, bad: int) -> str:
    words = [f"{scenarios} scenario{'s' if scenarios != 1 else ''}: {passed} passed"]
    words.append(f"{failed} failed")
    if missed:
        words.append(f"{missed} control{'s' if missed != 1 else ''} without effect")
    if bad:
        words.append(f"{bad} wrong file{'s' if bad != 1 else ''}")
    return ", ".join(words)
