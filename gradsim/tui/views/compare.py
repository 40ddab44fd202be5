"""The view "compare": the pinned run beside the live one, in lockstep."""

from collections.abc import Sequence
from typing import ClassVar

from gradsim.insight.side_by_side import SideBySide, side_by_side
from gradsim.simulation.actions import Swap
from gradsim.tui.keys import Key
from gradsim.tui.settings import Settings
from gradsim.tui.views.base import Host, ViewPane
from gradsim.view.compare import NOT_BACK_YET, NOT_PINNED, NOT_SWITCHED, page, waiting
from gradsim.view.frame import Frame
from gradsim.view.lines import Line


class CompareView(ViewPane):
    """Two runs at the same step: what differs, verdicts, profiles, the difference by layer."""

    NAME: ClassVar[str] = "compare"
    TITLE: ClassVar[str] = "compare: two runs in lockstep"
    KEY: ClassVar[str] = "6"
    ABOUT: ClassVar[str] = "the pinned run beside the live one: same seed, same batches, same step"
    HIDES: ClassVar[frozenset[str]] = frozenset({"network", "verdict", "layer"})
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("x", "x", "swap", "swap: the pinned run becomes the live one", "compare", "swap"),
        Key("h", "h", "turn", "another picture first", "compare", "picture"),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._first = 0
        self._known: tuple[int, int, int] | None = None
        self._both: SideBySide | None = None

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """Both runs, or what to press to have two."""
        both = self._of(frame)
        if both is None:
            return waiting(*self._why(), width, height, settings.told)
        return page(frame, both, width, height, settings.markers, self._first)

    def _why(self) -> tuple[str, Sequence[tuple[str, str]]]:
        session = self.host.driver.session
        if session.pinned is None:
            return NOT_PINNED
        return NOT_SWITCHED if session.pinned.run is session.run else NOT_BACK_YET

    def idle(self, action: str) -> str:
        """Both keys need two runs."""
        session = self.host.driver.session
        if self.host.driver.busy or (session.pinned and session.pinned.run is not session.run):
            return ""
        if session.pinned:
            return "the live run is the pinned one: after a switch there are two"
        if action == "swap":
            return "no run is pinned: there is nothing to swap with"
        return "no run is pinned: there is nothing to draw beside this one"

    def action_swap(self) -> None:
        """The pinned run becomes the live one."""
        self.host.ask(Swap())

    def action_turn(self) -> None:
        """Another picture first."""
        self._first += 1
        self.host.redraw()

    def _of(self, frame: Frame) -> SideBySide | None:
        """Both runs at the step that is judged; worked out once for each step."""
        session = self.host.driver.session
        if frame.judged is None or session.pinned is None:
            return None
        here = (session.run.number, session.pinned.run.number, frame.judged)
        if here != self._known or self._both is None:
            self._known, self._both = here, side_by_side(session, frame.judged)
        return self._both
