"""The view "why": the ledger of the step shown, and the selected layer's formula."""

from collections.abc import Sequence
from typing import ClassVar

from gradsim.insight.clip_advisor import ClipAdvice, advise
from gradsim.insight.ledger import Ledger
from gradsim.insight.reckoning import ledger
from gradsim.tui.keys import Key
from gradsim.tui.presses import Press, select
from gradsim.tui.settings import Settings
from gradsim.tui.views.base import Host, ViewPane
from gradsim.view.clipping import clipping
from gradsim.view.frame import Frame
from gradsim.view.ledger import bars, layer_at, words
from gradsim.view.lines import Line, beside, fitted
from gradsim.view.notes import notes

SIDE_BY_SIDE = 96
"""Width from which bars and words stand side by side."""


class WhyView(ViewPane):
    """Which part of which layer changed the gradient, by how many decades."""

    NAME: ClassVar[str] = "why"
    TITLE: ClassVar[str] = "why: what each layer does to the gradient"
    KEY: ClassVar[str] = "3"
    ABOUT: ClassVar[str] = "which part of which layer takes from the gradient, or adds to it"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("m", "m", "more", "the formula, or notes and clip advice in full", "why", "more"),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._known: tuple[int, int, int | None] | None = None
        self._ledger: Ledger | None = None
        self._advice: ClipAdvice | None = None
        self._more = False
        """Whether notes and advice come before the formula, where there is not room for all."""

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """Bars at the left or above, words at the right or below."""
        found = self._of(frame)
        if found is None:
            line = "the gradient has not come back yet: ⟨move-phase⟩ three times, or ⟨play⟩"
            return [
                fitted([(settings.told(line), "label")], width),
                *[fitted([], width)] * (height - 1),
            ]
        if width >= SIDE_BY_SIDE:
            left = width * 55 // 100
            return beside(
                bars(found, frame.layer, left, height, settings.markers),
                self._words(frame, found, width - left - 3, height),
            )
        below = max(height - len(found.blocks) - 2, height // 3, 4)
        return [
            *bars(found, frame.layer, width, height - below, settings.markers),
            *self._words(frame, found, width, below),
        ]

    def press(
        self, frame: Frame, width: int, height: int, settings: Settings, x: int, y: int
    ) -> Press | None:
        """A bar selects its layer."""
        found = self._of(frame)
        if found is None or (width >= SIDE_BY_SIDE and x >= width * 55 // 100):
            return None
        below = 0 if width >= SIDE_BY_SIDE else max(height - len(found.blocks) - 2, height // 3, 4)
        layer = layer_at(found, height - below, y)
        if layer is None:
            return None
        return select(frame.depth + 1 if layer == "output" else int(layer))

    def action_more(self) -> None:
        """Put the notes before the formula, or behind it again."""
        self._more = not self._more
        self.host.redraw()

    def _words(self, frame: Frame, found: Ledger, width: int, height: int) -> list[Line]:
        """The formula, then notes and advice, as far as there is room; or the other way around."""
        blank = [fitted([], width)]
        assert frame.verdict is not None
        assert frame.judged is not None
        run = self.host.driver.session.run
        if run.experiment_at(frame.judged) != frame.experiment:
            old = "before the switch: the gradient after it has not come back yet"
            return [
                fitted([(old, "message")], width),
                *words(found, frame.layer, width, height - 1),
                *blank * height,
            ][:height]
        told = notes(frame.verdict.explained(found), width)
        advice = clipping(self._advice, width) if self._advice else []
        own = words(found, frame.layer, width, height)
        parts = [told, advice, own] if self._more else [own, told, advice]
        lines: list[Line] = []
        for part in parts:
            lines += [*(blank if lines and part else []), *part]
        return (lines + blank * height)[:height]

    def _of(self, frame: Frame) -> Ledger | None:
        """The ledger of the step shown; worked out once for each step."""
        if frame.judged is None:
            return None
        session = self.host.driver.session
        here = (session.run.number, frame.judged, frame.lane.level)
        if here != self._known:
            self._known, self._ledger = here, ledger(session, frame.judged, frame.lane.level)
            self._advice = advise(session, frame.judged)
        return self._ledger
