"""The app: wires keys to the driver, the clock to the driver, and frames to the panels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.actions import ActionParseResult
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.events import Resize
from textual.filter import LineFilter, Monochrome, NoColor

from gradsim.keeping.folders import progress_file
from gradsim.keeping.keeper import SECONDS
from gradsim.tui.acts.asking import Asking
from gradsim.tui.acts.moving import Moving
from gradsim.tui.acts.switching import Switching
from gradsim.tui.binding import bound
from gradsim.tui.canvas import Canvas
from gradsim.tui.driver import Driver
from gradsim.tui.idle import STILL_LOOKS
from gradsim.tui.keymap import VIEW_KEYS
from gradsim.tui.keys import KEYS
from gradsim.tui.plain import PLAIN
from gradsim.tui.presses import PRESSES
from gradsim.tui.settings import FLOW, no_rule
from gradsim.tui.uncolored import UNCOLORED
from gradsim.tui.views import ViewPane
from gradsim.view.frame import frame

if TYPE_CHECKING:
    # Lists, help and scenarios are loaded when they are opened: the first picture comes sooner.
    from gradsim.scenario.format import Scenario


class GradsimApp(Moving, Switching, Asking):
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
    App:nocolor OptionList > .option-list--option-highlighted,
    App:nocolor OptionList:focus > .option-list--option-highlighted {
        background: $secondary; color: $background;
    }
    """

    def play_lesson(self, scenario: "Scenario", done: int = 0) -> None:
        """Bring a lesson on screen, `done` steps of it done; the session on screen waits."""
        self.call_later(self._bring, self.lessons.enter(scenario, self.driver, done))

    def leave_lesson(self) -> None:
        """Back to the session from which lessons were opened."""
        if own := self.lessons.leave(self.driver):
            own.message = "back in your own session"
            self.call_later(self._bring, own)

    async def _bring(self, driver: Driver) -> None:
        """Bring another session on screen, with views of its own, as it was left with."""
        self.put_away.keep(self.driver, self.panes, self.remedy)
        self.driver = driver
        self.panes, self.remedy = self.put_away.take(driver)
        self.settings = replace(self.settings, view=FLOW, keys=(), own_idle=no_rule)
        self._asked = None
        for pane in self.put_away.forgotten(self.lessons.drivers()):
            pane.close()
            await pane.remove()
        self._arrange(*self.size)

    def on_mount(self) -> None:
        """Follow the settings."""
        self.prefer(self.preferences)
        if self._live and self.keeper:
            self._saving = self.set_interval(SECONDS, self._keep)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through on its way to the screen."""
        filters = list(super().get_line_filters())
        if self.no_color:
            # In the place of Textual's own, which leaves grays.
            filters = [each for each in filters if not isinstance(each, Monochrome | NoColor)]
            filters.append(UNCOLORED)
        return [*filters, PLAIN] if self.settings.markers == "ascii" else filters

    def _keep(self) -> None:
        """Write the session down; where that fails, say so once."""
        if self.keeper:
            self.keeper.keep()
            kept = self.lessons.keep(self.driver, progress_file())
            if trouble := self.keeper.trouble() or kept:
                self.say(trouble)

    def on_unmount(self) -> None:
        """End what runs in the background; how far lessons have come is kept."""
        if self.keeper:
            self.lessons.keep(self.driver, progress_file(), over=True)
        for pane in (*self.panes.values(), *self.put_away.panes()):
            pane.close()

    def on_resize(self, event: Resize) -> None:
        """Give the panels their heights at the new size, and draw again."""
        self._arrange(*event.size)

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
        if why and isinstance(default_namespace, ViewPane) and self.settings.yields(named):
            return False  # so that the key comes to the app
        if why:
            self.say(why)
            return True
        return await super().run_action(action, default_namespace, namespaces)
