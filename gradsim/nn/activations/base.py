"""What every activation is: phi(x) beside its slope phi'(x)."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
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
    results = ("y", "slope_values", "grad_x")

    def __init__(
        self, batch: int, units: int, dtype: str, settings: Mapping[str, Value] | None = None
    ) -> None:
        self.configure(settings)
        self.units = units
        self.x: Array = np.zeros((batch, units), dtype)
        self.y: Array = np.zeros((batch, units), dtype)
        self.slope_values: Array = np.zeros((batch, units), dtype)
        """Where the slopes are; of this forward pass once they are asked for, or it goes back."""
        self.grad_x: Array = np.zeros((batch, units), dtype)
        self.together: Callable[[], bool] | None = None
        """Works out the slopes of this op and of others alike, if it can; None: by itself."""
        self.sloped = False
        """Whether the slopes are those of this forward pass."""

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
        """phi(x)."""
        self.x = x
        self.value(x, self.y)
        self.sloped = False
        return self.y

    @property
    def slopes(self) -> Array:
        """phi'(x) at the x of the last forward pass: (batch, units)."""
        if not self.sloped:
            with np.errstate(all="ignore"):
                self._work_out()
        return self.slope_values

    def _work_out(self) -> None:
        self.slope(self.x, self.y, self.slope_values)
        self.sloped = True

    def backward(self, grad: Array) -> tuple[Array]:
        """(grad * phi'(x),)."""
        if not self.sloped and not (self.together and self.together()):
            self._work_out()
        np.multiply(grad, self.slope_values, out=self.grad_x)
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
