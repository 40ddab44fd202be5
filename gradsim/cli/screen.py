"""Pictures on a terminal: a block that is drawn over, and colors where they can be shown."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from gradsim.view.lines import Line

WIDTH = 100
"""Cells of a picture that goes into a file or a pipe."""

LEAST = 8
"""Columns and lines below which a terminal shows no picture while it is made."""

Draw = Callable[[int, int], "Sequence[Line]"]
"""Lines for a width and a height."""


class Block:
    """Lines on stderr that are written over; nothing at all where stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = _is_terminal(sys.stderr)
        self._lines = 0

    def show(self, draw: Draw) -> None:
        """Draw over what was shown before, as large as the terminal is now."""
        if not self._shown:
            return
        size = os.get_terminal_size(sys.stderr.fileno())
        if size.columns < LEAST or size.lines < LEAST:
            return
        lines = list(colored(draw(size.columns - 1, size.lines - 2), sys.stderr))
        self._write(self._back() + "".join(f"{line}\x1b[K\n" for line in lines))
        self._lines = len(lines)

    def clear(self) -> None:
        """Take the block away."""
        if self._lines:
            self._write(self._back() + "\x1b[J")
            self._lines = 0

    def _back(self) -> str:
        """Up to where the block begins."""
        return f"\x1b[{self._lines}A\r" if self._lines else ""

    def _write(self, text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)


def columns(stream: TextIO) -> int:
    """Cells that a picture may be wide there."""
    # A terminal that does not know its size says 0.
    found = os.get_terminal_size(stream.fileno()).columns if _is_terminal(stream) else 0
    return found or WIDTH


def colored(lines: "Sequence[Line]", stream: TextIO) -> Iterator[str]:
    """Lines as text, with the colors of their roles where the stream is a terminal.

    NO_COLOR, with any value, and a terminal that calls itself dumb get none.
    """
    from gradsim.view.lines import plain  # noqa: PLC0415

    if not _is_terminal(stream) or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        yield from (plain([line]).rstrip() for line in lines)
        return

    from rich.color import ColorSystem  # noqa: PLC0415

    from gradsim.tui.theme import style  # noqa: PLC0415

    many = os.environ.get("COLORTERM") in ("truecolor", "24bit")
    system = ColorSystem.TRUECOLOR if many else ColorSystem.EIGHT_BIT
    for line in lines:
        yield "".join(style(role).render(text, color_system=system) for text, role in line)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
