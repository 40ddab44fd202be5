"""Notes: what else is to be said of a gradient and a training, each with layers and numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from math import isfinite, sqrt

import numpy as np

from gradsim.experiment.experiment import Experiment
from gradsim.insight.oscillation import oscillation
from gradsim.insight.shapes import Shape
from gradsim.insight.verdict.limits import (
    DONE,
    FEWEST,
    FEWEST_CLIPPED,
    FORGETFUL,
    JUMP,
    LEVEL,
    LIMIT_DECADES,
    MANY,
    NEARLY_ALL,
    OFTEN,
    SLOW,
    STILL,
    SWINGS,
    WINDOW,
)
from gradsim.insight.verdict.shape import Column, column, ranges, ratio, reach_decades
from gradsim.insight.verdict.through_time import horizon, place
from gradsim.nn.optimizers import OPTIMIZERS, Adagrad, Adam, RMSprop
from gradsim.numbers import number
from gradsim.simulation.measure import StepRecord


class NoteKind(StrEnum):
    """What a note is about."""

    SATURATED = "saturated"
    DEAD_UNITS = "dead-units"
    FLAT_WEIGHT_GRADIENT = "flat-weight-gradient"
    UNEVEN = "uneven"
    HIDDEN_BY_OPTIMIZER = "hidden-by-optimizer"
    CLIPPED = "clipped"
    ALWAYS_CLIPPED = "always-clipped"
    PLATEAUED = "plateaued"
    OSCILLATING = "oscillating"
    SHORT_MEMORY = "short-memory"


KINDS: dict[NoteKind, str] = {
    NoteKind.SATURATED: "half of a layer's slopes or more are nearly flat",
    NoteKind.DEAD_UNITS: "half of a layer's units or more have no slope for any row of the batch",
    NoteKind.FLAT_WEIGHT_GRADIENT: "the weight gradient is level while the activation gradient "
    "vanishes",
    NoteKind.UNEVEN: "layers in the middle get far less, or far more, than both ends",
    NoteKind.HIDDEN_BY_OPTIMIZER: "the weight gradient is not level over depth, but the updates "
    "are, as the optimizer divides each by its own size",
    NoteKind.CLIPPED: "clipping fired at this step",
    NoteKind.ALWAYS_CLIPPED: "clipping fires at nearly every step",
    NoteKind.PLATEAUED: "the loss has stood still, and not because it has arrived",
    NoteKind.OSCILLATING: "the loss jumps from step to step and does not come down",
    NoteKind.SHORT_MEMORY: "what is far back adds next to nothing to the gradient of the weights "
    "over time",
}
"""Every kind of note with what it says."""

DIVIDING = tuple(
    name for name, kind in OPTIMIZERS.items() if issubclass(kind, Adam | RMSprop | Adagrad)
)
"""Optimizers that divide each gradient by a mean of its own size."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth saying: in which hidden layers, in numbers, and why if that is known."""

    kind: NoteKind
    layers: tuple[int, ...]
    sentence: str
    reason: str = ""
    """What the ledger says of it, as the end of the sentence; empty until it has been asked."""

    @property
    def words(self) -> str:
        """The sentence with its reason."""
        return f"{self.sentence}, {self.reason}" if self.reason else self.sentence


def notes_of(
    record: StepRecord, experiment: Experiment, shape: Shape, past: Sequence[StepRecord]
) -> tuple[Note, ...]:
    """All notes on a step whose gradients are known; `past` are the steps before it, in order."""
    if shape is Shape.NOT_FINITE:
        return ()
    training = (*_clipping(record, experiment, past), *_training(record, experiment, past))
    if experiment.cell != "none":
        return (*_through_time(record, experiment), *training)
    return (
        *_flat_units(record),
        *_flat_weights(record),
        *_uneven(column(record, "delta_norm")[:-1]),
        *_hidden(record, experiment, past),
        *training,
    )


def _through_time(record: StepRecord, experiment: Experiment) -> Iterator[Note]:
    """Saturated time steps, and how far back the recurrent gradient comes from."""
    saturated = column(record, "saturated")[:-1]
    if (where := np.flatnonzero(saturated >= MANY)).size:
        what = "slopes" if experiment.cell == "rnn" else "gates"
        yield Note(
            NoteKind.SATURATED,
            (),
            f"saturated: {saturated[where].max():.0%} of the {what} are nearly flat at "
            f"{place(record, int(where[saturated[where].argmax()]))}, half or more at "
            f"{where.size} of {saturated.size} time steps",
        )
    added = column(record, "grad_weight_norm")[:-1]
    layers = {layer for layer, _ in record.places[:-1]}
    steps = len(added) // len(layers)
    near = horizon(added[-steps:], NEARLY_ALL)
    if experiment.readout == "last" and 0 < near < steps * FORGETFUL:
        yield Note(
            NoteKind.SHORT_MEMORY,
            (),
            f"short memory: {NEARLY_ALL:.0%} of what the time steps add to the recurrent gradient "
            f"comes from the last {near} of {steps}",
        )


