"""A film as asciicast v2: a line of JSON about it, then one for each change.

Source of the format: asciinema, "asciicast v2".
"""

import json

from gradsim.recording.film import Film, Look, Picture, Row, stretches

_BEGIN = "\x1b[?25l\x1b[0m\x1b[2J"
"""No cursor, and an empty screen."""

_NEAR = 8
"""Cells; what is as it was is sent again where it is shorter: a move costs as much."""


def cast(film: Film) -> bytes:
    """The film as asciicast v2. The same film gives the same bytes: no date is in it."""
    return (
        "\n".join(json.dumps(line, ensure_ascii=False) for line in _lines(film)) + "\n"
    ).encode()


def _lines(film: Film) -> list[object]:
    header = {
        "version": 2,
        "width": film.width,
        "height": film.height,
        "duration": round(film.seconds, 3),
        "title": film.title,
        "env": {"TERM": "xterm-256color"},
    }
    lines: list[object] = [header]
    before: Picture = ()
    marks = list(film.chapters)
    for shot in film.shots:
        while marks and marks[0].seconds <= shot.seconds:
            mark = marks.pop(0)
            lines.append([round(mark.seconds, 3), "m", mark.title])
        change = drawn(before, shot.picture)
        if not before:
            change = _BEGIN + change
        if change:
            lines.append([round(shot.seconds, 3), "o", change])
        before = shot.picture
    # An event at the end keeps the last picture on screen until then.
    lines.append([round(film.seconds, 3), "o", "\x1b[0m"])
    return lines


def drawn(before: Picture, after: Picture) -> str:
    """What a terminal is sent so that it shows one picture in the place of the other."""
    out: list[str] = []
    look: Look | None = None
    for y, row in enumerate(after):
        old = before[y] if y < len(before) else ()
        if row is old:
            continue
        for first, last in changes(old, row):
            out.append(f"\x1b[{y + 1};{first + 1}H")
            for part in stretches(row, first, last):
                out += [_switch(look, part.look), part.text]
                look = part.look
    return "".join(out)


def changes(old: Row, new: Row) -> list[tuple[int, int]]:
    """Where a row differs: from which cell on, and before which one it is as it was again.

    Wide characters stay whole, old ones and new ones.
    """
    if len(old) != len(new):
        return [(0, len(new))]
    out: list[tuple[int, int]] = []
    for x in [x for x, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]:
        first, last = x, x + 1
        while first > 0 and not (new[first].text and old[first].text):
            first -= 1
        while last < len(new) and not (new[last].text and old[last].text):
            last += 1
        if out and first - out[-1][1] < _NEAR:
            first, last = out[-1][0], max(last, out.pop()[1])
        out.append((first, last))
    return out


def _switch(before: Look | None, after: Look) -> str:
    """What is sent so that characters look otherwise from now on."""
    if before == after:
        return ""
    codes = []
    if before is None or before[2:] != after[2:]:
        faces = (("1", after.bold), ("3", after.italic), ("4", after.underline))
        codes, before = ["0", *(code for code, on in faces if on)], None
    if before is None or before.ink != after.ink:
        codes.append(f"38;2;{_rgb(after.ink)}")
    if before is None or before.paper != after.paper:
        codes.append(f"48;2;{_rgb(after.paper)}")
    return f"\x1b[{';'.join(codes)}m"


def _rgb(color: str) -> str:
    return ";".join(str(part) for part in bytes.fromhex(color[1:]))
