"""Initializers: how the weights start. A new one is an entry in the table."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from gradsim.nn.arrays import Array


@dataclass(frozen=True, slots=True)
class Initializer:
    """A distribution of starting weights, given by its family and its standard deviation.

    `std(fan_in, fan_out, std)` is the standard deviation at gain 1; the gain multiplies it.
    All members of a family are made from the same draws, so that switching from one to another
    at the same seed changes the size of the weights and nothing else. A uniform distribution of
    standard deviation s reaches from -sqrt(3) s to sqrt(3) s.
    """

    formula: str
    source: str
    family: Literal["normal", "uniform"]
    std: Callable[[int, int, float], float]


def _glorot(fan_in: int, fan_out: int, std: float) -> float:
    return sqrt(2.0 / (fan_in + fan_out))


def _he(fan_in: int, fan_out: int, std: float) -> float:
    return sqrt(2.0 / fan_in)


def _given(fan_in: int, fan_out: int, std: float) -> float:
    return std


def _zero(fan_in: int, fan_out: int, std: float) -> float:
    return 0.0


INITIALIZERS: dict[str, Initializer] = {
    "glorot-normal": Initializer(
        "N(0, gain^2 * 2 / (fan_in + fan_out))", "Glorot, Bengio 2010, eq. 12", "normal", _glorot
    ),
    "he-normal": Initializer(
        "N(0, gain^2 * 2 / fan_in)", "He, Zhang, Ren, Sun 2015, eq. 10", "normal", _he
    ),
    "glorot-uniform": Initializer(
        "U(-b, b), b = gain * sqrt(6 / (fan_in + fan_out))",
        "Glorot, Bengio 2010, eq. 16",
        "uniform",
        _glorot,
    ),
    "he-uniform": Initializer(
        "U(-b, b), b = gain * sqrt(6 / fan_in)",
        "He, Zhang, Ren, Sun 2015, eq. 10, as a uniform",
        "uniform",
        _he,
    ),
    "normal": Initializer("N(0, (gain * initializer-std)^2)", "the plain choice", "normal", _given),
    "uniform": Initializer(
        "U(-b, b), b = gain * sqrt(3) * initializer-std", "the plain choice", "uniform", _given
    ),
    "zeros": Initializer("0", "shows why weights must differ", "normal", _zero),
}
"""Every initializer by its name, in the order in which the app cycles through them."""


def draw(
    name: str,
    shape: tuple[int, int],
    *,
    gain: float,
    std: float,
    rng: np.random.Generator,
) -> Array:
    """Starting weights: (fan_out, fan_in) float64, from the generator passed in."""
    fan_out, fan_in = shape
    initializer = INITIALIZERS[name]
    scale = gain * initializer.std(fan_in, fan_out, std)
    weights: Array
    if initializer.family == "normal":
        weights = rng.standard_normal(shape) * scale
    else:
        weights = rng.uniform(-1.0, 1.0, shape) * (sqrt(3.0) * scale)
    return weights
