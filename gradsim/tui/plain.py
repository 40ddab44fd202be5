"""Everything on screen in ASCII, for terminals and fonts that have nothing else."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from gradsim.view.signs import in_ascii


class Plain(LineFilter):
    """Takes every line of every widget, borders and scroll bars too, on its way to the screen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line in ASCII."""
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]


PLAIN = Plain()
