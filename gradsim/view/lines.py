"""Lines of text in runs, each with a role: what a panel is made of before anyone colors it."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Run: TypeAlias = tuple[str, str]
"""Text and its role: `live`, `ghost`, `label`, `key`, `value`, `vanishing`, ... or nothing."""

_PERCENT = re.compile(r"(\d)\s+%")
"""A number and its unit, which stay on one line."""

_GLUE = "\ue000"
"""Stands for a blank at which no line is broken; no text has it."""

Line: TypeAlias = tuple[Run, ...]
"""Runs from left to right. Every character used is one cell wide."""


def length(line: Iterable[Run]) -> int:
    """Cells that a line takes."""
    return sum(len(text) for text, _ in line)


TALLEST = 3
"""Lines that a bar takes at the most, the one that parts it from the next included."""


def tall(rows: int, lines: int) -> int:
    """Lines for each of so many bars, where there is room for more than one: the last is a gap."""
    return max(1, min(TALLEST, lines // max(1, rows)))


def fitted(line: Iterable[Run], width: int) -> Line:
    """The line at exactly this width: filled with blanks, or cut with an ellipsis."""
    out: list[Run] = []
    left = width
    runs = list(line)
    too_long = length(runs) > width
    if too_long:
        left = max(0, width - 1)
    for text, role in runs:
        if left <= 0:
            break
        part = text[:left]
        left -= len(part)
        if out and out[-1][1] == role:
            # Fewer, longer runs: fewer bytes for the terminal.
            part = out.pop()[0] + part
        out.append((part, role))
    if too_long and width > 0:
        out.append(("…", out[-1][1] if out else ""))
    elif left > 0:
        out.append((" " * left, ""))
    return tuple(out)


def spread(left: Sequence[Run], right: Sequence[Run], width: int) -> Line:
    """Left part flush left, right part flush right; the left one is cut where both do not fit."""
    room = max(0, width - length(right) - 1)
    return fitted((*fitted(left, room), (" ", ""), *right), width)


def joined(parts: Iterable[Sequence[Run]], gap: str = "  ") -> Line:
    """Parts in a row with a gap between them."""
    out: list[Run] = []
    for part in parts:
        if out:
            out.append((gap, ""))
        out.extend(part)
    return tuple(out)


def beside(left: Sequence[Line], right: Sequence[Line], gap: str = "   ") -> list[Line]:
    """Two columns as one, line by line; as many lines as the shorter has."""
    return [(*one, (gap, ""), *other) for one, other in zip(left, right, strict=False)]


def wrapped(parts: Sequence[Sequence[Run]], width: int, gap: str = "  ") -> list[Line]:
    """Parts in as many lines as they need, none broken across lines."""
    return [fitted(joined(row, gap), width) for row in _rows(parts, width, gap)]


def part_at(
    parts: Sequence[Sequence[Run]], width: int, x: int, y: int, gap: str = "  "
) -> int | None:
    """The index of the part that `wrapped` has at a place; None where there is none."""
    rows = _rows(parts, width, gap)
    if not 0 <= y < len(rows):
        return None
    index, start = sum(len(row) for row in rows[:y]), 0
    for part in rows[y]:
        end = start + length(part)
        if start <= x < end:
            return index
        index, start = index + 1, end + len(gap)
    return None


def _rows(parts: Sequence[Sequence[Run]], width: int, gap: str = "  ") -> list[list[Sequence[Run]]]:
    rows: list[list[Sequence[Run]]] = [[]]
    for part in parts:
        if rows[-1] and length(joined([*rows[-1], part], gap)) > width:
            rows.append([])
        rows[-1].append(part)
    return rows


def wrapped_words(text: str, role: str, width: int) -> list[Line]:
    """A sentence in lines of this width, broken between words."""
    words = _PERCENT.sub(rf"\1{_GLUE}%", text).split()
    parts: list[list[Run]] = [[(word.replace(_GLUE, " "), role)] for word in words]
    return [fitted(line, width) for line in wrapped(parts, width, " ")]


def ended(lines: Sequence[Line], height: int, width: int) -> list[Line]:
    """The first lines; where there are more, the last one shown ends with an ellipsis."""
    if not 0 < height < len(lines):
        return list(lines[:height])
    *shown, last = lines[:height]
    runs = unfilled(last)
    return [*shown, fitted([*runs, (" …", runs[-1][1] if runs else "")], width)]


def unfilled(line: Line) -> list[Run]:
    """The runs of a line without the blanks that fill it."""
    runs = list(line)
    while runs and not runs[-1][0].strip():
        del runs[-1]
    return runs


def pages(text: str, most: int = 200) -> list[str]:
    """A text in parts of at most so many characters: broken between sentences, else words."""
    out: list[str] = []
    for paragraph in text.split("\n\n"):
        page = ""
        for sentence in re.split(r"(?<=[.!?:]) ", paragraph):
            words = [sentence] if len(sentence) <= most else sentence.split()
            for part in words:
                if page and len(page) + 1 + len(part) > most:
                    out.append(page)
                    page = ""
                page = f"{page} {part}" if page else part
        if page:
            out.append(page)
    return out or [""]


def differing(before: Line, after: Line) -> tuple[int, int] | None:
    """From which cell to which two lines differ: those outside look the same; None if all do."""
    if before == after:
        return None
    start = _alike(before, after)
    ends = _alike(_turned(before), _turned(after))
    width = max(length(before), length(after))
    return min(start, width - 1), max(width - ends, start + 1)


def _alike(one: Iterable[Run], other: Iterable[Run]) -> int:
    """So many cells from the left are the same."""
    cells = 0
    for (text, role), (text_, role_) in zip(one, other, strict=False):
        if (text, role) == (text_, role_):
            cells += len(text)
            continue
        if role == role_:
            pairs = zip(text, text_, strict=False)
            shorter = min(len(text), len(text_))
            cells += next((k for k, (a, b) in enumerate(pairs) if a != b), shorter)
        break
    return cells


def _turned(line: Line) -> Line:
    return tuple((text[::-1], role) for text, role in reversed(line))


def plain(lines: Iterable[Line]) -> str:
    """Lines as text without roles."""
    return "\n".join("".join(text for text, _ in line) for line in lines)
