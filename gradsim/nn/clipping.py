"""Gradient clipping: what happens to the gradients before the update. A new one is a class here."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gradsim.nn.arrays import Array, l2_norm

CLIPS: dict[str, type["Clip"]] = {}
"""Every kind of clipping by its name, besides `none`."""


def register(cls: type["Clip"]) -> type["Clip"]:
    """Make a kind of clipping known to flags, scenarios, app and reference by its name."""
    CLIPS[cls.name] = cls
    return cls


@dataclass(frozen=True, slots=True)
class Clipping:
    """What clipping did at one step: global norms on both sides, and whether it fired."""

    norm_before: float
    norm_after: float
    fired: bool


class Clip(ABC):
    """A transformation of all gradients at once: flat float vectors (parameters,)."""

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    @abstractmethod
    def apply(self, gradients: Array, clipped: Array) -> Clipping:
        """Write the clipped gradients into `clipped`; the gradients themselves stay as they are."""


@register
class GlobalNorm(Clip):
    """All gradients times min(1, threshold / (norm + 1e-6)): keeps the direction.

    Source: Pascanu, Mikolov, Bengio 2013, algorithm 1; the 1e-6 as in PyTorch.
    """

    name = "global-norm"
    formula = "g * min(1, threshold / (|g| + 1e-6))"
    source = "Pascanu, Mikolov, Bengio 2013"

    def apply(self, gradients: Array, clipped: Array) -> Clipping:
        """Scale every gradient by one coefficient."""
        norm = l2_norm(gradients)
        ratio = self.threshold / (norm + 1e-6)
        coefficient = 1.0 if ratio >= 1.0 else ratio  # a NaN norm makes every gradient NaN
        np.multiply(gradients, coefficient, out=clipped)
        return Clipping(norm, l2_norm(clipped), coefficient < 1.0)


@register
class Value(Clip):
    """Each entry by itself cut to [-threshold, threshold]: changes the direction too."""

    name = "value"
    formula = "min(max(g, -threshold), threshold), entry by entry"
    source = "Mikolov 2012; as PyTorch's clip_grad_value_"

    def apply(self, gradients: Array, clipped: Array) -> Clipping:
        """Cut every entry; NaN stays NaN."""
        np.clip(gradients, -self.threshold, self.threshold, out=clipped)
        fired = bool(np.any(np.abs(gradients) > self.threshold))
        return Clipping(l2_norm(gradients), l2_norm(clipped), fired)


def unclipped(gradients: Array) -> Clipping:
    """What is recorded where nothing clips: the same norm on both sides."""
    norm = l2_norm(gradients)
    return Clipping(norm, norm, False)