def _flat_units(record: StepRecord) -> Iterator[Note]:
    saturated = column(record, "saturated")
    if (where := np.flatnonzero(saturated >= MANY)).size:
        layers = _numbered(where)
        yield Note(
            NoteKind.SATURATED,
            layers,
            f"saturated: {saturated[where].max():.0%} of the slopes are nearly flat in "
            f"{ranges(layers)}",
        )
    dead = column(record, "dead")
    if (where := np.flatnonzero(dead >= MANY)).size:
        layers = _numbered(where)
        yield Note(
            NoteKind.DEAD_UNITS,
            layers,
            f"dead units: up to {dead[where].max():.0%} pass no gradient for any row of the "
            f"batch in {ranges(layers)}",
        )


def _flat_weights(record: StepRecord) -> Iterator[Note]:
    delta = column(record, "delta_norm")[:-1]
    weights = column(record, "grad_weight_norm")[:-1]
    fall, flat = reach_decades(delta[0], delta[-1]), ratio(weights[0], weights[-1])
    if isfinite(fall) and fall < -LIMIT_DECADES and 1 / LEVEL < flat < LEVEL:
        yield Note(
            NoteKind.FLAT_WEIGHT_GRADIENT,
            _numbered(np.arange(len(delta))),
            f"flat weight gradient, within a factor {max(flat, 1 / flat):.1f}, over a collapsing "
            f"activation gradient: {fall:.1f} decades from layer {len(delta)} to 1",
        )


def _uneven(hidden: Column) -> Iterator[Note]:
    """A dip or a bulge of three layers or more, beyond both ends."""
    if len(hidden) < 5 or not np.all(hidden > 0.0):
        return
    sizes = np.log10(hidden)
    threes = np.lib.stride_tricks.sliding_window_view(sizes, 3)
    ends = min(sizes[0], sizes[-1]), max(sizes[0], sizes[-1])
    highest_of_three, lowest_of_three = threes.max(axis=1), threes.min(axis=1)
    dip, bulge = int(highest_of_three.argmin()), int(lowest_of_three.argmax())
    below, above = ends[0] - highest_of_three[dip], lowest_of_three[bulge] - ends[1]
    if max(below, above) <= LIMIT_DECADES:
        return
    place, way = (dip, "below") if below >= above else (bulge, "above")
    layers = tuple(range(place + 1, place + 4))
    yield Note(
        NoteKind.UNEVEN,
        layers,
        f"uneven: the activation gradient at {ranges(layers)} is {max(below, above):.1f} decades "
        f"{way} that of both ends",
    )


def _hidden(
    record: StepRecord, experiment: Experiment, past: Sequence[StepRecord]
) -> Iterator[Note]:
    if experiment.optimizer not in DIVIDING:
        return
    updated = record if record.complete else (past[-1] if past else None)
    moves = updated.column("update_ratio") if updated else None
    weights = column(record, "grad_weight_norm")[:-1]
    reach = reach_decades(weights[0], weights[-1])
    if moves is None or len(moves) != len(weights) + 1 or not isfinite(reach):
        return
    level = ratio(moves[0], moves[-2])
    if abs(reach) > LIMIT_DECADES and 1 / LEVEL < level < LEVEL:
        last = len(weights)
        yield Note(
            NoteKind.HIDDEN_BY_OPTIMIZER,
            _numbered(np.arange(last)),
            f"hidden by {experiment.optimizer}: layer 1 has a weight gradient {abs(reach):.1f} "
            f"decades {'below' if reach < 0 else 'above'} that of layer {last}, but moves by "
            f"{number(float(moves[0]))} of its weights a step, and layer {last} by "
            f"{number(float(moves[-2]))}",
        )


