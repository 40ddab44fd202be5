"""Shared by the tests of recordings: films made by hand, and a terminal that shows a cast."""

import json
import re
from collections.abc import Iterable
from typing import Any

from gradsim.recording.film import Cell, Chapter, Film, Look, Picture, Row, Shot

PLAIN = Look("#d5dbe3", "#0d1117")
LOUD = Look("#ffa657", "#0d1117", bold=True)
ON_GREEN = Look("#0d1117", "#56d4b0", underline=True)


def row(text: str, look: Look = PLAIN, width: int = 12) -> Row:
    """A row of one look; `漢` takes two cells."""
    cells: list[Cell] = []
    for character in text:
        cells.append(Cell(character, look))
        if character == "漢":
            cells.append(Cell("", look))
    return tuple(cells) + (Cell(" ", PLAIN),) * (width - len(cells))


def film(pictures: Iterable[Picture], step: float = 0.5, **more: Any) -> Film:
    """A film of these pictures, so many seconds each."""
    shots = [Shot(step * n, picture, f"step {n + 1}") for n, picture in enumerate(pictures)]
    return Film(
        title="a <film> & more",
        width=len(shots[0].picture[0]),
        height=len(shots[0].picture),
        shots=shots,
        seconds=step * len(shots),
        paper=PLAIN.paper,
        ink=PLAIN.ink,
        chapters=[Chapter(0.0, "one"), Chapter(step, "</script> two")],
        **more,
    )


class Terminal:
    """Shows what a cast sends it: as much of a terminal as a cast needs, and no more."""

    def __init__(self, width: int, height: int) -> None:
        blank = Cell(" ", Look("", ""))
        self.cells = [[blank] * width for _ in range(height)]
        self.x = self.y = 0
        self.look = Look("", "")

    def send(self, text: str) -> None:
        for code, character in re.findall(r"\x1b\[([?\d;]*[a-zA-Z])|(.)", text):
            if character:
                self._write(character)
            elif code.endswith("H"):
                self.y, self.x = (int(part) - 1 for part in code[:-1].split(";"))
            elif code.endswith("m"):
                self._style([int(part) for part in code[:-1].split(";")])
            else:
                assert code in ("?25l", "2J")

    def _write(self, character: str) -> None:
        for text in (character, "") if character == "漢" else (character,):
            line = self.cells[self.y]
            # A wide character that loses a half loses the other too.
            if not line[self.x].text and text:
                line[self.x - 1] = Cell(" ", self.look)
            if line[self.x].text == "漢":
                line[self.x + 1] = Cell(" ", self.look)
            line[self.x] = Cell(text, self.look)
            self.x += 1

    def _style(self, codes: list[int]) -> None:
        while codes:
            match codes.pop(0):
                case 0:
                    self.look = Look("", "")
                case 1:
                    self.look = self.look._replace(bold=True)
                case 3:
                    self.look = self.look._replace(italic=True)
                case 4:
                    self.look = self.look._replace(underline=True)
                case where:
                    assert codes.pop(0) == 2
                    color = "#" + bytes(codes[:3]).hex()
                    del codes[:3]
                    ink, paper = (color, self.look.paper) if where == 38 else (self.look.ink, color)
                    self.look = self.look._replace(ink=ink, paper=paper)

    @property
    def picture(self) -> Picture:
        return tuple(tuple(line) for line in self.cells)


def shown(cast: bytes) -> list[tuple[float, Picture]]:
    """What a terminal shows after each output of a cast, with its time."""
    header, *events = (json.loads(line) for line in cast.decode().splitlines())
    terminal = Terminal(header["width"], header["height"])
    out = []
    for seconds, kind, data in events:
        if kind == "o":
            terminal.send(data)
            out.append((seconds, terminal.picture))
    return out
