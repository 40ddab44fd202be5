"""Data sets: rows to learn from, split once into training and held-out rows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from gradsim.nn.arrays import Array, Labels

HELD_OUT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Data:
    """Inputs (rows, features) float64 and labels (rows,), split into training and held-out."""

    name: str
    inputs: Array
    labels: Labels
    held_out_inputs: Array
    held_out_labels: Labels
    classes: int

    def features(self) -> int:
        """Columns of the inputs."""
        return int(self.inputs.shape[1])


@dataclass(frozen=True, slots=True)
class DataSource:
    """A named data set: what it is, and how its rows are read: (inputs, labels)."""

    about: str
    source: str
    rows: Callable[[], tuple[Array, Labels]]


def _digits() -> tuple[Array, Labels]:
    with (files("gradsim.experiment") / "datasets" / "digits.npz").open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        inputs, labels = archive["inputs"], archive["labels"]
    return inputs.astype(np.float64), labels.astype(np.int64)


DATA_SETS: dict[str, DataSource] = {
    "digits": DataSource(
        "1,797 real handwritten digits, 8x8 pixels scaled to mean 0 and spread 1, 10 classes",
        "Alpaydin, Kaynak 1998 (UCI, CC BY 4.0)",
        _digits,
    ),
}
"""Every data set by its name."""


@cache
def load(name: str) -> Data:
    """The data set `name`, split: a fixed shuffle, the same for every seed, a fifth held out."""
    inputs, labels = DATA_SETS[name].rows()
    order = np.random.default_rng(np.random.SeedSequence(20260801)).permutation(len(inputs))
    held = round(len(inputs) * HELD_OUT_SHARE)
    # One shift and one scale for the whole table, from the training rows alone: mean 0, standard
    # deviation 1. Every column by itself would blow up pixels that are nearly always blank.
    training = inputs[order[held:]]
    center, spread = training.mean(), training.std()
    return Data(
        name=name,
        inputs=(training - center) / spread,
        labels=labels[order[held:]],
        held_out_inputs=(inputs[order[:held]] - center) / spread,
        held_out_labels=labels[order[:held]],
        classes=int(labels.max()) + 1,
    )
