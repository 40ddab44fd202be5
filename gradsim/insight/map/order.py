"""The order in which a map is measured: coarse first, so that the picture is there early."""

from collections.abc import Container
from typing import TypeAlias

Place: TypeAlias = tuple[int, int]
"""Column and row of a cell, from 0; row 0 is the first value of y."""


def coarse_to_fine(columns: int, rows: int) -> list[Place]:
    """All cells, each once: every 2^k-th in both directions first, then ever closer ones."""
    out: list[Place] = []
    stride, coarser = _largest_stride(columns, rows), 0
    while stride:
        out += [
            (column, row)
            for row in range(0, rows, stride)
            for column in range(0, columns, stride)
            if not coarser or column % coarser or row % coarser
        ]
        stride, coarser = stride // 2, stride
    return out


def stand_in(place: Place, known: Container[Place], columns: int, rows: int) -> Place | None:
    """The measured cell that is shown for this one: itself, or the corner of the finest block.

    None where nothing near it is measured yet.
    """
    column, row = place
    stride = 1
    while stride <= _largest_stride(columns, rows):
        corner = (column - column % stride, row - row % stride)
        if corner in known:
            return corner
        stride *= 2
    return None


def _largest_stride(columns: int, rows: int) -> int:
    """The largest power of two within the longer side."""
    return 1 << (max(columns, rows).bit_length() - 1)
