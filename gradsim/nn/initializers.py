"""Initializers: how the weights start. A new one is a line in the table."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from gradsim.nn.arrays import Array


@dataclass(frozen=True, slots=True)
class Initializer:
    """A distribution of starting weights, given by its standard deviation.

    `std(fan_in, fan_out, std)` is the standard deviation at gain 1; the gain multiplies it.
    All members of a family are made from the same draws, so that switching from one to another
    at the same seed changes the size of the weights and nothing else.
    """

    formula: str
    source: str
    std: Callable[[int, int, float], float]


INITIALIZERS: dict[str, Initializer] = {
    "glorot-normal": Initializer(
        "N(0, gain^2 * 2 / (fan_in + fan_out))",
        "Glorot, Bengio 2010, eq. 16",
        lambda fan_in, fan_out, std: sqrt(2.0 / (fan_in + fan_out)),
    ),
    "he-normal": Initializer(
        "N(0, gain^2 * 2 / fan_in)",
        "He, Zhang, Ren, Sun 2015, eq. 10",
        lambda fan_in, fan_out, std: sqrt(2.0 / fan_in),
    ),
    "normal": Initializer(
        "N(0, (gain * initializer-std)^2)",
        "the plain choice",
        lambda fan_in, fan_out, std: std,
    ),
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
    scale = gain * INITIALIZERS[name].std(fan_in, fan_out, std)
    weights: Array = rng.standard_normal(shape) * scale
    return weights
