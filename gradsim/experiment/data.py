"""Data sets: rows to learn from, split once into training and held-out rows, and scaled."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from gradsim.errors import InputError
from gradsim.experiment.own_files import (
    Fingerprint,
    fingerprint,
    is_archive,
    is_file,
    plain,
    quoted,
)
from gradsim.experiment.sequences import SEQUENCES, at_every, at_last
from gradsim.experiment.sources import DATA_SETS, Table
from gradsim.experiment.tables import read_table
from gradsim.nn.arrays import Array

HELD_OUT_SHARE = 0.2

Scaling = Literal["standardized", "raw"]


@dataclass(frozen=True, slots=True)
class Data:
    """Inputs (rows, features) float64 and targets, split into training and held-out rows.

    Targets are class numbers (rows,) int64, or values (rows, outputs) float64 for a regression,
    where `classes` is empty; where there is one for every time step, that is a second axis.
    """

    name: str
    inputs: Array
    targets: Array
    held_out_inputs: Array
    held_out_targets: Array
    classes: tuple[str, ...]
    steps: int = 1
    """Time steps in a row of the inputs; its features are those of the first, of the second ..."""
    per_step: bool = False
    """Whether there is a target for every time step: (rows, steps), or (rows, steps, outputs)."""

    @property
    def features(self) -> int:
        """Columns of the inputs."""
        return int(self.inputs.shape[1])

    @property
    def outputs(self) -> int:
        """Units that the head needs: one for each class, or one for each number to predict."""
        return len(self.classes) or int(self.targets.shape[-1])

    @property
    def answers(self) -> int:
        """Rows of the output that a row of the inputs is given: one, or one for each time step."""
        return self.steps if self.per_step else 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What of an experiment decides which rows are read, and how."""

    name: str
    target: str = ""
    scaling: str = "standardized"
    length: int = 50
    """Time steps of a made-up task."""
    every_step: bool = False
    """Whether the network answers at every time step."""
    sequence: str = ""
    time: str = ""
    """Columns of a CSV file that say to which sequence a row belongs, and when it was."""


def stacked(targets: Array, per_step: bool) -> Array:
    """Targets as the loss takes them: those of every time step one after the other."""
    if not per_step:
        return targets
    return np.ascontiguousarray(np.swapaxes(targets, 0, 1).reshape(-1, *targets.shape[2:]))


def load(name: str, target: str = "", scaling: str = "standardized", **more: Any) -> Data:
    """The data set `name` (or the CSV or NPZ file of that path), split and scaled.

    The split is a fixed shuffle, the same for every seed; a fifth is held out, unless the file has
    held-out rows of its own. Scaling is worked out on the training rows alone, and holds for the
    inputs and for numbers to predict; their loss is then 1 for a network that always says the mean.
    Made-up sequences are not scaled. A file is read again when it has changed. The arrays are
    shared and read-only. `more` are further fields of `Asked`. Raises InputError, a sentence,
    where a file cannot be used or what is asked for has no meaning.
    """
    asked = Asked(name, target.strip(), scaling, **more)
    if asked.target and is_archive(name):
        raise InputError(
            f"{plain(name)}: target is {quoted(asked.target)}, but an NPZ file has it in its array "
            '"targets"; an empty target is right'
        )
    for what, column in (("target", asked.target), ("sequence-column", asked.sequence)):
        if column and (not is_file(name) or is_archive(name)):
            raise InputError(
                f"{what} is {quoted(column)}, but {name} has no columns to choose from; an empty "
                f"{what} is right, or a CSV file as data"
            )
    if asked.time and not asked.sequence:
        raise InputError(
            f"time-column is {quoted(asked.time)}, but sequence-column is empty: it must name the "
            "column that says to which sequence a row belongs"
        )
    if name in SEQUENCES and asked.length < SEQUENCES[name].shortest:
        raise InputError(
            f"sequence-length is {asked.length}, but {name} needs at least "
            f"{SEQUENCES[name].shortest} time steps"
        )
    return _load(asked, fingerprint(name) if is_file(name) else None)


@lru_cache(maxsize=4)
def _load(asked: Asked, state: Fingerprint | None) -> Data:
    """`state` is there to be compared: another state of the file is another entry."""
    table = _table(asked)
    (inputs, targets), (held_out_inputs, held_out_targets) = _split(table)
    if asked.scaling == "standardized" and not table.as_is:
        columns = inputs.shape[1] // table.steps
        scale = _scale(inputs.reshape(-1, columns), None if table.as_one else 0)
        inputs, held_out_inputs = (
            scale(array.reshape(-1, columns)).reshape(array.shape)
            for array in (inputs, held_out_inputs)
        )
        if not table.classes:
            # A price in the hundred thousands would drive any network out of the number range.
            scale = _scale(targets.reshape(-1, targets.shape[-1]), 0)
            targets, held_out_targets = scale(targets), scale(held_out_targets)
    per_step = targets.ndim > (1 if table.classes else 2)
    if per_step and not asked.every_step:
        targets, held_out_targets = at_last(targets), at_last(held_out_targets)
    elif asked.every_step and not per_step:
        targets, held_out_targets = (
            at_every(array, table.steps) for array in (targets, held_out_targets)
        )
    for array in (inputs, targets, held_out_inputs, held_out_targets):
        array.flags.writeable = False
    return Data(
        asked.name,
        inputs,
        targets,
        held_out_inputs,
        held_out_targets,
        table.classes,
        table.steps,
        asked.every_step,
    )


def _table(asked: Asked) -> Table:
    name = asked.name
    if name in SEQUENCES:
        return SEQUENCES[name].table(asked.length)
    if not is_file(name):
        return DATA_SETS[name].table()
    if is_archive(name):
        from gradsim.experiment.archives import read_archive  # noqa: PLC0415

        return read_archive(name)
    return read_table(name, asked.target, asked.sequence, asked.time)


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
