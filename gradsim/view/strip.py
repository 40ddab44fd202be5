"""The network strip: a bar for each layer, filled by the pass as it goes through."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from gradsim.simulation.events import Phase
from gradsim.view.frame import Frame, Sizes
from gradsim.view.lines import Line, Run, fitted
from gradsim.view.scales import bar, decade_range

GUTTER = 11
"""Cells at the left for the names of the rows."""


@dataclass(frozen=True, slots=True)
class Cells:
    """How layers are laid out in the width at hand: so many cells each, or so many to a cell."""

    count: int
    layers: int
    width: int

    def layers_of(self, cell: int) -> range:
        """The layers (indices) that stand in one cell of the strip."""
        return range(
            cell * self.layers // self.count, max(1, (cell + 1) * self.layers // self.count)
        )

    def cell_of(self, layer: int) -> int:
        """The cell in which a layer stands."""
        return next(cell for cell in range(self.count) if layer in self.layers_of(cell))


def cells(depth: int, width: int) -> Cells:
    """The layout for a network of this depth, with its head, in a strip of this width."""
    layers = depth + 1
    room = max(1, width - GUTTER)
    if layers > room:
        return Cells(room, layers, 1)
    return Cells(layers, layers, min(room // layers, 12))


def strip(frame: Frame, width: int, height: int) -> list[Line]:
    """Forward bars above, layer numbers between, backward bars below: exactly `height` lines."""
    layout = cells(frame.depth, width)
    forward_rows = max(1, (height - 1) // 3)
    backward_rows = max(1, height - 1 - forward_rows)
    wave = frame.wave
    return [
        *_bars(frame, wave.forward, layout, forward_rows, Phase.FORWARD, width),
        fitted(_numbers(frame, layout), width),
        *_bars(frame, wave.backward, layout, backward_rows, Phase.BACKWARD, width),
    ][:height]


def place_at(frame: Frame, width: int, x: int) -> int:
    """The layer or time step, counted from 1, under a column of the strip; the head is last."""
    layout = cells(frame.depth, width)
    cell = min(max((x - GUTTER) // layout.width, 0), layout.count - 1)
    return layout.layers_of(cell)[0] + 1


def _bars(
    frame: Frame, sizes: Sizes, layout: Cells, rows: int, phase: Phase, width: int
) -> list[Line]:
    here = frame.wave.phase is phase and not frame.finished
    shown = [_together([sizes[k] for k in layout.layers_of(c)]) for c in range(layout.count)]
    # The scale takes in the step before, so that bars do not jump while the pass goes on.
    before = frame.before.get("gradient", ()) if phase is Phase.BACKWARD else ()
    limits = decade_range([*sizes, *before])
    head = layout.cell_of(frame.wave.head) if here and frame.wave.head is not None else None
    columns = [bar(size, limits, rows) for size in shown]
    name = "forward ▶" if phase is Phase.FORWARD else "◀ backward"
    base = "forward" if phase is Phase.FORWARD else "live"
    lines: list[Line] = []
    for row in range(rows):
        runs: list[Run] = [(f"{name if row == rows - 1 else '':<{GUTTER}}", "label")]
        for cell, column in enumerate(columns):
            role = "quiet" if shown[cell] is None else "wave" if cell == head else base
            sign = column[row]
            if sign in "?∞0":
                role = "mark"
            wide = layout.width - 1 if layout.width > 1 else 1
            body = sign * wide if sign in "▁▂▃▄▅▆▇█ " else sign.center(wide)
            runs.append((body, role))
            if layout.width > 1:
                runs.append((" ", ""))
        lines.append(fitted(runs, width))
    return lines


def _numbers(frame: Frame, layout: Cells) -> list[Run]:
    """Layer numbers under their bars; an arrow where the pass is, brackets at the selected."""
    wave, phase = frame.wave, frame.wave.phase
    head = layout.cell_of(wave.head) if wave.head is not None and not frame.finished else None
    arrow = {Phase.FORWARD: "▶", Phase.BACKWARD: "◀", Phase.UPDATE: "●"}.get(phase or Phase.LOSS)
    selected = layout.cell_of(frame.selected())
    room = layout.width * layout.count
    text, roles = [" "] * room, [""] * room

    def write(cell: int, word: str, role: str) -> None:
        start = min(cell * layout.width, room - len(word))
        around = range(max(0, start - 1), min(room, start + len(word) + 1))
        if start < 0 or any(roles[k] for k in around):
            return
        for offset, sign in enumerate(word):
            text[start + offset], roles[start + offset] = sign, role

    label = f"{'out' if frame.layer == 'output' else frame.layer}"
    write(selected, f"[{label}]" if layout.width > len(label) + 1 else label, "selected")
    if head is not None and arrow and head != selected:
        write(head, arrow, "wave")
    for cell in _labelled(layout):
        layer = layout.layers_of(cell)[0]
        write(cell, "out" if layer == frame.depth else str(layer + 1), "label")
    runs: list[Run] = [(f"{frame.lane.short:<{GUTTER}}", "label")]
    runs.extend(zip(text, roles, strict=True))
    return runs


def _labelled(layout: Cells) -> list[int]:
    """The cells that bear their number: the ends first, then evenly, so that none touch."""
    widest = max(3, len(str(layout.layers)))
    every = max(1, -(-(widest + 1) // layout.width))
    inner = [cell for cell in range(layout.count) if (cell + 1) % every == 0]
    return list(dict.fromkeys([layout.count - 1, 0, *inner]))


def _together(sizes: Sequence[float | None]) -> float | None:
    """What stands for several layers in one cell: what is not finite first, else the smallest."""
    if any(size is None for size in sizes):
        return None
    known = [size for size in sizes if size is not None]
    odd = [size for size in known if not isfinite(size)]
    return odd[0] if odd else min(known)
