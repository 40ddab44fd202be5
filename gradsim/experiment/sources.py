"""The data sets that come with gradsim. A new one is an entry in the table."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from gradsim.nn.arrays import Array

POINTS = 1000
"""Rows of each data set that is made up: points in the plane, or on a curve."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they are: inputs (rows, features) float64, targets as in `Data`, class names."""

    inputs: Array
    targets: Array
    classes: tuple[str, ...]
    as_one: bool = False
    """True where all columns share one scale, like the pixels of a picture."""
    held_out: tuple[Array, Array] | None = None
    """Inputs and targets to hold out, where they come apart from the others."""
    steps: int = 1
    """Time steps in a row: its inputs are those of the first time step, then of the second ..."""
    as_is: bool = False
    """True where the numbers must not be scaled: they mean something as they are."""


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


def _stored(name: str) -> tuple[Array, Array]:
    """Inputs (rows, features) float64 and labels (rows,) int64 of a file in `datasets`."""
    with (files("gradsim.experiment") / "datasets" / f"{name}.npz").open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        return archive["inputs"].astype(np.float64), archive["labels"].astype(np.int64)


def _digits() -> Table:
    # Each pixel scaled by itself would blow up those that are nearly always blank.
    return Table(*_stored("digits"), tuple("0123456789"), as_one=True)


def _breast_cancer() -> Table:
    return Table(*_stored("breast-cancer"), ("malignant", "benign"))


def _wine() -> Table:
    return Table(*_stored("wine"), ("first cultivar", "second cultivar", "third cultivar"))


def _points(number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(20260801, spawn_key=(number,)))


def _plane(
    x: Array, y: Array, labels: Array, classes: tuple[str, ...] = ("first", "second")
) -> Table:
    inputs = np.stack([x, y], axis=1)
    return Table(inputs, labels.astype(np.int64), classes, as_one=True)


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


def _moons() -> Table:
    rng = _points(4)
    moon = rng.integers(0, 2, POINTS)
    angle = rng.uniform(0.0, np.pi, POINTS)
    noise = rng.normal(0.0, 0.1, (2, POINTS))
    # The second half circle is the first one upside down, its middle under the other's right end.
    x = np.where(moon == 0, np.cos(angle), 1.0 - np.cos(angle))
    y = np.where(moon == 0, np.sin(angle), 0.5 - np.sin(angle))
    return _plane(x + noise[0], y + noise[1], moon)


def _blobs() -> Table:
    rng = _points(5)
    blob = rng.integers(0, 3, POINTS)
    angle = 2.0 * np.pi * blob / 3.0
    # So wide that they overlap a little: even the best rule is wrong for one point in thirty.
    noise = rng.normal(0.0, 0.4, (2, POINTS))
    return _plane(
        np.cos(angle) + noise[0], np.sin(angle) + noise[1], blob, ("first", "second", "third")
    )


def _sine() -> Table:
    rng = _points(6)
    x = rng.uniform(-np.pi, np.pi, (POINTS, 1))
    return Table(x, np.sin(2.0 * x) + rng.normal(0.0, 0.05, (POINTS, 1)), ())


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
    "moons": DataSource(
        "1,000 points on two half circles that reach into each other",
        "after scikit-learn's make_moons",
        _moons,
    ),
    "blobs": DataSource(
        "1,000 points in three round clouds that overlap a little, 3 classes",
        "after scikit-learn's make_blobs",
        _blobs,
    ),
    "sine": DataSource(
        "1,000 points of sin(2x) with a little noise: a number to predict, no classes",
        "after Bishop 2006",
        _sine,
    ),
    "breast-cancer": DataSource(
        "569 real tumors, 30 measures of their cells, malignant or benign",
        "Wolberg et al. 1995 (UCI, CC BY 4.0)",
        _breast_cancer,
    ),
    "wine": DataSource(
        "178 real wines, 13 measures, 3 cultivars",
        "Aeberhard, Forina 1991 (UCI, CC BY 4.0)",
        _wine,
    ),
}
"""Every data set by its name."""
