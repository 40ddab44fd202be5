"""A widget that shows lines of runs: all drawing is done before it, in the view."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.events import (
    MouseDown,
    MouseEvent,
    MouseMove,
    MouseScrollDown,
    MouseScrollUp,
    MouseUp,
    Resize,
)
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gradsim.tui.theme import style
from gradsim.view.lines import Line, differing


class Canvas(Widget):
    """Shows the lines it was last given; what did not change is not drawn again."""

    class Resized(Message):
        """It has another size now: what it shows must be drawn anew."""

    class Pressed(Message):
        """The mouse was pressed at a column and a line of the content, or dragged there."""

        def __init__(self, canvas: "Canvas", x: int, y: int, button: int, dragging: bool) -> None:
            super().__init__()
            self.canvas, self.x, self.y = canvas, x, y
            self.button, self.dragging = button, dragging

    class Wheeled(Message):
        """The wheel was turned up (1) or down (-1)."""

        def __init__(self, way: int) -> None:
            super().__init__()
            self.way = way

    ALLOW_SELECT = False
    """Dragging moves through the run; a terminal selects text with shift."""

    def __init__(self, *, id: str, title: str = "") -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()
        self._button = 0
        """The button of the mouse that is held down."""
        self._title = ""
        self.entitle(title)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines from now on."""
        before, self._lines = self._lines, tuple(lines)
        if len(before) != len(self._lines):
            self.refresh()
            return
        parts = [
            Region(part[0], y, part[1] - part[0], 1)
            for y, (old, new) in enumerate(zip(before, self._lines, strict=True))
            if (part := differing(old, new))
        ]
        if parts:
            # What did not change is not sent again: over a slow line that is most of it.
            self.refresh(*parts)

    def entitle(self, title: str) -> None:
        """Write this on the border; setting it draws the widget anew, so only if it is new."""
        if title != self._title:
            self._title = self.border_title = title

    def text(self, y: int) -> str:
        """A line as text; nothing where there is none."""
        return "".join(text for text, _ in self._lines[y]) if y < len(self._lines) else ""

    def texts(self) -> list[str]:
        """Its title and all of its lines as text."""
        return [str(self.border_title or ""), *map(self.text, range(len(self._lines)))]

    def on_resize(self, _event: Resize) -> None:
        """Ask for lines of the new size."""
        self.post_message(self.Resized())

    def on_mouse_down(self, event: MouseDown) -> None:
        """Tell where it was pressed, and follow it until it is let go."""
        if event.get_content_offset(self) is not None:
            self._button = event.button
            self.capture_mouse()
            self._tell(event, dragging=False)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Tell where it was dragged; with no button held, explain the term under it."""
        if self._button:
            self._tell(event, dragging=True)
        elif (offset := event.get_content_offset(self)) is not None:
            from gradsim.view.glossary import term_at  # noqa: PLC0415

            found = term_at(self.text(offset.y), offset.x)
            told = found.text if found else None
            if told != self.tooltip:
                self.tooltip = told

    def on_mouse_up(self, _event: MouseUp) -> None:
        """Follow it no longer."""
        self._button = 0
        self.release_mouse()

    def on_mouse_scroll_up(self, _event: MouseScrollUp) -> None:
        """Tell of the wheel."""
        self.post_message(self.Wheeled(1))

    def on_mouse_scroll_down(self, _event: MouseScrollDown) -> None:
        """Tell of the wheel."""
        self.post_message(self.Wheeled(-1))

    def _tell(self, event: MouseEvent, dragging: bool) -> None:
        left, top = self.content_region.offset - self.region.offset
        width, height = self.content_size
        x = min(max(event.x - left, 0), width - 1)
        y = min(max(event.y - top, 0), height - 1)
        self.post_message(self.Pressed(self, x, y, self._button, dragging))

    def render_line(self, y: int) -> Strip:
        """One line of the content, in the colors of its roles."""
        width = self.size.width
        line = self._lines[y] if y < len(self._lines) else ()
        base = self.rich_style
        segments = [Segment(text, base + style(role)) for text, role in line]
        return Strip(segments).adjust_cell_length(width, base)
