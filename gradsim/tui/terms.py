"""What is on this screen: its terms, each in a line with its formula."""

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from gradsim.insight.milestones import KINDS
from gradsim.tui.modal import Modal
from gradsim.tui.theme import style
from gradsim.view.glossary import terms_in
from gradsim.view.timeline import GLYPHS, ROLES


class TermsScreen(Modal[None]):
    """A list to scroll through; escape, F1 or `q` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,enter", "back", "close")]
    DEFAULT_CSS = """
    TermsScreen { align: center middle; background: $background 60%; }
    TermsScreen > VerticalScroll {
        width: 100; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $background; padding: 0 1;
    }
    TermsScreen Static { width: 100%; height: auto; }
    """

    def __init__(self, lines: Iterable[str]) -> None:
        """`lines` are those on screen."""
        super().__init__()
        self._lines = list(lines)

    def compose(self) -> ComposeResult:
        """The list in its frame."""
        self._scroll = VerticalScroll(Static(_listing(self._lines)))
        self._scroll.border_title = "what is on this screen"
        self._scroll.border_subtitle = "↑ ↓ PgDn scroll   esc closes"
        yield self._scroll

    def on_mount(self) -> None:
        """Let the arrows scroll it."""
        self._scroll.focus()


def _listing(lines: list[str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, width=16)
    table.add_column()
    for entry in terms_in(lines):
        told = Text(entry.words, style("text"))
        if entry.formula:
            told.append(f"  {entry.formula}", style("key"))
        table.add_row(Text(entry.names[0], style("value")), told)
    table.add_row("", Text("on the timeline", style("title")))
    for kind, words in KINDS.items():
        table.add_row(Text(GLYPHS[kind], style(ROLES[kind])), Text(words, style("text")))
    return table
