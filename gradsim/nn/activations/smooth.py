"""Smooth relatives of ReLU: the slope rises gently from 0 to 1, or a little beyond."""

from math import pi, sqrt
from typing import ClassVar

import numpy as np

from gradsim.nn.activations.base import Activation, sigmoid
from gradsim.nn.arrays import Array
from gradsim.nn.settings import Setting


class GELU(Activation):
    """x Phi(x), with Phi the distribution function of the standard normal.

    slope: Phi(x) + x * density(x).
    """

    name = "gelu"
    formula = "x * (1 + erf(x / sqrt(2))) / 2"
    slope_formula = "Phi(x) + x e^(-x^2/2) / sqrt(2 pi), at most 1.13"
    source = "Hendrycks, Gimpel 2016"
    torch = "torch.nn.GELU()"
    largest_slope = 1.1289041451851547
    saturates = True

    def value(self, x: Array, out: Array) -> None:
        """x Phi(x); for negative x with erfc, which keeps its digits in the tail."""
        self._phi(x, out)
        # Far below zero Phi is exactly 0, and 0 times minus infinity would be NaN.
        np.multiply(x, out, out=out, where=out != 0.0)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """Phi(x) + x * density(x)."""
        self._phi(x, out)
        density = np.exp(-0.5 * x * x)
        density *= 1.0 / sqrt(2.0 * pi)
        out += np.multiply(x, density, out=density, where=density != 0.0)

    def _phi(self, x: Array, out: Array) -> None:
        from scipy.special import erfc  # noqa: PLC0415 (SciPy costs time; only this needs it)

        np.multiply(x, -1.0 / sqrt(2.0), out=out)
        erfc(out, out=out)
        out *= 0.5


class GELUTanh(Activation):
    """x / 2 * (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3): GELU without erf.

    slope: (1 + tanh(u)) / 2 + x / 2 * (1 - tanh(u)^2) u'(x).
    """

    name = "gelu-tanh"
    formula = "x / 2 * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))"
    slope_formula = "(1 + tanh u) / 2 + x / 2 * (1 - tanh^2 u) u', at most 1.13"
    source = "Hendrycks, Gimpel 2016"
    torch = "torch.nn.GELU(approximate='tanh')"
    largest_slope = 1.1289930686587717
    saturates = True
    inner, cubic = sqrt(2.0 / pi), 0.044715

    def value(self, x: Array, out: Array) -> None:
        """x / 2 * (1 + tanh(u))."""
        self._tanh(x, out)
        out += 1.0
        out *= 0.5  # before x comes in, which may be half the largest number or more
        np.multiply(x, out, out=out, where=out != 0.0)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """(1 + tanh(u)) / 2 + x / 2 * (1 - tanh(u)^2) u'(x)."""
        self._tanh(x, out)
        rise = (1.0 - out) * (1.0 + out)
        steep = x * (0.5 * self.inner) * (1.0 + 3.0 * self.cubic * x * x)
        out += 1.0
        out *= 0.5
        out += np.multiply(rise, steep, out=rise, where=rise != 0.0)

    def _tanh(self, x: Array, out: Array) -> None:
        np.multiply(x, x, out=out)
        out *= self.cubic
        out += 1.0
        out *= x
        out *= self.inner
        np.tanh(out, out=out)


class SiLU(Activation):
    """x sigmoid(x), also called swish. slope: sigmoid(x) (1 + x sigmoid(-x))."""

    name = "silu"
    formula = "x / (1 + e^-x)"
    slope_formula = "s + x s (1 - s), s = sigmoid(x), at most 1.10"
    source = "Elfwing, Uchibe, Doya 2018; Hendrycks, Gimpel 2016"
    torch = "torch.nn.SiLU()"
    largest_slope = 1.099839320128867
    saturates = True

    def value(self, x: Array, out: Array) -> None:
        """x sigmoid(x)."""
        sigmoid(x, out)
        np.multiply(x, out, out=out, where=out != 0.0)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """sigmoid(x) (1 + x sigmoid(-x))."""
        above, below = np.empty_like(x), np.empty_like(x)
        sigmoid(x, above)
        sigmoid(-x, below)
        below *= above
        np.multiply(x, below, out=below, where=below != 0.0)
        np.add(above, below, out=out)


SOFTPLUS_BETA = Setting("softplus-beta", 1.0, "sharpness of softplus: relu as it grows", above=0.0)


class Softplus(Activation):
    """log(1 + e^(beta x)) / beta: a smooth ReLU whose slope is a sigmoid.

    As in PyTorch it is x itself where beta x is above 20.
    """

    name = "softplus"
    formula = "log(1 + e^(softplus-beta x)) / softplus-beta"
    slope_formula = "sigmoid(softplus-beta x)"
    source = "Dugas, Bengio, Belisle, Nadeau, Garcia 2001"
    torch = "torch.nn.Softplus({softplus-beta})"
    largest_slope = 1.0
    saturates = True
    rises = True
    settings: ClassVar[tuple[Setting, ...]] = (SOFTPLUS_BETA,)
    threshold = 20.0

    @property
    def bend(self) -> float:
        """1 / softplus-beta."""
        return 1.0 / self.number("softplus-beta")

    def value(self, x: Array, out: Array) -> None:
        """log(1 + e^(beta x)) / beta."""
        beta = self.number("softplus-beta")
        np.multiply(x, beta, out=out)
        linear = out > self.threshold
        np.logaddexp(0.0, out, out=out)
        out *= 1.0 / beta
        np.copyto(out, x, where=linear)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """sigmoid(beta x)."""
        scaled = x * self.number("softplus-beta")
        sigmoid(scaled, out)
        np.copyto(out, 1.0, where=scaled > self.threshold)


class Mish(Activation):
    """x tanh(softplus(x)). slope: t + x (1 - t^2) sigmoid(x), with t = tanh(softplus(x))."""

    name = "mish"
    formula = "x tanh(log(1 + e^x))"
    slope_formula = "t + x (1 - t^2) sigmoid(x), t = tanh(log(1 + e^x)), at most 1.09"
    source = "Misra 2020"
    torch = "torch.nn.Mish()"
    largest_slope = 1.0884981612517277
    saturates = True

    def value(self, x: Array, out: Array) -> None:
        """x tanh(softplus(x))."""
        np.logaddexp(0.0, x, out=out)
        np.tanh(out, out=out)
        np.multiply(x, out, out=out, where=out != 0.0)

    def slope(self, x: Array, y: Array, out: Array) -> None:
        """t + x (1 - t^2) sigmoid(x)."""
        t = np.logaddexp(0.0, x)
        np.tanh(t, out=t)
        sigmoid(x, out)
        out *= (1.0 - t) * (1.0 + t)
        np.multiply(x, out, out=out, where=out != 0.0)
        out += t
