"""Losses: the number that training lowers, and its gradient.

A new one is a class here and its name in the table at the end.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gradsim.nn.activations.base import sigmoid
from gradsim.nn.arrays import Array, Labels
from gradsim.nn.settings import Configured, Setting, Value

SMOOTHING = Setting(
    "label-smoothing",
    0.0,
    "share of the target that softmax-cross-entropy spreads over all classes",
    low=0.0,
    high=1.0,
)
HUBER_DELTA = Setting("huber-delta", 1.0, "error beyond which huber grows linearly", above=0.0)


class Loss(ABC, Configured):
    """A loss averaged over the batch, times a plain factor."""

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    torch: ClassVar[str]
    """The same in PyTorch, of `output` and `target`, with settings by name in braces."""
    settings: ClassVar[tuple[Setting, ...]] = ()
    needs_classes: ClassVar[bool] = False
    """True where the target must be a class, not a number."""

    def __init__(
        self,
        batch: int,
        outputs: int,
        dtype: str,
        factor: float,
        settings: Mapping[str, Value] | None = None,
    ) -> None:
        self.configure(settings)
        self.factor = factor
        self.grad: Array = np.zeros((batch, outputs), dtype)
        self.ones: Array = np.ones(outputs, dtype)
        self.starts = np.arange(batch) * outputs
        """Where each row begins in the order of memory."""

    @abstractmethod
    def forward(self, output: Array, target: Array) -> float:
        """The loss of this batch. output: (batch, outputs).

        target: class numbers (batch,), or values (batch, outputs) for a regression.
        """

    @abstractmethod
    def backward(self) -> Array:
        """dL/d output: (batch, outputs)."""


class SoftmaxCrossEntropy(Loss):
    """factor * mean over the batch of -sum_k target_k log softmax(output)_k.

    With s the label-smoothing, target_k is 1 - s at the label, and s / classes more at every class.
    """

    name = "softmax-cross-entropy"
    formula = "mean of -log softmax(output)[label]"
    source = "Bridle 1990; label smoothing: Szegedy et al. 2016"
    torch = "torch.nn.functional.cross_entropy(output, target, label_smoothing={label-smoothing})"
    settings: ClassVar[tuple[Setting, ...]] = (SMOOTHING,)
    needs_classes = True

    def forward(self, output: Array, target: Labels) -> float:
        """The mean cross-entropy in nats; shifting by the row maximum keeps e^x in range."""
        self.right = self.starts + target
        """Where the outputs of the labels are, in the order of memory."""
        largest = output.take(self.starts + output.argmax(axis=1))
        shifted = output - largest[:, None]
        exponentials = np.exp(shifted)
        totals = exponentials.dot(self.ones)
        np.divide(exponentials, totals[:, None], out=self.grad)  # softmax(output), until backward
        log_totals = np.log(totals)
        log_likelihood = shifted.take(self.right) - log_totals
        smoothing = self.number("label-smoothing")
        if smoothing:
            everywhere = np.add.reduce(shifted, axis=1) / output.shape[1] - log_totals
            log_likelihood = (1.0 - smoothing) * log_likelihood + smoothing * everywhere
        # Adding 0 makes a perfect loss 0, not -0.
        return -self.factor * float(np.add.reduce(log_likelihood)) / len(target) + 0.0

    def backward(self) -> Array:
        """factor * (softmax(output) - target) / batch."""
        smoothing = self.number("label-smoothing")
        flat = self.grad.reshape(-1)
        flat[self.right] -= 1.0 - smoothing
        if smoothing:
            self.grad -= smoothing / self.grad.shape[1]
        self.grad *= self.factor / len(self.right)
        return self.grad


class _PerEntry(Loss):
    """A loss that is the mean over all entries of batch and outputs.

    A class as target counts as a one-hot row: 1 at the class, 0 elsewhere.
    """

    def _write_error(self, output: Array, target: Array) -> None:
        """Write output - target into `grad`."""
        np.copyto(self.grad, output)
        if target.ndim == 1:
            self.grad[np.arange(len(target)), target] -= 1.0
        else:
            self.grad -= target


class MeanSquaredError(_PerEntry):
    """factor * mean over batch and outputs of (output - target)^2."""

    name = "mean-squared-error"
    formula = "mean of (output - target)^2"
    source = "Legendre 1805; as PyTorch's MSELoss"
    torch = "torch.nn.functional.mse_loss(output, target)"

    def forward(self, output: Array, target: Array) -> float:
        """The mean over all entries; the error is kept for the backward pass."""
        self._write_error(output, target)
        return self.factor * float(np.einsum("bo,bo->", self.grad, self.grad)) / self.grad.size

    def backward(self) -> Array:
        """factor * 2 (output - target) / (batch * outputs)."""
        self.grad *= 2.0 * self.factor / self.grad.size
        return self.grad


class Huber(_PerEntry):
    """factor * mean of e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2); e the error."""

    name = "huber"
    formula = "mean of e^2 / 2 where |e| <= huber-delta, else huber-delta (|e| - huber-delta / 2)"
    source = "Huber 1964; as PyTorch's HuberLoss"
    torch = "torch.nn.functional.huber_loss(output, target, delta={huber-delta})"
    settings: ClassVar[tuple[Setting, ...]] = (HUBER_DELTA,)

    def forward(self, output: Array, target: Array) -> float:
        """The mean over all entries; the error, cut off at delta, is kept."""
        self._write_error(output, target)
        delta = self.number("huber-delta")
        size = np.abs(self.grad)
        losses = np.where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta))
        np.clip(self.grad, -delta, delta, out=self.grad)
        return self.factor * float(np.add.reduce(losses, axis=None)) / self.grad.size

    def backward(self) -> Array:
        """factor * e, cut off at +-delta, / (batch * outputs)."""
        self.grad *= self.factor / self.grad.size
        return self.grad


class BinaryCrossEntropy(_PerEntry):
    """factor * mean over batch and outputs of log(1 + e^output) - target * output.

    One yes-or-no question for each class: -log sigmoid(output) where the target is 1, and
    -log(1 - sigmoid(output)) where it is 0.
    """

    name = "binary-cross-entropy"
    formula = "mean of log(1 + e^output) - target * output, one yes or no for each class"
    source = "Cox 1958; as PyTorch's BCEWithLogitsLoss"
    torch = "torch.nn.functional.binary_cross_entropy_with_logits(output, target)"
    needs_classes = True

    def forward(self, output: Array, target: Labels) -> float:
        """The mean over all entries; sigmoid(output) - target is kept for the backward pass."""
        rows = np.arange(len(target))
        losses = np.logaddexp(0.0, output)
        losses[rows, target] -= output[rows, target]
        sigmoid(output, self.grad)
        self.grad[rows, target] -= 1.0
        return self.factor * float(np.add.reduce(losses, axis=None)) / self.grad.size

    def backward(self) -> Array:
        """factor * (sigmoid(output) - target) / (batch * outputs)."""
        self.grad *= self.factor / self.grad.size
        return self.grad


LOSSES: dict[str, type[Loss]] = {
    kind.name: kind for kind in (SoftmaxCrossEntropy, MeanSquaredError, Huber, BinaryCrossEntropy)
}
"""Every loss by its name."""


def accuracy(output: Array, target: Array, *, no_nan: bool = False) -> float | None:
    """Share of rows whose largest output is the label's; a row with NaN counts as wrong.

    None for a regression (target: (rows, outputs)), where nothing is right or wrong. With `no_nan`
    it is known that there is none, as where the loss is finite: a NaN goes into every loss.
    """
    if target.ndim > 1:
        return None
    best = output.argmax(axis=1)
    right = best == target
    if not no_nan:
        # The largest of a row with NaN is NaN.
        largest = output.take(best + np.arange(0, output.size, output.shape[1]))
        right &= ~np.isnan(largest)
    return int(np.count_nonzero(right)) / len(right)
