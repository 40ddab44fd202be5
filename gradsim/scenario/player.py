"""The player: does a scenario's steps, one after the other, through the actions of a session."""

from collections.abc import Iterator, Mapping
from typing import Any

from gradsim.errors import InputError
from gradsim.insight.report import report
from gradsim.scenario.expectations import Outcome, judge
from gradsim.scenario.format import (
    Again,
    Back,
    Expect,
    PinNow,
    RedoSet,
    Return,
    Run,
    Say,
    Scenario,
    Set,
    Step,
    SwapNow,
    UndoSet,
)
from gradsim.simulation import actions
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session


class Player:
    """A scenario on a session of its own. `index` steps are done; `results` are measured so far.

    With `hold` these knobs keep these values throughout, whatever the scenario sets: the control.
    """

    def __init__(self, scenario: Scenario, hold: Mapping[str, Any] | None = None) -> None:
        self.scenario = scenario
        self.hold = dict(hold or {})
        self.session = Session(scenario.experiment.switch(self.hold))
        self.index = 0
        self.narration = ""
        self.results: list[Outcome] = []

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.index == len(self.scenario.steps)

    @property
    def upcoming(self) -> Step | None:
        """The step that is done next."""
        return None if self.finished else self.scenario.steps[self.index]

    def back_to(self, index: int) -> None:
        """Stand before a step done already. The session is not moved: that is an action's part."""
        if not 0 <= index <= self.index:
            raise ValueError(f"step {index} has not been done; {self.index} are")
        self.index = index
        self.results = [outcome for outcome in self.results if outcome.step < index]
        said = [step.say for step in self.scenario.steps[:index] if isinstance(step, Say)]
        self.narration = flowing(said[-1]) if said else ""

    def do_next(self) -> None:
        """Do the next step, whole."""
        for _ in self.perform_next():
            pass

    def perform_next(self) -> Iterator[None]:
        """Do the next step in slices of one op: run the iterator to its end.

        Raises InputError where the step cannot be done; it is then not counted as done.
        """
        step = self.upcoming
        if step is None:
            return
        try:
            yield from self._perform(step)
        except InputError as error:
            place = self.scenario.place(self.index)
            raise InputError([f"{place}: {problem}" for problem in error.problems]) from None
        self.index += 1

    def _perform(self, step: Step) -> Iterator[None]:
        session = self.session
        match step:
            case Say(say=text):
                self.narration = flowing(text)
            case Expect(expect=expectation):
                yield from session.looking()
                line = self.scenario.lines[self.index] if self.scenario.lines else 0
                self.results.append(judge(expectation, report(session), self.index, line))
            case _:
                action = action_of(step)
                if isinstance(action, actions.Switch):
                    free = {k: v for k, v in action.changes.items() if k not in self.hold}
                    action = actions.Switch(free) if free else None
                if action:
                    yield from session.perform(action)


def action_of(step: Step) -> actions.Action | None:
    """The action of a session that a step is; None for words and expectations."""
    match step:
        case Set(changes=changes):
            return actions.Switch(changes)
        case Run(run=distance):
            return actions.Advance(distance.grain, distance.count)
        case Back(back=distance):
            return actions.Back(distance.grain, distance.count)
        case PinNow():
            return actions.Pin()
        case SwapNow():
            return actions.Swap()
        case UndoSet():
            return actions.Undo()
        case RedoSet():
            return actions.Redo()
        case Again():
            return actions.Restart()
        case Return(visit=place):
            there = None if place.step is None else Position(place.step, place.op)
            return actions.Visit(place.run, there)
    return None


def flowing(text: str) -> str:
    """Text whose line ends are only those between paragraphs: each place wraps it to its width."""
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
