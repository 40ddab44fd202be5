"""Answers: what the network of a step says of rows it was not trained on, and in between."""

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.nn.activations.base import sigmoid
from gradsim.nn.arrays import Array
from gradsim.nn.network import Network
from gradsim.simulation.machine import Machine
from gradsim.simulation.run import Position, Run

MOST_ROWS = 2000
"""Held-out rows that are asked about; of a larger table the first ones."""

MOST_SEQUENCES = 64

WORK_AT_ONCE = 3_000_000
"""Parameters times rows (times time steps) that are computed in one slice."""

CURVE_POINTS = 240
MARGIN = 0.08
"""So much of the data's range lies beyond it on each side of a picture."""


class Kind(StrEnum):
    """What kind of picture suits the data."""

    PLANE = "plane"
    """Points in the plane, with classes."""
    DIGITS = "digits"
    CLASSES = "classes"
    """Any other table with classes."""
    CURVE = "curve"
    """A number to predict from one number."""
    NUMBERS = "numbers"
    """Any other table with numbers to predict."""
    SEQUENCE = "sequence"


def kind_of(data: Data) -> Kind:
    """The kind of picture for these data."""
    if data.name.startswith("digits") and not data.name.endswith((".csv", ".npz")):
        return Kind.DIGITS
    if data.steps > 1:
        return Kind.SEQUENCE
    if data.classes:
        return Kind.PLANE if data.features == 2 else Kind.CLASSES
    return Kind.CURVE if (data.features, data.outputs) == (1, 1) else Kind.NUMBERS


@dataclass(frozen=True, slots=True)
class Answers:
    """The network at the start of a step, in evaluation behavior: batch norm uses running values.

    `output` is (rows, answers, outputs) for the first held-out rows: one answer to a row, or one
    to each time step. In the plane and on a curve `around` holds the outputs at `places`.
    """

    step: int
    experiment: Experiment
    data: Data
    output: Array
    places: Array
    """(points, features): the cells of a grid row by row from the top, or x along a curve."""
    around: Array
    """(points, outputs)."""
    grid: tuple[int, int] = (0, 0)
    """Rows and columns of the grid."""
    begun: int = 0
    """Steps made before step 0 of the run."""

    @property
    def kind(self) -> Kind:
        """What kind of picture suits it."""
        return kind_of(self.data)

    @property
    def rows(self) -> int:
        """Held-out rows that were asked about."""
        return len(self.output)

    @property
    def last(self) -> Array:
        """The answer to each row, at its last time step: (rows, outputs)."""
        return np.asarray(self.output[:, -1])

    @property
    def targets(self) -> Array:
        """What would have been right at the last time step: classes (rows,) or (rows, outputs)."""
        targets = self.data.held_out_targets[: self.rows]
        return np.asarray(targets[:, -1] if self.data.per_step else targets)

    def chosen(self) -> Array:
        """The class answered to each row, -1 where there is NaN: (rows,) int."""
        return chosen(self.last)

    def right(self) -> Array:
        """Whether each row's class is right, at every time step that has one: (rows,) bool."""
        return np.asarray(self._right().all(axis=1))

    def accuracy(self) -> float:
        """Share of all answers that are right: of rows, or of time steps where each has one."""
        return float(np.mean(self._right()))

    def _right(self) -> Array:
        targets = self.data.held_out_targets[: self.rows].reshape(self.rows, -1)
        return np.asarray(chosen(self.output) == targets)

    def confidence(self) -> Array:
        """How sure the network is of each class, from 0 to 1: (rows, classes)."""
        return confidence(self.last, self.experiment.loss)

    @property
    def sureness(self) -> str:
        """What `confidence` is, in a word: only a loss of probabilities gives them."""
        return "probability" if self.experiment.loss.endswith("cross-entropy") else "score"

    def confusion(self) -> Array:
        """How often a class (row) was answered as another (column): (classes, classes) int."""
        count = len(self.data.classes)
        out = np.zeros((count, count), np.int64)
        known = self.chosen() >= 0
        np.add.at(out, (self.targets[known], self.chosen()[known]), 1)
        return out

    def most_wrong(self) -> Array:
        """Rows from the most wrong on: surest of a wrong class, or farthest off. NaN comes first.

        Rows that are right are left out.
        """
        if self.data.classes:
            sure = np.nanmax(np.nan_to_num(self.confidence(), nan=2.0), axis=1)
            wrong = np.flatnonzero(~self.right())
            return np.asarray(wrong[np.argsort(-sure[wrong], kind="stable")])
        return np.asarray(np.argsort(-self.errors(), kind="stable"))

    def errors(self) -> Array:
        """Distance of each answer from its number: (rows,); infinite where it is NaN."""
        with np.errstate(all="ignore"):
            off = np.sqrt(np.sum((self.last - self.targets).astype(np.float64) ** 2, axis=1))
        return np.asarray(np.nan_to_num(off, nan=np.inf))


