"""What a lesson says: a long text is turned over like pages, there and back."""

from gradsim.view.lines import pages

SECONDS_A_WORD = 0.33
"""Reading time; a slow reader presses space, a fast one enter."""


class Said:
    """A text in pages, and which of them is shown."""

    def __init__(self, text: str = "", room: int = 200) -> None:
        """`room` is how many characters can be read at once."""
        self._pages = pages(text, room)
        self._shown = 0

    @property
    def text(self) -> str:
        """What is read now."""
        return self._pages[self._shown]

    @property
    def at_end(self) -> bool:
        """Whether no page comes behind this one."""
        return self._shown == len(self._pages) - 1

    def turn(self, way: int = 1) -> bool:
        """Turn over to the next page (1) or the one before (-1); False where there is none."""
        if not 0 <= self._shown + way < len(self._pages):
            return False
        self._shown += way
        return True


def reading(text: str) -> float:
    """Seconds that it takes to read a text."""
    return 1.0 + SECONDS_A_WORD * len(text.split())
