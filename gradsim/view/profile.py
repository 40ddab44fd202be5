"""The gradient profile: two lanes by layer on a log scale, beside what they were before."""

from collections.abc import Sequence
from math import inf, log10

import numpy as np
import numpy.typing as npt

from gradsim.view.frame import Frame, Sizes
from gradsim.view.lines import Line, Run, fitted, joined, length
from gradsim.view.plot import Axis, Curve, Markers, Picture, draw, fit, sample

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


def profile(frame: Frame, width: int, height: int, markers: Markers) -> list[Line]:
    """A legend line and the chart under it: exactly `height` lines."""
    curves = _curves(frame, width, height - 1)
    picture = _picture(frame, curves, width, height, markers)
    shown = {curve.style for curve in curves}
    return [legend(shown, width, markers, frame.lane.what), *picture.rows]


def place_at(frame: Frame, width: int, height: int, markers: Markers, x: int) -> int:
    """The layer, or time step, under a column of the chart."""
    curves = _curves(frame, width, height - 1)
    picture = _picture(frame, curves, width, height, markers)
    return round(picture.x_at(x, _places(frame, curves)))


def _places(frame: Frame, curves: Sequence[Curve]) -> Axis:
    most = max([frame.depth, *(len(curve.x) for curve in curves)])
    return Axis(1.0, float(most), label=frame.lane.short)


def _picture(
    frame: Frame, curves: Sequence[Curve], width: int, height: int, markers: Markers
) -> Picture:
    low, high = fit([curve.y for curve in curves], log=True)
    size = Axis(low, high, log=True, label="norm" if height > 14 else "")
    return draw(curves, _places(frame, curves), size, width, height - 1, markers)


def legend(shown: set[str], width: int, markers: Markers, what: str = "activation") -> Line:
    """Which sign is which curve; shorter names where the width asks for it."""
    for which in range(1, len(LEGEND[0])):
        parts: list[list[Run]] = [
            [
                (f"{sample(entry[0], markers, entry[0] != 'theory')} ", entry[0]),
                (entry[which].replace("activation", what), "label"),
            ]
            for entry in LEGEND
            if entry[0] in shown
        ]
        if length(joined(parts)) <= width:
            break
    return fitted(joined(parts), width)


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
