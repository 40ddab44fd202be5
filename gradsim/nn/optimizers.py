"""Optimizers: from gradients to the change of the parameters. A new one is a class here."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from gradsim.nn.arrays import Array

OPTIMIZERS: dict[str, type["Optimizer"]] = {}
"""Every optimizer by its name."""


def register(cls: type["Optimizer"]) -> type["Optimizer"]:
    """Make an optimizer known to flags, scenarios, app and reference by its name."""
    OPTIMIZERS[cls.name] = cls
    return cls


class Optimizer(ABC):
    """Works on flat vectors entry by entry, so that it can be applied one layer at a time."""

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    slots: ClassVar[int] = 0
    """Vectors of state kept beside the parameters."""

    def __init__(self, size: int, dtype: str) -> None:
        self.state: Array = np.zeros((self.slots, size), dtype)

    @abstractmethod
    def step(
        self, part: slice, gradients: Array, updates: Array, learning_rate: float, step: int
    ) -> None:
        """Write the change of the parameters in `part` into `updates`; `step` counts from 0."""


@register
class SGD(Optimizer):
    """w <- w - learning_rate * gradient."""

    name = "sgd"
    formula = "w - learning-rate * g"
    source = "Robbins, Monro 1951"

    def step(
        self, part: slice, gradients: Array, updates: Array, learning_rate: float, step: int
    ) -> None:
        """update = -learning_rate * gradient."""
        np.multiply(gradients[part], -learning_rate, out=updates[part])
