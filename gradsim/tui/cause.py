"""All about the first cause of NaN or infinity, to scroll through."""

from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from gradsim.insight.first_cause import FirstCause
from gradsim.numbers import number
from gradsim.tui.modal import Modal
from gradsim.tui.theme import style


class CauseScreen(Modal[None]):
    """The op, what it was given, what led there; escape, `j` or `q` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,j,enter", "back", "close")]
    DEFAULT_CSS = """
    CauseScreen { align: center middle; background: $background 60%; }
    CauseScreen > VerticalScroll {
        width: 78; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $background; padding: 0 1;
    }
    CauseScreen Static { width: 100%; height: auto; }
    """

    def __init__(self, cause: FirstCause) -> None:
        super().__init__()
        self._cause = cause

    def compose(self) -> ComposeResult:
        """The text in its frame."""
        scroll = VerticalScroll(Static(_about(self._cause)))
        scroll.border_title = "where it left the number range"
        scroll.border_subtitle = "esc closes"
        yield scroll


def _about(cause: FirstCause) -> Group:
    happened = cause.sentence.partition("; it was given")[0]
    parts: list[Text | Table] = [Text(happened, style("value"))]
    if cause.given:
        table = Table.grid(padding=(0, 2))
        table.add_row(*(Text(head, style("label")) for head in ("given", "norm", "largest")))
        for given in cause.given:
            table.add_row(
                Text(given.name, style("text")),
                Text(number(given.norm), style("value")),
                Text(number(given.largest), style("value")),
            )
        parts += [Text(" "), table]
    for sentence in cause.way:
        parts += [Text(" "), Text(sentence, style("text"))]
    return Group(*parts)
