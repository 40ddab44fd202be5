"""A widget that shows lines of runs: all drawing is done before it, in the view."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.events import Resize
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gradsim.tui.theme import style
from gradsim.view.lines import Line


class Canvas(Widget):
    """Shows the lines it was last given; what did not change is not drawn again."""

    class Resized(Message):
        """It has another size now: what it shows must be drawn anew."""

    def __init__(self, *, id: str, title: str = "") -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()
        if title:
            self.border_title = title

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines from now on."""
        given = tuple(lines)
        if given != self._lines:
            self._lines = given
            self.refresh()

    def on_resize(self, _event: Resize) -> None:
        """Ask for lines of the new size."""
        self.post_message(self.Resized())

    def render_line(self, y: int) -> Strip:
        """One line of the content, in the colors of its roles."""
        width = self.size.width
        line = self._lines[y] if y < len(self._lines) else ()
        base = self.rich_style
        segments = [Segment(text, base + style(role)) for text, role in line]
        return Strip(segments).adjust_cell_length(width, base)
