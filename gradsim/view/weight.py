"""One weight as a picture: the loss over it with its tangent, a map of its parameter, and words."""

from math import isfinite, isqrt
from sys import float_info

import numpy as np

from gradsim.insight.study import Study
from gradsim.nn.arrays import Array
from gradsim.view import heat
from gradsim.view.heat import PLUS_MINUS, largest, legend
from gradsim.view.lines import Line, Run, beside, fitted, joined, length, spread, wrapped_words
from gradsim.view.plot import Axis, Curve, Markers, draw, fit, sample
from gradsim.view.weight_words import sentences, short, title

FLAT = 100.0
"""Half the height of a flat curve's picture, in units of what the number format can show."""

TANGENT_ROOM = 0.3
"""By how much of its height the tangent may make the picture higher, above and below."""

FARTHEST = float_info.max / 4.0
"""Weights beyond this are not drawn."""

SIDE_BY_SIDE = 70
"""Width from which the map stands beside the curve; below it there is the curve alone."""

WIDEST_MAP = 67

LEAST_PICTURE = 5
"""Lines that the pictures keep, however much there is to say."""

Y_LABEL = "change of the loss"


def page(
    study: Study, array: Array, what: str, size: float, width: int, height: int, markers: Markers
) -> list[Line]:
    """Title, map and curve, and what they say: exactly `height` lines.

    `array` is the parameter or its gradient, as `what` says; `size` is that of the next nudge.
    """
    right: list[Run] = [("nudge ", "label"), (short(size), "value")]
    if study.half_width is not None:
        right += [
            ("  range ", "label"),
            (f"{PLUS_MINUS[markers == 'ascii']}{short(study.half_width)}", "value"),
        ]
    lines = [spread([(title(study), "value")], right, width)]
    words = [line for said in sentences(study) for line in wrapped_words(said, "text", width)]
    left, room = _map_room(len(words), width, height)
    if left:
        maps = field(array, study.weight.index, what, left, room, markers)
        lines += beside(maps, chart(study, width - left - 3, room, markers))
    else:
        lines += chart(study, width, room, markers)
    blank = [fitted([], width)] * height
    if len(lines) + len(words) < height:
        lines += blank[:1]
    return [*lines, *words, *blank][:height]


def entry_at(
    study: Study, array: Array, width: int, height: int, x: int, y: int
) -> tuple[int, ...] | None:
    """The index of the entry whose cell is at a place of the page; None beside the map."""
    words = sum(len(wrapped_words(said, "text", width)) for said in sentences(study))
    left, room = _map_room(words, width, height)
    wide = columns(array.shape)
    # Above the map are the title and the legend.
    found = heat.entry_at(array.reshape(-1, wide), left, room - 1, x, y - 2, pointed=True)
    if found is None or y - 1 >= room or array.ndim > 1:
        return found if y - 1 < room else None
    return (found[0] * wide + found[1],)


