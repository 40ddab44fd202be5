"""Data sets: rows to learn from, split once into training and held-out rows, and scaled."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from gradsim.errors import InputError
from gradsim.experiment.archives import read_archive
from gradsim.experiment.sources import DATA_SETS, Table
from gradsim.experiment.tables import (
    Fingerprint,
    fingerprint,
    is_archive,
    is_file,
    plain,
    quoted,
    read_table,
)
from gradsim.nn.arrays import Array

HELD_OUT_SHARE = 0.2

Scaling = Literal["standardized", "raw"]


@dataclass(frozen=True, slots=True)
class Data:
    """Inputs (rows, features) float64 and targets, split into training and held-out rows.

    Targets are class numbers (rows,) int64, or values (rows, outputs) float64 for a regression,
    where `classes` is empty.
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
        """Units that the head needs: one for each class, or one for each number to predict."""
        return len(self.classes) or int(self.targets.shape[1])


def load(name: str, target: str = "", scaling: str = "standardized") -> Data:
    """The data set `name` (or the CSV or NPZ file of that path), split and scaled.

    The split is a fixed shuffle, the same for every seed; a fifth is held out, unless the file has
    held-out rows of its own. Scaling is worked out on the training rows alone, and holds for the
    inputs and for numbers to predict; their loss is then 1 for a network that always says the mean.
    A file is read again when it has changed. The arrays are shared and read-only. Raises
    InputError, a sentence, where a file cannot be used or `target` has no meaning.
    """
    target = target.strip()
    if target and is_archive(name):
        raise InputError(
            f"{plain(name)}: target is {quoted(target)}, but an NPZ file has it in its array "
            '"targets"; an empty target is right'
        )
    if target and not is_file(name):
        raise InputError(
            f"target is {quoted(target)}, but {name} has no columns to choose from; an empty "
            "target is right, or a CSV file as data"
        )
    return _load(name, target, scaling, fingerprint(name) if is_file(name) else None)


@lru_cache(maxsize=4)
def _load(name: str, target: str, scaling: str, state: Fingerprint | None) -> Data:
    """`state` is there to be compared: another state of the file is another entry."""
    table = _table(name, target)
    (inputs, targets), (held_out_inputs, held_out_targets) = _split(table)
    if scaling == "standardized":
        scale = _scale(inputs, None if table.as_one else 0)
        inputs, held_out_inputs = scale(inputs), scale(held_out_inputs)
        if not table.classes:
            # A price in the hundred thousands would drive any network out of the number range.
            scale = _scale(targets, 0)
            targets, held_out_targets = scale(targets), scale(held_out_targets)
    for array in (inputs, targets, held_out_inputs, held_out_targets):
        array.flags.writeable = False
    return Data(name, inputs, targets, held_out_inputs, held_out_targets, table.classes)


def _table(name: str, target: str) -> Table:
    if not is_file(name):
        return DATA_SETS[name].table()
    return read_archive(name) if is_archive(name) else read_table(name, target)


def _split(table: Table) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Inputs and targets of the training rows, then of the held-out rows."""
    if table.held_out is not None:
        return (table.inputs, table.targets), table.held_out
    rows = len(table.inputs)
    order = np.random.default_rng(np.random.SeedSequence(20260801)).permutation(rows)
    held = max(1, round(rows * HELD_OUT_SHARE))
    first, then = order[:held], order[held:]
    return (table.inputs[then], table.targets[then]), (table.inputs[first], table.targets[first])


def _scale(training: Array, axis: int | None) -> Callable[[Array], Array]:
    """To mean 0 and standard deviation 1: each column, or with axis None the table as a whole.

    A column that never changes is only centered.
    """
    low, high = training.min(axis=axis), training.max(axis=axis)
    constant = low == high
    # Shrunk by a power of two, which changes no digit, so that no square leaves the number range.
    power = -np.frexp(np.maximum(np.abs(low), np.abs(high)))[1]
    shrunk = np.ldexp(training, power)
    power = np.where(constant, 0, power)
    # The mean of equal numbers is not always that number, nor their spread 0, by rounding.
    center = np.where(constant, low, shrunk.mean(axis=axis))
    width = np.where(constant, 1.0, shrunk.std(axis=axis))
    return lambda values: np.asarray((np.ldexp(values, power) - center) / width)
