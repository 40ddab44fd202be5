"""Data sets: rows to learn from, split once into training and held-out rows, and scaled."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from gradsim.experiment.sources import DATA_SETS, Table
from gradsim.experiment.tables import is_file, read_table
from gradsim.nn.arrays import Array

HELD_OUT_SHARE = 0.2

Scaling = Literal["standardized", "raw"]


@dataclass(frozen=True, slots=True)
class Data:
    """Inputs (rows, features) float64 and targets, split into training and held-out rows.

    Targets are class numbers (rows,) int64, or values (rows, 1) float64 for a regression, where
    `classes` is empty.
    """

    name: str
    inputs: Array
    targets: Array
    held_out_inputs: Array
    held_out_targets: Array
    classes: tuple[str, ...]

    @property
    def features(self) -> int:
        """Columns of the inputs."""
        return int(self.inputs.shape[1])

    @property
    def outputs(self) -> int:
        """Units that the head needs: one for each class, or one for a number."""
        return len(self.classes) or 1


@lru_cache(maxsize=4)
def load(name: str, target: str = "", scaling: str = "standardized") -> Data:
    """The data set `name` (or the CSV file of that path), split and scaled.

    The split is a fixed shuffle, the same for every seed; a fifth is held out. Scaling is worked
    out on the training rows alone. Raises InputError, a sentence, where a file cannot be used.
    """
    table = read_table(name, target) if is_file(name) else DATA_SETS[name].table()
    rows = len(table.inputs)
    order = np.random.default_rng(np.random.SeedSequence(20260801)).permutation(rows)
    held = max(1, round(rows * HELD_OUT_SHARE))
    training = table.inputs[order[held:]]
    scale = _scale(table, training) if scaling == "standardized" else lambda inputs: inputs
    return Data(
        name=name,
        inputs=scale(training),
        targets=table.targets[order[held:]],
        held_out_inputs=scale(table.inputs[order[:held]]),
        held_out_targets=table.targets[order[:held]],
        classes=table.classes,
    )


def _scale(table: Table, training: Array) -> Callable[[Array], Array]:
    """To mean 0 and standard deviation 1: each column, or the whole table where it is a picture."""
    axis = None if table.as_one else 0
    center, spread = training.mean(axis=axis), training.std(axis=axis)
    # A column that never changes is only centered.
    width = np.where(spread > 0, spread, 1.0)
    return lambda inputs: np.asarray((inputs - center) / width)
