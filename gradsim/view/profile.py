"""The gradient profile: two lanes by layer on a log scale, beside what they were before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, log10

import numpy as np
import numpy.typing as npt

from gradsim.numbers import exact
from gradsim.view.charts import Charts, ranks
from gradsim.view.frame import Frame, Sizes
from gradsim.view.lines import Line, Run, fitted, joined, length
from gradsim.view.plot import Axis, Curve, Markers, Picture, draw, sample

LEGEND: tuple[tuple[str, ...], ...] = (
    ("live", "activation gradient", "activation grad", "delta", "delta"),
    ("second", "weight gradient", "weight grad", "weights", "W"),
    ("ghost", "before switch", "before", "before", "was"),
    ("previous", "the step before", "step before", "last", "bef"),
    ("theory", "theory at the start", "theory", "theory", "th"),
    ("pinned", "pinned", "pinned", "pinned", "pin"),
    ("remedy", "remedy", "remedy", "remedy", "rem"),
)
"""Role of each curve, and its names from long to short."""

SIGN_COLUMNS = 7
"""Columns from one sign of theory to the next, at least."""

BAND_ROWS = 2.0
"""Rows that the band of theory must be high at its widest to be drawn."""


ROOM_FOR_NUMBERS = 12
"""Lines from which on the exact values at the cursor stand below the chart."""

AS_IT_COMES = Charts()


@dataclass(frozen=True, slots=True)
class _Shown:
    """What of the profile is drawn: the curves as they are, in the section and order asked for."""

    curves: list[Curve]
    drawn: list[Curve]
    places: Axis
    norms: Axis
    rank: list[int]
    """The rank of each place; empty where they stand in their order."""
    cursor: float | None
    """Where the selected place stands."""


def profile(
    frame: Frame, width: int, height: int, markers: Markers, charts: Charts = AS_IT_COMES
) -> list[Line]:
    """A legend line, the chart, and the exact values at its cursor: exactly `height` lines.

    The cursor is the selected layer.
    """
    told = height >= ROOM_FOR_NUMBERS
    shown = _shown(frame, width, height - 1 - told, charts)
    picture = _picture(shown, width, height - 1 - told, markers)
    styles = {curve.style for curve in shown.curves}
    numbers = [numbers_at(shown.curves, frame.selected() + 1, width, frame)] if told else []
    return [legend(styles, width, markers, frame.lane.what), *picture.rows, *numbers]


def place_at(
    frame: Frame,
    width: int,
    height: int,
    markers: Markers,
    x: int,
    charts: Charts = AS_IT_COMES,
) -> int:
    """The layer, or time step, under a column of the chart."""
    rows = height - 1 - (height >= ROOM_FOR_NUMBERS)
    shown = _shown(frame, width, rows, charts)
    at = round(_picture(shown, width, rows, markers).x_at(x, shown.places))
    return shown.rank.index(at) + 1 if shown.rank else at


def _shown(frame: Frame, width: int, rows: int, charts: Charts) -> _Shown:
    curves = drawn = _curves(frame, width, rows)
    count = max([frame.depth, *(len(curve.x) for curve in curves)])
    at, rank, label = min(frame.selected() + 1, count), [], frame.lane.short
    if charts.sorted:
        rank = ranks([*frame.wave.backward[: frame.depth], *[None] * (count - frame.depth)])
        drawn, at, label = [_ranked(curve, rank) for curve in curves], rank[at - 1], "by size"
    first, last = charts.section(count, at)
    if charts.zoom:
        drawn = [_within(curve, first, last) for curve in drawn]
    norms = charts.norms("profile", [curve.y for curve in drawn], "norm" if rows > 13 else "")
    places = Axis(float(first), float(last), label=label)
    selected = frame.selected() < count
    return _Shown(curves, drawn, places, norms, rank, float(at) if selected else None)


def _picture(shown: _Shown, width: int, rows: int, markers: Markers) -> Picture:
    return draw(shown.drawn, shown.places, shown.norms, width, rows, markers, shown.cursor)


def limits(frame: Frame, charts: Charts) -> tuple[float, float]:
    """The limits that the axis of the profile has now."""
    axis = _shown(frame, 80, 20, charts).norms
    return axis.low, axis.high


def numbers_at(curves: Sequence[Curve], place: int, width: int, frame: Frame) -> Line:
    """Every curve's exact value at a place; those that have none there are left out."""
    known = {
        curve.style: y
        for curve in curves
        for x, y in zip(curve.x, curve.y, strict=True)
        if x == place
    }
    parts: list[list[Run]] = [[(f"{frame.lane.short} {place}", "selected")]]
    for style, _, _, name, _ in LEGEND:
        if style in known:
            parts.append([(f"{name} ", style), (exact(known[style]), "value")])
    while len(parts) > 2 and length(joined(parts)) > width:
        del parts[-1]
    return fitted(joined(parts), width)


