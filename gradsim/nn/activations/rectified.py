"""Activations that let positive numbers through as they are: ReLU and its kin."""

from collections.abc import Mapping
from math import sqrt
from typing import ClassVar

import numpy as np

from gradsim.nn.activations.base import Activation
from gradsim.nn.arrays import Array, zeros_beside
from gradsim.nn.op import Parameter, ParameterSpec
from gradsim.nn.settings import Setting


class Identity(Activation):
    """x: a deep linear network, where only the weights change the gradient."""

    name = "identity"
    formula = "x"
    slope_formula = "1"
    source = "Saxe, McClelland, Ganguli 2014 (deep linear networks)"
    torch = "torch.nn.Identity()"
    largest_slope = 1.0
    saturates = False
    rises = True

    def value(self, x: Array, out: Array) -> None:
        """x."""
        np.copyto(out, x)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1."""
        out.fill(1.0)


class ReLU(Activation):
    """max(0, x): slope 1 where x > 0, else 0 (also at x = 0, as PyTorch has it)."""

    name = "relu"
    formula = "max(0, x)"
    slope_formula = "1 where x > 0, else 0"
    source = "Nair, Hinton 2010; Glorot, Bordes, Bengio 2011"
    torch = "torch.nn.ReLU()"
    largest_slope = 1.0
    gain = sqrt(2.0)
    saturates = False
    rises = True

    _zeros: Array = np.zeros(0)

    def value(self, x: Array, out: Array) -> None:
        """max(0, x)."""
        if self._zeros.shape != x.shape:
            self._zeros = zeros_beside(x)
        np.maximum(x, self._zeros, out=out)  # which is quicker than of an array and a number

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1 where x > 0, else 0; 1 at NaN."""
        np.not_equal(y, 0.0, out=out)


LEAKY_SLOPE = Setting(
    "leaky-slope", 0.01, "slope of leaky-relu where x is not above 0", low=0.0, high=1.0
)


class LeakyReLU(Activation):
    """x where x > 0, else leaky-slope * x (also at x = 0, as PyTorch has it): no unit can die."""

    name = "leaky-relu"
    formula = "x where x > 0, else leaky-slope * x"
    slope_formula = "1 where x > 0, else leaky-slope"
    source = "Maas, Hannun, Ng 2013"
    torch = "torch.nn.LeakyReLU({leaky-slope})"
    largest_slope = 1.0
    saturates = False
    rises = True
    settings: ClassVar[tuple[Setting, ...]] = (LEAKY_SLOPE,)

    @property
    def gain(self) -> float:
        """sqrt(2 / (1 + leaky-slope^2))."""
        return sqrt(2.0 / (1.0 + self.number("leaky-slope") ** 2))

    def value(self, x: Array, out: Array) -> None:
        """x, or leaky-slope * x where x is not above 0."""
        np.multiply(x, self.number("leaky-slope"), out=out)
        np.copyto(out, x, where=x > 0)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1 where x > 0, else leaky-slope."""
        out.fill(self.number("leaky-slope"))
        np.copyto(out, 1.0, where=x > 0)


PRELU_START = Setting(
    "prelu-start", 0.25, "slope at which prelu starts to learn", low=-1.0, high=1.0, starts=True
)
PRELU_SLOPES = Setting(
    "prelu-slopes",
    "shared",
    "how many slopes prelu learns",
    choices={"shared": "one for each layer", "per-unit": "one for each unit"},
    starts=True,
)


class PReLU(Activation):
    """x where x > 0, else a * x, with a slope a that is learned, one for each layer or unit.

    Backward: grad_a = sum over the entries with x <= 0 that share it of grad_y * x.
    """

    name = "prelu"
    formula = "x where x > 0, else a * x; a is learned"
    slope_formula = "1 where x > 0, else a"
    source = "He, Zhang, Ren, Sun 2015"
    torch = "torch.nn.PReLU({slopes}, init={prelu-start})"
    saturates = False
    settings: ClassVar[tuple[Setting, ...]] = (PRELU_START, PRELU_SLOPES)

    @property
    def largest_slope(self) -> float:
        """1, or the largest learned |a| where that has grown beyond."""
        return max(1.0, float(np.max(np.abs(self.weight))))

    @property
    def gain(self) -> float:
        """sqrt(2 / (1 + prelu-start^2)): He, Zhang, Ren, Sun 2015, eq. 15."""
        return sqrt(2.0 / (1.0 + self.number("prelu-start") ** 2))

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`activation.weight`: (1,) or (units,), the slopes; they start at prelu-start."""
        count = 1 if self.choice("prelu-slopes") == "shared" else self.units
        return (ParameterSpec("activation.weight", (count,), self.number("prelu-start")),)

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of the slopes."""
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
        part = np.where(self.x > 0, 0.0, grad * self.x)
        per_unit = np.add.reduce(part, axis=0)
        self.grad_weight[...] = (
            per_unit if self.choice("prelu-slopes") == "per-unit" else np.add.reduce(per_unit)
        )
        return super().backward(grad)


ELU_ALPHA = Setting("elu-alpha", 1.0, "bound that elu nears far below 0", low=0.0)


class ELU(Activation):
    """x where x > 0, else alpha (e^x - 1): negative outputs pull the mean toward zero."""

    name = "elu"
    formula = "x where x > 0, else elu-alpha * (e^x - 1)"
    slope_formula = "1 where x > 0, else elu-alpha * e^x"
    source = "Clevert, Unterthiner, Hochreiter 2016"
    torch = "torch.nn.ELU({elu-alpha})"
    saturates = True
    rises = True
    settings: ClassVar[tuple[Setting, ...]] = (ELU_ALPHA,)

    @property
    def largest_slope(self) -> float:
        """1, or elu-alpha where that is larger."""
        return max(1.0, self.number("elu-alpha"))

    def value(self, x: Array, out: Array) -> None:
        """x, or alpha (e^x - 1) where x is not above 0."""
        np.minimum(x, 0.0, out=out)
        np.expm1(out, out=out)
        out *= self.number("elu-alpha")
        np.copyto(out, x, where=x > 0)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1, or alpha e^x where x is not above 0."""
        np.minimum(x, 0.0, out=out)
        np.exp(out, out=out)
        out *= self.number("elu-alpha")
        np.copyto(out, 1.0, where=x > 0)


class SELU(Activation):
    """scale * (x where x > 0, else alpha (e^x - 1)): mean 0 and variance 1 reproduce themselves.

    With alpha 1.6733 and scale 1.0507 and LeCun initialization.
    """

    name = "selu"
    formula = "1.0507 * (x where x > 0, else 1.6733 * (e^x - 1))"
    slope_formula = "1.0507 where x > 0, else 1.7581 * e^x"
    source = "Klambauer, Unterthiner, Mayr, Hochreiter 2017"
    torch = "torch.nn.SELU()"
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    largest_slope = alpha * scale
    gain = 0.75
    saturates = True
    rises = True

    def value(self, x: Array, out: Array) -> None:
        """scale x, or scale alpha (e^x - 1) where x is not above 0."""
        np.minimum(x, 0.0, out=out)
        np.expm1(out, out=out)
        out *= self.alpha
        np.copyto(out, x, where=x > 0)
        out *= self.scale

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """scale, or scale alpha e^x where x is not above 0."""
        np.minimum(x, 0.0, out=out)
        np.exp(out, out=out)
        out *= self.alpha
        np.copyto(out, 1.0, where=x > 0)
        out *= self.scale
