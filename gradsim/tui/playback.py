"""Playback of a scenario: when its next step is due, and how to leave it, go back and return."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

from gradsim.scenario.player import Player, flowing
from gradsim.scenario.steps import (
    Ask,
    Chapter,
    Expect,
    Look,
    Question,
    Run,
    Say,
    Set,
    SetLayer,
    Show,
    Wait,
)
from gradsim.simulation.actions import Action, Grain
from gradsim.tui.marks import Mark, here, way_to
from gradsim.tui.said import Said, reading
from gradsim.view.played import Played
from gradsim.view.question import Asked

SECONDS_TO_LOOK = 2.5
"""Time to look at what a switch or a check has shown."""

SLOW_STEPS = 2
"""A run of at most so many training steps is shown op by op."""


class Playback:
    """A player with a clock. The user can take over at any moment, and return to where it stood."""

    def __init__(self, player: Player, thinking: float = inf) -> None:
        """`thinking` is for how many seconds a question waits before its answer is shown."""
        self.player = player
        self._thinking = thinking
        self.wait = 0.0
        self.room = 200
        """Characters that can be read at once; a longer text is turned over like pages."""
        self.verdict = ""
        """The latest expectation in words, with what was measured."""
        self.ahead = False
        """Whether the gradients of the step to come are shown: after a switch or a check."""
        self.asked: Asked | None = None
        """The question on screen; while it is not answered nothing goes on by itself."""
        self.look: Look | None = None
        """What is to be shown from now on; whoever follows it takes it away."""
        self._marks: list[Mark] = []
        self._left: Mark | None = None
        self._said = Said()
        self._sought = 0
        """Steps that are done without waiting: those that had been seen at another time."""
        self._hurried = False
        """Whether someone waits for the next thing to be seen: checks are passed by."""

    @property
    def taken_over(self) -> bool:
        """Whether the user has taken over."""
        return self._left is not None

    @property
    def open(self) -> bool:
        """Whether a question waits for its answer."""
        return self.asked is not None and not self.asked.answered and not self.taken_over

    @property
    def asking(self) -> bool:
        """Whether a question is what is on: nothing has been done since it was asked."""
        return self.asked is not None and self.player.question is not None

    @property
    def over(self) -> bool:
        """Whether everything has been said and done."""
        return self.player.finished and self._said.at_end and self.wait <= 0

    @property
    def narration(self) -> str:
        """What is being said."""
        return self._said.text

    @property
    def progress(self) -> str:
        """How far it is: `3 of 12`."""
        return f"{self.player.index} of {len(self.player.scenario.steps)}"

    @property
    def played(self) -> Played:
        """How far it is, with the chapters."""
        player = self.player
        steps = player.scenario.steps
        begun = sum(isinstance(step, Chapter) for step in steps[: player.index])
        chapters = sum(isinstance(step, Chapter) for step in steps)
        return Played(player.index, len(steps), begun, chapters)

    def turn_page(self) -> bool:
        """Show the next part of what is being said; False where there is none."""
        if not self._said.turn():
            return False
        self.wait = reading(self.narration)
        return True

    def choose(self, way: int) -> None:
        """Mark the next choice of the question (1), or the one before (-1)."""
        if self.asked and self.open:
            last = len(self.asked.choices) - 1
            marked = -1 if self.asked.chosen is None else self.asked.chosen
            self.pick(min(max(marked + way, 0), last))

    def pick(self, index: int) -> None:
        """Mark a choice by its index."""
        if self.asked and self.open:
            self.asked = replace(self.asked, chosen=index)

    def answer(self) -> bool:
        """Take the choice that is marked as the answer, and say why; False without a question.

        Where none is marked the right one is shown.
        """
        if self.asked is None or not self.open:
            return False
        self.asked = replace(self.asked, answered=True)
        self.wait = reading(self.asked.explanation)
        return True

    def clock(self, seconds: float) -> bool:
        """Let time pass; True when the next step is due."""
        if self._seeking:
            return True
        self.wait -= seconds
        if self.wait > 0:
            return False
        return not (self.answer() or self.turn_page() or self.player.finished)

    def skip(self) -> None:
        """Go on now, to the next thing that is seen; where a question is open, with its answer.

        Where nothing has been chosen yet the first choice is marked: who was about to go on must
        not have the answer before having seen the question.
        """
        if self.open and self.asked and self.asked.chosen is None:
            self.pick(0)
        elif not self.answer():
            self.wait, self._hurried, self.verdict = 0.0, True, ""

    def seek(self, done: int) -> None:
        """Go on without a wait until so many steps are done; questions on the way are answered."""
        self._sought = min(done, len(self.player.scenario.steps))

    @property
    def _seeking(self) -> bool:
        return self.player.index < self._sought

    def slow(self) -> bool:
        """Whether the next step is one to be watched op by op."""
        step = self.player.upcoming
        return (
            isinstance(step, Run)
            and not self._seeking
            and (step.run.grain is not Grain.STEP or step.run.count <= SLOW_STEPS)
        )

    def perform(self) -> Iterator[None]:
        """Do the next step of the scenario, in slices."""
        sought = self._seeking
        yield from self._perform()
        if not sought:
            return
        if self._seeking:
            if self.asked:
                self.asked = replace(self.asked, answered=True)
            return
        self.look = _look(self.player)
        if not self.open:
            self.wait = reading(self.narration)

    def _perform(self) -> Iterator[None]:
        player = self.player
        step = player.upcoming
        words = isinstance(step, Say | Chapter | Ask)
        if not (words and self._hurried):
            # A check that was passed by is still told beside the words behind it.
            self.verdict = ""
        self._marks.append(here(player.session))
        yield from player.perform_next()
        if words:
            self.asked = None
        if not isinstance(step, Show | Wait | Expect) or self._failed:
            self._hurried = False
        match step:
            case Say():
                self._say(player.narration)
                return
            case Chapter(chapter=title):
                self._say(title)
                return
            case Ask(ask=question):
                self._said, self.wait, self.asked = Said(), self._thinking, asked(question)
                return
            case Show():
                self.look = player.look
            case Wait(wait=seconds):
                self.wait = 0.0 if self._hurried else seconds
            case Set() | SetLayer():
                self.wait = SECONDS_TO_LOOK
            case Run(run=going) if going.until is not None:
                self._tell()
            case Expect():
                self._tell()
        if not isinstance(step, Show | Wait):
            self.ahead = isinstance(step, Set | SetLayer | Expect)

    @property
    def _failed(self) -> bool:
        """Whether what was measured last is not as claimed."""
        return bool(self.player.results) and not self.player.results[-1].passed

    def _say(self, text: str) -> None:
        self._said = Said(text, self.room)
        self.wait = reading(self.narration)

    def _tell(self) -> None:
        """Show what has been measured, and whether it is as claimed."""
        outcome = self.player.results[-1]
        sign = "✓" if outcome.passed else "✗"
        self.verdict = f"{sign} {outcome.sentence}: {outcome.measured}"
        self.wait = 0.0 if self._hurried else SECONDS_TO_LOOK

    def leave(self) -> None:
        """The user takes over; where the session stands is kept."""
        if self._left is None:
            self._left = here(self.player.session)

    def resume(self) -> Sequence[Action]:
        """The actions that return to where the user took over; none where nobody did."""
        if self._left is None:
            return []
        mark, self._left = self._left, None
        return way_to(mark, self.player.session)

    def back(self) -> Sequence[Action] | None:
        """One thing said back: the actions that return there; None before the first words.

        From the answer to the open question, from a page to the page before. Where something has
        been done since the last words, to before those, so that it is played again; else to the
        words before them.
        """
        if not self.taken_over and self._unsay():
            return []
        said = [
            index
            for index, step in enumerate(self.player.scenario.steps[: self.player.index])
            if isinstance(step, Say | Ask | Chapter)
        ]
        if not said:
            return None
        nothing_since = said[-1] == self.player.index - 1 and not self.taken_over
        index = said[-2] if nothing_since and len(said) > 1 else said[-1]
        mark = self._marks[index]
        del self._marks[index:]
        self.player.back_to(index)
        self._said, self.wait, self._left, self.verdict = Said(), 0.0, None, ""
        self.asked, self.look, self.ahead = None, _look(self.player), False
        self._hurried, self._sought = False, 0
        return way_to(mark, self.player.session)

    def _unsay(self) -> bool:
        """Take back an answer, or turn back a page; False where what is said is at its begin."""
        last = self.player.scenario.steps[self.player.index - 1] if self.player.index else None
        if self.asked and self.asked.answered and isinstance(last, Ask):
            self.asked = replace(self.asked, answered=False, chosen=None)
            self.wait = self._thinking
        elif isinstance(last, Say | Chapter) and self._said.turn(-1):
            self.wait = reading(self.narration)
        else:
            return False
        return True


def _look(player: Player) -> Look:
    """What is to be on screen after the steps done: what comes back with them."""
    return Look(**({"view": "flow"} | player.looked))


def asked(question: Question) -> Asked:
    """A question as it comes on screen."""
    right = question.choices.index(question.answer)
    words = flowing(question.question), flowing(question.explanation)
    return Asked(words[0], tuple(question.choices), right, words[1])
