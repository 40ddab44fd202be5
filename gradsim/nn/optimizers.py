"""Optimizers: from gradients to the change of the parameters. A new one is a class here."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import sqrt
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
    """Works on flat vectors entry by entry, so that it can be applied one layer at a time.

    `state` (slots, parameters) is what it carries from step to step, `count` how many steps it has
    made since its state was fresh.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    slots: ClassVar[int] = 0
    """Vectors of state kept beside the parameters."""
    knobs: ClassVar[Mapping[str, float]] = {}
    """Knobs that shape this optimizer with their usual values; others come in `settings`."""

    def __init__(self, size: int, dtype: str, settings: Mapping[str, float] | None = None) -> None:
        self.settings = {**self.knobs, **(settings or {})}
        self.state: Array = np.zeros((self.slots, size), dtype)
        self.count = 0

    def begin(self) -> None:
        """A new step begins: `step` is then called for every part of the parameters."""
        self.count += 1

    @abstractmethod
    def step(self, part: slice, gradients: Array, updates: Array, learning_rate: float) -> None:
        """Write the change of the parameters in `part` into `updates`."""


@register
class SGD(Optimizer):
    """w <- w - learning_rate * gradient."""

    name = "sgd"
    formula = "w - learning-rate * g"
    source = "Robbins, Monro 1951"

    def step(self, part: slice, gradients: Array, updates: Array, learning_rate: float) -> None:
        """update = -learning_rate * gradient."""
        np.multiply(gradients[part], -learning_rate, out=updates[part])


@register
class Momentum(Optimizer):
    """v <- momentum * v + gradient; w <- w - learning_rate * v."""

    name = "momentum"
    formula = "w - learning-rate * v, v = momentum * v + g"
    source = "Polyak 1964; conventions as PyTorch's SGD"
    slots = 1
    knobs: ClassVar[Mapping[str, float]] = {"momentum": 0.9}

    def step(self, part: slice, gradients: Array, updates: Array, learning_rate: float) -> None:
        """update = -learning_rate * v."""
        velocity = self.state[0, part]
        velocity *= self.settings["momentum"]
        velocity += gradients[part]
        np.multiply(velocity, -learning_rate, out=updates[part])


@register
class Adam(Optimizer):
    """w <- w - learning_rate * m_hat / (sqrt(v_hat) + 1e-8), betas 0.9 and 0.999.

    m and v are running means of the gradient and of its square; with t the steps made,
    m_hat = m / (1 - 0.9^t) and v_hat = v / (1 - 0.999^t).
    """

    name = "adam"
    formula = "w - learning-rate * m_hat / (sqrt(v_hat) + 1e-8)"
    source = "Kingma, Ba 2015, algorithm 1; conventions as in PyTorch"
    slots = 2
    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-8

    def step(self, part: slice, gradients: Array, updates: Array, learning_rate: float) -> None:
        """update = -learning_rate * m_hat / (sqrt(v_hat) + epsilon)."""
        gradient, (mean, square) = gradients[part], self.state[:, part]
        mean += (1.0 - self.beta_1) * (gradient - mean)
        square *= self.beta_2
        square += (1.0 - self.beta_2) * gradient * gradient
        update = updates[part]
        np.sqrt(square, out=update)
        update /= sqrt(1.0 - self.beta_2**self.count)
        update += self.epsilon
        np.divide(mean, update, out=update)
        update *= -learning_rate / (1.0 - self.beta_1**self.count)
