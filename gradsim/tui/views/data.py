"""The view "data": what the network of the step shown answers, drawn as suits the data."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import ClassVar, TypeAlias

from gradsim.insight.answers import Answers, Reader, kind_of
from gradsim.tui.keys import Key
from gradsim.tui.settings import Settings
from gradsim.tui.views.asking import AskingPane
from gradsim.tui.views.base import Host
from gradsim.view.answers import USES, Look, grid_of, page
from gradsim.view.frame import Frame
from gradsim.view.lines import Line

Wanted: TypeAlias = tuple[int, int, tuple[int, int]]
"""A run, a step of it, and the grid of a picture of the plane."""

NOTHING = {"only_wrong": "leave out", "page": "turn over", "more": "draw in another way"}
"""What a key would do, to end a sentence with."""


class DataView(AskingPane):
    """The data with the answers of the network, as it is at the start of the step shown.

    The network is a copy: asking it changes nothing, and a step that is being made is not
    disturbed. What was found stays on screen until there is something newer.
    """

    NAME: ClassVar[str] = "data"
    TITLE: ClassVar[str] = "data: what the network answers"
    KEY: ClassVar[str] = "7"
    WAITING: ClassVar[str] = "the network is being asked …"
    ABOUT: ClassVar[str] = "the data with the network's answers at the step shown: right and wrong"
    HIDES: ClassVar[frozenset[str]] = frozenset({"network", "verdict", "layer"})
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("x", "x", "wrong", "only the wrong ones, the most wrong first", "data", "only wrong"),
        Key("g", "g", "page(1)", "the next page, or the next sequence", "data", "page"),
        Key("G", "G", "page(-1)", "the page before", "data"),
        Key("m", "m", "more", "larger pictures; more or fewer points", "data", "more"),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._reader = Reader()
        self._look = Look()
        self._area: tuple[int, int] = (0, 0)
        self._answers: Answers | None = None
        self._known: Wanted | None = None
        """What the answers on screen are of."""
        self._asking: Wanted | None = None
        self._work: Generator[None, None, Answers] | None = None

    # -- what is shown --------------------------------------------------------------------------

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """The answers that are known, or that they are being found."""
        self._area = width, height
        answers = self._answers
        if answers is None or answers.grid != grid_of(answers.kind, width, height):
            return self._waiting(width, height)
        look = replace(self._look, markers=settings.markers)
        return page(answers, self._reach(frame), width, height, look)

    def _reach(self, frame: Frame) -> Sequence[float] | None:
        """What each time step brings of the gradient that is judged; None in a deep stack."""
        if frame.lane.level is None or frame.judged is None:
            return None
        added = self.host.driver.session.run.records[frame.judged].column("grad_weight_norm")
        if added is None or len(added) <= frame.lane.columns[-1]:
            return None
        return [float(added[k]) for k in frame.lane.columns[:-1]]

    def _stop(self) -> None:
        """Nobody is asked any longer."""
        self._work = None

    # -- what is worked out ---------------------------------------------------------------------

    def tick(self, more: Callable[[], bool]) -> bool:
        """Ask the network of the step at the cursor, some rows at a time."""
        if not self._open or not self._area[0]:
            return False
        while more():
            if self._work is None and not self._begin():
                return False
            assert self._work is not None
            try:
                next(self._work)
            except StopIteration as end:
                self._answers, self._known, self._work = end.value, self._asking, None
                return True
        return False

    def _begin(self) -> bool:
        """Ask about what is on screen, unless that is known already."""
        session = self.host.driver.session
        run, step = session.run, session.cursor.step
        grid = grid_of(kind_of(run.data), *self._area)
        wanted = (run.number, step, grid)
        if wanted == self._known:
            return False
        if self._known and self._known[0] != run.number:
            self._look = replace(self._look, page=0)
        self._asking, self._work = wanted, self._reader.reading(run, step, grid)
        return True

    # -- keys -----------------------------------------------------------------------------------

    def action_wrong(self) -> None:
        """Only what is wrong, or all."""
        self._turn("only_wrong", replace(self._look, only_wrong=not self._look.only_wrong, page=0))

    def action_page(self, way: int) -> None:
        """Turn the page."""
        self._turn("page", replace(self._look, page=self._look.page + way))

    def action_more(self) -> None:
        """The next way to draw it."""
        self._turn("more", replace(self._look, more=self._look.more + 1, page=0))

    def _turn(self, what: str, look: Look) -> None:
        """Look at it in another way, or say that these data have no other."""
        data = self.host.driver.session.run.data
        if what not in USES[kind_of(data)]:
            self.host.say(f"{data.name} is drawn whole: there is nothing to {NOTHING[what]}")
            return
        self._look = look
        self.host.redraw()
