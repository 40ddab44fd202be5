"""The words of a waterfall: what a cell is, and what stands under the cursor, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from gradsim.numbers import counted, number
from gradsim.view.lane import Lane
from gradsim.view.lines import Line, Run, joined, length, wrapped

NAMES = ("{what} gradient", "weight gradient", "update / weight")
"""What is shown, by its number; `what` is `activation` or `state`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is under the cursor: a place and a step, and the cell they are in."""

    place: int
    """Counted from 0; the head is last."""
    step: int
    value: float | None
    """The size at the place and step; None where it is not kept."""
    places: range
    """Those that the cell stands for, counted from 0."""
    steps: range
    kept: int
    """Of how many of its steps the sizes are known."""
    low: float
    high: float
    begun: int = 0
    """Steps made before the first."""


def exact(value: float | None) -> str:
    """A size with six digits: `3.14159e-05`, `NaN`, `∞`, `0`."""
    if value is None:
        return "not kept"
    if not isfinite(value) or value == 0.0:
        return number(value)
    return f"{value:.6g}" if 1e-3 <= value < 1e6 else f"{value:.5e}"


def name_of(quantity: int, lane: Lane) -> str:
    """What is shown, in words."""
    return NAMES[quantity].format(what=lane.what)


def title(quantity: int, lane: Lane) -> str:
    """What stands on the border."""
    level = f" of recurrent layer {lane.level}" if lane.level and lane.levels > 1 else ""
    return f"waterfall: {name_of(quantity, lane)} by {lane.noun}{level} and training step"


def caption(
    lane: Lane, largest: bool, steps: int, places: tuple[int, int], fixed: bool, width: int
) -> list[Run]:
    """What a cell is and what the axes are, as far as there is room.

    `places` are how many it has of them, at the fewest and at the most.
    """
    fewest, most = places
    count = f"{most}" if fewest == most else f"{fewest}-{most}"
    several = f"{counted(steps, 'step')} x {count} {lane.noun}{'s' if most > 1 else ''}"
    which = f"the {'largest' if largest else 'smallest'} of " if steps * most > 1 else ""
    parts = [
        [("a cell: ", "label"), (f"{which}{several}", "value")],
        [("scale ", "label"), ("fixed" if fixed else "follows", "value")],
    ]
    if lane.level:
        parts.append([(f"on top the output, then time step {lane.length}, the newest", "label")])
    else:
        parts.append([("on top the output, where the gradient comes from", "label")])
    while len(parts) > 1 and length(joined(parts)) > width:
        parts.pop()
    return list(joined(parts))


def told(
    cell: Cell,
    quantity: int,
    lane: Lane,
    happened: Sequence[str],
    note: str,
    room: tuple[int, int],
) -> list[Line]:
    """The exact numbers under the cursor; what its cell covers; what happened in it.

    Where `room`, width and lines, is short, what is said elsewhere too gives way to what happened.
    """
    width, most = room
    for said, brief in ((note, False), ("", False), (note, True)):
        lines = wrapped(_parts(cell, quantity, lane, happened, said, brief=brief), width)
        if len(lines) <= most:
            break
    return lines


def _parts(
    cell: Cell, quantity: int, lane: Lane, happened: Sequence[str], note: str, *, brief: bool
) -> list[list[Run]]:
    place = "output" if cell.place == lane.length else f"{lane.noun} {cell.place + 1}"
    parts: list[list[Run]] = [
        [(f"{place}, step {cell.begun + cell.step}", "selected")],
        [("" if brief else f"{name_of(quantity, lane)} ", "label"), (exact(cell.value), "value")],
    ]
    covered = len(cell.steps) * len(cell.places)
    if covered > 1:
        parts.append(_covered(cell, lane)[: 2 if brief else 3])
    parts += [[(part, "text")] for part in happened]
    if note:
        parts.append([(note, "label")])
    return parts


def _covered(cell: Cell, lane: Lane) -> list[Run]:
    """`its cell 1.2e-05 to 0.3 (steps 8-15, layers 3-4)`."""
    if cell.kept == 0:
        return [("of its cell no step is kept", "label")]
    least, most = exact(cell.low), exact(cell.high)
    where = []
    if len(cell.steps) > 1:
        kept = "" if cell.kept == len(cell.steps) else f", {cell.kept} of them kept"
        where.append(f"steps {cell.begun + cell.steps[0]}-{cell.begun + cell.steps[-1]}{kept}")
    if len(cell.places) > 1:
        last = "out" if cell.places[-1] == lane.length else f"{cell.places[-1] + 1}"
        where.append(f"{lane.noun}s {cell.places[0] + 1}-{last}")
    return [
        ("its cell ", "label"),
        (least if least == most else f"{least} to {most}", "value"),
        (f" ({', '.join(where)})", "label"),
    ]
