"""Events: what the stepper says of each op as it happens. All that is shown comes from them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from gradsim.nn.network import LayerName

Place: TypeAlias = LayerName | Literal["all"]
"""Where an event happened: a hidden layer 1 to depth, `output`, or `all` (clipping)."""


class Phase(StrEnum):
    """The phases of a training step, in their order."""

    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"
    CLIP = "clip"
    UPDATE = "update"


Plan: TypeAlias = tuple[tuple[Phase, Place, str, str], ...]
"""The events of a step before they happen: phase, layer, path, op of each."""


@dataclass(frozen=True, slots=True)
class Event:
    """One op, done: where and when, and the L2 norms of what went in and what came out.

    forward: norms of input and output. loss: norm of the output, and the loss itself. backward:
    norms of the gradient that came in (with respect to the op's output) and that went out (with
    respect to its input). clip: global gradient norm before and after. update: norm of the layer's
    gradients after clipping, and of the change of its parameters.
    """

    step: int
    phase: Phase
    layer: Place
    time: int | None
    path: str
    op: str
    norm_in: float
    norm_out: float
