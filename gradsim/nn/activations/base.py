"""What every activation is: phi(x) beside its slope phi'(x)."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Op
from gradsim.nn.settings import Configured, Setting, Value


class Activation(Op, Configured):
    """y = phi(x), entry by entry. Backward: grad_x = grad_y * phi'(x). x: (batch, units)."""

    name: ClassVar[str]
    formula: ClassVar[str]
    slope_formula: ClassVar[str]
    source: ClassVar[str]
    torch: ClassVar[str]
    """The same in PyTorch: a module, with settings by name in braces."""
    saturates: ClassVar[bool]
    """True where the slope fades out smoothly or ends in a bound, so that a unit can be stuck."""
    rises: ClassVar[bool] = False
    """True where the slope is never below 0, whatever the settings."""
    settings: ClassVar[tuple[Setting, ...]] = ()
    results = ("y", "slopes", "grad_x")

    def __init__(
        self, batch: int, units: int, dtype: str, settings: Mapping[str, Value] | None = None
    ) -> None:
        self.configure(settings)
        self.units = units
        self.x: Array = np.zeros((batch, units), dtype)
        self.y: Array = np.zeros((batch, units), dtype)
        self.slopes: Array = np.zeros((batch, units), dtype)
        self.grad_x: Array = np.zeros((batch, units), dtype)

    @property
    @abstractmethod
    def largest_slope(self) -> float:
        """The largest |phi'(x)| over all x, with the present settings."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where phi or one of its first two derivatives may jump."""
        return (0.0,)

    @property
    def bend(self) -> float:
        """The scale of x on which phi changes its slope."""
        return 1.0

    @property
    def gain(self) -> float:
        """The factor on the weights that is recommended for this activation.

        1 where nothing is recommended. Source: `torch.nn.init.calculate_gain`.
        """
        return 1.0

    @abstractmethod
    def value(self, x: Array, out: Array) -> None:
        """Write phi(x) into `out`."""

    @abstractmethod
    def slope(self, x: Array, y: Array, out: Array) -> None:
        """Write phi'(x) into `out`; y = phi(x) is at hand where it makes that cheaper."""

    def forward(self, x: Array) -> Array:
        """phi(x); the slopes phi'(x) are kept for the backward pass and for the statistics."""
        self.x = x
        self.value(x, self.y)
        self.slope(x, self.y, self.slopes)
        return self.y

    def backward(self, grad: Array) -> tuple[Array]:
        """(grad * phi'(x),)."""
        np.multiply(grad, self.slopes, out=self.grad_x)
        return (self.grad_x,)

    def infer(self, x: Array) -> Array:
        """phi(x)."""
        y = np.empty_like(x)
        self.value(x, y)
        return y


def sigmoid(x: Array, out: Array) -> None:
    """Write 1 / (1 + e^-x) into `out`, which must not be x.

    Formed as e^x / (1 + e^x) for negative x, so that nothing overflows.
    """
    np.abs(x, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)  # e^-|x|
    numerator = np.where(x >= 0, 1.0, out).astype(x.dtype, copy=False)
    np.add(out, 1.0, out=out)
    np.divide(numerator, out, out=out)
