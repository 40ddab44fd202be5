"""Scales: from a size over many decades to the height of a bar."""

from collections.abc import Iterable
from math import floor, isfinite, isnan, log10

LEVELS = " ▁▂▃▄▅▆▇█"
"""A cell filled from the bottom by 0 to 8 eighths."""


def decade_range(sizes: Iterable[float | None], least: float = 4.0) -> tuple[float, float]:
    """Limits in log10 that hold every finite positive size, at least so many decades apart."""
    known = [log10(size) for size in sizes if size is not None and size > 0 and isfinite(size)]
    if not known:
        return -least, 0.0
    high = max(known)
    return min(*known, high - least), high


def bar(size: float | None, limits: tuple[float, float], rows: int) -> list[str]:
    """A bar of so many cells, from the top down, on a log scale; every size has its own look.

    None is `·` (the pass has not been here), zero is `0`, infinity `∞`, not a number `?`. The
    smallest finite size still shows a sliver.
    """
    blank = [" "] * (rows - 1)
    if size is None:
        return [*blank, "·"]
    if isnan(size):
        return [*blank, "?"]
    if size == 0:
        return [*blank, "0"]
    if not isfinite(size):
        return ["∞", *["█"] * (rows - 1)]
    low, high = limits
    part = (log10(size) - low) / (high - low) if high > low else 1.0
    eighths = max(1, min(8 * rows, floor(part * 8 * rows + 0.5)))
    cells = [LEVELS[min(8, max(0, eighths - 8 * row))] for row in range(rows)]
    return cells[::-1]
