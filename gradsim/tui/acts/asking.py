"""Keys that open a list, a form or an explanation."""

from typing import TYPE_CHECKING

from gradsim.keeping.folders import settings_file
from gradsim.tui.acts.looking import Looking

if TYPE_CHECKING:
    # Lists, help and scenarios are loaded when they are opened: the first picture comes sooner.
    from gradsim.simulation.budget import MemoryUse
    from gradsim.tui.commands import Command


class Asking(Looking):
    """Keys that open a list, a form or an explanation."""

    def action_commands(self) -> None:
        """Every command in a list."""
        from gradsim.tui.commands import commands  # noqa: PLC0415
        from gradsim.tui.palette import PaletteScreen  # noqa: PLC0415

        known = commands(self.keymap)
        self.push_screen(PaletteScreen(known, self._why_not, self.keymap.told), self._do)

    def _why_not(self, command: "Command") -> str:
        pane = self.panes.get(command.view)
        why = pane.idle(command.action) if pane else self.idle(command.action)
        return self.keymap.told(why)

    async def _do(self, command: "Command | None") -> None:
        """Do what was chosen in the list, in its own view if it is a view's."""
        if command is None:
            return
        if command.view:
            self.action_view(command.view)
        await self.run_action(command.action, self.panes.get(command.view, self))

    def action_stops(self) -> None:
        """What playback stops at."""
        from gradsim.tui.stops import StopScreen  # noqa: PLC0415

        self.push_screen(StopScreen(self.driver, self.keymap.told))

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

        path, told = settings_file(), self.keymap.told

        def used() -> "MemoryUse":
            return self.session.memory

        self.push_screen(PreferenceScreen(self.preferences, path, self.prefer, told, used))

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
