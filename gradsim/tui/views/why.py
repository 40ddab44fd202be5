"""The view "why": the ledger of the step shown, and the selected layer's formula."""

from collections.abc import Sequence
from typing import ClassVar

from gradsim.insight.ledger import Ledger, ledger
from gradsim.tui.settings import Settings
from gradsim.tui.views.base import Host, ViewPane
from gradsim.view.frame import Frame
from gradsim.view.ledger import bars, words
from gradsim.view.lines import Line, beside, fitted

SIDE_BY_SIDE = 96
"""Width from which bars and words stand side by side."""


class WhyView(ViewPane):
    """Which part of which layer changed the gradient, by how many decades."""

    NAME: ClassVar[str] = "why"
    TITLE: ClassVar[str] = "why: what each layer does to the gradient"
    KEY: ClassVar[str] = "2"
    ABOUT: ClassVar[str] = "which part of which layer takes from the gradient, or adds to it"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._known: tuple[int, int, int | None] | None = None
        self._ledger: Ledger | None = None

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """Bars at the left or above, words at the right or below."""
        found = self._of(frame)
        if found is None:
            line = "the gradient has not come back yet: shift → three times, or space"
            return [fitted([(line, "label")], width), *[fitted([], width)] * (height - 1)]
        if width >= SIDE_BY_SIDE:
            left = width * 55 // 100
            return beside(
                bars(found, frame.layer, left, height, settings.markers),
                words(found, frame.layer, width - left - 3, height),
            )
        below = max(height - len(found.blocks) - 2, height // 3, 4)
        return [
            *bars(found, frame.layer, width, height - below, settings.markers),
            *words(found, frame.layer, width, below),
        ]

    def _of(self, frame: Frame) -> Ledger | None:
        """The ledger of the step shown; worked out once for each step."""
        if frame.judged is None:
            return None
        session = self.host.driver.session
        here = (session.run.number, frame.judged, frame.lane.level)
        if here != self._known:
            self._known, self._ledger = here, ledger(session, frame.judged, frame.lane.level)
        return self._ledger
