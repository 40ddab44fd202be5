"""The timeline: one line of all steps computed, with the cursor and what happened on the way."""

from gradsim.insight.milestones import CLIP, FORK, KINDS, SWITCH
from gradsim.insight.shapes import Shape
from gradsim.view.frame import Frame, Timeline
from gradsim.view.lines import Line, Run, fitted, joined, length

GLYPHS: dict[str, str] = {
    Shape.NOT_FINITE: "?",
    SWITCH: "◆",
    Shape.DEAD: "0",
    Shape.EXPLODING: "▲",
    Shape.VANISHING: "▼",
    Shape.HEALTHY: "●",
    FORK: "Y",
    CLIP: "┬",
}
"""The sign of each kind of milestone; a verdict has that of its badge."""

ROLES: dict[str, str] = {kind: kind if kind in list(Shape) else f"mark-{kind}" for kind in KINDS}
"""The role of each kind of milestone."""

NAMES = {SWITCH: "switch", FORK: "fork", CLIP: "clip"}

FEWEST_STEPS = 10
"""A run that has fewer steps leaves the rest of the line open."""

WORDS_FROM = 100
"""Width from which words stand behind the line."""


def timeline(frame: Frame, width: int) -> Line:
    """The timeline of a frame, as one line."""
    if frame.timeline is None:
        return fitted([], width)
    return line(frame.timeline, frame.step, width)


def line(shown: Timeline, step: int, width: int) -> Line:
    """Done, computed beyond the cursor, not computed; what happened; the furthest step."""
    cells, span = track(shown, width), _span(shown)
    here, end = step * cells // span, shown.last * cells // span
    runs: list[Run] = [(_lead(shown), "label")]
    for cell in range(cells):
        runs.append(
            ("█", "timeline-here") if cell == here else _sign(shown, cell, here, end, cells)
        )
    runs.append((_tail(shown), "label"))
    if width >= WORDS_FROM and _has_words(shown):
        runs.append(("  ", ""))
        said, room = _words(shown, max(0, width - length(runs))), width - length(runs)
        # Flush right, so that the line and its words are as wide as all else.
        runs += [(" " * max(0, room - length(said)), ""), *said]
    return fitted(runs, width)


def _sign(shown: Timeline, cell: int, here: int, end: int, cells: int) -> Run:
    """What stands in a cell: what happened at its steps, else the line itself."""
    if cell == here:
        return "█", "timeline-here"
    span = _span(shown)
    first, last = steps_of(cell, cells, span)
    found = shown.log.within(first, last) if first <= last else None
    if found and (found[0] != CLIP or shown.log.begins(*found)):
        return GLYPHS[found[0]], ROLES[found[0]]
    if cell > end:
        return "╌", "timeline-open"
    # A cell without a step of its own stands between two.
    fires = found is not None or shown.log.fires(cell * span // cells)
    if cell < here:
        return "┯" if fires else "━", "timeline-done"
    return "┬" if fires else "─", "timeline-known"


def track(shown: Timeline, width: int) -> int:
    """How many cells of the line stand for steps."""
    # Where nothing has happened there is nothing to be said.
    words = 2 + width * 3 // 10 if width >= WORDS_FROM and _has_words(shown) else 0
    return max(1, width - len(_lead(shown)) - len(_tail(shown)) - words)


def steps_of(cell: int, cells: int, span: int) -> tuple[int, int]:
    """The first and the last step of a cell; the first is above the last where it has none."""
    return -(-cell * span // cells), -(-(cell + 1) * span // cells) - 1


def step_at(shown: Timeline, width: int, x: int) -> int:
    """The step under a column of the line; the nearest that has been computed."""
    cells, span = track(shown, width), _span(shown)
    cell = min(max(x - len(_lead(shown)), 0), cells - 1)
    first, last = steps_of(cell, cells, span)
    # Where something happened within the cell, that is what the sign there stands for.
    found = shown.log.within(first, last) if first <= last else None
    if found:
        return min(found[1], shown.last)
    return min(first if first <= last else cell * span // cells, shown.last)


def _lead(shown: Timeline) -> str:
    """The first step, before the line."""
    return f"steps {shown.begun} "


def _tail(shown: Timeline) -> str:
    """The last step, behind the line."""
    return f" {shown.begun + _span(shown) - 1}"


def _span(shown: Timeline) -> int:
    return max(shown.last, FEWEST_STEPS) + 1


def _has_words(shown: Timeline) -> bool:
    """Whether there is anything to be said behind the line."""
    return bool(shown.said or shown.log.kinds())


def _words(shown: Timeline, width: int) -> list[Run]:
    """What happened at the step shown; else which sign is what."""
    if shown.said:
        return [("; ".join(shown.said), "text")]
    parts: list[list[Run]] = []
    kinds = shown.log.kinds()
    shapes = [kind for kind in kinds if kind in list(Shape) and kind != Shape.NOT_FINITE]
    for kind in kinds:
        if kind not in shapes:
            parts.append([(GLYPHS[kind], ROLES[kind]), (f" {NAMES.get(kind, 'NaN')}", "label")])
    if shapes:
        signs: list[Run] = [(GLYPHS[kind], ROLES[kind]) for kind in shapes]
        parts.append([*signs, (" verdict", "label")])
    while parts and length(joined(parts)) > width:
        parts.pop()
    return list(joined(parts))
