"""Losses: the number that training lowers, and its gradient. A new one is a class here."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from gradsim.nn.arrays import Array, Labels

LOSSES: dict[str, type["Loss"]] = {}
"""Every loss by its name."""


def register(cls: type["Loss"]) -> type["Loss"]:
    """Make a loss known to flags, scenarios, app and reference by its name."""
    LOSSES[cls.name] = cls
    return cls


class Loss(ABC):
    """A loss averaged over the batch, times a plain factor."""

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    needs_classes: ClassVar[bool] = False
    """True where the target must be a class, not a number."""

    def __init__(self, batch: int, outputs: int, dtype: str, factor: float) -> None:
        self.factor = factor
        self.grad: Array = np.zeros((batch, outputs), dtype)

    @abstractmethod
    def forward(self, output: Array, target: Array) -> float:
        """The loss of this batch. output: (batch, outputs).

        target: class numbers (batch,), or values (batch, outputs) for a regression.
        """

    @abstractmethod
    def backward(self) -> Array:
        """dL/d output: (batch, outputs)."""


@register
class SoftmaxCrossEntropy(Loss):
    """factor * mean over the batch of -log softmax(output)[label]."""

    name = "softmax-cross-entropy"
    formula = "mean of -log softmax(output)[label]"
    source = "Bridle 1990"
    needs_classes = True

    def forward(self, output: Array, target: Labels) -> float:
        """The mean cross-entropy in nats; shifting by the row maximum keeps e^x in range."""
        self.target = target
        self.rows = np.arange(len(target))
        shifted = output - np.max(output, axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        totals = np.add.reduce(exponentials, axis=1, keepdims=True)
        np.divide(exponentials, totals, out=self.grad)  # softmax(output), until backward
        log_likelihood = shifted[self.rows, target] - np.log(totals[:, 0])
        # Adding 0 makes a perfect loss 0, not -0.
        return -self.factor * float(np.add.reduce(log_likelihood)) / len(target) + 0.0

    def backward(self) -> Array:
        """factor * (softmax(output) - one_hot(label)) / batch."""
        self.grad[self.rows, self.target] -= 1.0
        self.grad *= self.factor / len(self.target)
        return self.grad


@register
class MeanSquaredError(Loss):
    """factor * mean over batch and outputs of (output - target)^2.

    A class as target counts as a one-hot row: 1 at the class, 0 elsewhere.
    """

    name = "mean-squared-error"
    formula = "mean of (output - target)^2"
    source = "Legendre 1805; as PyTorch's MSELoss"

    def forward(self, output: Array, target: Array) -> float:
        """The mean over all entries; the difference is kept for the backward pass."""
        np.copyto(self.grad, output)
        if target.ndim == 1:
            self.grad[np.arange(len(target)), target] -= 1.0
        else:
            self.grad -= target
        return self.factor * float(np.einsum("bo,bo->", self.grad, self.grad)) / self.grad.size

    def backward(self) -> Array:
        """factor * 2 (output - target) / (batch * outputs)."""
        self.grad *= 2.0 * self.factor / self.grad.size
        return self.grad


def accuracy(output: Array, target: Array) -> float | None:
    """Share of rows whose largest output is the label's; a row with NaN counts as wrong.

    None for a regression (target: (rows, outputs)), where nothing is right or wrong.
    """
    if target.ndim > 1:
        return None
    best = np.argmax(output, axis=1)
    right = (best == target) & ~np.isnan(output).any(axis=1)
    return float(np.mean(right))
