"""A file checked, as plain values that a worker process can hand over."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from math import isfinite
from time import perf_counter
from typing import Any

from gradsim.errors import InputError
from gradsim.scenario.check import check, check_control
from gradsim.scenario.expectations import Outcome
from gradsim.scenario.format import Scenario
from gradsim.scenario.shelf import find
from gradsim.scenario.steps import Ask, Chapter

SCHEMA = "gradsim/check/1"


@dataclass(frozen=True, slots=True)
class Told:
    """What stands between the expectations: a chapter's title, or a question with its answer."""

    line: int
    words: str
    asked: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """A scenario played, or why it could not be."""

    path: str
    """The file, as it was named."""
    title: str = ""
    """Empty where the file is wrong."""
    told: tuple[Told | Outcome, ...] = ()
    """What was said, and what was measured, in the order of the steps."""
    hold: Mapping[str, Any] | None = None
    """What the control holds; None where the file names no control."""
    problems: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def outcomes(self) -> list[Outcome]:
        """Every expectation with what was measured."""
        return [told for told in self.told if isinstance(told, Outcome)]

    @property
    def failed(self) -> list[Outcome]:
        """The expectations that do not hold."""
        return [outcome for outcome in self.outcomes if not outcome.passed]


def checked(name: str) -> Checked:
    """The scenario of this name, or in this file, played as it is."""
    return _played(name, lambda scenario: check(scenario).outcomes)


def checked_control(name: str) -> Checked:
    """The same with its cure taken out; without outcomes where it names no control."""

    def control(scenario: Scenario) -> Sequence[Outcome]:
        result = check_control(scenario)
        return result.outcomes if result else ()

    return _played(name, control)


def _played(name: str, play: Callable[[Scenario], Sequence[Outcome]]) -> Checked:
    begun = perf_counter()
    try:
        scenario = find(name)
    except InputError as error:
        return Checked(name, problems=tuple(error.problems))
    hold = scenario.control.hold if scenario.control else None
    try:
        outcomes = play(scenario)
    except InputError as error:
        # A step can turn out to be impossible only when it is reached, after going back.
        return Checked(scenario.path, scenario.title, (), hold, tuple(error.problems))
    told = tuple(_told(scenario, outcomes))
    return Checked(scenario.path, scenario.title, told, hold, seconds=perf_counter() - begun)


def _told(scenario: Scenario, outcomes: Iterable[Outcome]) -> Iterator[Told | Outcome]:
    known = {outcome.step: outcome for outcome in outcomes}
    for index, step in enumerate(scenario.steps):
        match step:
            case Chapter(chapter=title):
                yield Told(scenario.lines[index], title, asked=False)
            case Ask(ask=question):
                words = f"{' '.join(question.question.split())} Answer: {question.answer}"
                yield Told(scenario.lines[index], words, asked=True)
            case _ if index in known:
                yield known[index]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A scenario as it is, and with its cure taken out if that was asked for."""

    checked: Checked
    control: Checked | None = None

    @property
    def idle(self) -> bool:
        """Whether the control, which must fail, does not: it then shows nothing."""
        return self.control is not None and self.control.hold is not None and self.shows == 0

    @property
    def shows(self) -> int:
        """How many expectations fail with the cure taken out."""
        return len(self.control.failed) if self.control else 0

    @property
    def problems(self) -> Sequence[str]:
        """Why it could not be played; each reason once."""
        more = self.control.problems if self.control else ()
        return list(dict.fromkeys((*self.checked.problems, *more)))


def verdicts(names: Sequence[str], control: bool, workers: Executor) -> Iterator[Verdict]:
    """Check scenarios in worker processes; each comes as soon as it and all before it are done."""
    plays: list[tuple[Future[Checked], Future[Checked] | None]] = [
        (workers.submit(checked, name), workers.submit(checked_control, name) if control else None)
        for name in names
    ]
    for play, taken_out in plays:
        yield Verdict(play.result(), taken_out.result() if taken_out else None)


def plain(found: Sequence[Verdict]) -> dict[str, Any]:
    """What was found as plain values for JSON; a value that is not finite is null there."""
    return {"schema": SCHEMA, "scenarios": [_scenario(verdict) for verdict in found]}


def _scenario(verdict: Verdict) -> dict[str, Any]:
    one, control = verdict.checked, verdict.control
    out: dict[str, Any] = {
        "path": one.path,
        "title": one.title,
        "problems": list(verdict.problems),
        "expectations": [_outcome(outcome) for outcome in one.outcomes],
    }
    if control is not None and control.hold is not None:
        out["control"] = {
            "hold": dict(control.hold),
            "fails": not verdict.idle,
            "expectations": [_outcome(outcome) for outcome in control.outcomes],
        }
    return out


def _outcome(outcome: Outcome) -> dict[str, Any]:
    value = outcome.value
    number = isinstance(value, str) or isfinite(value)
    return {
        "line": outcome.line,
        "expected": outcome.sentence,
        "value": value if number else None,
        "measured": outcome.measured,
        "passed": outcome.passed,
    }
