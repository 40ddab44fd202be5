"""Pictures on a real terminal: drawn over, taken away, in colors where they can be shown."""

import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import Iterator
from typing import TextIO

import pytest
from rich.style import Style

from gradsim.cli.screen import WIDTH, Block, colored, columns
from gradsim.view.lines import Line

PICTURE: list[Line] = [(("V", "map-vanishing-5"), ("plain ", "")), (("#", "map-exploding-5"),)]


class Terminal:
    """The two ends of a terminal: what is written at one is read at the other."""

    def __init__(self, width: int, height: int) -> None:
        self._read, write = pty.openpty()
        fcntl.ioctl(write, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.stream: TextIO = os.fdopen(write, "w", encoding="utf-8")

    def shown(self) -> str:
        """All that was written."""
        self.stream.write("\0")
        self.stream.flush()
        content = b""
        while not content.endswith(b"\0"):
            content += os.read(self._read, 65536)
        return content.decode("utf-8")[:-1]

    def close(self) -> None:
        self.stream.close()
        os.close(self._read)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(40, 12)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM", raising=False)


def test_a_block_is_drawn_over_and_taken_away(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    sizes = []

    def draw(width: int, height: int) -> list[Line]:
        sizes.append((width, height))
        return PICTURE

    block = Block()
    block.show(draw)
    assert sizes == [(39, 10)]
    first = terminal.shown()
    assert "\x1b[2A" not in first
    block.show(draw)
    assert terminal.shown().startswith("\x1b[2A\r")  # up by the two lines of the picture
    block.clear()
    assert terminal.shown() == "\x1b[2A\r\x1b[J"
    block.clear()
    assert terminal.shown() == ""


def test_where_there_is_no_terminal_no_block_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    block = Block()
    block.show(lambda width, height: PICTURE)
    block.clear()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("size", [(0, 0), (3, 40), (80, 2)])
def test_a_terminal_without_room_shows_no_block(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Terminal(*size)
    monkeypatch.setattr(sys, "stderr", small.stream)
    block = Block()
    block.show(lambda width, height: PICTURE)
    block.clear()
    assert small.shown() == ""
    assert columns(small.stream) == (size[0] or WIDTH)
    small.close()


def test_colors_are_those_that_can_be_shown(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def first() -> str:
        # A style keeps what it was rendered as at first, so each time there is a new one.
        fresh = {"map-vanishing-5": Style(color="#0d1117", bgcolor="#8ccbff"), "": Style()}
        monkeypatch.setattr("gradsim.tui.theme._Now.styles", fresh)
        return next(iter(colored(PICTURE, terminal.stream)))

    assert "48;5;" in first()  # 256 colors
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert "48;2;140;203;255" in first()
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert first() == "Vplain"
    assert list(colored(PICTURE, sys.stdout)) == ["Vplain", "#"]
    assert capsys.readouterr().out == ""