def _ranked(curve: Curve, rank: Sequence[int]) -> Curve:
    """The same curve with each place at its rank."""
    pairs = zip(curve.x, curve.y, strict=True)
    return _having(curve, sorted((float(rank[int(x) - 1]), y) for x, y in pairs if x <= len(rank)))


def _within(curve: Curve, first: int, last: int) -> Curve:
    """The part of a curve between two places, so that the axis of norms fits it."""
    pairs = zip(curve.x, curve.y, strict=True)
    return _having(curve, [(x, y) for x, y in pairs if first <= x <= last])


def _having(curve: Curve, pairs: Sequence[tuple[float, float]]) -> Curve:
    """A curve of the same looks with other points."""
    return replace(curve, x=[x for x, _ in pairs], y=[y for _, y in pairs])


def legend(shown: set[str], width: int, markers: Markers, what: str = "activation") -> Line:
    """Which sign is which curve; shorter names where the width asks for it."""
    parts: list[list[Run]] = []
    last = len(LEGEND[0]) - 1
    # Closer together before the names are cut to pieces.
    for which, gap in (*((k, "  ") for k in range(1, last)), (last - 1, " "), (last, " ")):
        parts = [
            [
                (f"{_sample(entry[0], markers, gap)} ", entry[0]),
                (entry[which].replace("activation", what), "label"),
            ]
            for entry in LEGEND
            if entry[0] in shown
        ]
        if length(joined(parts, gap)) <= width:
            break
    return fitted(joined(parts, gap), width)


def _sample(style: str, markers: Markers, gap: str) -> str:
    if style != "theory":
        return sample(style, markers)
    sign = sample(style, markers, connect=False)
    return sign if len(gap) > 1 else sign.strip()


def _curves(frame: Frame, width: int, height: int) -> list[Curve]:
    """From back to front."""
    depth = frame.depth
    curves = _theory(frame, width, height)
    if frame.ghost is not None:
        curves.append(_curve("ghost", list(frame.ghost[:-1])))
    if frame.pinned is not None:
        curves.append(_curve("pinned", list(frame.pinned[:-1])))
    if frame.remedy is not None:
        curves.append(_curve("remedy", list(frame.remedy[:-1])))
    under_way = any(size is None for size in frame.wave.backward)
    if under_way and frame.before:
        curves.append(_curve("previous", frame.before["gradient"][:-1]))
    curves.append(_curve("second", frame.grad_weight[:depth]))
    curves.append(_curve("live", frame.wave.backward[:depth]))
    return [curve for curve in curves if curve.y]


def _theory(frame: Frame, width: int, height: int) -> list[Curve]:
    """The prediction, from where the gradient enters the last hidden layer, and its band.

    Signs without a line, so that what is measured is seen between them.
    """
    found = frame.theory.profile if frame.theory else None
    known = frame.wave.backward[frame.depth - 1]
    if known is None and frame.before:
        known = frame.before["gradient"][frame.depth - 1]
    if found is None or frame.depth < 2 or known is None or not 0.0 < known < inf:
        return []
    from gradsim.insight.theory.result import BAND  # noqa: PLC0415 (there is a theory: it is loaded)

    middle, spread = log10(known) + found.decades, BAND * found.deviations
    span = max(float(middle.max() - middle.min()), 1.0)
    band = [middle + spread, middle - spread]
    if 2.0 * float(spread.max()) * height / span < BAND_ROWS:
        band = []
    every = max(1, -(-frame.depth * SIGN_COLUMNS // max(width, 1)))
    signs = _raised(middle)
    at = [k for k in range(frame.depth - 1, -1, -every) if signs[k] is not None][::-1]
    marks = Curve("theory", [k + 1.0 for k in at], [signs[k] or 0.0 for k in at], "theory", False)
    return [*(_curve("band", _raised(edge)) for edge in band), marks]


def _raised(decades: npt.NDArray[np.float64]) -> Sizes:
    """10 to these powers; None where that is beyond the number range."""
    return tuple(10.0**power if abs(power) < 308 else None for power in decades.tolist())


def _curve(style: str, sizes: Sizes | Sequence[float]) -> Curve:
    known = [(float(k), float(size)) for k, size in enumerate(sizes, start=1) if size is not None]
    return Curve(style, [k for k, _ in known], [size for _, size in known], style)
