"""The prediction for an experiment: typical norms of delta by layer, before anything is built."""

from collections.abc import Generator
from dataclasses import dataclass
from math import log

import numpy as np

from gradsim.experiment.batches import Batches
from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.wiring import wire
from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.rules import coherence
from gradsim.insight.theory.units import Gradient, Rows, Units, UntreatedError, raised
from gradsim.insight.theory.walk import Walk, picked, start, walking
from gradsim.nn.arrays import Array
from gradsim.nn.losses import LOSSES

FEW = 16
"""Rows of the batch that a quick prediction follows."""

SOME = 32
"""The same where batch normalization makes the rows depend on each other."""

NARROWEST = 8
"""Units of a hidden layer below which a mean over units says nothing."""

SHARP = 0.005
"""Share of the squared factor of a layer up to which the theory itself is trusted."""

DECADE = 2.0 * log(10.0)
"""ln |delta|^2 of a decade of |delta|."""


@dataclass(frozen=True, slots=True)
class Profile:
    """ln |delta|^2 by layer over that of the last hidden layer: (depth,) each."""

    expected: Floats
    """The mean of |delta|^2 over the draw of the weights."""
    typical: Floats
    """The middle of its distribution."""
    variance: Floats
    """The variance of ln |delta|^2 around it, with what the theory leaves open."""

    @property
    def decades(self) -> Floats:
        """log10 of the typical |delta| over that of the last hidden layer: (depth,)."""
        return self.typical / DECADE

    @property
    def deviations(self) -> Floats:
        """The standard deviation of that, in decades: (depth,)."""
        return np.sqrt(self.variance) / DECADE

    @property
    def factor(self) -> float:
        """What the typical |delta|^2 is multiplied with at each layer; NaN with one layer."""
        steps = len(self.typical) - 1
        return raised(float(self.typical[0]) / steps) if steps else float("nan")


def predicted_reach(experiment: Experiment, data: Data) -> float | None:
    """log10(|delta of layer 1| / |delta of the last hidden layer|) as theory predicts it.

    At initialization, the typical value over the draw of the weights, in decades; None where no
    theory is known for the combination. Nothing of the network is built.
    """
    found = quick(experiment, data)
    return None if found is None else float(found.decades[0])


def predicted_factor(experiment: Experiment, data: Data) -> float | None:
    """What |delta|^2 is multiplied with from layer to layer on the way back.

    The geometric mean over the hidden layers of the predicted typical profile; None where no theory
    is known for the combination, or with one hidden layer.
    """
    found = quick(experiment, data)
    return None if found is None or experiment.depth < 2 else found.factor


def quick(experiment: Experiment, data: Data) -> Profile | None:
    """The profile from a few rows; None where there is no theory."""
    layers = range(1, experiment.depth + 1)
    batch = any(experiment.at(layer)["normalization"] == "batch" for layer in layers)
    try:
        return predict(experiment, data, SOME if batch else FEW)[0]
    except UntreatedError:
        return None


def predict(e: Experiment, data: Data, most: int) -> tuple[Profile, Walk]:
    """What `predicting` comes to, at once."""
    slices = predicting(e, data, most)
    while True:
        try:
            next(slices)
        except StopIteration as end:
            found: tuple[Profile, Walk] = end.value
            return found


def predicting(e: Experiment, data: Data, most: int) -> Generator[None, None, tuple[Profile, Walk]]:
    """The profile from `most` rows of the first batch, and the walk it is from.

    In slices of one node each way, so that a deep network blocks nothing. Raises UntreatedError
    where no theory is known.
    """
    if e.cell != "none":
        raise UntreatedError("a recurrent network goes through time, not through layers")
    widths = [int(e.at(layer)["width"]) for layer in range(1, e.depth + 1)]
    if min(widths) < NARROWEST:
        raise UntreatedError(f"a layer of {min(widths)} units is too narrow for means over units")
    wiring = wire(e, data.features, data.outputs, 0)
    inputs, targets = _first_batch(data, e.batch_size, e.seed)
    rows = Rows(len(inputs), min(most, len(inputs)), len(wiring.nodes))
    found = yield from walking(e, wiring, inputs, rows)
    off = output_gradient(targets[picked(len(inputs), rows.count)], targets, data)
    profile = yield from _profiling(found, start(found, off, LOSSES[e.loss].needs_classes))
    return profile, found


def _profiling(found: Walk, given: Gradient) -> Generator[None, None, Profile]:
    """The profile behind this gradient at the output."""
    layers = [mark.pre_activation for mark in found.wiring.marks[:-1]]
    logs, chances, shares, left = {}, {}, {}, {}
    back = found.going_back(given)
    while True:
        with np.errstate(all="ignore"):
            step = next(back, None)
        if step is None:
            break
        index, gradient = step
        if index in layers[-1:]:
            layers.pop()
            logs[index], chances[index] = gradient.log2(), gradient.swings
            left[index] = gradient.open
            shares[index] = _coherent_share(gradient, found.values[index])
        yield
    order = sorted(logs)
    # What is coherent is the square of a Gaussian: its own relative variance is 2. Where it then
    # becomes a part of the rest, its chance stays in the size of that.
    most = np.maximum.accumulate([shares[k] for k in reversed(order)])[::-1]
    coherent = np.sqrt(2.0) * most
    chance = np.column_stack([np.array([chances[k] for k in order]), coherent])
    with np.errstate(all="ignore"):
        apart = chance - chance[-1]
        spread = np.einsum("ls,ls->l", chance, chance)
        away = SHARP * np.arange(len(order) - 1.0, -1.0, -1.0)
        away += np.array([left[k] - left[order[-1]] for k in order])
        expected = np.array([logs[k] - logs[order[-1]] for k in order])
        return Profile(
            expected,
            expected - 0.5 * (spread - spread[-1]),
            np.einsum("ls,ls->l", apart, apart) + away**2,
        )


def _coherent_share(gradient: Gradient, value: Units) -> float:
    """The share of a squared gradient that is coherent, see `rules.coherence`."""
    if gradient.coherent is None:
        return 0.0
    return coherence.agreeing(gradient.coherent, coherence.lean(value), sum(value.widths))


def output_gradient(at_hand: Array, targets: Array, data: Data) -> Floats:
    """Products of the rows' gradients at the output, while the output says nothing of the target.

    For classes that is one share for each minus the right one; for numbers the target's distance
    from its mean over the batch.
    """
    if data.classes:
        off = np.eye(data.outputs)[at_hand] - 1.0 / data.outputs
    else:
        off = np.asarray(at_hand, np.float64) - np.mean(targets, axis=0)
    return np.asarray(off @ off.T)


def _first_batch(data: Data, batch_size: int, seed: int) -> tuple[Array, Array]:
    """The first batch of a run, kept for the next time; data are told apart as objects."""
    key = (id(data), batch_size, seed)
    found = _BATCHES.get(key)
    if found is None or found[0] is not data:
        if len(_BATCHES) >= 16:
            _BATCHES.pop(next(iter(_BATCHES)))
        inputs, targets = Batches(data, batch_size, seed, "float64").batch(0)
        found = _BATCHES[key] = data, inputs, targets
    return found[1], found[2]


_BATCHES: dict[tuple[int, int, int], tuple[Data, Array, Array]] = {}
