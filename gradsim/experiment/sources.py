"""The data sets that come with gradsim. A new one is an entry in the table."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from gradsim.nn.arrays import Array

POINTS = 1000
"""Rows of each data set that is made up of points in the plane."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they are: inputs (rows, features) float64, targets as in `Data`, class names."""

    inputs: Array
    targets: Array
    classes: tuple[str, ...]
    as_one: bool = False
    """True where all columns share one scale, like the pixels of a picture."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """A named data set: what it is, where it is from, and its rows."""

    about: str
    source: str
    table: Callable[[], Table]

    @property
    def formula(self) -> str:
        """What it is, as lists of choices show it."""
        return self.about


def _digits() -> Table:
    with (files("gradsim.experiment") / "datasets" / "digits.npz").open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        inputs, labels = archive["inputs"], archive["labels"]
    # Each pixel scaled by itself would blow up those that are nearly always blank.
    return Table(
        inputs.astype(np.float64), labels.astype(np.int64), tuple("0123456789"), as_one=True
    )


def _points(number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(20260801, spawn_key=(number,)))


def _plane(x: Array, y: Array, labels: Array) -> Table:
    inputs = np.stack([x, y], axis=1)
    return Table(inputs, labels.astype(np.int64), ("first", "second"), as_one=True)


def _two_spirals() -> Table:
    rng = _points(1)
    arm = rng.integers(0, 2, POINTS)
    turn = 3.0 * np.pi * np.sqrt(rng.uniform(0.02, 1.0, POINTS))
    radius, angle = turn / (3.0 * np.pi), turn + np.pi * arm
    noise = rng.normal(0.0, 0.02, (2, POINTS))
    return _plane(radius * np.cos(angle) + noise[0], radius * np.sin(angle) + noise[1], arm)


def _circles() -> Table:
    rng = _points(2)
    ring = rng.integers(0, 2, POINTS)
    angle = rng.uniform(0.0, 2.0 * np.pi, POINTS)
    radius = np.where(ring == 0, 0.5, 1.0) + rng.normal(0.0, 0.08, POINTS)
    return _plane(radius * np.cos(angle), radius * np.sin(angle), ring)


def _xor() -> Table:
    rng = _points(3)
    x, y = rng.uniform(-1.0, 1.0, (2, POINTS))
    return _plane(x, y, (x > 0) != (y > 0))


DATA_SETS: dict[str, DataSource] = {
    "digits": DataSource(
        "1,797 real handwritten digits, 8x8 pixels, 10 classes",
        "Alpaydin, Kaynak 1998 (UCI, CC BY 4.0)",
        _digits,
    ),
    "two-spirals": DataSource(
        "1,000 points on two arms that wind around each other one and a half times",
        "after Lang, Witbrock 1988",
        _two_spirals,
    ),
    "circles": DataSource(
        "1,000 points on two rings, one within the other",
        "after scikit-learn's make_circles",
        _circles,
    ),
    "xor": DataSource(
        "1,000 points in a square, by the sign of x times y",
        "after Minsky, Papert 1969",
        _xor,
    ),
}
"""Every data set by its name."""
