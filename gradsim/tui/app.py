"""The app: wires keys to the driver, the clock to the driver, and frames to the panels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from textual.actions import ActionParseResult
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.dom import DOMNode
from textual.events import Resize
from textual.filter import LineFilter
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from gradsim.keeping.folders import settings_file
from gradsim.keeping.keeper import SECONDS, Keeper
from gradsim.keeping.preferences import DEFAULTS, Preferences
from gradsim.simulation.actions import Action, Advance, Back, Grain, Pin, Redo, Switch, Undo
from gradsim.simulation.session import Session
from gradsim.tui.binding import bound
from gradsim.tui.canvas import Canvas
from gradsim.tui.charts import looked_at
from gradsim.tui.driver import SPEEDS, Driver
from gradsim.tui.idle import STILL_LOOKS, why_idle
from gradsim.tui.keymap import VIEW_KEYS, keymap
from gradsim.tui.keys import KEYS, Key
from gradsim.tui.lessons import Lessons
from gradsim.tui.pace import COMPUTING, FRAMES_PER_SECOND, SLICE, Pace
from gradsim.tui.panels import BESIDE, PANELS, SMALLEST, bordered, heights, side_by_side
from gradsim.tui.places import Place
from gradsim.tui.plain import PLAIN
from gradsim.tui.presses import PRESSES
from gradsim.tui.settings import FLOW, Settings, no_rule
from gradsim.tui.start import settle
from gradsim.tui.switching import Turn, turned, typed
from gradsim.tui.theme import THEMES, use
from gradsim.tui.views import VIEWS, ViewPane
from gradsim.view.frame import View, frame

if TYPE_CHECKING:
    # Lists, help and scenarios are loaded when they are opened: the first picture comes sooner.
    from gradsim.insight.remedies.ghost import Ghost
    from gradsim.scenario.format import Scenario
    from gradsim.tui.commands import Command
    from gradsim.tui.playback import Playback

PANE_SLICE = 0.006
"""Seconds between two frames for what a view has to work out."""


class MainScreen(Screen[None], inherit_bindings=False):
    """The screen that all views share."""


class GradsimApp(App[None]):
    """The app on one session. With `live` false nothing moves by itself: call `advance`."""

    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = ""
    TITLE = "gradsim"
    BINDINGS: ClassVar[list[BindingType]] = bound((*KEYS, *VIEW_KEYS))
    CSS = """
    Screen { background: $background; overflow: hidden; }
    Canvas { width: 100%; height: 1; padding: 0 1; }
    #tabs, #foot { padding: 0; }
    #header, #tabs, #foot { background: $panel; }
    #network, #profile, #history, #beside, ViewPane {
        border: round $foreground 25%; border-title-color: $secondary;
    }
    #middle, ViewPane { height: 1fr; }
    #profile { width: 58%; height: 100%; }
    #history { width: 42%; height: 100%; }
    #beside { display: none; width: 36%; height: 100%; }
    .wide #profile { width: 37%; }
    .wide #history { width: 27%; }
    .wide #beside { display: block; }
    #sorry { width: 100%; height: 100%; content-align: center middle; }
    .cramped #network { border: none; }
    OptionList, OptionList:focus, Input, Input:focus { background-tint: $background 0%; }
    OptionList > .option-list--option-highlighted,
    OptionList:focus > .option-list--option-highlighted {
        background: $secondary 25%; color: $foreground; text-style: none;
    }
    """

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
            tabs=self.keymap.tabs(), app_keys=self.keymap.now(KEYS), idle=self.idle
        )
        self.panes: dict[str, ViewPane] = {}
        """The views that have been opened."""
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

    def play_lesson(self, scenario: "Scenario") -> None:
        """Bring a lesson on screen; the session on screen waits meanwhile."""
        self.call_later(self._bring, self.lessons.enter(scenario, self.driver))

    def leave_lesson(self) -> None:
        """Back to the session from which lessons were opened."""
        if own := self.lessons.leave(self.driver):
            own.message = "back in your own session"
            self.call_later(self._bring, own)

    async def _bring(self, driver: Driver) -> None:
        """Bring another session on screen, with views that know nothing of the one before."""
        before, self.panes = self.panes, {}
        self.driver, self.remedy = driver, None
        self.settings = replace(self.settings, view=FLOW, keys=(), own_idle=no_rule)
        for pane in before.values():
            pane.close()
            await pane.remove()
        self._arrange(*self.size)

    # -- wiring ---------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        """A screen without keys of its own: tab and the arrows mean what the views say."""
        return MainScreen(id="_default")

    def compose(self) -> ComposeResult:
        """The panels from top to bottom."""
        self._canvases = {panel.name: Canvas(id=panel.name, title=panel.title) for panel in PANELS}
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

    def on_mount(self) -> None:
        """Follow the settings."""
        self.prefer(self.preferences)
        if self._live and self.keeper:
            self._saving = self.set_interval(SECONDS, self._keep)

    def prefer(self, preferences: Preferences) -> None:
        """Follow these settings from now on."""
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

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through on its way to the screen."""
        filters = super().get_line_filters()
        return [*filters, PLAIN] if self.settings.markers == "ascii" else filters

    def _keep(self) -> None:
        """Write the session down; where that fails, say so once."""
        if self.keeper:
            self.keeper.keep()
            if trouble := self.keeper.trouble():
                self.say(trouble)

    def on_unmount(self) -> None:
        """End what runs in the background."""
        for pane in self.panes.values():
            pane.close()

    def on_resize(self, event: Resize) -> None:
        """Give the panels their heights at the new size, and draw again."""
        self._arrange(*event.size)

    def _arrange(self, width: int, height: int) -> None:
        self.arranging = True
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
        sizes = heights(height, playback is not None)
        if playback:
            playback.room = max(40, (width - 8) * sizes["narration"] - 20)
        for name, lines in sizes.items():
            room = 0 if shown and name in shown.HIDES else lines
            self._canvases[name].styles.height = room
            self._canvases[name].display = fits and room > 0
        self.call_after_refresh(self._arranged)

    def on_canvas_resized(self) -> None:
        """Draw again what was drawn for another size."""
        self._show()

    async def on_canvas_pressed(self, message: Canvas.Pressed) -> None:
        """Do what the place that was pressed stands for."""
        canvas, pane = message.canvas, self.panes.get(self.settings.view)
        find = canvas.press if isinstance(canvas, ViewPane) else PRESSES.get(canvas.id or "")
        shown = frame(self.session, self._view())
        width, height = canvas.content_size
        press = find and find(shown, width, height, self.settings, message.x, message.y)
        action = press.action(message.button, message.dragging) if press else ""
        if press and action:
            await self.run_action(action, pane if press.own else self)

    async def on_canvas_wheeled(self, message: Canvas.Wheeled) -> None:
        """Up and down do what the arrows do."""
        pane = self.panes.get(self.settings.view)
        name = "up" if message.way > 0 else "down"
        own = next((key.action for key in self.settings.keys if name in key.keys.split(",")), None)
        await self.run_action(own or f"layer({message.way})", pane if own else self)

    def _arranged(self) -> None:
        self.arranging = False
        self.paint()
        if self._live and self._timer is None:
            self._last = perf_counter()
            self._timer = self.set_interval(1 / FRAMES_PER_SECOND, self._tick)
            self.call_after_refresh(settle)

    def _tick(self) -> None:
        self._turn = perf_counter()
        moved, self._moved = self._slice() | self._moved | self._background(), False
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

    def _background(self) -> bool:
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

    def advance(self, seconds: float = 1 / FRAMES_PER_SECOND) -> None:
        """Move the clock by hand: everything asked for is done, playback goes on by its speed.

        At full speed one training step is made.
        """
        steps = self.session.cursor.step
        self.driver.tick(
            seconds, lambda: not self.driver.fastest or self.session.cursor.step == steps
        )
        self._background()
        self.paint()

    def paint(self, plots: bool = True) -> None:
        """Draw the frame of this moment into the panels."""
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
        narration, message, speed = "", driver.message, driver.speed
        if playback:
            speed = f"scenario {playback.progress}  {speed}"
            narration = playback.narration
            if self.driver.follows_scenario:
                message = message or playback.verdict
            if playback.taken_over:
                narration = "You have taken over. enter returns to the scenario where you left it."
        return View(
            layer=self.layer,
            level=self.level,
            playing=driver.playing,
            speed=speed,
            settled=driver.playing and (driver.notch >= len(SPEEDS) - 1 or still),
            busy=driver.busy,
            remedy=self.remedy,
            narration=narration,
            message=message,
            first_start=not self.touched and playback is None and len(self.session.runs) == 1,
            milestones=driver.milestones,
            ahead=playback is not None and playback.ahead and self.driver.follows_scenario,
        )

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key stands for; where that makes no sense now, say why."""
        named = action if isinstance(action, str) else ""
        why = ""
        if isinstance(default_namespace, ViewPane) and not named.startswith("app."):
            why = default_namespace.idle(named)
        elif default_namespace is self or isinstance(default_namespace, ViewPane):
            why = self.idle(named) if named not in STILL_LOOKS else ""
        self.touched = True
        if why:
            self.say(why)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def idle(self, action: str) -> str:
        """Why an action makes no sense now, in a sentence; or nothing."""
        return why_idle(action, self)

    # -- keys -----------------------------------------------------------------------------------

    def action_play(self) -> None:
        """Play or pause."""
        self.driver.playing = not self.driver.playing
        self.driver.message = ""
        self._show()

    def action_move(self, grain: str, way: int) -> None:
        """One op, layer, phase or step forward or back."""
        self.driver.move(Advance(Grain(grain)) if way > 0 else Back(Grain(grain)))
        if self._live:
            # Keys that wait to be read are taken in first, so that their moves are made as one.
            self._show()
        else:
            self.advance(0.0)

    def action_event(self, way: int) -> None:
        """To the next event of the timeline, or the one before."""
        self.driver.event(way)
        self._soon()

    def action_go_on(self) -> None:
        """The scenario's next step, or back to it."""
        self.driver.go_on()
        self._soon()

    def action_go_back(self) -> None:
        """Back in the scenario."""
        self.driver.go_back()
        self._soon()

    def action_speed(self, notches: int) -> None:
        """Faster or slower."""
        self.driver.faster(notches)
        self._show()

    def action_full_speed(self) -> None:
        """As fast as it goes, or back to the speed it opens with."""
        if self.driver.fastest and self.driver.playing:
            self.driver.notch = 3
        else:
            self.driver.notch = len(SPEEDS)
            self.driver.playing = True
        self._show()

    def action_again(self) -> None:
        """From step 0, exactly."""
        self.driver.restart()
        self._soon()

    def action_reseed(self) -> None:
        """From step 0 with the next seed."""
        self.take(Turn({"seed": self.driver.experiment.seed + 1}))

    def action_undo(self) -> None:
        """The last switch."""
        self.driver.undo(Undo())
        self._soon()

    def action_redo(self) -> None:
        """The last switch undone."""
        self.driver.undo(Redo())
        self._soon()

    def action_commands(self) -> None:
        """Every command in a list."""
        from gradsim.tui.commands import commands  # noqa: PLC0415
        from gradsim.tui.palette import PaletteScreen  # noqa: PLC0415

        self.push_screen(PaletteScreen(commands(self.keymap), self._why_not), self._do)

    def _why_not(self, command: "Command") -> str:
        pane = self.panes.get(command.view)
        return pane.idle(command.action) if pane else self.idle(command.action)

    async def _do(self, command: "Command | None") -> None:
        """Do what was chosen in the list, in its own view if it is a view's."""
        if command is None:
            return
        if command.view:
            self.action_view(command.view)
        await self.run_action(command.action, self.panes.get(command.view, self))

    def action_choices(self) -> None:
        """What the part that was switched last can be, with formulas."""
        self.action_choose(self.last_knob)

    def action_choose(self, knob: str) -> None:
        """The panel of knobs, opened on one of them."""
        from gradsim.tui.knobs import KnobScreen  # noqa: PLC0415

        self.push_screen(KnobScreen(self.driver, self.selected_layer, self.take, knob))

    def action_set(self, knob: str, choice: str) -> None:
        """Switch a knob to a choice."""
        self.last_knob = knob
        self.take(typed(self.session, self.driver.experiment, knob, choice, Place()))

    def action_knobs(self) -> None:
        """Every knob in a list."""
        from gradsim.tui.knobs import KnobScreen  # noqa: PLC0415

        self.push_screen(KnobScreen(self.driver, self.selected_layer, self.take))

    def take(self, turn: Turn) -> None:
        """Make a switch that a key has come to, or say why there is none."""
        if turn.changes:
            self.driver.switch(Switch(turn.changes))
        self.driver.message = turn.message
        self._soon()

    def ask(self, action: Action) -> None:
        """Have an action taken: a scenario waits where it stands."""
        self.driver.take_over()
        self.driver.request(action)
        self._soon()

    def action_knob(self, name: str, way: int) -> None:
        """Switch a knob to its next or previous value."""
        self.last_knob = name
        self.take(turned(self.session, self.driver.experiment, name, way))

    def action_layer(self, way: int) -> None:
        """Select another layer; the head comes after the last."""
        head = self.session.places + 1
        before = self.selected
        self.layer = min(max(before + way, 1), head)
        same = self.layer == before
        self.driver.message = self.idle(f"layer({1 if way > 0 else -1})") if same else ""
        self._show()

    def action_select(self, layer: int) -> None:
        """Select a layer by its number."""
        self.layer = layer
        self._show()

    def action_go_to(self, step: int) -> None:
        """To where a step is done."""
        self.driver.visit(step)
        self._soon()

    def action_level(self) -> None:
        """Look at the next recurrent layer, from the top one down."""
        levels = self.session.experiment.recurrent_layers
        self.level = ((self.level or levels) - 2) % levels + 1
        self.driver.message = f"recurrent layer {self.level} of {levels}"
        self._show()

    def action_chart(self, what: str) -> None:
        """Look at the charts of the flow in another way."""
        self.settings, said = looked_at(self.settings, what, frame(self.session, self._view()))
        self.say(said)

    def action_history(self) -> None:
        """Another chart of the history first."""
        self.settings = replace(self.settings, chart=self.settings.chart + 1)
        self._show()

    def action_pin(self) -> None:
        """Pin the run, or let go of it."""
        self.ask(Pin())

    def action_view(self, name: str) -> None:
        """Bring a view on screen."""
        if name == self.settings.view:
            return
        before, after = self.panes.get(self.settings.view), self._pane(name)
        if before:
            before.left()
        self.settings = replace(
            self.settings,
            view=name,
            keys=self._keys_of(after),
            own_idle=after.idle if after else no_rule,
        )
        self.driver.message = ""
        self._arrange(*self.size)
        self.set_focus(after)
        if after:
            after.opened()

    def _keys_of(self, pane: ViewPane | None) -> tuple[Key, ...]:
        return self.keymap.now(pane.KEYS, pane.NAME) if pane else ()

    def _pane(self, name: str) -> ViewPane | None:
        """A view, made when it is first opened; None for the one that the app opens with."""
        entry = next((view for view in VIEWS if name == view.NAME), None)
        if entry and name not in self.panes:
            self.panes[name] = entry.load()(self)
            self.panes[name].display = False
            self.mount(self.panes[name], after=self._middle)
        return self.panes.get(name)

    def action_next_view(self) -> None:
        """The view after the one on screen."""
        names = [tab.name for tab in self.settings.tabs]
        self.action_view(names[(names.index(self.settings.view) + 1) % len(names)])

    def action_stops(self) -> None:
        """What playback stops at."""
        from gradsim.tui.stops import StopScreen  # noqa: PLC0415

        self.push_screen(StopScreen(self.driver))

    def action_first_cause(self) -> None:
        """To where NaN or infinity began; all about it, if one is there already."""
        if cause := self.driver.causes.here():
            from gradsim.tui.cause import CauseScreen  # noqa: PLC0415

            self.push_screen(CauseScreen(cause))
            return
        self.driver.to_first_cause()
        self._soon()

    def action_save(self) -> None:
        """Keep the session under a name."""
        from gradsim.tui import takeaway  # noqa: PLC0415

        takeaway.keep_as(self)

    def action_sessions(self) -> None:
        """Open a session that was kept."""
        from gradsim.tui import takeaway  # noqa: PLC0415

        takeaway.choose_session(self)

    def action_copy(self) -> None:
        """Copy the command that computes this state."""
        from gradsim.tui import takeaway  # noqa: PLC0415

        takeaway.copy_command(self)

    def action_export(self) -> None:
        """Write the screen or its numbers into a file."""
        from gradsim.tui import takeaway  # noqa: PLC0415

        takeaway.choose_export(self)

    def action_settings(self) -> None:
        """How the app looks and behaves."""
        from gradsim.tui.preferences import PreferenceScreen  # noqa: PLC0415

        self.push_screen(PreferenceScreen(self.preferences, settings_file(), self.prefer))

    def action_turn_setting(self, name: str) -> None:
        """A setting to its next value; it is kept."""
        from gradsim.tui.preferences import turned_setting  # noqa: PLC0415

        preferences, said = turned_setting(self.preferences, name, settings_file())
        self.prefer(preferences)
        self.say(said)

    def action_terms(self) -> None:
        """What is on this screen."""
        pane = self.panes.get(self.settings.view)
        shown = [c for c in self._canvases.values() if c.display and c.content_size.height]
        if pane:
            shown = [c for c in shown if c.id not in ("profile", "history")] + [pane]
        from gradsim.tui.terms import TermsScreen  # noqa: PLC0415

        self.push_screen(TermsScreen([line for canvas in shown for line in canvas.texts()]))

    def action_help(self) -> None:
        """Every key."""
        from gradsim.tui.help import HelpScreen  # noqa: PLC0415

        self.push_screen(HelpScreen(self.keymap, self.idle))

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
