"""The player: does a scenario's steps, one after the other, through the actions of a session."""

from collections.abc import Iterator, Mapping
from typing import Any

from gradsim.errors import InputError
from gradsim.insight.watch import holding, parsed
from gradsim.insight.weight import Slices, whole
from gradsim.scenario.expectations import Outcome, claim, judge
from gradsim.scenario.expecting import Expectation, Other
from gradsim.scenario.format import Scenario
from gradsim.scenario.seen import seen
from gradsim.scenario.steps import (
    Again,
    Ask,
    Back,
    Chapter,
    Expect,
    Going,
    Look,
    PinNow,
    Question,
    RedoSet,
    Return,
    Run,
    Say,
    Set,
    SetLayer,
    Show,
    Step,
    SwapNow,
    UndoSet,
)
from gradsim.simulation import actions
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session


class Player:
    """A scenario on a session. `index` steps are done; `results` are measured so far.

    The session is one of its own, begun at the scenario's experiment, unless one is given.
    With `hold` these knobs keep these values throughout, whatever the scenario sets: the control.
    """

    def __init__(
        self,
        scenario: Scenario,
        hold: Mapping[str, Any] | None = None,
        session: Session | None = None,
    ) -> None:
        self.scenario = scenario
        self.hold = dict(hold or {})
        self.session = session or Session(scenario.experiment.switch(self.hold))
        self.index = 0
        self.results: list[Outcome] = []

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.index == len(self.scenario.steps)

    @property
    def upcoming(self) -> Step | None:
        """The step that is done next."""
        return None if self.finished else self.scenario.steps[self.index]

    @property
    def narration(self) -> str:
        """The words that hold now: those said last."""
        said = (step.say for step in self._done() if isinstance(step, Say))
        return flowing(next(said, ""))

    @property
    def chapter(self) -> str:
        """The title of the chapter that has begun last; nothing before the first."""
        return next((step.chapter for step in self._done() if isinstance(step, Chapter)), "")

    @property
    def question(self) -> Question | None:
        """The question that has just been asked; None once anything has been done after it."""
        last = next(self._done(), None)
        return last.ask if isinstance(last, Ask) else None

    @property
    def look(self) -> Look | None:
        """What was to be shown last."""
        return next((step.show for step in self._done() if isinstance(step, Show)), None)

    @property
    def looked(self) -> dict[str, Any]:
        """What all that was shown has come to: `view`, `layer` and `time`, each as said last."""
        out: dict[str, Any] = {}
        for step in self.scenario.steps[: self.index]:
            if isinstance(step, Show):
                out |= step.show.model_dump(exclude_unset=True)
        return out

    def _done(self) -> Iterator[Step]:
        """The steps done, the last one first."""
        return reversed(self.scenario.steps[: self.index])

    def back_to(self, index: int) -> None:
        """Stand before a step done already. The session is not moved: that is an action's part."""
        if not 0 <= index <= self.index:
            raise ValueError(f"step {index} has not been done; {self.index} are")
        self.index = index
        self.results = [outcome for outcome in self.results if outcome.step < index]

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
            case Expect(expect=expectation):
                yield from session.looking()
                self.results.append((yield from self._judged(expectation)))
            case Run(run=going) if going.until is not None:
                yield from self._until(going, going.until)
            case _:
                action = action_of(step, session.experiment.hidden_layers)
                if isinstance(action, actions.Switch):
                    free = not_held(action.changes, self.hold)
                    action = actions.Switch(free) if free else None
                if action:
                    yield from session.perform(action)

    def _line(self) -> int:
        return self.scenario.lines[self.index] if self.scenario.lines else 0

    def _judged(self, expectation: Expectation) -> Slices[Outcome]:
        side = expectation.side(expectation.comparison)
        asked = [expectation, side] if isinstance(side, Other) else [expectation]
        pinned = None
        if any(one.run == "pinned" for one in asked):
            with self.session.beside() as other:
                pinned = whole(seen(other, asked))
        live = yield from seen(self.session, asked)
        return judge(expectation, live, self.index, self._line(), pinned)

    def _until(self, going: Going, until: str) -> Iterator[None]:
        """Go on until the condition holds, or as far as the limit: that it holds is a claim."""
        session = self.session
        condition = parsed(until, session.places)
        for done in range(going.count + 1):
            yield from session.looking()
            good, words = holding(condition, session.run, session.cursor.step)
            if good or done == going.count:
                break
            yield from session.perform(actions.Advance(going.grain))
        told = f"{words} after {done} step{'s' if done != 1 else ''}"
        sentence = claim(Run(run=going))
        self.results.append(Outcome(self.index, self._line(), sentence, float(done), told, good))


def not_held(changes: Mapping[str, Any], hold: Mapping[str, Any]) -> dict[str, Any]:
    """Changes without those that a control holds; a knob held is held in every layer."""
    return {
        name: value
        for name, value in changes.items()
        if name not in hold and name.rpartition(".")[2] not in hold
    }


def has_action(step: Step) -> bool:
    """Whether a session would write a step like this one: not words, nor what is expected."""
    if isinstance(step, Run) and step.run.until is not None:
        return False
    return action_of(step, 1) is not None


def action_of(step: Step, layers: int) -> actions.Action | None:
    """The action of a session that a step is, in a network of so many hidden layers.

    None for words, expectations and what is looked at.
    """
    match step:
        case Set(changes=changes):
            return actions.Switch(changes)
        case SetLayer(set_layer=own):
            return actions.Switch(own.settings(layers))
        case Run(run=distance) | Back(back=distance):
            kind = actions.Advance if isinstance(step, Run) else actions.Back
            return kind(distance.grain, distance.count)
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
