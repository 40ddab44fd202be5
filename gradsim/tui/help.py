"""The help: every key with what it does, made from the keys that are bound."""

from collections.abc import Callable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from gradsim.tui.keymap import Keymap, tables
from gradsim.tui.keys import KEYS, Key
from gradsim.tui.modal import Modal
from gradsim.tui.theme import style
from gradsim.tui.views import VIEWS

TITLES = {
    "move": "Move through the run",
    "scenario": "In a scenario",
    "question": "In a question of a lesson",
    "switch": "Switch a part",
    "look": "Look",
    "keep": "Keep and take away",
    "panel": "In the list of knobs ({knobs})",
    "stops": "In the list of what playback stops at ({stops})",
    "palette": "In the list of commands ({commands})",
    "settings": "In the settings ({settings})",
}
"""Groups of keys; in braces stands what is done by the key that opens such a list."""


class HelpScreen(Modal[None]):
    """A list to scroll through; escape, `?` or `q` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,space,enter", "back", "close")
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $background; padding: 0 1;
    }
    HelpScreen Static { width: 100%; height: auto; }
    """

    def __init__(self, keymap: Keymap, idle: Callable[[str], str]) -> None:
        """`idle` tells why an action makes no sense now, or nothing."""
        super().__init__()
        self._keymap, self._idle = keymap, idle

    def compose(self) -> ComposeResult:
        """The list in its frame."""
        self._scroll = VerticalScroll(Static(_listing(self._keymap, self._idle)))
        self._scroll.border_title = "keys"
        self._scroll.border_subtitle = "↑ ↓ PgDn scroll   esc closes"
        yield self._scroll

    def on_mount(self) -> None:
        """Let the arrows scroll it."""
        self._scroll.focus()


def _listing(keymap: Keymap, idle: Callable[[str], str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, width=9)
    table.add_column()
    table.add_row(
        "", Text("(in brackets: makes no sense now; pressed, it says why)", style("label"))
    )
    for group, title in TITLES.items():
        opened = {name: keymap.of(name) for name in ("knobs", "stops", "commands", "settings")}
        table.add_row("", Text(title.format(**opened), style("title")))
        app_keys = keymap.now(KEYS)
        listed = [*app_keys]
        for name in ("question", "knob-list", "stop-list", "command-list", "setting-list"):
            listed += keymap.now(tables()[name], name)
        for key in listed:
            if key.group == group:
                table.add_row(*_row(key, bool(key in app_keys and idle(key.action))))
    for view in (entry.load() for entry in VIEWS):
        table.add_row("", Text(f"View {view.NAME}", style("title")))
        opener = keymap.of(f"open-{view.NAME}")
        table.add_row(Text(opener, style("key")), Text(view.ABOUT, style("text")))
        for key in keymap.now(view.KEYS, view.NAME):
            table.add_row(*_row(key))
    return table


def _row(key: Key, idle: bool = False) -> tuple[Text, Text]:
    """A key and what it does; in brackets where it makes no sense now."""
    if idle:
        return Text(f"({key.shown})", style("quiet")), Text(key.about, style("quiet"))
    return Text(key.shown, style("key")), Text(key.about, style("text"))
