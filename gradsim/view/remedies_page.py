"""The view of remedies as a page: how far they are, the table, the selected one, its gradient."""

from collections.abc import Sequence
from dataclasses import dataclass

from gradsim.experiment.experiment import Experiment
from gradsim.insight.remedies.search import Search, Stage
from gradsim.view.frame import Frame
from gradsim.view.key_words import Told
from gradsim.view.lines import Line, Run, fitted, wrapped_words
from gradsim.view.plot import Markers
from gradsim.view.profile import profile
from gradsim.view.remedies import Row, details, head, in_short, progress, shown_value

INTRODUCTION = (
    "Which change would help? Some two dozen are really tried here, one by one, and then the ten "
    "most promising pairs: trained in the background, on the same seeds and the same batches, and "
    "ranked by what they are worth on rows that were held out. Meanwhile everything else goes on."
)

ROOMY = 18
"""Lines from which a ghost's chart leaves room for the words on the selected remedy."""


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to be shown."""

    search: Search | None
    rows: Sequence[Row]
    """The table as it is drawn."""
    selected: int
    """Index of the selected candidate."""
    now: Experiment
    """The live experiment; the search may be of another one."""
    ghost: str = ""
    """The remedy whose gradient is laid beside the live one; nothing for none."""
    ghost_known: bool = False


def page(shown: Page, frame: Frame, width: int, height: int, markers: Markers) -> list[Line]:
    """Exactly `height` lines."""
    search = shown.search
    if search is None:
        return _filled(_introduction(width, frame.view.told), width, height)
    top, room, below, chart = _parts(shown, search, frame, width, height, markers)
    lines = [row.line for row in _window(shown, search, room, width)]
    return _filled([*top, *_filled(lines, width, room), *below, *chart], width, height)


def candidate_at(
    shown: Page, frame: Frame, width: int, height: int, markers: Markers, y: int
) -> int | None:
    """The candidate whose row is on a line of the page; None where there is none."""
    if shown.search is None:
        return None
    top, room, _, _ = _parts(shown, shown.search, frame, width, height, markers)
    window = _window(shown, shown.search, room, width)
    return window[y - len(top)].candidate if 0 <= y - len(top) < len(window) else None


def _parts(
    shown: Page, search: Search, frame: Frame, width: int, height: int, markers: Markers
) -> tuple[list[Line], int, list[Line], list[Line]]:
    """What stands above the table, its lines, what stands below it, and the chart."""
    chart = _chart(shown, frame, width, height, markers)
    top = _status(shown, search, width, frame.view.told)
    below = [] if chart and height < ROOMY else _below(shown, search, width)
    return top, max(1, height - len(top) - len(below) - len(chart)), below, chart


def _introduction(width: int, told: Told) -> list[Line]:
    return [
        fitted([], width),
        *wrapped_words(INTRODUCTION, "text", width),
        fitted([], width),
        fitted(
            [
                (told("⟨remedies.try-all⟩"), "key"),
                (" tries them for the experiment as it is now", "label"),
            ],
            width,
        ),
    ]


def _status(shown: Page, search: Search, width: int, told: Told) -> list[Line]:
    """How far the search is, and whether it is of another experiment."""
    lines: list[Line] = []
    if not search.over:
        lines.append(progress(search, width))
    elif search.problem:
        lines.append(fitted([(search.problem, "message")], width))
    elif search.stage is Stage.STOPPED:
        words = f"stopped after {search.done} of {search.expected} trials"
        again = told("; ⟨remedies.try-all⟩ begins anew")
        lines.append(fitted([(words + again, "message")], width))
    else:
        lines.append(fitted([(in_short(search), "label")], width))
    differing = search.experiment.differs(shown.now)
    if differing:
        changes = ", ".join(
            f"{name} {shown_value(old)} → {shown_value(new)}"
            for name, (old, new) in differing.items()
        )
        runs: list[Run] = [
            ("for the experiment before ", "message"),
            (changes, "value"),
            (told("; ⟨remedies.try-all⟩ tries for this one"), "message"),
        ]
        lines.append(fitted(runs, width))
    return lines


def _window(shown: Page, search: Search, room: int, width: int) -> list[Row]:
    """The heads, the unchanged run, and as many rows around the selected one as there is room."""
    if not shown.rows:
        return []
    fixed = [Row(None, head(search, width)), shown.rows[0]]
    rest = shown.rows[1:]
    left = max(0, room - len(fixed))
    here = next((k for k, row in enumerate(rest) if row.candidate == shown.selected), 0)
    first = min(max(0, here - left // 2), max(0, len(rest) - left))
    return [*fixed, *rest[first : first + left]][:room]


def _below(shown: Page, search: Search, width: int) -> list[Line]:
    """The words on the selected remedy: always as many lines, so that nothing jumps."""
    ranked = search.ranked()
    count = 4
    if not ranked:
        return [fitted([], width)] * count
    lines = details(search, ranked[min(shown.selected, len(ranked) - 1)], width)
    return _filled([fitted([("─" * width, "quiet")], width), *lines], width, count)


def _chart(shown: Page, frame: Frame, width: int, height: int, markers: Markers) -> list[Line]:
    """The gradient of the ghost beside the live one."""
    if not shown.ghost:
        return []
    rows = max(7, height // 3)
    title = (
        f"gradient with {shown.ghost}, at the same step"
        if shown.ghost_known
        else (f"{shown.ghost} is being trained up to this step …")
    )
    away = frame.view.told("  ⟨remedies.ghost⟩ takes it away")
    return [
        fitted([("▪ ", "remedy"), (title, "text"), (away, "label")], width),
        *profile(frame, width, rows - 1, markers),
    ]


def _filled(lines: Sequence[Line], width: int, height: int) -> list[Line]:
    return ([*lines, *[fitted([], width)] * height])[:height]
