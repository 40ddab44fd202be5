"""Remedies as a table: what was tried, best first, each with what came of it and its loss curve."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isfinite, isnan
from typing import NamedTuple

import numpy as np

from gradsim.insight.remedies.ranking import Standing, Tried
from gradsim.insight.remedies.search import Search
from gradsim.insight.shapes import Shape
from gradsim.insight.trial import Gradient
from gradsim.numbers import counted, number, share, signed
from gradsim.view.lines import Line, Run, fitted
from gradsim.view.scales import LEVELS

NAME = (20, 40)
"""Least and most cells for the name of a remedy; what is left goes to its loss curve."""

CURVE = (10, 100)

_HEADS = (("right", 8), ("loss", 8), ("reach decades", 13), ("time", 6))
_HELD_OUT = "held out:"
"""Stands before the heads of accuracy and loss: both are of the held-out rows."""

_RANK, _GAP = 3, 1


class Row(NamedTuple):
    """A line of the table, and which candidate it is about; None where it is about none."""

    candidate: int | None
    line: Line


def table(search: Search, width: int, cursor: int | None = None) -> list[Row]:
    """The unchanged run, then every candidate, best first; the one at index `cursor` is marked.

    Those of the last round stand under a line of their own, as they made more steps.
    """
    unchanged, ranked = search.unchanged, search.ranked()
    if unchanged is None:
        return []
    top = _top([unchanged, *ranked])
    heads = _heads(search)
    rows = [Row(None, _row(unchanged, top, width, heads, marked=False))]
    for index, standing in enumerate(ranked):
        further, before = bool(standing.tried.further), ranked[index - 1] if index else None
        if before is None or bool(before.tried.further) is not further:
            rows.append(Row(None, _rule(search, further, width)))
            if before and search.unchanged_first:
                # What those below are to be compared with: fewer steps, other seeds.
                first = search.unchanged_first
                rows.append(Row(None, _row(first, top, width, heads, marked=False)))
        rows.append(Row(index, _row(standing, top, width, heads, marked=index == cursor)))
    return rows


def head(search: Search, width: int) -> Line:
    """The heads of the columns."""
    heads = _heads(search)
    name, _ = _shared(width, heads)
    first, *others = (" " * _GAP + text.rjust(cells) for text, cells in heads)
    lead = " " * (_RANK + _GAP) + "remedy"
    room = _RANK + _GAP + name + len(first) - len(lead)
    runs = lead + f"{_HELD_OUT} {first.strip()}".rjust(room) + "".join(others)
    return fitted([(f"{runs} loss curve", "label")], width)


def progress(search: Search, width: int) -> Line:
    """How far the search is: a bar, and what is being tried."""
    share_done = min(1.0, search.done / search.expected) if search.expected else 1.0
    cells = max(8, min(24, width - 56))
    full = int(share_done * cells)
    return fitted(
        [
            ("▕", "label"),
            ("█" * full, "live"),
            ("░" * (cells - full), "label"),
            ("▏", "label"),
            (f" {share_done:4.0%}", "value"),
            (f"  {search.done} of {search.expected} trials: ", "label"),
            (str(search.stage), "text"),
        ],
        width,
    )


def tried_words(search: Search) -> str:
    """What was tried, in a sentence."""
    plan = search.plan
    single, paired, further = _counts(search)
    words = (
        f"{counted(single, 'single change')} and {counted(paired, 'pair')}, each "
        f"{plan.steps} steps on {_seeds(search.seeds)}, same batches"
    )
    if further:
        words += (
            f"; the best{f' {further}' if further > 1 else ''} then {plan.further_steps} steps on "
            f"{_seeds(search.further_seeds)}"
        )
    return words


def in_short(search: Search) -> str:
    """The same in a line."""
    single, paired, further = _counts(search)
    words = f"{counted(single, 'single change')} and {counted(paired, 'pair')} on the same batches"
    return f"{words}; the best {further} went on" if further else words


def _counts(search: Search) -> tuple[int, int, int]:
    """Single changes, pairs, and those that went on to the last round."""
    ranked = search.ranked()
    single = sum(len(row.tried.candidate.parts) == 1 for row in ranked)
    return single, len(ranked) - single, sum(bool(row.tried.further) for row in ranked)


def details(search: Search, standing: Standing, width: int) -> list[Line]:
    """One remedy in three lines: what it changes, why it may help, and what came of it."""
    candidate, base = standing.tried.candidate, search.experiment
    changes = ", ".join(
        f"{name} {shown_value(base.value(name))} → {shown_value(value)}"
        for name, value in candidate.changes.items()
    )
    return [
        fitted([(changes, "value")], width),
        fitted([(candidate.why, "text")], width),
        fitted([(against(standing), "text")], width),
    ]


def against(standing: Standing) -> str:
    """`held-out accuracy +88.1 points, loss -2.2 against unchanged at step 400`."""
    if not standing.finite:
        return "it did not end with numbers"
    parts = [] if standing.gain is None else [f"held-out accuracy {points(standing.gain)}"]
    if isfinite(standing.loss_gain):
        parts.append(f"loss {signed(-standing.loss_gain, 2)}")
    told = ", ".join(parts) or "the unchanged run did not end with numbers"
    return f"{told} against unchanged at step {standing.steps}"


def points(gain: float) -> str:
    """A gain in accuracy, in points of a hundred."""
    return f"{signed(100 * gain, 1)} points"


def shown_value(value: object) -> str:
    """A knob's value in words."""
    return number(value) if isinstance(value, float) else str(value) or '""'


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {' and '.join(map(str, seeds))}"


