"""The words of a lesson; while a question is open, its choices are chosen here."""

from typing import ClassVar

from textual.binding import BindingType

from gradsim.tui.binding import bound
from gradsim.tui.canvas import Canvas
from gradsim.tui.keys import QUESTION_KEYS


class Narration(Canvas, can_focus=True):
    """The panel of the words. It has the focus while a question is open."""

    BINDINGS: ClassVar[list[BindingType]] = bound(QUESTION_KEYS, "question")
