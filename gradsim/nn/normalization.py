"""Normalizations. A new one is a class here with `@register`."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Op, Parameter, ParameterSpec

NORMALIZATIONS: dict[str, type["Normalization"]] = {}
"""Every normalization by its name, besides `none`."""


def register(cls: type["Normalization"]) -> type["Normalization"]:
    """Make a normalization known to flags, scenarios, app and reference by its name."""
    NORMALIZATIONS[cls.name] = cls
    return cls


class Normalization(Op):
    """Centers and scales its input, then applies a learned scale and shift. x: (batch, units)."""

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    smallest_batch: ClassVar[int] = 1
    """Below this batch size the statistics do not exist."""

    @abstractmethod
    def __init__(self, batch: int, units: int, dtype: str) -> None: ...

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of the learned scale (`weight`) and shift (`bias`)."""
        self.scale, self.grad_scale = (
            parameters["norm.weight"].value,
            parameters["norm.weight"].grad,
        )
        self.shift, self.grad_shift = parameters["norm.bias"].value, parameters["norm.bias"].grad


@register
class BatchNorm(Normalization):
    """Each unit normalized over the batch: y = scale * (x - mean) / sqrt(var + eps) + shift.

    Training uses the batch's own mean and biased variance; evaluation uses running estimates
    (momentum 0.1, unbiased variance). Backward, with n the batch and g = dL/dx_hat:
    grad_x = (g - mean(g) - x_hat * mean(g * x_hat)) / sqrt(var + eps).
    Source: Ioffe, Szegedy 2015, algorithm 1; conventions as in PyTorch.
    """

    name = "batch"
    formula = "scale * (x - mean_batch) / sqrt(var_batch + 1e-5) + shift"
    source = "Ioffe, Szegedy 2015"
    smallest_batch = 2
    eps = 1e-5
    momentum = 0.1

    def __init__(self, batch: int, units: int, dtype: str) -> None:
        self.batch, self.units = batch, units
        self.x_hat: Array = np.zeros((batch, units), dtype)
        self.y: Array = np.zeros((batch, units), dtype)
        self.grad_x: Array = np.zeros((batch, units), dtype)
        self.inverse_std: Array = np.ones(units, dtype)
        self.running_mean: Array = np.zeros(units, dtype)
        self.running_var: Array = np.ones(units, dtype)

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`norm.weight` (scale, starts at 1) and `norm.bias` (shift, starts at 0): (units,)."""
        return _scale_and_shift(self.units)

    def buffers(self) -> Mapping[str, Array]:
        """The running mean and variance: (units,)."""
        return {"norm.running_mean": self.running_mean, "norm.running_var": self.running_var}

    def forward(self, x: Array) -> Array:
        """Normalize with the batch's statistics and move the running ones toward them."""
        mean = np.add.reduce(x, axis=0) / self.batch
        np.subtract(x, mean, out=self.x_hat)
        # Two passes: the one-pass formula gives 0 in float32 where the mean dwarfs the spread.
        var = np.einsum("bu,bu->u", self.x_hat, self.x_hat) / self.batch
        np.divide(1.0, np.sqrt(var + self.eps), out=self.inverse_std)
        self.x_hat *= self.inverse_std
        np.multiply(self.x_hat, self.scale, out=self.y)
        self.y += self.shift
        keep = 1.0 - self.momentum
        self.running_mean *= keep
        self.running_mean += self.momentum * mean
        self.running_var *= keep
        self.running_var += self.momentum * var * (self.batch / (self.batch - 1))
        return self.y

    def backward(self, grad: Array) -> tuple[Array]:
        """The gradient through batch mean and variance; writes those of scale and shift."""
        np.add.reduce(grad, axis=0, out=self.grad_shift)
        np.einsum("bu,bu->u", grad, self.x_hat, out=self.grad_scale)
        # grad_x = scale / std * (grad - mean(grad) - x_hat * mean(grad * x_hat))
        np.multiply(self.x_hat, self.grad_scale / -self.batch, out=self.grad_x)
        self.grad_x += grad
        self.grad_x -= self.grad_shift / self.batch
        self.grad_x *= self.scale * self.inverse_std
        return (self.grad_x,)

    def infer(self, x: Array) -> Array:
        """Normalize with the running statistics."""
        factor = self.scale / np.sqrt(self.running_var + self.eps)
        y: Array = (x - self.running_mean) * factor + self.shift
        return y


@register
class LayerNorm(Normalization):
    """Each row normalized over its units: y = scale * (x - mean) / sqrt(var + eps) + shift.

    The same in training and evaluation. Backward as for batch norm, with means over the units.
    Source: Ba, Kiros, Hinton 2016; conventions as in PyTorch.
    """

    name = "layer"
    formula = "scale * (x - mean_units) / sqrt(var_units + 1e-5) + shift"
    source = "Ba, Kiros, Hinton 2016"
    eps = 1e-5

    def __init__(self, batch: int, units: int, dtype: str) -> None:
        self.units = units
        self.x_hat: Array = np.zeros((batch, units), dtype)
        self.y: Array = np.zeros((batch, units), dtype)
        self.grad_x: Array = np.zeros((batch, units), dtype)
        self.inverse_std: Array = np.ones((batch, 1), dtype)

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`norm.weight` (scale, starts at 1) and `norm.bias` (shift, starts at 0): (units,)."""
        return _scale_and_shift(self.units)

    def forward(self, x: Array) -> Array:
        """Normalize each row with its own statistics."""
        np.subtract(x, np.add.reduce(x, axis=1, keepdims=True) / self.units, out=self.x_hat)
        var = np.einsum("bu,bu->b", self.x_hat, self.x_hat)[:, None] / self.units
        np.divide(1.0, np.sqrt(var + self.eps), out=self.inverse_std)
        self.x_hat *= self.inverse_std
        np.multiply(self.x_hat, self.scale, out=self.y)
        self.y += self.shift
        return self.y

    def backward(self, grad: Array) -> tuple[Array]:
        """The gradient through mean and variance of each row; writes those of scale and shift."""
        np.add.reduce(grad, axis=0, out=self.grad_shift)
        np.einsum("bu,bu->u", grad, self.x_hat, out=self.grad_scale)
        scaled = grad * self.scale
        mean = np.add.reduce(scaled, axis=1, keepdims=True) / self.units
        along = np.einsum("bu,bu->b", scaled, self.x_hat)[:, None] / self.units
        np.multiply(self.x_hat, -along, out=self.grad_x)
        self.grad_x += scaled
        self.grad_x -= mean
        self.grad_x *= self.inverse_std
        return (self.grad_x,)

    def infer(self, x: Array) -> Array:
        """Normalize each row with its own statistics."""
        centered = x - x.mean(axis=1, keepdims=True)
        var = np.mean(centered * centered, axis=1, keepdims=True)
        y: Array = centered / np.sqrt(var + self.eps) * self.scale + self.shift
        return y


def _scale_and_shift(units: int) -> tuple[ParameterSpec, ...]:
    return (
        ParameterSpec("norm.weight", (units,), 1.0),
        ParameterSpec("norm.bias", (units,), 0.0),
    )
