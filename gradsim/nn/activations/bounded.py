"""Activations between two bounds: the slope fades out on both sides."""

from math import pi, sqrt
from typing import ClassVar

import numpy as np

from gradsim.nn.activations.base import Activation, sigmoid
from gradsim.nn.arrays import Array
from gradsim.nn.settings import Setting


class Sigmoid(Activation):
    """1 / (1 + e^-x): bounded, and its slope is never above one quarter."""

    name = "sigmoid"
    formula = "1 / (1 + e^-x)"
    slope_formula = "phi (1 - phi), at most 1/4"
    source = "Rumelhart, Hinton, Williams 1986"
    torch = "torch.nn.Sigmoid()"
    largest_slope = 0.25
    saturates = True
    rises = True

    def value(self, x: Array, out: Array) -> None:
        """1 / (1 + e^-x)."""
        sigmoid(x, out)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """t / (1 + t)^2 with t = e^-|x|; y (1 - y) would lose every digit where y rounds to 1."""
        np.abs(x, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        below = out + 1.0
        below *= below
        out /= below


class Tanh(Activation):
    """tanh(x): bounded, slope 1 at zero."""

    name = "tanh"
    formula = "tanh(x)"
    slope_formula = "1 - phi^2, at most 1"
    source = "LeCun, Bottou, Orr, Mueller 1998"
    torch = "torch.nn.Tanh()"
    largest_slope = 1.0
    gain = 5.0 / 3.0
    saturates = True
    rises = True

    def value(self, x: Array, out: Array) -> None:
        """tanh(x)."""
        np.tanh(x, out=out)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1 - tanh(x)^2, as (1 - y)(1 + y), which keeps more digits near the bounds."""
        np.subtract(1.0, y, out=out)
        out *= 1.0 + y


class Erf(Activation):
    """erf(x) = 2 / sqrt(pi) * integral from 0 to x of e^-t^2 dt: mean-field theory in closed form.

    slope: 2 / sqrt(pi) * e^-x^2.
    """

    name = "erf"
    formula = "erf(x)"
    slope_formula = "2 / sqrt(pi) * e^-x^2, at most 1.13"
    source = "Williams 1997 (networks of erf units)"
    torch = "Erf()"
    largest_slope = 2.0 / sqrt(pi)
    saturates = True
    rises = True

    def value(self, x: Array, out: Array) -> None:
        """erf(x)."""
        from scipy.special import erf  # noqa: PLC0415 (SciPy costs time; only this needs it)

        erf(x, out=out)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """2 / sqrt(pi) * e^-x^2."""
        np.multiply(x, x, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        out *= self.largest_slope


class Softsign(Activation):
    """x / (1 + |x|): bounded like tanh, but its slope fades only as 1 / x^2."""

    name = "softsign"
    formula = "x / (1 + |x|)"
    slope_formula = "1 / (1 + |x|)^2, at most 1"
    source = "Bergstra, Desjardins, Lamblin, Bengio 2009"
    torch = "torch.nn.Softsign()"
    largest_slope = 1.0
    saturates = True
    rises = True

    def value(self, x: Array, out: Array) -> None:
        """x / (1 + |x|)."""
        np.abs(x, out=out)
        out += 1.0
        np.divide(x, out, out=out)
        # At infinity its limit, where infinity / infinity would be NaN.
        np.copyto(out, np.sign(x), where=np.isinf(x))

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1 / (1 + |x|)^2."""
        np.abs(x, out=out)
        out += 1.0
        np.divide(1.0, out, out=out)
        out *= out


HARDTANH_BOUND = Setting(
    "hardtanh-bound", 1.0, "bound at which hardtanh cuts off, on both sides", above=0.0
)


class Hardtanh(Activation):
    """x between -bound and bound, cut off beyond: slope 1 within, 0 from the bounds on."""

    name = "hardtanh"
    formula = "min(max(x, -hardtanh-bound), hardtanh-bound)"
    slope_formula = "1 where |x| < hardtanh-bound, else 0"
    source = "Collobert 2004"
    torch = "torch.nn.Hardtanh(-{hardtanh-bound}, {hardtanh-bound})"
    largest_slope = 1.0
    saturates = True
    rises = True
    settings: ClassVar[tuple[Setting, ...]] = (HARDTANH_BOUND,)

    @property
    def bend(self) -> float:
        """hardtanh-bound."""
        return self.number("hardtanh-bound")

    @property
    def kinks(self) -> tuple[float, float]:
        """The bounds."""
        return -self.bend, self.bend

    def value(self, x: Array, out: Array) -> None:
        """x, cut off at the bounds; NaN stays NaN."""
        bound = self.number("hardtanh-bound")
        np.clip(x, -bound, bound, out=out)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """1 within the bounds, 0 at them and beyond."""
        np.less(np.abs(x), self.number("hardtanh-bound"), out=out)