def _heads(search: Search) -> Sequence[tuple[str, int]]:
    """The heads of the columns with numbers; without classes nothing is right or wrong."""
    unchanged = search.unchanged
    return _HEADS[1:] if unchanged and unchanged.accuracy is None else _HEADS


def _shared(width: int, heads: Sequence[tuple[str, int]]) -> tuple[int, int]:
    """Cells for the name and for the curve."""
    fixed = _RANK + sum(cells + _GAP for _, cells in heads) + 2 * _GAP
    room = max(NAME[0] + CURVE[0], width - fixed)
    name = min(NAME[1], max(NAME[0], room - max(CURVE[0], room // 3)))
    return name, min(CURVE[1], room - name)


def _row(
    standing: Standing, top: float, width: int, heads: Sequence[tuple[str, int]], *, marked: bool
) -> Line:
    name_cells, curve_cells = _shared(width, heads)
    rank = "–" if standing.rank == 0 else str(standing.rank)
    name = standing.tried.candidate.name
    outcomes = standing.tried.latest
    start = _decades(standing.reach_start, [outcome.start for outcome in outcomes])
    end = _decades(standing.reach_end, [outcome.end for outcome in outcomes])
    reach = f"{start} → {end}"
    numbers = [share(standing.accuracy), number(standing.loss), reach, _times(standing.cost)]
    numbers = numbers[-len(heads) :]
    cells = [text.rjust(size) for text, (_, size) in zip(numbers, heads, strict=True)]
    role = "cursor" if marked else ""
    runs: list[Run] = [
        (("▶" if marked else " ") + rank.rjust(_RANK - 1), role or "label"),
        (" ", role),
        (_cut(name, name_cells), role or ("text" if standing.rank else "label")),
        ("".join(f" {cell}" for cell in cells[:-2]), role or "value"),
        (f" {cells[-2]} {cells[-1]} ", role or "label"),
        (sparkline(standing.tried, top, curve_cells), role or "live"),
    ]
    return fitted(runs, width)


def _rule(search: Search, further: bool, width: int) -> Line:
    plan = search.plan
    steps, seeds = (
        (plan.further_steps, search.further_seeds) if further else (plan.steps, search.seeds)
    )
    words = f"    ── after {steps} steps, {_seeds(seeds)} "
    return fitted([(words + "─" * max(0, width - len(words)), "quiet")], width)


def _cut(text: str, cells: int) -> str:
    return text.ljust(cells) if len(text) <= cells else f"{text[: cells - 1]}…"


def _decades(reach: float, gradients: Iterable[Gradient]) -> str:
    shapes = {gradient.shape for gradient in gradients}
    if Shape.DEAD in shapes:
        return str(Shape.DEAD)
    if isnan(reach) and Shape.NOT_FINITE not in shapes:
        return number(None)  # nothing arrives at either end, as in branches that begin at 0
    return signed(reach, 1) if isfinite(reach) else number(reach)


def _times(cost: float) -> str:
    return f"x{cost:.1f}" if isfinite(cost) else "–"


# Loss curves


def sparkline(tried: Tried, top: float, cells: int) -> str:
    """The loss of the first round, mean over the seeds, from 0 to `top`: one sign for each stretch.

    A loss above is a full cell; infinity is `∞`, not a number `?`.
    """
    values = curve(tried)
    starts = [k * len(values) // cells for k in range(cells + 1)]
    parts = [values[a : max(b, a + 1)] for a, b in pairwise(starts)]
    return "".join(_sign(part, top) for part in parts)


def curve(tried: Tried) -> list[float]:
    """The loss at each step of the first round, in the unit of its trial, mean over the seeds."""
    with np.errstate(all="ignore"):
        runs = np.array([outcome.losses for outcome in tried.outcomes])
        units = np.array([outcome.loss_unit for outcome in tried.outcomes])
        mean: list[float] = (runs / units[:, None]).mean(axis=0).tolist()
    return mean


def _sign(losses: Sequence[float], top: float) -> str:
    mean = sum(losses) / len(losses)
    if isnan(mean):
        return "?"
    if not isfinite(mean):
        return "∞"
    eighths = round(min(8.0, 8.0 * (mean / top))) if top > 0 else 0
    return LEVELS[max(1, eighths)]


def _top(standings: Iterable[Standing]) -> float:
    """The least loss that one of them begins with, about that of a guess: the full height."""
    starts = [curve(row.tried)[0] for row in standings]
    return min((start for start in starts if isfinite(start)), default=1.0)
