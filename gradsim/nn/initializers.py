"""Initializers: how the weights start. A new one is an entry in the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.settings import Setting, Value

FAN = Setting(
    "initializer-fan",
    "in",
    "which fan he and lecun weights are scaled by",
    choices={"in": "keeps the forward pass", "out": "keeps the backward pass"},
    starts=True,
)
STD = Setting(
    "initializer-std",
    0.1,
    "standard deviation of normal, uniform and truncated-normal weights, before the gain",
    low=0.0,
    starts=True,
)
VALUE = Setting(
    "initializer-value",
    0.1,
    "value of constant weights, before the gain",
    low=-1e6,
    high=1e6,
    starts=True,
)


@dataclass(frozen=True, slots=True)
class Initializer:
    """A way to make starting weights: (fan_out, fan_in) float64 at gain 1.

    `weights(shape, settings, rng)` makes them. Normal kinds share their draws, and uniform kinds
    theirs: switching from one to another at the same seed changes the size of the weights and
    nothing else. `std(fan_in, fan_out, settings)` is the standard deviation of an entry at gain 1,
    None where the entries are not drawn independently.
    """

    formula: str
    source: str
    weights: Callable[[tuple[int, int], Mapping[str, Value], np.random.Generator], Array]
    std: Callable[[int, int, Mapping[str, Value]], float] | None = None
    settings: tuple[Setting, ...] = ()
    fits_data: bool = False
    """True where each layer is then scaled so that its pre-activations have variance 1."""


def _normal(
    formula: str,
    source: str,
    std: Callable[[int, int, Mapping[str, Value]], float],
    settings: tuple[Setting, ...] = (),
) -> Initializer:
    def weights(
        shape: tuple[int, int], given: Mapping[str, Value], rng: np.random.Generator
    ) -> Array:
        return np.asarray(rng.standard_normal(shape) * std(shape[1], shape[0], given))

    return Initializer(formula, source, weights, std, settings)


def _uniform(
    formula: str,
    source: str,
    std: Callable[[int, int, Mapping[str, Value]], float],
    settings: tuple[Setting, ...] = (),
) -> Initializer:
    def weights(
        shape: tuple[int, int], given: Mapping[str, Value], rng: np.random.Generator
    ) -> Array:
        # A uniform distribution of standard deviation s reaches from -sqrt(3) s to sqrt(3) s.
        reach = sqrt(3.0) * std(shape[1], shape[0], given)
        return np.asarray(rng.uniform(-1.0, 1.0, shape) * reach)

    return Initializer(formula, source, weights, std, settings)


def _glorot(fan_in: int, fan_out: int, given: Mapping[str, Value]) -> float:
    return sqrt(2.0 / (fan_in + fan_out))


def _he(fan_in: int, fan_out: int, given: Mapping[str, Value]) -> float:
    return sqrt(2.0 / _fan(fan_in, fan_out, given))


def _lecun(fan_in: int, fan_out: int, given: Mapping[str, Value]) -> float:
    return sqrt(1.0 / _fan(fan_in, fan_out, given))


def _fan(fan_in: int, fan_out: int, given: Mapping[str, Value]) -> int:
    return fan_in if given["initializer-fan"] == "in" else fan_out


def _standard(fan_in: int, fan_out: int, given: Mapping[str, Value]) -> float:
    return sqrt(1.0 / (3.0 * fan_in))


def _given(fan_in: int, fan_out: int, given: Mapping[str, Value]) -> float:
    return float(given["initializer-std"])


CUT = 2.0
"""Standard deviations at which a truncated normal is cut off."""

_CUT_STD = 0.8796256610342398
"""Standard deviation of a standard normal cut off at 2."""


def _truncated(
    shape: tuple[int, int], given: Mapping[str, Value], rng: np.random.Generator
) -> Array:
    draws = rng.standard_normal(shape)
    while (beyond := np.abs(draws) > CUT).any():
        draws[beyond] = rng.standard_normal(int(beyond.sum()))
    return np.asarray(draws * float(given["initializer-std"]))


def _orthogonal(
    shape: tuple[int, int], given: Mapping[str, Value], rng: np.random.Generator
) -> Array:
    tall = rng.standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(tall)
    # With the signs of r's diagonal every orthogonal matrix is equally likely (Mezzadri 2007).
    q = q * np.where(np.diagonal(r) < 0.0, -1.0, 1.0)
    return np.ascontiguousarray(q if shape[0] >= shape[1] else q.T)


INITIALIZERS: dict[str, Initializer] = {
    "glorot-normal": _normal(
        "N(0, gain^2 * 2 / (fan_in + fan_out))", "Glorot, Bengio 2010, eq. 12", _glorot
    ),
    "he-normal": _normal("N(0, gain^2 * 2 / fan)", "He, Zhang, Ren, Sun 2015, eq. 10", _he, (FAN,)),
    "lecun-normal": _normal(
        "N(0, gain^2 / fan)", "LeCun, Bottou, Orr, Mueller 1998, eq. 16", _lecun, (FAN,)
    ),
    "glorot-uniform": _uniform(
        "U(-b, b), b = gain * sqrt(6 / (fan_in + fan_out))", "Glorot, Bengio 2010, eq. 16", _glorot
    ),
    "he-uniform": _uniform(
        "U(-b, b), b = gain * sqrt(6 / fan)",
        "He, Zhang, Ren, Sun 2015, eq. 10, as a uniform",
        _he,
        (FAN,),
    ),
    "lecun-uniform": _uniform(
        "U(-b, b), b = gain * sqrt(3 / fan)",
        "LeCun, Bottou, Orr, Mueller 1998, eq. 16, as a uniform",
        _lecun,
        (FAN,),
    ),
    "standard-uniform": _uniform(
        "U(-b, b), b = gain / sqrt(fan_in): PyTorch's default",
        "the historical standard: Glorot, Bengio 2010, eq. 1",
        _standard,
    ),
    "orthogonal": Initializer(
        "gain * Q, rows or columns of a random rotation",
        "Saxe, McClelland, Ganguli 2014",
        _orthogonal,
    ),
    "lsuv": Initializer(
        "gain * Q / s, s so that z = W x has variance 1 on the first batch, layer by layer",
        "Mishkin, Matas 2016, algorithm 1",
        _orthogonal,
        fits_data=True,
    ),
    "identity": Initializer(
        "gain * I, cut off or filled up with zeros",
        "Le, Jaitly, Hinton 2015",
        lambda shape, given, rng: np.eye(*shape),
    ),
    "normal": _normal("N(0, (gain * initializer-std)^2)", "the plain choice", _given, (STD,)),
    "uniform": _uniform(
        "U(-b, b), b = gain * sqrt(3) * initializer-std", "the plain choice", _given, (STD,)
    ),
    "truncated-normal": Initializer(
        "N(0, (gain * initializer-std)^2), drawn again beyond 2 standard deviations",
        "as PyTorch's trunc_normal_, in standard deviations",
        _truncated,
        lambda fan_in, fan_out, given: _CUT_STD * float(given["initializer-std"]),
        (STD,),
    ),
    "constant": Initializer(
        "gain * initializer-value",
        "shows why weights must differ",
        lambda shape, given, rng: np.full(shape, float(given["initializer-value"])),
        settings=(VALUE,),
    ),
    "zeros": Initializer(
        "0",
        "shows why weights must differ",
        lambda shape, given, rng: np.zeros(shape),
    ),
}
"""Every initializer by its name, in the order in which the app cycles through them."""
