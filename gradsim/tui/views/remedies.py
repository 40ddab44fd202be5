"""The view "remedies": what may help, really tried in the background, ranked, shown, applied."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

from gradsim.experiment.experiment import Experiment
from gradsim.insight.remedies.candidates import way
from gradsim.insight.remedies.ghost import Ghost, train_ghost
from gradsim.insight.remedies.ranking import Standing
from gradsim.insight.remedies.search import BROKEN, Search
from gradsim.insight.workers import Workers
from gradsim.tui.keys import Key
from gradsim.tui.presses import Press
from gradsim.tui.settings import Settings
from gradsim.tui.switching import Turn, problem
from gradsim.tui.views.base import Host, ViewPane
from gradsim.view.frame import Frame
from gradsim.view.lines import Line
from gradsim.view.remedies import Row, table
from gradsim.view.remedies_page import Page, candidate_at, page

FIRST_STEPS = 100
"""A ghost is trained for at least so many steps, and then for twice as many as are needed."""


@dataclass(slots=True)
class _Haunting:
    """A remedy whose gradient is laid over the live one, as far as it is known."""

    name: str
    experiment: Experiment
    known: Ghost | None = None
    coming: Future[Ghost] | None = None


class RemediesView(ViewPane):
    """A table of remedies that fills and sorts itself while they are tried by other processes."""

    NAME: ClassVar[str] = "remedies"
    TITLE: ClassVar[str] = "remedies: what helps, measured"
    KEY: ClassVar[str] = "8"
    BRIEF: ClassVar[str] = "remedy"
    ABOUT: ClassVar[str] = "changes that may help, really tried in the background, the best first"
    HIDES: ClassVar[frozenset[str]] = frozenset({"network", "layer"})
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("t", "t", "try_all", "try remedies for the experiment as it is now", "remedies", "try"),
        Key("x", "x", "stop", "stop trying; what was found stays", "remedies", "stop"),
        Key("up", "↑", "cursor(-1)", "the remedy above", "remedies"),
        Key("down", "↓", "cursor(1)", "the remedy below", "remedies", "select"),
        Key("home", "home", "cursor(-1000)", "the best one", "remedies"),
        Key("end", "end", "cursor(1000)", "the last one", "remedies"),
        Key("g", "g", "ghost", "its gradient beside the live one, in every view; and away",
            "remedies", "ghost"),
        Key("enter", "enter", "apply", "switch to it; ⟨undo⟩ takes it back", "remedies", "apply"),
    )  # fmt: skip
    executor: ClassVar[Callable[[], Executor]] = lambda: Workers(gently=True)
    """Who trains; a worker for each core, which lets the screen go first."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.search: Search | None = None
        """What is being tried, or was."""
        self._selected = ""
        """The name of the remedy under the cursor; nothing for the best, whichever that is."""
        self._ghost: _Haunting | None = None
        self._executor: Executor | None = None
        self._ends = ExitStack()
        self._drawn: tuple[Hashable, Sequence[Row]] = (None, ())

    # -- the picture ----------------------------------------------------------------------------

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """The table, what is known of the selected remedy, and its gradient where it is wanted."""
        return page(self._page(width), frame, width, height, settings.markers)

    def press(
        self, frame: Frame, width: int, height: int, settings: Settings, x: int, y: int
    ) -> Press | None:
        """A row selects its remedy."""
        index = candidate_at(self._page(width), frame, width, height, settings.markers, y)
        return None if index is None else Press(f"pick({index})", own=True)

    def action_pick(self, index: int) -> None:
        """Select a remedy by its rank."""
        ranked = self._ranked()
        if index < len(ranked):
            self._selected = ranked[index].tried.candidate.name
            self.host.redraw()

    def _page(self, width: int) -> Page:
        return Page(
            self.search,
            self._rows(width),
            self._index(),
            self.host.driver.experiment,
            self._ghost.name if self._ghost else "",
            bool(self._ghost and self._ghost.known),
        )

    def _rows(self, width: int) -> Sequence[Row]:
        """The table; drawn anew only where it has changed."""
        search, index = self.search, self._index()
        if search is None:
            return ()
        key = (id(search), search.done, search.stage, width, index)
        if key != self._drawn[0]:
            self._drawn = key, table(search, width, index)
        return self._drawn[1]

    def _index(self) -> int:
        """Which of the ranked is selected."""
        names = [row.tried.candidate.name for row in self._ranked()]
        return names.index(self._selected) if self._selected in names else 0

    def _ranked(self) -> tuple[Standing, ...]:
        return self.search.ranked() if self.search else ()

    # -- what goes on in the background ----------------------------------------------------------

    def tick(self, more: Callable[[], bool]) -> bool:
        """Take in what other processes have found; never wait for them."""
        changed = bool(self.search and not self.search.over and self.search.poll(more))
        changed = self._haunt() or changed
        if self._executor is not None and self._idle():
            self._release()
        return changed

    def _idle(self) -> bool:
        """Whether the workers have nothing left to do."""
        searching = self.search is not None and not self.search.over
        return not searching and not (self._ghost and self._ghost.coming)

    def _haunt(self) -> bool:
        """Take in the ghost's gradients, and ask for more where the live run has gone beyond."""
        ghost = self._ghost
        if ghost is None:
            return False
        if ghost.coming is None:
            known = len(ghost.known.steps) if ghost.known else 0
            if known > self.host.driver.session.cursor.step:
                return False
            self._train(ghost)
            return True
        if not ghost.coming.done():
            return False
        try:
            ghost.known = ghost.coming.result()
        except (BrokenExecutor, MemoryError, OSError):
            self._ghost = None
            self.host.say(f"the gradient of {ghost.name} could not be worked out")
        else:
            self.host.remedy = ghost.known
        ghost.coming = None
        return True

    def _train(self, ghost: _Haunting) -> None:
        steps = max(FIRST_STEPS, 2 * (self.host.driver.session.cursor.step + 1))
        try:
            ghost.coming = self._workers().submit(train_ghost, ghost.experiment.settings(), steps)
        except BrokenExecutor:
            self._ghost = None
            self.host.say(BROKEN)

    def _workers(self) -> Executor:
        if self._executor is None:
            self._executor = self._ends.enter_context(type(self).executor())
        return self._executor

    def _release(self) -> None:
        """End the workers, whatever they are at."""
        self._ends.close()
        self._executor = None

    def close(self) -> None:
        """The app ends: nothing is tried any longer."""
        if self.search:
            self.search.stop()
        self._release()

    # -- keys -----------------------------------------------------------------------------------

    def idle(self, action: str) -> str:
        """Stopping needs a search under way, all about one remedy that there is one."""
        if action == "stop" and (self.search is None or self.search.over):
            return "nothing is being tried: ⟨remedies.try-all⟩ tries remedies"
        if action not in ("try_all", "stop") and not self._ranked():
            return "no remedy has been tried yet: ⟨remedies.try-all⟩ tries them"
        return ""

    def action_try_all(self) -> None:
        """Begin a search for the experiment as it is now."""
        now = self.host.driver.experiment
        if self.search and not self.search.over and self.search.experiment == now:
            self.host.say("this is being tried already: ⟨remedies.stop⟩ stops it")
            return
        self._end_search()
        self._selected = ""
        self.search = Search(now, self._workers())
        self.host.say("")

    def action_stop(self) -> None:
        """Try no more."""
        self._end_search()
        self.host.redraw()

    def _end_search(self) -> None:
        """End what is being tried; a ghost that was on its way begins again."""
        if self.search:
            self.search.stop()
        if self._ghost:
            self._ghost.coming = None
        self._release()

    def action_cursor(self, rows: int) -> None:
        """Select another remedy."""
        ranked = self._ranked()
        if ranked:
            index = min(max(self._index() + rows, 0), len(ranked) - 1)
            self._selected = ranked[index].tried.candidate.name
            self.host.redraw()

    def action_ghost(self) -> None:
        """Lay the selected remedy's gradient over the live one, or take it away."""
        chosen = self._chosen()
        if chosen is None:
            return
        name, experiment = chosen
        if self._ghost and self._ghost.name == name:
            self._ghost = None
        else:
            self._ghost = _Haunting(name, experiment)
        self.host.remedy = None
        self.host.redraw()

    def action_apply(self) -> None:
        """Make the experiment that was tried: a switch like any other."""
        chosen = self._chosen()
        if chosen is None:
            return
        driver = self.host.driver
        changes = way(driver.experiment, chosen[1])
        if not changes:
            self.host.say(f"the experiment is {chosen[0]} already")
        elif why := problem(driver.session, driver.experiment, changes):
            self.host.say(why)
        else:
            self.host.take(Turn(changes))

    def _chosen(self) -> tuple[str, Experiment] | None:
        """The selected remedy, and the experiment that it makes; None where there is none."""
        ranked = self._ranked()
        if self.search is None or not ranked:
            return None
        candidate = ranked[self._index()].tried.candidate
        return candidate.name, self.search.experiment.switch(candidate.changes)
