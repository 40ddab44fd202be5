"""The desk: what is on screen and how time passes; what keys do to it is in `acts`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, cast

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from gradsim.keeping.keeper import Keeper
from gradsim.keeping.preferences import DEFAULTS, Preferences
from gradsim.simulation.session import Session
from gradsim.tui.canvas import Canvas
from gradsim.tui.driver import SPEEDS, Driver
from gradsim.tui.ground import Ground
from gradsim.tui.idle import why_idle
from gradsim.tui.keymap import keymap
from gradsim.tui.keys import KEYS
from gradsim.tui.lessons import Lessons
from gradsim.tui.narration import Narration
from gradsim.tui.pace import COMPUTING, FRAMES_PER_SECOND, SLICE, Pace
from gradsim.tui.panels import BESIDE, PANELS, SMALLEST, bordered, heights, side_by_side
from gradsim.tui.put_away import PutAway
from gradsim.tui.settings import FLOW, Settings
from gradsim.tui.start import settle
from gradsim.tui.theme import THEMES, use
from gradsim.tui.views import VIEWS, Host, ViewPane
from gradsim.view.frame import View, frame
from gradsim.view.question import wanted

if TYPE_CHECKING:
    # Lists, help and scenarios are loaded when they are opened: the first picture comes sooner.
    from gradsim.insight.remedies.ghost import Ghost
    from gradsim.tui.playback import Playback


PANE_SLICE = 0.006
"""Seconds between two frames for what a view has to work out."""


class Desk(App[None]):
    """A session, its panels and views, and a clock. With `live` false call `advance`."""

    def __init__(
        self,
        session: Session,
        *,
        live: bool = True,
        playing: bool = True,
        playback: "Playback | None" = None,
        preferences: Preferences = DEFAULTS,
        keeper: Keeper | None = None,
    ) -> None:
        super().__init__()
        self.keeper = keeper
        """What writes the session down; none where nothing is to be left behind."""
        self.wanted: Path | None = None
        """The file of a session that is to be opened once this app has ended."""
        self.preferences = preferences
        for theme in THEMES.values():
            self.register_theme(theme)
        if preferences.theme == DEFAULTS.theme:
            # So that the styles are not worked out for Textual's own theme first.
            self.set_reactive(App.theme, use(preferences.theme).name)
            self.stylesheet.set_variables(self.get_css_variables())
        self.driver = Driver(session, playing, playback)
        self.lessons = Lessons()
        self.touched = False
        """Whether anything has been done by hand."""
        self.layer = 1
        self.level = 0
        self.last_knob = "activation"
        """The knob that was switched last."""
        self.remedy: Ghost | None = None
        self.keymap, _ = keymap(preferences.keys)
        self.set_keymap(dict(self.keymap.own))
        self.settings = Settings(
            tabs=self.keymap.tabs(),
            app_keys=self.keymap.now(KEYS),
            told=self.keymap.told,
            idle=self.idle,
        )
        self.panes: dict[str, ViewPane] = {}
        """The views that have been opened."""
        self.put_away = PutAway()
        """Those of sessions that wait while another one is on screen."""
        self._live = live
        self._canvases: dict[str, Canvas] = {}
        self._timer: Timer | None = None
        self._last = self._turn = 0.0
        """When the driver was last given time, and when the clock last turned."""
        self._pace = Pace()
        self._moved = False
        self.arranging = True
        """Whether panels are finding their places, and are drawn as soon as they have."""
        self._due = False
        """Whether a picture has been asked for that is not drawn yet."""
        self._asked: tuple[bool, int] | None = None
        """Whether a question has the keys, and the lines it takes; None for a new session."""

    @property
    def selected(self) -> int:
        """The selected layer: 1 to depth, or depth + 1 for the head."""
        return min(self.layer, self.session.places + 1)

    @property
    def selected_layer(self) -> int:
        """The layer that the selected place is in: itself, or the recurrent layer looked at."""
        e = self.session.experiment
        if e.cell == "none":
            return self.selected
        head = self.selected > self.session.places
        return e.recurrent_layers + 1 if head else min(self.level or 16, e.recurrent_layers)

    def say(self, message: str) -> None:
        """Show a message until the next one."""
        self.driver.message = message
        self._show()

    def redraw(self) -> None:
        """Draw everything again, once all keys that wait have been read."""
        self._show()

    @property
    def session(self) -> Session:
        """The session on screen."""
        return self.driver.session

    def idle(self, action: str) -> str:
        """Why an action makes no sense now, in a sentence; or nothing."""
        return why_idle(action, self)

    def prefer(self, preferences: Preferences) -> None:
        """Follow these settings from now on."""
        if preferences.memory != self.preferences.memory:
            self.session.remember(preferences.budget())
        self.preferences = preferences
        self.theme = use(preferences.theme).name
        self._pace.sparing = preferences.low_bandwidth
        self.settings = replace(
            self.settings,
            markers=preferences.markers,
            reduced_motion=preferences.reduced_motion,
        )
        for widget in self.screen.walk_children(with_self=True):
            widget.refresh()
        self._show()

    def get_default_screen(self) -> Screen[None]:
        """The screen that all views share."""
        return Ground(self._begin)

    def compose(self) -> ComposeResult:
        """The panels from top to bottom."""
        self._canvases = {panel.name: Canvas(id=panel.name, title=panel.title) for panel in PANELS}
        self._canvases["narration"] = Narration(id="narration")
        self._beside = Canvas(id="beside")
        for name, canvas in self._canvases.items():
            if name == "profile":
                beside = self._canvases["history"], self._beside
                self._middle = Horizontal(canvas, *beside, id="middle")
                yield self._middle
            elif name != "history":
                yield canvas
        self._sorry = Static(id="sorry")
        yield self._sorry

    def _arrange(self, width: int, height: int) -> None:
        self.arranging = True
        self._pace.cells = width * height
        fits = width >= SMALLEST[0] and height >= SMALLEST[1]
        self.screen.set_class(not bordered(height), "cramped")
        self.screen.set_class(side_by_side(width, height), "wide")
        self._sorry.display = not fits
        self._sorry.update(
            f"gradsim needs {SMALLEST[0]}x{SMALLEST[1]}; this terminal is {width}x{height}"
        )
        shown = self.panes.get(self.settings.view)
        self._middle.display = fits and shown is None
        for pane in self.panes.values():
            pane.display = fits and pane is shown
        playback = self.driver.playback
        sizes = heights(height, playback is not None, self._asked_lines())
        if playback:
            words = heights(height, True)["narration"]
            playback.room = max(40, (width - 8) * words - 20)
        for name, lines in sizes.items():
            room = 0 if shown and name in shown.HIDES else lines
            self._canvases[name].styles.height = room
            self._canvases[name].display = fits and room > 0
        self.call_after_refresh(self._arranged)

    def _begin(self) -> bool:
        """Draw for the first time, if the panels have their places."""
        if not self._pace.cells:
            return False
        self.paint()
        return True

    def _arranged(self) -> None:
        self.arranging = False
        self.paint()
        if self._live and self._timer is None:
            self._last = perf_counter()
            self._timer = self.set_interval(1 / FRAMES_PER_SECOND, self._tick)
            self.call_after_refresh(settle)

    def _pane(self, name: str) -> ViewPane | None:
        """A view, made when it is first opened; None for the one that the app opens with."""
        entry = next((view for view in VIEWS if name == view.NAME), None)
        if entry and name not in self.panes:
            self.panes[name] = entry.load()(cast(Host, self))  # as a whole the app is one
            self.panes[name].display = False
            self.mount(self.panes[name], after=self._middle)
        return self.panes.get(name)

    def _tick(self) -> None:
        self._turn = perf_counter()
        moved, self._moved = self._slice() | self._moved | self.background(), False
        at_rest = not self.driver.playing and not self.driver.busy
        drawn, plots = self._pace.due(moved, at_rest, self.driver.fastest)
        if drawn:
            self.paint(plots)
        self._more()

    def _more(self) -> None:
        """As fast as it goes: compute until the clock turns, but let waiting keys go first."""
        wanted = self.driver.busy or (self.driver.playing and self.driver.fastest)
        if wanted and not self._due and perf_counter() - self._turn < COMPUTING:
            self._moved |= self._slice()
            self.call_later(self._more)

    def _slice(self) -> bool:
        """Work for a slice of time; True where something has changed."""
        now = perf_counter()
        elapsed, self._last = now - self._last, now
        return self.driver.tick(min(elapsed, 0.25), lambda: perf_counter() - now < SLICE)

    def background(self) -> bool:
        """Let the views go on with their work; True where one of them has changed."""
        now = perf_counter()
        changed = [
            pane.tick(lambda: not self._live or perf_counter() - now < PANE_SLICE)
            for pane in self.panes.values()
        ]
        changed.append(
            self.driver.milestones.read(lambda: not self._live or perf_counter() - now < PANE_SLICE)
        )
        return any(changed)

    def advance(
        self, seconds: float = 1 / FRAMES_PER_SECOND, more: Callable[[], bool] | None = None
    ) -> None:
        """Move the clock by hand: everything asked for is done, playback goes on by its speed.

        At full speed one training step is made. `more` says otherwise when to stop.
        """
        steps = self.session.cursor.step
        self.driver.tick(
            seconds, more or (lambda: not self.driver.fastest or self.session.cursor.step == steps)
        )
        self.background()
        self.paint()

    def _asked_lines(self) -> int:
        """Lines that the question would take; 0 where none is asked right now."""
        playback = self.driver.playback
        now = playback is not None and playback.asking
        asked = self._view().asked if now else None
        return wanted(asked, max(1, self.size.width - 4)) if asked else 0

    def follow(self) -> None:
        """Bring on screen what a lesson wants to be seen, and give its question keys and room."""

    def paint(self, plots: bool = True) -> None:
        """Draw the frame of this moment into the panels."""
        self.follow()
        shown = frame(self.session, self._view())
        for panel in PANELS:
            canvas = self._canvases[panel.name]
            width, height = canvas.content_size
            if width and height and (plots or not panel.plots):
                canvas.show(panel.draw(shown, width, height, self.settings))
            if panel.title:
                canvas.entitle(panel.titled(shown))
        pane, canvas = self.panes.get(self.settings.view), self._beside
        if pane is None and shown.judged is not None and canvas.content_size.height:
            # Where there is room for two views, the one that explains stands beside the flow.
            pane = self._pane(BESIDE)
            canvas.entitle(pane.TITLE if pane else "")
        elif pane:
            canvas = pane
        if pane and plots:
            width, height = canvas.content_size
            if width and height:
                canvas.show(pane.draw(shown, width, height, self.settings))

    def _view(self) -> View:
        driver = self.driver
        playback = driver.playback
        still = self.settings.reduced_motion or (self._live and self.animation_level == "none")
        narration, message, asked = "", driver.message, None
        if playback:
            narration, asked = playback.narration, playback.asked
            if self.driver.follows_scenario:
                message = message or playback.verdict
            if playback.taken_over:
                asked = None
                narration = (
                    "You have taken over. ⟨go-on⟩ returns to the scenario where you left it."
                )
        return View(
            layer=self.layer,
            level=self.level,
            playing=driver.playing,
            speed=driver.speed,
            settled=driver.playing and (driver.notch >= len(SPEEDS) - 1 or still),
            busy=driver.busy,
            remedy=self.remedy,
            asked=asked,
            played=playback.played if playback else None,
            narration=self.keymap.told(narration),
            message=self.keymap.told(message),
            taken_over=playback is not None and playback.taken_over,
            told=self.keymap.told,
            first_start=not self.touched and playback is None and len(self.session.runs) == 1,
            milestones=driver.milestones,
            ahead=playback is not None and playback.ahead and self.driver.follows_scenario,
        )

    def _soon(self) -> None:
        """Do at once what a key asked for, and show it."""
        if self._live:
            self._slice()
            self._show()
        else:
            self.advance(0.0)

    def _show(self) -> None:
        """Draw what keys have changed: once for all of them that wait to be read."""
        if not self._live:
            self.paint()
        elif not self._due:
            self._due = True
            self.call_later(self._catch_up)

    def _catch_up(self) -> None:
        self._due = False
        if self._timer and self.driver.busy:
            self._slice()
        # While it plays the clock draws the plots at its next turns: a key is answered before.
        soon = self._timer is not None and self.driver.playing and self.settings.view == FLOW
        self._moved = soon
        self.paint(plots=not soon)
