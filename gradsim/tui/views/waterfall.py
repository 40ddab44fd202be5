"""The view "waterfall": every layer at every training step, with a cursor to go there."""

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar

import numpy as np
from textual.events import Click

from gradsim.simulation.run import Run
from gradsim.tui.keys import Key
from gradsim.tui.settings import Settings
from gradsim.tui.switching import Turn
from gradsim.tui.views.base import Host, ViewPane
from gradsim.view.frame import Frame
from gradsim.view.key_words import Told
from gradsim.view.lane import lane
from gradsim.view.lines import Line, fitted
from gradsim.view.lines import Run as Part
from gradsim.view.timeline import GLYPHS, ROLES
from gradsim.view.waterfall import HERE, Picture, draw
from gradsim.view.waterfall_layout import WIDEST, Layout, Window, fit, look_at
from gradsim.view.waterfall_past import QUANTITIES, RATIO, Columns, Numbers, Past, Pasts
from gradsim.view.waterfall_scale import Scale, following
from gradsim.view.waterfall_words import Cell, caption, title, told

FAR = 10
"""Columns that a far move of the cursor goes."""


class WaterfallView(ViewPane):
    """Layers, or time steps of a recurrent layer, by training steps."""

    NAME: ClassVar[str] = "waterfall"
    TITLE: ClassVar[str] = "waterfall"
    KEY: ClassVar[str] = "5"
    BRIEF: ClassVar[str] = "falls"
    ABOUT: ClassVar[str] = "gradients of every layer at every training step, in decades"
    HIDES: ClassVar[frozenset[str]] = frozenset({"network", "layer"})
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("left", "←", "cursor(-1)", "the cursor a column of steps back", "waterfall"),
        Key("right", "→", "cursor(1)", "the cursor a column of steps on", "waterfall", "cell"),
        Key("shift+left", "shift ←", f"cursor(-{FAR})", "ten columns back", "waterfall"),
        Key("shift+right", "shift →", f"cursor({FAR})", "ten columns on", "waterfall"),
        Key("home", "home", "first", "the cursor to step 0", "waterfall"),
        Key("end", "end", "follow", "the cursor goes with the session", "waterfall"),
        Key("enter", "enter", "go_there", "the session to that step", "waterfall", "go"),
        Key("shift+up", "shift ↑", "line(1)", "select the next line of layers", "waterfall"),
        Key("shift+down", "shift ↓", "line(-1)", "select the line below", "waterfall"),
        Key("z", "z", "zoom(-1)", "nearer: half as many steps to a column", "waterfall", "zoom"),
        Key("Z", "Z", "zoom(1)", "farther, up to the whole run", "waterfall"),
        Key("g", "g", "quantity(1)", "activation gradient, weight gradient, update ratio",
            "waterfall", "what"),
        Key("G", "G", "quantity(-1)", "the number before", "waterfall"),
        Key("m", "m", "extreme", "cells show their smallest size, or their largest", "waterfall",
            "min"),
        Key("x", "x", "fix", "hold the scale, or let it follow", "waterfall", "fix"),
    )  # fmt: skip

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._pasts = Pasts()
        self._run: Run | None = None
        """The run that was drawn last."""
        self._quantity = 0
        self._largest = True
        self._zoom: int | None = None
        """None shows the whole run."""
        self._cursor: int | None = None
        """None is the step that the session shows."""
        self._fixed: Scale | None = None
        self._scale: Scale | None = None
        self._window = Window(0, 0, 1, 1, 0)
        self._end = self._here = 0
        """Steps there are, and the one that the session shows; -1 before the first."""
        self._layout: Layout | None = None
        self._opened = False
        self._drawn: tuple[Hashable, Sequence[Line]] = (None, ())

    def opened(self) -> None:
        """From now on steps are taken in."""
        self._opened = True

    def tick(self, more: Callable[[], bool]) -> bool:
        """Take in the steps that are new, whatever view is shown: tables are let go of in time."""
        return self._opened and self._past().take(more) and self.display

    # -- the picture ----------------------------------------------------------------------------

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """The cells with all that belongs to them."""
        self.border_title = title(self._quantity, frame.lane)
        past = self._past()
        past.take(_rounds(2))
        end, here = past.run.end().step, -1 if frame.judged is None else frame.judged
        if self._quantity != RATIO:
            end = max(end, here + 1)
        if not end or past.blank:
            wanted = "update" if self._quantity == RATIO else "gradient"
            line = f"there is no {wanted} yet: ⟨move-step⟩ makes a training step, ⟨play⟩ plays"
            if end:
                line = f"no {wanted} of this run is kept any more: ⟨move-step⟩ makes a step again"
            return [
                fitted([(settings.told(line), "label")], width),
                *[fitted([], width)] * (height - 1),
            ]
        if past.run is not self._run:
            self._run, self._cursor = past.run, None
        self._end, self._here = end, min(here, end - 1)
        self._layout = Layout.of(len(frame.lane.columns), width, height)
        zoom = fit(end, self._layout.across) if self._zoom is None else self._zoom
        step = self._step()
        self._window = look_at(end, zoom, self._layout.across, self._window.first, step)
        events = self._events(frame)
        at_step = past.at(self._quantity, step)
        key = (
            *(id(past), past.seen, end, self._here, frame.selected(), frame.lane, at_step is None),
            *(self._quantity, self._largest, self._window, step, self._fixed),
            *(width, height, settings.markers, *events),
        )
        if key != self._drawn[0]:
            picture = self._picture(past, frame, at_step, events, width, settings.told)
            self._drawn = key, draw(picture, width, height, settings.markers)
        return self._drawn[1]

    def _past(self) -> Past:
        session = self.host.driver.session
        size = lane(session.experiment, session.run.data.steps).size
        return self._pasts.of(session, size)

    def _step(self) -> int:
        """The step of the cursor."""
        return max(0, min(self._here if self._cursor is None else self._cursor, self._end - 1))

    def _picture(
        self,
        past: Past,
        frame: Frame,
        at_step: Numbers | None,
        events: Sequence[Part | None],
        width: int,
        keys: Told,
    ) -> Picture:
        """All that is drawn, from what is known of the steps in the window."""
        window, layout = self._window, self._layout
        assert layout is not None
        known = past.columns(self._quantity, window.first, window.count, window.span, window.end)
        own = list(frame.lane.columns)
        sizes = Columns(known.low[:, own], known.high[:, own], known.kept)
        tiny = float(
            np.finfo("float64" if self._quantity == RATIO else frame.experiment.dtype).tiny
        )
        scale = self._fixed or following(sizes.low, sizes.high, tiny, self._scale)
        self._scale = scale
        step, place = self._step(), frame.selected()
        block, column = layout.block_of(place), step // window.span
        places, at = layout.places_of(block), column - window.first
        cell = Cell(
            place=place,
            step=step,
            value=None if at_step is None else float(at_step[own[place]]),
            places=places,
            steps=window.steps_of(column),
            kept=int(sizes.kept[at]),
            low=float(np.fmin.reduce(sizes.low[at, places.start : places.stop])),
            high=float(np.maximum.reduce(sizes.high[at, places.start : places.stop])),
            begun=past.run.begun,
        )
        room = width, layout.words
        note = keys(self._note())
        words = told(cell, self._quantity, frame.lane, self._happened(frame), note, room)
        return Picture(
            noun=frame.lane.short,
            window=window,
            sizes=sizes,
            scale=scale,
            largest=self._largest,
            tiny=tiny,
            selected=place,
            cursor=step,
            here=self._here,
            caption=caption(
                frame.lane,
                self._largest,
                window.span,
                layout.places_each,
                self._fixed is not None,
                width,
            ),
            events=events,
            words=words,
            begun=past.run.begun,
        )

    def _events(self, frame: Frame) -> list[Part | None]:
        """The most important that happened at the steps of each column."""
        out: list[Part | None] = []
        for k in range(self._window.count if frame.timeline else 0):
            steps = self._window.steps_of(self._window.first + k)
            found = frame.timeline.log.within(steps[0], steps[-1]) if frame.timeline else None
            out.append((GLYPHS[found[0]], ROLES[found[0]]) if found else None)
        return out

    def _happened(self, frame: Frame) -> list[str]:
        """What happened at the steps of the cursor's column, in words."""
        steps = self._window.steps_of(self._step() // self._window.span)
        found = frame.timeline.log.within(steps[0], steps[-1]) if frame.timeline else None
        if not found:
            return []
        said = self.host.driver.milestones.said(found[1])
        begun = self.host.driver.session.run.begun
        return [f"step {begun + found[1]}: {said[0]}", *said[1:]] if said else []

    def _note(self) -> str:
        """Where the session is, if elsewhere."""
        if self._step() == self._here:
            return ""
        begun = self.host.driver.session.run.begun
        where = f"before step {begun}" if self._here < 0 else f"at step {begun + self._here}"
        return f"{HERE} the session is {where}: ⟨waterfall.go-there⟩ takes it here"

    # -- keys -----------------------------------------------------------------------------------

    def action_cursor(self, way: int) -> None:
        """So many columns on, or back."""
        wanted = self._step() + way * self._window.span
        self._cursor = max(0, min(wanted, self._end - 1))
        self.host.redraw()

    def on_click(self, event: Click) -> None:
        """The cursor to where the mouse points; a second click takes the session there."""
        at, layout = event.get_content_offset(self), self._layout
        found = layout.pointed(self._window, at.x, at.y) if at and layout else None
        if found is None:
            return
        place, self._cursor = found
        if event.chain > 1:
            if not self.idle("go_there"):
                self.action_go_there()
        elif place + 1 != self.host.selected:
            self.host.action_layer(place + 1 - self.host.selected)
        else:
            self.host.redraw()

    def action_first(self) -> None:
        """To the start of the run."""
        self._cursor = 0
        self.host.redraw()

    def action_follow(self) -> None:
        """The cursor goes with the session again."""
        self._cursor = None
        self.host.redraw()

    def idle(self, action: str) -> str:
        """To go somewhere needs a cursor that stands elsewhere."""
        if action == "go_there" and (not self._end or self._step() == self._here):
            return "the session is at this step already: ← and → move the cursor"
        return ""

    def action_go_there(self) -> None:
        """The session to the step of the cursor; the cursor then goes with it."""
        self.host.driver.visit(self._step())
        self._cursor = None
        self.host.take(Turn())

    def action_line(self, way: int) -> None:
        """Select a place on the next line, or on the one below."""
        if self._layout:
            layout, place = self._layout, self.host.selected - 1
            block = layout.block_of(min(place, layout.places - 1)) + way
            if 0 <= block < layout.blocks:
                way = layout.places_of(block)[0] - place
            self.host.action_layer(way)

    def action_zoom(self, way: int) -> None:
        """Nearer or farther; where all steps find room the whole run stays in view."""
        if not self._layout:
            return
        whole = fit(self._end, self._layout.across)
        zoom = (whole if self._zoom is None else self._zoom) + way
        if zoom < WIDEST:
            self.host.say("a step is as wide as it gets")
        elif zoom > whole:
            self._zoom = None
            self.host.say("the whole run is in view, and stays so")
        else:
            self._zoom = zoom
            self.host.redraw()

    def action_quantity(self, way: int) -> None:
        """Another number; each has a scale of its own."""
        self._quantity = (self._quantity + way) % len(QUANTITIES)
        self._fixed = self._scale = None
        self.host.redraw()

    def action_extreme(self) -> None:
        """Cells show the largest of their sizes, or the smallest."""
        self._largest = not self._largest
        self.host.redraw()

    def action_fix(self) -> None:
        """Hold the scale as it is, or let it follow what is seen."""
        self._fixed = None if self._fixed else self._scale
        self.host.redraw()


def _rounds(count: int) -> Callable[[], bool]:
    """True so many times."""
    left = iter(range(count))
    return lambda: next(left, None) is not None
