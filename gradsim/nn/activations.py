"""Activations: phi(x) beside its slope phi'(x). A new one is a class here with `@register`."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Op, Parameter, ParameterSpec

ACTIVATIONS: dict[str, type["Activation"]] = {}
"""Every activation by its name, in the order in which the app cycles through them."""


def register(cls: type["Activation"]) -> type["Activation"]:
    """Make an activation known to flags, scenarios, app and reference by its name."""
    ACTIVATIONS[cls.name] = cls
    return cls


class Activation(Op):
    """y = phi(x), entry by entry. Backward: grad_x = grad_y * phi'(x). x: (batch, units)."""

    name: ClassVar[str]
    formula: ClassVar[str]
    slope_formula: ClassVar[str]
    source: ClassVar[str]
    largest_slope: ClassVar[float]
    """The largest |phi'(x)| over all x."""
    saturates: ClassVar[bool]
    """True where phi flattens out toward a finite bound on both sides (sigmoid, tanh)."""
    knobs: ClassVar[Mapping[str, float]] = {}
    """Knobs that shape this activation with their usual values; others come in `settings`."""

    def __init__(
        self, batch: int, units: int, dtype: str, settings: Mapping[str, float] | None = None
    ) -> None:
        self.settings = {**self.knobs, **(settings or {})}
        self.x: Array = np.zeros((batch, units), dtype)
        self.y: Array = np.zeros((batch, units), dtype)
        self.slopes: Array = np.zeros((batch, units), dtype)
        self.grad_x: Array = np.zeros((batch, units), dtype)

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


@register
class Sigmoid(Activation):
    """1 / (1 + e^-x): bounded, and its slope is never above one quarter."""

    name = "sigmoid"
    formula = "1 / (1 + e^-x)"
    slope_formula = "phi (1 - phi), at most 1/4"
    source = "Rumelhart, Hinton, Williams 1986"
    largest_slope = 0.25
    saturates = True

    def value(self, x: Array, out: Array) -> None:
        """1 / (1 + e^-x), formed as e^x / (1 + e^x) for negative x, so that nothing overflows."""
        np.abs(x, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)  # e^-|x|
        numerator = np.where(x >= 0, 1.0, out).astype(x.dtype, copy=False)
        np.add(out, 1.0, out=out)
        np.divide(numerator, out, out=out)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """sigmoid(x) * sigmoid(-x); 1 - y would lose every digit where y rounds to 1."""
        np.negative(x, out=out)
        other = np.empty_like(out)
        self.value(out, other)
        np.multiply(y, other, out=out)


@register
class ReLU(Activation):
    """max(0, x): slope 1 where x > 0, else 0 (also at x = 0, as PyTorch has it)."""

    name = "relu"
    formula = "max(0, x)"
    slope_formula = "1 where x > 0, else 0"
    source = "Nair, Hinton 2010; Glorot, Bordes, Bengio 2011"
    largest_slope = 1.0
    saturates = False

    def value(self, x: Array, out: Array) -> None:
        """max(0, x)."""
        np.maximum(x, 0.0, out=out)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1 where x > 0, else 0; NaN stays NaN."""
        np.heaviside(x, 0.0, out=out)


@register
class LeakyReLU(Activation):
    """x where x > 0, else leaky-slope * x (also at x = 0, as PyTorch has it): no unit can die."""

    name = "leaky-relu"
    formula = "x where x > 0, else leaky-slope * x"
    slope_formula = "1 where x > 0, else leaky-slope"
    source = "Maas, Hannun, Ng 2013"
    largest_slope = 1.0
    saturates = False
    knobs: ClassVar[Mapping[str, float]] = {"leaky-slope": 0.01}

    def value(self, x: Array, out: Array) -> None:
        """x, or leaky-slope * x where x is not above 0."""
        np.multiply(x, self.settings["leaky-slope"], out=out)
        np.copyto(out, x, where=x > 0)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1 where x > 0, else leaky-slope."""
        out.fill(self.settings["leaky-slope"])
        np.copyto(out, 1.0, where=x > 0)


@register
class PReLU(Activation):
    """x where x > 0, else a * x, with a slope a that is learned: one for each layer.

    Backward: grad_a = sum over all entries with x <= 0 of grad_y * x.
    """

    name = "prelu"
    formula = "x where x > 0, else a * x; a is learned"
    slope_formula = "1 where x > 0, else a"
    source = "He, Zhang, Ren, Sun 2015"
    largest_slope = 1.0
    saturates = False
    knobs: ClassVar[Mapping[str, float]] = {"prelu-start": 0.25}

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`activation.weight`: (1,), the slope a; it starts at prelu-start."""
        return (ParameterSpec("activation.weight", (1,), self.settings["prelu-start"]),)

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of the slope."""
        parameter = parameters["activation.weight"]
        self.weight, self.grad_weight = parameter.value, parameter.grad

    def value(self, x: Array, out: Array) -> None:
        """x, or a * x where x is not above 0."""
        np.multiply(x, self.weight, out=out)
        np.copyto(out, x, where=x > 0)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1 where x > 0, else a."""
        out[...] = self.weight
        np.copyto(out, 1.0, where=x > 0)

    def backward(self, grad: Array) -> tuple[Array]:
        """(grad * phi'(x),); writes grad_a."""
        # NaN > 0 is false, so a NaN reaches the sum and is seen there.
        self.grad_weight[0] = np.sum(np.where(self.x > 0, 0.0, grad * self.x))
        return super().backward(grad)


@register
class Identity(Activation):
    """x: a deep linear network, where only the weights change the gradient."""

    name = "identity"
    formula = "x"
    slope_formula = "1"
    source = "Saxe, McClelland, Ganguli 2014 (deep linear networks)"
    largest_slope = 1.0
    saturates = False

    def value(self, x: Array, out: Array) -> None:
        """x."""
        np.copyto(out, x)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1."""
        out.fill(1.0)


@register
class Tanh(Activation):
    """tanh(x): bounded, slope 1 at zero."""

    name = "tanh"
    formula = "tanh(x)"
    slope_formula = "1 - phi^2, at most 1"
    source = "LeCun, Bottou, Orr, Mueller 1998"
    largest_slope = 1.0
    saturates = True

    def value(self, x: Array, out: Array) -> None:
        """tanh(x)."""
        np.tanh(x, out=out)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1 - tanh(x)^2, as (1 - y)(1 + y), which keeps more digits near the bounds."""
        np.subtract(1.0, y, out=out)
        np.multiply(out, 1.0 + y, out=out)