def chosen(output: Array) -> Array:
    """The class with the largest output in each row (..., classes); -1 where there is NaN."""
    return np.asarray(np.where(np.isnan(output).any(axis=-1), -1, np.argmax(output, axis=-1)))


def confidence(output: Array, loss: str) -> Array:
    """softmax(output), sigmoid(output), or the output itself cut to 0 ... 1: by what is trained."""
    values = output.astype(np.float64)
    with np.errstate(all="ignore"):
        if loss == "softmax-cross-entropy":
            powers = np.exp(values - np.max(values, axis=1, keepdims=True))
            return np.asarray(powers / np.sum(powers, axis=1, keepdims=True))
        if loss == "binary-cross-entropy":
            out = np.empty_like(values)
            sigmoid(values, out)
            return out
        return np.asarray(np.clip(values, 0.0, 1.0))


class Reader:
    """Asks networks, on a machine of its own: what is computed elsewhere is not disturbed."""

    def __init__(self) -> None:
        self._machine: Machine | None = None

    def reading(self, run: Run, step: int, grid: tuple[int, int]) -> Generator[None, None, Answers]:
        """The answers at the start of a step that the run has come to, in slices.

        `grid` has the rows and columns of the picture of a plane.
        """
        if self._machine is None:
            self._machine = Machine(run)
        yield from self._machine.seek(run, Position(step, 0))
        network, data = self._machine.network, run.data
        dtype = self._machine.experiment.dtype
        kind = kind_of(data)
        most = MOST_SEQUENCES if kind is Kind.SEQUENCE else MOST_ROWS
        output = yield from _asking(network, data, data.held_out_inputs[:most].astype(dtype))
        places = np.zeros((0, data.features))
        if kind is Kind.PLANE:
            places = _plane(data, *grid)
        elif kind is Kind.CURVE:
            places = _along(data)
        around = yield from _asking(network, data, places.astype(dtype))
        experiment = run.experiment_at(step)
        return Answers(step, experiment, data, output, places, around[:, -1], grid, run.begun)


def _asking(network: Network, data: Data, inputs: Array) -> Generator[None, None, Array]:
    """The outputs of these rows: (rows, answers, outputs)."""
    cost = network.parameters.size * data.steps
    at_once = max(8, min(1024, WORK_AT_ONCE // max(1, cost)))
    parts = [np.zeros((0, data.answers, data.outputs), inputs.dtype)]
    for start in range(0, len(inputs), at_once):
        rows = inputs[start : start + at_once]
        with np.errstate(all="ignore"):
            found = network.infer(rows)
        # Time steps come one after the other, each with all rows.
        parts.append(np.swapaxes(found.reshape(data.answers, len(rows), -1), 0, 1))
        yield
    return np.concatenate(parts)


def extent(data: Data) -> tuple[Array, Array]:
    """The corners of a picture of the data: least and largest of each feature, and a margin."""
    low, high = data.inputs.min(axis=0), data.inputs.max(axis=0)
    margin = MARGIN * np.where(high > low, high - low, 1.0)
    return low - margin, high + margin


def _plane(data: Data, rows: int, columns: int) -> Array:
    """The middles of a grid's cells, row by row from the top."""
    low, high = extent(data)
    across = low[0] + (np.arange(columns) + 0.5) / max(1, columns) * (high[0] - low[0])
    down = high[1] - (np.arange(rows) + 0.5) / max(1, rows) * (high[1] - low[1])
    y, x = np.meshgrid(down, across, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _along(data: Data) -> Array:
    low, high = extent(data)
    return np.linspace(low[0], high[0], CURVE_POINTS)[:, None]
