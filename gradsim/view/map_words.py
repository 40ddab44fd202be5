"""The words beside the map: what it shows, what is under the cursor, what the signs mean."""

from math import log10

from gradsim.insight.map.axes import shown
from gradsim.insight.map.cells import Cell
from gradsim.insight.map.plan import Plan
from gradsim.numbers import number
from gradsim.view.lines import Line, fitted, wrapped_words
from gradsim.view.map_picture import LIVE, Picture
from gradsim.view.map_scale import DEAD, INFINITE, NOT_A_NUMBER, NOTHING, look, scale, words_of


def told_of(picture: Picture, width: int) -> list[Line]:
    """What the map shows, what is under the cursor, and what the signs mean."""
    plan = picture.plan
    lines = [
        *wrapped_words(plan.words(), "title", width),
        *(wrapped_words(picture.status, "label", width) if picture.status else []),
        *_under_cursor(picture, width),
        fitted([], width),
        *_legend(picture, width),
    ]
    return [fitted(line, width) for line in lines]


def _under_cursor(picture: Picture, width: int) -> list[Line]:
    if picture.cursor is None:
        return []
    plan, cell = picture.plan, picture.cells.get(picture.cursor)
    changes = plan.changes(picture.cursor)
    lines = [fitted([], width)]
    lines += [
        fitted([(f"{knob} ", "label"), (shown(value), "value")], width)
        for knob, value in changes.items()
    ]
    if cell is None:
        return [*lines, fitted([("not measured yet", "label")], width)]
    told = words_of(plan, cell)
    lines += wrapped_words(f"{told}{f', {cell.shape}' if cell.shape else ''}", "value", width)
    if (theory := _theory(plan, cell)) is not None:
        lines += wrapped_words(f"theory {theory}", "label", width)
    return lines


def _theory(plan: Plan, cell: Cell) -> str | None:
    """What theory says of the value shown, at the same cell; None where it says nothing."""
    if plan.value == "slope" and cell.theory_factor:
        return f"{number(log10(cell.theory_factor) / 2)} per layer"
    if plan.value == "reach" and cell.theory_reach is not None:
        return f"{number(cell.theory_reach)} decades"
    return None


def _legend(picture: Picture, width: int) -> list[Line]:
    levels = scale(picture.plan)
    count = len(levels.signs)
    each = max(1, min(3, width // count))
    bar = [(sign * each, role) for sign, role in zip(levels.signs, levels.roles, strict=True)]
    room = each * count
    lines = [fitted(bar, width)]
    if picture.plan.value in ("slope", "reach"):
        ends = ("vanishing", "exploding")
        upper = levels.bounds[len(levels.bounds) // 2 :]
        steps = "steps " + " ".join(number(bound) for bound in upper)
    else:
        ends = ("low", "high")
        steps = " ".join(number(bound) for bound in levels.bounds)
    gap = " " * max(1, room - sum(map(len, ends)))
    lines.append(fitted([(gap.join(ends), "label")], width))
    lines += wrapped_words(steps, "axis", width)
    seen = {look(picture.plan, levels, cell) for cell in picture.cells.values()}
    odd: list[tuple[str, str]] = [
        (NOT_A_NUMBER, "not a number"),
        (INFINITE, "infinite"),
        (DEAD, "dead: no gradient"),
        (NOTHING, "cannot be built"),
    ]
    for sign, meaning in odd:
        role = next((role for other, role in seen if other == sign), None)
        if role is not None:
            lines.append(fitted([(sign, role), (f" {meaning}", "label")], width))
    if picture.live != (None, None):
        lines.append(fitted([(LIVE, "selected"), (" the experiment itself", "label")], width))
    return [*lines, *_line_words(picture, width)]


def _line_words(picture: Picture, width: int) -> list[Line]:
    """What is to be said of the critical line, also where there is none."""
    if picture.line:
        words = f"theory's critical line{' at the start' if picture.plan.steps else ''}"
        first, *rest = wrapped_words(words, "label", max(1, width - 2))
        return [(("│ ", "selected"), *first), *((("  ", ""), *line) for line in rest)]
    measured = [cell for cell in picture.cells.values() if not cell.reason]
    if not measured or len(picture.cells) < picture.plan.places:
        return []
    factors = [cell.theory_factor for cell in measured if cell.theory_factor is not None]
    if not factors:
        return wrapped_words("no theory is known here, so there is no line", "label", width)
    if all(factor < 1.0 for factor in factors):
        return wrapped_words("by theory vanishing all over the map", "label", width)
    if all(factor > 1.0 for factor in factors):
        return wrapped_words("by theory exploding all over the map", "label", width)
    return wrapped_words("by theory there is no line between these values", "label", width)
