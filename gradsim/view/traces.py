"""From curves to dots: which points of a curve are drawn, which become marks, which stand aside.

Of many points in one column the lowest and the highest are kept, so that nothing between two
columns is lost: this is no sample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from gradsim.view.axes import Floats, Scale, Whole
from gradsim.view.curve_looks import MARKS, SIGN_GAP, Look

KINDS: Final = tuple(MARKS)


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart: raw values, any float at all. x should ascend."""

    name: str
    x: Sequence[float] | Floats
    y: Sequence[float] | Floats
    style: str
    connect: bool = True

    def __post_init__(self) -> None:
        """Refuse two lengths."""
        if len(self.x) != len(self.y):
            raise ValueError(
                f'curve "{self.name}": x has {len(self.x)} values and y has {len(self.y)}; '
                "they must be as many"
            )


@dataclass(frozen=True, slots=True)
class Trace:
    """A curve in dots; `linked` says of each point whether a line leads to it from the last one."""

    columns: tuple[int, ...]
    heights: tuple[int, ...]
    linked: tuple[bool, ...]
    marks: tuple[tuple[int, int], ...]  # (cell column, kind as an index of KINDS)


def trace(curve: Curve, across: Scale, up: Scale) -> Trace:
    """Place a curve: dots where it can be drawn, marks where it cannot."""
    x = np.asarray(curve.x, dtype=np.float64).ravel()
    y = np.asarray(curve.y, dtype=np.float64).ravel()
    along, height = across.fraction(x), up.fraction(y)
    visible = (along >= 0) & (along <= 1)
    kind = _kinds(y, height, up.axis.log)
    drawn = visible & (kind < 0)
    marked = visible & (kind >= 0)

    cells = across.dot(along[marked]) // across.dots
    marks = sorted(set(zip(cells.tolist(), kind[marked].tolist(), strict=True)))
    columns, heights = across.dot(along[drawn]), up.dot(height[drawn])
    stretch = np.cumsum(~drawn)[drawn]  # a new number after each gap
    keep = (
        _extremes(columns // across.dots, heights)
        if curve.connect
        else _one_a_cell(columns // across.dots, heights // up.dots)
    )
    linked = np.zeros(len(keep), dtype=bool)
    if curve.connect:
        linked[1:] = np.diff(stretch[keep]) == 0
    return Trace(
        tuple(columns[keep].tolist()),
        tuple(heights[keep].tolist()),
        tuple(linked.tolist()),
        tuple(marks),
    )


def _kinds(y: Floats, height: Floats, log: bool) -> Whole:
    """The kind of mark that each value needs, as an index of `KINDS`; -1 for none."""
    kind = np.full(y.shape, -1, dtype=np.int64)
    tests = {"below": height < 0, "above": height > 1}
    if log:
        tests |= {"negative": y < 0, "zero": y == 0}
    tests |= {"minus infinity": y == -np.inf, "infinity": y == np.inf, "nan": np.isnan(y)}
    for name, test in tests.items():
        kind[test] = KINDS.index(name)
    return kind


def _extremes(cells: Whole, heights: Whole) -> Whole:
    """Which points to keep: of each run in one column its lowest and highest, in their order.

    The very first and last are kept as well, so that a level line does not fall short.
    """
    ends = [0, *(np.flatnonzero(np.diff(cells)) + 1).tolist(), len(cells)]
    keep: list[int] = []
    for start, stop in pairwise(ends):
        if stop - start <= 2:
            keep.extend(range(start, stop))
        else:
            run = heights[start:stop]
            chosen = {start + int(run.argmin()), start + int(run.argmax())}
            keep.extend(sorted(chosen | ({start, stop - 1} & {0, len(cells) - 1})))
    return np.array(keep, dtype=np.int64)


def _one_a_cell(columns: Whole, rows: Whole) -> Whole:
    """Which points to keep where each is a sign of its own: the first in each cell."""
    # Not by np.unique, which loads NumPy's masked arrays: 10 ms of the first picture.
    first: dict[tuple[int, int], int] = {}
    for index, cell in enumerate(zip(columns.tolist(), rows.tolist(), strict=True)):
        first.setdefault(cell, index)
    return np.array(list(first.values()), dtype=np.int64)


def signs_of(trace: Trace, look: Look, dots: int) -> list[int]:
    """Which points get a sign: those that no line touches, and some along a line that has them."""
    chosen: list[int] = []
    last = -math.inf
    for index, linked in enumerate(trace.linked):
        cell = trace.columns[index] // dots
        alone = not linked and not any(trace.linked[index + 1 : index + 2])
        if alone or (look.signs and abs(cell - last) >= SIGN_GAP):
            chosen.append(index)
            last = cell
    return chosen
