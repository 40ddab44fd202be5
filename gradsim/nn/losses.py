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

    def __init__(self, batch: int, outputs: int, dtype: str, factor: float) -> None:
        self.factor = factor
        self.grad: Array = np.zeros((batch, outputs), dtype)

    @abstractmethod
    def forward(self, output: Array, target: Array) -> float:
        """The loss of this batch. output: (batch, outputs); target: (batch,)."""

    @abstractmethod
    def backward(self) -> Array:
        """dL/d output: (batch, outputs)."""


@register
class SoftmaxCrossEntropy(Loss):
    """factor * mean over the batch of -log softmax(output)[label]."""

    name = "softmax-cross-entropy"
    formula = "mean of -log softmax(output)[label]"
    source = "Bridle 1990"

    def forward(self, output: Array, target: Labels) -> float:
        """The mean cross-entropy in nats; shifting by the row maximum keeps e^x in range."""
        self.target = target
        self.rows = np.arange(len(target))
        shifted = output - np.max(output, axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        totals = np.add.reduce(exponentials, axis=1, keepdims=True)
        np.divide(exponentials, totals, out=self.grad)  # softmax(output), until backward
        log_likelihood = shifted[self.rows, target] - np.log(totals[:, 0])
        return -self.factor * float(np.add.reduce(log_likelihood)) / len(target)

    def backward(self) -> Array:
        """factor * (softmax(output) - one_hot(label)) / batch."""
        self.grad[self.rows, self.target] -= 1.0
        self.grad *= self.factor / len(self.target)
        return self.grad


def accuracy(output: Array, labels: Labels) -> float:
    """Share of rows whose largest output is the label's; a row with NaN counts as wrong."""
    best = np.argmax(output, axis=1)
    right = (best == labels) & ~np.isnan(output).any(axis=1)
    return float(np.mean(right))