def _clipping(
    record: StepRecord, experiment: Experiment, past: Sequence[StepRecord]
) -> Iterator[Note]:
    before, after = record.grad_norm, record.clipped_grad_norm
    if not record.fired or before is None or after is None:
        return
    recent = [*past[-(WINDOW - 1) :], record]
    share = sum(row.fired for row in recent) / len(recent)
    weights = column(record, "grad_weight_norm")
    most = int(weights.argmax())
    layers = (most + 1,) if most + 1 < len(weights) and experiment.cell == "none" else ()
    what = (
        f"gradient norm {number(before)}, {number(after)} after {experiment.clip}, "
        f"most at {place(record, most)} ({number(float(weights[most]))})"
    )
    if len(recent) >= FEWEST_CLIPPED and share >= OFTEN:
        often = f"{sum(row.fired for row in recent)} of the last {len(recent)}"
        yield Note(NoteKind.ALWAYS_CLIPPED, layers, f"clipping at every step, {often}: {what}")
    else:
        yield Note(NoteKind.CLIPPED, layers, f"clipping fired: {what}")


def _training(
    record: StepRecord, experiment: Experiment, past: Sequence[StepRecord]
) -> Iterator[Note]:
    """Whether the loss stands still or swings; both need steps to look back on."""
    if len(past) < FEWEST or record.loss is None:
        return
    losses = np.array([row.loss for row in (*past[-(WINDOW - 1) :], record)], dtype=np.float64)
    first = past[0].loss
    if first is None or not np.all(np.isfinite(losses)) or not isfinite(first):
        return
    # Divided by the largest, so that no factor on the loss decides anything.
    largest = float(np.abs(losses).max())
    if largest == 0.0:
        return
    scaled = losses / largest
    older, newer = np.array_split(scaled, 2)
    mean = abs(float(scaled.mean()))
    fall = float(older.mean() - newer.mean())
    scatter = 2.0 * sqrt(older.var() / len(older) + newer.var() / len(newer))
    moved = _moved(record, past)
    high = mean * largest > DONE * abs(first)
    if len(losses) == WINDOW and high and abs(fall) + scatter < STILL * mean:
        halves = [f"{float(half.mean()) * largest:.4g}" for half in (older, newer)]
        slow = () if moved is None else _numbered(np.flatnonzero(moved[:-1] < SLOW))
        yield Note(
            NoteKind.PLATEAUED,
            slow,
            f"plateaued: loss {' and '.join(halves)} over the halves of the last {WINDOW} steps"
            + ("" if moved is None else f"; {_movement(moved, slow)}"),
        )
        return
    recent = scaled[-FEWEST:]
    jump = float(np.abs(np.diff(recent)).mean())
    swing = oscillation([first, *losses[-FEWEST - 1 :]])
    if swing >= SWINGS and jump >= JUMP * float(np.abs(recent).mean()) and fall <= scatter:
        words = (
            f"oscillating: the loss jumps by {number(jump * largest)} a step, is at "
            f"{float(recent.mean()) * largest:.4g} and does not come down"
        )
        if moved is None:
            yield Note(NoteKind.OSCILLATING, (), words)
            return
        fastest = int(moved[:-1].argmax())
        yield Note(
            NoteKind.OSCILLATING,
            (fastest + 1,),
            f"{words}; learning rate {number(record.learning_rate)} moves layer {fastest + 1} by "
            f"{number(float(moved[fastest]))} of its weights a step",
        )


def _moved(record: StepRecord, past: Sequence[StepRecord]) -> Column | None:
    """The latest update of each layer over its weights; None where it is not recorded."""
    if any(time is not None for _, time in record.places):
        return None  # the time steps share their weights
    rows = [record, *islice(reversed(past), 1)]
    for row in rows:
        moves = row.column("update_ratio") if row.complete else None
        if moves is not None and len(moves) > 1 and np.all(np.isfinite(moves[:-1])):
            return moves
    return None


def _movement(moves: Column, slow: tuple[int, ...]) -> str:
    if slow:
        worst = min(slow, key=lambda layer: moves[layer - 1])
        return (
            f"{ranges(slow)} move{'s' if len(slow) == 1 else ''} by less than {number(SLOW)} of "
            f"the weights a step, layer {worst} by {number(float(moves[worst - 1]))}"
        )
    least = int(moves[:-1].argmin())
    return f"the slowest, layer {least + 1}, moves by {number(float(moves[least]))} of its weights"


def _numbered(where: "np.ndarray[tuple[int, ...], np.dtype[np.intp]]") -> tuple[int, ...]:
    """Layers counted from 1."""
    return tuple(int(index) + 1 for index in where)
