"""Actions: everything a user, a scenario or a flag can do to a session. Nothing else changes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from gradsim.simulation.run import Position


class Grain(StrEnum):
    """How far one move goes."""

    OP = "op"
    LAYER = "layer"
    PHASE = "phase"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Advance:
    """Go forward, computing where nothing has been computed yet."""

    grain: Grain
    count: int = 1


@dataclass(frozen=True, slots=True)
class Back:
    """Go back, exactly; at the start of the run there is nothing to go back to."""

    grain: Grain
    count: int = 1


@dataclass(frozen=True, slots=True)
class Switch:
    """Set knobs to other values. A step in progress is begun again; the old future is kept."""

    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Restart:
    """Begin again at step 0 with the present knobs and the same seed."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Keep this run beside the live one, in lockstep; a second time lets go of it."""


@dataclass(frozen=True, slots=True)
class Swap:
    """The pinned run becomes the live one, at the same step, and the live one the pinned one."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back the last switch: to the run before it, where that was left."""


@dataclass(frozen=True, slots=True)
class Redo:
    """Take back the last Undo, as long as nothing was switched since."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Return to a run left before: where it was left, or to a position computed already."""

    run: int
    position: Position | None = None


Action: TypeAlias = Advance | Back | Switch | Restart | Pin | Swap | Undo | Redo | Visit
