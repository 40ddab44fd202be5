"""Playback of a scenario: when its next step is due, and how to leave it, go back and return."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gradsim.scenario.format import Expect, Run, Say, Set
from gradsim.scenario.player import Player
from gradsim.simulation.actions import Action, Grain, Pin, Visit
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session
from gradsim.view.lines import pages

SECONDS_A_WORD = 0.33
"""Reading time; a slow reader presses space, a fast one enter."""

SECONDS_TO_LOOK = 2.5
"""Time to look at what a switch or a check has shown."""

SLOW_STEPS = 2
"""A run of at most so many training steps is shown op by op."""


class Mark(NamedTuple):
    """Where the session stood."""

    run: int
    position: Position
    pinned: int | None
    """The run that was pinned."""


class Playback:
    """A player with a clock. The user can take over at any moment, and return to where it stood."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.wait = 0.0
        self.room = 200
        """Characters that can be read at once; a longer text is turned over like pages."""
        self.verdict = ""
        """The latest expectation in words, with what was measured."""
        self.ahead = False
        """Whether the gradients of the step to come are shown: after a switch or a check."""
        self._marks: list[Mark] = []
        self._left: Mark | None = None
        self._pages: list[str] = []

    @property
    def taken_over(self) -> bool:
        """Whether the user has taken over."""
        return self._left is not None

    @property
    def over(self) -> bool:
        """Whether everything has been said and done."""
        return self.player.finished and len(self._pages) < 2 and self.wait <= 0

    @property
    def narration(self) -> str:
        """What is being said."""
        return self._pages[0] if self._pages else ""

    @property
    def progress(self) -> str:
        """How far it is: `3 of 12`."""
        return f"{self.player.index} of {len(self.player.scenario.steps)}"

    def turn_page(self) -> bool:
        """Show the next part of what is being said; False where there is none."""
        if len(self._pages) < 2:
            return False
        del self._pages[0]
        self.wait = 1.0 + SECONDS_A_WORD * len(self._pages[0].split())
        return True

    def clock(self, seconds: float) -> bool:
        """Let time pass; True when the next step is due."""
        self.wait -= seconds
        if self.wait > 0:
            return False
        return not self.turn_page() and not self.player.finished

    def skip(self) -> None:
        """Go on now."""
        self.wait = 0.0

    def slow(self) -> bool:
        """Whether the next step is one to be watched op by op."""
        step = self.player.upcoming
        return isinstance(step, Run) and (
            step.run.grain is not Grain.STEP or step.run.count <= SLOW_STEPS
        )

    def perform(self) -> Iterator[None]:
        """Do the next step of the scenario, in slices."""
        player = self.player
        step = player.upcoming
        self.verdict = ""
        self._marks.append(self._here())
        yield from player.perform_next()
        if not isinstance(step, Say):
            self.ahead = isinstance(step, Set | Expect)
        if isinstance(step, Say):
            self._pages = ["", *pages(player.narration, self.room)]
            self.turn_page()
        elif isinstance(step, Set):
            self.wait = SECONDS_TO_LOOK
        elif isinstance(step, Expect):
            outcome = player.results[-1]
            self.verdict = (
                f"{'✓' if outcome.passed else '✗'} {outcome.sentence}: {outcome.measured}"
            )
            self.wait = SECONDS_TO_LOOK

    def leave(self) -> None:
        """The user takes over; where the session stands is kept."""
        if self._left is None:
            self._left = self._here()

    def resume(self) -> Sequence[Action]:
        """The actions that return to where the user took over; none where nobody did."""
        if self._left is None:
            return []
        mark, self._left = self._left, None
        return self._to(mark)

    def back(self) -> Sequence[Action]:
        """The actions that return to before what was said last, to be played again."""
        said = [
            index
            for index, step in enumerate(self.player.scenario.steps[: self.player.index])
            if isinstance(step, Say)
        ]
        if not said:
            return []
        index = said[-2] if len(said) > 1 else said[-1]
        mark = self._marks[index]
        del self._marks[index:]
        self.player.back_to(index)
        self._pages, self.wait, self._left, self.verdict = [], 0.0, None, ""
        self.ahead = False
        return self._to(mark)

    def _here(self) -> Mark:
        session = self.player.session
        return Mark(session.run.number, session.cursor, _pinned(session))

    def _to(self, mark: Mark) -> list[Action]:
        """Back to a mark: the run that was pinned there is pinned again."""
        actions: list[Action] = []
        pinned = _pinned(self.player.session)
        if pinned != mark.pinned:
            actions += [Pin()] if pinned is not None else []
            actions += [Visit(mark.pinned), Pin()] if mark.pinned is not None else []
        return [*actions, Visit(mark.run, mark.position)]


def _pinned(session: Session) -> int | None:
    return session.pinned.run.number if session.pinned else None