def _map_room(words: int, width: int, height: int) -> tuple[int, int]:
    """Columns of the map, 0 where there is none, and lines of the pictures."""
    room = height - 1 - min(words, max(0, height - 1 - LEAST_PICTURE))
    if room > LEAST_PICTURE + 3:
        room -= 1  # a blank line where there is room for one
    return (min(WIDEST_MAP, width * 42 // 100) if width >= SIDE_BY_SIDE else 0), room


def chart(study: Study, width: int, height: int, markers: Markers) -> list[Line]:
    """A legend and the curve with its tangent under it: exactly `height` lines."""
    blank = [fitted([], width)] * max(0, height - 1)
    if not isfinite(study.value):
        return [fitted([("the weight is no number: it has no curve", "label")], width), *blank]
    if study.half_width is None:
        return [fitted([("the curve comes as soon as it is worked out", "label")], width), *blank]
    low = max(study.value - study.half_width, -FARTHEST)
    high = min(study.value + study.half_width, FARTHEST)
    y = _height(study, low, high)
    curves = [
        _tangent(study, low, high, y),
        Curve(
            "loss",
            [value for value, _ in study.points],
            [loss - study.loss for _, loss in study.points],
            "live",
        ),
    ]
    moved, change = study.value, 0.0 if isfinite(study.loss) else study.loss
    if study.nudged and study.nudge:
        moved, change = study.value + study.nudge.moved, study.nudge.real
        curves.append(Curve("foretold", [moved], [study.nudge.predicted], "pinned", connect=False))
    curves.append(Curve("now", [moved], [change], "live", connect=False))
    picture = draw(curves, Axis(low, high, label="weight"), y, width, height - 1, markers)
    return [_legend(study, width, markers), *picture.rows][:height]


def _height(study: Study, low: float, high: float) -> Axis:
    """Limits of the change of the loss: those of the curve, and a little for the tangent."""
    changes = [loss - study.loss for value, loss in study.points if low <= value <= high]
    if study.nudged and study.nudge:
        changes.append(study.nudge.real)
    rises = [study.gradient * (edge - study.value) for edge in (low, high)]
    if len(changes) < 3:
        changes += rises  # before the curve is there
    finite = [change for change in (*changes, 0.0) if isfinite(change)]
    bottom, top = min(finite), max(finite)
    resolution = study.nudge.resolution if study.nudge else 0.0
    if top - bottom <= FLAT / 4.0 * resolution:
        # A straight line, not a landscape of rounding errors.
        return Axis(-FLAT * resolution, FLAT * resolution, label=Y_LABEL)
    room = TANGENT_ROOM * (top - bottom)
    within = [min(max(rise, bottom - room), top + room) for rise in rises if isfinite(rise)]
    return Axis(*fit([[bottom, top, *within]], log=False), label=Y_LABEL)


def _tangent(study: Study, low: float, high: float, y: Axis) -> Curve:
    """The tangent, as far as it is within the picture."""
    slope, ends = study.gradient, (low, high)
    if not isfinite(slope):
        return Curve("tangent", [], [], "second")
    if slope != 0.0:
        with np.errstate(over="ignore"):
            reach = sorted(
                float(study.value + np.float64(edge) / slope) for edge in (y.low, y.high)
            )
        ends = (max(low, reach[0]), min(high, reach[1]))
    values = [ends[0] + k / 20.0 * (ends[1] - ends[0]) for k in range(21)]
    rises = [min(max(slope * (value - study.value), y.low), y.high) for value in values]
    return Curve("tangent", values, rises, "second")


def _legend(study: Study, width: int, markers: Markers) -> Line:
    """Which sign is which; shorter names where the width asks for it."""
    for loss, tangent, points in (
        ("loss over this weight", "tangent: its slope is the gradient", True),
        ("loss", "tangent, slope = gradient", True),
        ("loss", "tangent", True),
        ("loss", "tangent", False),
    ):
        parts: list[list[Run]] = [
            [(sample("live", markers), "live"), (f" {loss}", "label")],
            [(sample("second", markers), "second"), (f" {tangent}", "label")],
        ]
        if study.nudged and points:
            for style, name in (("live", "now"), ("pinned", "foretold")):
                sign = sample(style, markers, connect=False).strip()
                parts.append([(sign, style), (f" {name}", "label")])
        if length(joined(parts)) <= width:
            break
    return fitted(joined(parts), width)


def columns(shape: tuple[int, ...]) -> int:
    """Into how many columns a parameter is laid out: a vector in rows, as square as it divides."""
    if len(shape) > 1:
        return shape[1]
    return next(
        n for n in range(max(1, isqrt(shape[0] - 1) + 1), shape[0] + 1) if shape[0] % n == 0
    )


def field(
    array: Array, index: tuple[int, ...], what: str, width: int, height: int, markers: Markers
) -> list[Line]:
    """What is shown, with a legend, and its map under it: exactly `height` lines."""
    wide = columns(array.shape)
    matrix = array.reshape(-1, wide)
    limit = largest(matrix)
    cursor = divmod(index[0], wide) if len(index) == 1 else (index[0], index[1])
    lead = fitted([(f"{what} ", "value"), *legend(limit, markers)], width)
    lines = heat.heat(matrix, width, height - 1, limit=limit, cursor=cursor, markers=markers)
    return [lead, *lines, *[fitted([], width)] * height][:height]
