"""The history: loss, held-out accuracy and gradient norms over the steps so far."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradsim.numbers import number, share
from gradsim.view.axes import Floats
from gradsim.view.charts import Charts
from gradsim.view.frame import Frame, History
from gradsim.view.lines import Line, Run, fitted, length
from gradsim.view.plot import Axis, Curve, Markers, draw, fit, sample

CHARTS = ("loss", "accuracy", "gradient")
"""The charts of the history, in the order in which they find room."""

AS_IT_COMES = Charts()

SMALLEST = 6
"""Lines below which a chart is not worth drawing."""


def history(
    frame: Frame,
    width: int,
    height: int,
    markers: Markers,
    first: int = 0,
    charts: Charts = AS_IT_COMES,
) -> list[Line]:
    """As many charts as fit, one under the other, from chart `first` on: exactly `height` lines."""
    rows = _share_out(frame, height, first)
    return [
        line
        for name, lines in rows
        for line in chart(frame, name, width, lines, markers, charts, only=len(rows) == 1)
    ]


def step_at(
    frame: Frame,
    width: int,
    height: int,
    markers: Markers,
    first: int,
    x: int,
    y: int,
    charts: Charts = AS_IT_COMES,
) -> int:
    """The step under a place in one of the charts."""
    parts = iter(_share_out(frame, height, first))
    name, lines = next(parts)
    while y >= lines:
        y -= lines
        name, lines = next(parts)
    curves, up, _ = _parts(frame, name, markers, charts)
    steps = _steps(frame, curves)
    picture = draw(curves, steps, up, width, lines - 1, markers)
    return round(picture.x_at(x, steps)) - frame.begun


def _share_out(frame: Frame, height: int, first: int) -> list[tuple[str, int]]:
    """Which charts there are, from the top, and how many lines each has."""
    names = available(frame)
    count, left = max(1, min(len(names), height // SMALLEST)), height
    out = []
    for index in range(count):
        lines = left // (count - index)
        out.append((names[(first + index) % len(names)], lines))
        left -= lines
    return out


def available(frame: Frame) -> tuple[str, ...]:
    """The charts that have something to show: a number to predict has no accuracy."""
    return CHARTS if _has_accuracy(frame) else tuple(c for c in CHARTS if c != "accuracy")


def _has_accuracy(frame: Frame) -> bool:
    """Whether the data has classes, as far as can be seen: a number to predict is never right."""
    known = frame.history.accuracy
    return not len(known) or not np.isnan(known).all()


def chart(
    frame: Frame,
    name: str,
    width: int,
    height: int,
    markers: Markers,
    charts: Charts = AS_IT_COMES,
    *,
    only: bool = False,
) -> list[Line]:
    """One chart under its title: exactly `height` lines.

    The title of the only one on screen tells the accuracy too.
    """
    curves, y, title = _parts(frame, name, markers, charts)
    steps = _steps(frame, curves)
    curves = [replace(curve, x=np.asarray(curve.x) + frame.begun) for curve in curves]
    held_out = frame.history.held_out_accuracy
    if only and name != "accuracy" and _has_accuracy(frame):
        title = [*title, ("  held-out ", "label"), (share(_last(held_out), 0), "value")]
    picture = draw(curves, steps, y, width, height - 1, markers)
    return [fitted(_whole(title, width), width), *picture.rows]


def _whole(title: list[Run], width: int) -> list[Run]:
    """The title up to where it fits: part of a number would be another number."""
    while length(title) > width and len(title) > 3 and title[-1][1] == "value":
        # A value goes with its name, its sign, and the gap before them.
        last = max(k for k, (text, _) in enumerate(title) if not text.strip() or text[:2] == "  ")
        title = title[:last]
    return title


def _steps(frame: Frame, curves: Sequence[Curve]) -> Axis:
    last = float(max(frame.step, 10, *(c.x[-1] for c in curves if len(c.x))))
    return Axis(float(frame.begun), frame.begun + last, label="step")


def _parts(
    frame: Frame, name: str, markers: Markers, charts: Charts
) -> tuple[list[Curve], Axis, list[Run]]:
    h, pinned = frame.history, frame.pinned_history
    if name == "loss":
        curves = [_line("pinned", pinned, pinned.loss)] if pinned else []
        curves.append(_line("live", h, h.loss))
        low, high = fit([curve.y for curve in curves], log=False)
        axis = Axis(*charts.fixed.get("loss", (min(low, 0.0) if low < high / 2 else low, high)))
        title = [*_named("live", "loss", markers), (number(_last(h.loss)), "value")]
        if pinned:
            title += _beside(number(_last(pinned.loss)), markers)
        return curves, axis, title
    if name == "accuracy":
        curves = [_line("pinned", pinned, pinned.held_out_accuracy)] if pinned else []
        curves += [_line("ghost", h, h.accuracy), _line("live", h, h.held_out_accuracy)]
        title = [*_named("live", "held-out", markers), (share(_last(h.held_out_accuracy)), "value")]
        if pinned:
            title += _beside(share(_last(pinned.held_out_accuracy)), markers)
        return curves, Axis(0.0, 1.0), [*title, ("  ", ""), *_named("ghost", "batch", markers)]
    curves = [_line("pinned", pinned, pinned.grad_norm)] if pinned else []
    curves.append(_line("live", h, h.grad_norm))
    title = [*_named("live", "gradient norm", markers), (number(_last(h.grad_norm)), "value")]
    if frame.experiment.clip != "none":
        threshold = frame.experiment.clip_threshold
        end = float(max(frame.step, 10, *h.steps[-1:]))
        curves.insert(0, Curve("threshold", [0.0, end], [threshold, threshold], "threshold"))
        curves.append(_line("second", h, h.clipped_grad_norm))
        title += [
            ("  ", ""),
            *_named("second", "clipped", markers),
            (number(_last(h.clipped_grad_norm)), "value"),
            ("  ", ""),
            *_named("threshold", "threshold", markers),
            (number(threshold), "value"),
        ]
    return curves, charts.norms("gradient", [curve.y for curve in curves]), title


def _named(style: str, name: str, markers: Markers) -> list[Run]:
    return [(f"{sample(style, markers)} ", style), (f"{name} ", "label")]


def _beside(value: str, markers: Markers) -> list[Run]:
    return [("  ", ""), *_named("pinned", "pinned", markers), (value, "value")]


def _line(style: str, history: History, values: Floats) -> Curve:
    return Curve(style, history.steps, values, style)


def _last(values: Floats) -> float | None:
    return float(values[-1]) if len(values) else None


def limits(frame: Frame, charts: Charts) -> dict[str, tuple[float, float]]:
    """The limits that the axes of loss and gradient norm have now."""
    axes = {name: _parts(frame, name, "braille", charts)[1] for name in ("loss", "gradient")}
    return {name: (axis.low, axis.high) for name, axis in axes.items()}
