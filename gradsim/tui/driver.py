"""The driver: brings wishes (keys, clock) to the session in slices, so that nothing ever blocks."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.insight.milestones import Milestones
from gradsim.simulation.actions import (
    Action,
    Advance,
    Back,
    Grain,
    Redo,
    Restart,
    Switch,
    Undo,
    Visit,
)
from gradsim.simulation.run import START, Position
from gradsim.simulation.session import Session
from gradsim.tui.causes import LOOKING, Causes
from gradsim.tui.outcome import outcome
from gradsim.tui.stopping import Stopping

if TYPE_CHECKING:
    from gradsim.tui.playback import Playback

SPEEDS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
"""Ops per second; one notch beyond the last is as fast as it goes."""

PHASES_TO_GRADIENTS = 3
"""Forward, loss, backward: so many phases into a step every gradient is known."""


class Driver:
    """Holds a session, a queue of actions, the speed of the playback, and a scenario if one plays.

    `tick` is the only thing that moves anything: live it is called by a timer with a time slice,
    in tests and headless by hand with no bound.
    """

    def __init__(
        self, session: Session, playing: bool = True, playback: "Playback | None" = None
    ) -> None:
        self.session = session
        self.playing = playing
        self.playback = playback
        self.notch = 3
        self.message = ""
        self.stopping = Stopping(session)
        self.causes = Causes(session)
        self.milestones = Milestones(session)
        self.concluded = False
        """Whether the scenario has come to its end."""
        self.between: Iterator[None] | None = None
        """What a view has to do with the network: done between two steps, at full speed."""
        self._queue: deque[Action] = deque()
        self._work: Iterator[None] | None = None
        self._doing: Action | None = None
        """The action that the work at hand carries out, if it is one that was asked for."""
        self._paced = False
        self._credit = 0.0
        self._errand: Generator[None, None, str] | None = None
        """What is to be done once, when all actions asked for are done; it returns what to say."""
        self._held = False
        """Whether the work at hand waits where playback has stopped."""

    @property
    def fastest(self) -> bool:
        """Whether playback runs as fast as it goes."""
        return self.notch >= len(SPEEDS)

    @property
    def speed(self) -> str:
        """The speed in words."""
        return "full speed" if self.fastest else f"{SPEEDS[self.notch]:g} ops/s"

    @property
    def busy(self) -> bool:
        """Whether an action asked for is still being carried out."""
        if self._queue or self._errand:
            return True
        return self._work is not None and not self.playing and not self._held

    @property
    def still(self) -> bool:
        """Whether the session stays where it is: paused, or a scenario waits for its next step."""
        waits = self.follows_scenario and self._work is None and not self._queue
        return waits or not self.playing

    @property
    def experiment(self) -> Experiment:
        """The experiment as it will be once the switches asked for have been made."""
        experiment = self.session.experiment
        for action in (*([self._doing] if self._doing else []), *self._queue):
            if isinstance(action, Switch):
                try:
                    experiment = experiment.switch(action.changes)
                except InputError:
                    # It will be refused when its turn comes, and changes nothing.
                    continue
        return experiment

    @property
    def follows_scenario(self) -> bool:
        """Whether a scenario decides what happens next."""
        return self.playback is not None and not self.playback.taken_over and not self.concluded

    def faster(self, notches: int) -> None:
        """Change the speed by so many notches."""
        self.notch = min(max(self.notch + notches, 0), len(SPEEDS))
        self.message = ""

    def request(self, *actions: Action) -> None:
        """Ask for actions; they are taken one after the other, before playback goes on.

        A move that follows one of the same kind is taken together with it: a key held down must
        not leave a tail of single moves, each with a picture of its own. Of visits the last counts.
        """
        self.message = ""
        for action in actions:
            last = self._queue[-1] if self._queue else None
            if (
                isinstance(action, Advance | Back)
                and isinstance(last, Advance | Back)
                and type(action) is type(last)
                and action.grain is last.grain
            ):
                self._queue[-1] = type(action)(action.grain, last.count + action.count)
            elif isinstance(action, Visit) and isinstance(last, Visit):
                self._queue[-1] = action
            else:
                self._queue.append(action)

    def take_over(self) -> None:
        """From now on the user decides; a scenario waits where it stands."""
        if self.playback and self.follows_scenario:
            self._finish_work()
            self.playback.leave()
            self.playing = False

    def move(self, action: Advance | Back) -> None:
        """Move by hand: playback stops."""
        self.take_over()
        self.playing = False
        self.request(action)

    def visit(self, step: int) -> None:
        """Go to where a step of the present run is done, or as far as it is; playback stops."""
        self.take_over()
        self.playing = False
        run = self.session.run
        end = run.end()
        there = Position(step + 1, 0) if step < end.step else end
        self.request(Visit(run.number, there if step >= 0 else START))

    def event(self, way: int) -> None:
        """To the next milestone (way 1) or the one before, and say what happened there."""
        run, log = self.session.run, self.milestones.log
        last, step = len(run.records) - 1, self._shown()
        found = log.neighbor(step, way)
        self.visit(found if found is not None else last if way > 0 else -1)
        if found is not None:
            self.message = f"step {run.begun + found}: {'; '.join(self.milestones.said(found))}"
        elif way > 0:
            self.message = (
                f"step {run.begun + max(last, 0)}: no event comes behind it, as far as is computed"
            )
        else:
            self.message = "the start of the run: no event comes before it"

    def _shown(self) -> int:
        """The step shown where the queue will have led; -1 at the very start."""
        last = self._queue[-1] if self._queue else None
        place = last.position if isinstance(last, Visit) else None
        step, op = place or self.session.cursor
        return step if op else step - 1

    def switch(self, action: Switch | Restart) -> None:
        """Switch knobs; while paused, go on until the new gradients are there to be seen."""
        self.take_over()
        self.request(action)
        if not self.playing:
            self._queue.append(Advance(Grain.PHASE, PHASES_TO_GRADIENTS))

    def restart(self) -> None:
        """Begin again at step 0."""
        self.switch(Restart())

    def undo(self, action: Undo | Redo) -> None:
        """Take back a switch, or take that back; playback stops, for one to look."""
        self.take_over()
        self.playing = False
        self.request(action)

    def to_first_cause(self) -> None:
        """Go to the first op that left the number range, and say which; playback stops."""
        self.errand(self.causes.go(), LOOKING)

    def errand(self, work: Generator[None, None, str], saying: str) -> None:
        """Stop playing, do something that moves the cursor at most, say what it returns."""
        self.take_over()
        self.playing = False
        self.message, self._errand = saying, work

    def go_on(self) -> None:
        """The scenario's next step now; after a take-over, back to where it stood."""
        if self.playback is None:
            return
        way = self.playback.resume()
        if way:
            self.request(*way)
        elif self.concluded:
            return
        if not (way and self.playback.open):
            self.playback.skip()
        self._paced = False  # a wave that is being watched is gone through at once
        self.playing = True

    def go_back(self) -> None:
        """Back to what the scenario said before; really back, to the bit."""
        if self.playback is None:
            return
        self._finish_work()
        way = self.playback.back()
        if way is not None:
            self.request(*way)
            self.playing, self.concluded = True, False
        else:
            self.message = "nothing has been said yet that one could go back to"

    @property
    def at_start(self) -> bool:
        """Whether the session stands at the very start, and nothing else has been asked for."""
        return self.session.cursor == (0, 0) and not self._queue and self._work is None

    def tick(self, elapsed: float, more: Callable[[], bool]) -> bool:
        """Work while `more()`; True where something has changed since the last tick."""
        changed = False
        if self._paced:
            self._credit += elapsed * self._rate()
        while more():
            if self._held and not self.playing:
                break
            self._held = False
            if self._work is None and not self._next_work(elapsed):
                break
            elapsed = 0.0
            changed = True
            if self._work is None or not self._slice(more):
                break
        return changed

    def _rate(self) -> float:
        return SPEEDS[min(self.notch, len(SPEEDS) - 1)]

    def _next_work(self, elapsed: float) -> bool:
        if self._queue:
            self._doing = self._queue.popleft()
            self._work = self._perform(self._doing)
            return True
        if self._errand:
            self._work, self._errand = self._run_errand(self._errand), None
            return True
        if not self.playing:
            return False
        if self.playback and self.follows_scenario:
            return self._next_of_scenario(self.playback, elapsed)
        if self.fastest:
            # One step for each round; how many rounds there are is for the clock to say.
            self._work = self.between or self.session.perform(Advance(Grain.STEP))
            self.between = None
            return True
        self._credit += elapsed * self._rate()
        ops = int(self._credit)
        if self.stopping.conditions:
            ops = min(ops, self.stopping.left_in_step())
        self._credit -= ops
        if ops:
            self._work = self._perform(Advance(Grain.OP, ops))
        return bool(ops)

    def _next_of_scenario(self, playback: "Playback", elapsed: float) -> bool:
        if playback.over:
            self.concluded, self.playing = True, False
            self.message = "the scenario is over: try something, or ⟨open-lessons⟩ for the next"
            return True
        if not playback.clock(elapsed):
            return True
        if playback.slow() and not self.fastest:
            for _ in self.session.looking():
                pass
            self._paced, self._credit = True, 0.0
        self._work = self._play(playback)
        return True

    def _play(self, playback: "Playback") -> Iterator[None]:
        yield from playback.perform()
        if playback.verdict or playback.ahead:
            # What a lesson switches and measures is told where a message may still stand.
            self.message = ""

    def _perform(self, action: Action) -> Iterator[None]:
        # A step is computed before the wave is shown going through it, so that both lanes of the
        # profile are known as it passes.
        yield from self.session.perform(action)
        if not self.follows_scenario and (said := outcome(action, self.session)):
            self.message = said
        for _ in self.session.recalling():
            if self._queue:
                # What is asked for next may lead elsewhere, and brings back its own.
                return
            yield

    def _run_errand(self, errand: Generator[None, None, str]) -> Iterator[None]:
        self.message = yield from errand

    def _stops(self) -> bool:
        """Whether playback stops here; then it is said why."""
        why = self.stopping.reached()
        if not (why and self.playing):
            return False
        self.playing, self.message = False, why
        return True

    def _slice(self, more: Callable[[], bool]) -> bool:
        """Go on with the work at hand; True when it is done."""
        assert self._work is not None
        try:
            while True:
                if self._paced and self._credit < 1:
                    return False
                before = self.session.cursor
                next(self._work)
                if self._paced and self.session.cursor != before:
                    # Only what is seen to move is paid for, not what is computed beside it.
                    self._credit -= 1
                if self._doing is None and self._stops():
                    self._held = True
                    return False
                if not more():
                    return False
        except StopIteration:
            pass
        except InputError as error:
            self.message = "; ".join(error.problems)
            self._queue.clear()
            self.playing = False
        played, self._work, self._doing, self._paced = self._doing is None, None, None, False
        if played:
            self._stops()
        else:
            self.stopping.pass_by()
        return True

    def _finish_work(self) -> None:
        """Bring what has been begun to its end, so that it is taken whole into the log."""
        playing, self.playing = self.playing, False
        self._paced = self._held = False
        while self._work is not None:
            self._slice(lambda: True)
        self.playing = playing
