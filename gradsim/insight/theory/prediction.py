"""The prediction for an experiment: typical norms of delta by layer, before anything is built."""

from dataclasses import dataclass
from math import exp, log, log10

import numpy as np

from gradsim.experiment.batches import Batches
from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.wiring import Wiring, wire
from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.units import Rows, UntreatedError
from gradsim.insight.theory.walk import _picked, start, walk
from gradsim.nn.arrays import Array

FEW = 16
"""Rows of the batch that a quick prediction follows."""

MANY = 64
"""Rows that a full one follows."""

NARROWEST = 8
"""Units of a hidden layer below which a mean over units says nothing."""


@dataclass(frozen=True, slots=True)
class Profile:
    """ln |delta|^2 by layer, up to a constant that is the same for all."""

    log2: Floats
    """Expected at infinite width: (depth,)."""
    typical: Floats
    """The middle over the draw of the weights, at this width."""
    wander: Floats
    """Its variance."""


def predicted_reach(experiment: Experiment, data: Data) -> float | None:
    """log10(|delta of layer 1| / |delta of the last hidden layer|) as theory predicts it.

    At initialization, the typical value over the draw of the weights, in decades; None where no
    theory is known for the combination. Nothing of the network is built.
    """
    found = quick(experiment, data)
    if found is None:
        return None
    return float(found.typical[0] - found.typical[-1]) / (2.0 * log(10.0))


def predicted_factor(experiment: Experiment, data: Data) -> float | None:
    """What |delta|^2 is multiplied with from layer to layer on the way back, on average.

    The geometric mean over the hidden layers of the predicted typical profile; None where no theory
    is known for the combination, or with one hidden layer.
    """
    found = quick(experiment, data)
    if found is None or len(found.typical) < 2:
        return None
    return exp(float(found.typical[0] - found.typical[-1]) / (len(found.typical) - 1))


def quick(experiment: Experiment, data: Data) -> Profile | None:
    """The profile from a few rows; None where there is no theory."""
    e = experiment
    wiring = wire(e, data.features, data.outputs, 0)
    inputs, targets = _first_batch(data, e.batch_size, e.seed)
    try:
        with np.errstate(all="ignore"):
            return profile(e, wiring, inputs, output_gradient(targets, data), FEW)
    except UntreatedError:
        return None


def profile(e: Experiment, wiring: Wiring, inputs: Array, moment: Floats, most: int) -> Profile:
    """The profile; `moment` (batch, batch): products of the rows' gradients at the output."""
    narrow = [w for w in wiring.widths[1:-1] if w < NARROWEST]
    if narrow:
        raise UntreatedError(f"a layer of {narrow[0]} units is too narrow for means over units")
    rows = Rows(len(inputs), min(most, len(inputs)))
    pick = _picked(len(inputs), rows.count)
    found = walk(e, wiring, inputs, rows)
    last = len(wiring.nodes)
    given = start(wiring, moment[np.ix_(pick, pick)])
    gradients = found.gradients(last, given)
    log2, wander = [], []
    for mark in wiring.marks[:-1]:
        gradient = gradients[mark.pre_activation]
        log2.append(gradient.log + log(max(float(gradient.norm2().sum()), 1e-300)))
        wander.append(gradient.wander)
    ln, spread = np.array(log2), np.array(wander)
    return Profile(ln, ln - 0.5 * (spread - spread[-1]), spread - spread[-1])


def output_gradient(targets: Array, data: Data) -> Floats:
    """Products of the rows' gradients at the output, while the output says nothing of the target.

    For classes that is one share for each minus the right one; for numbers the target's distance
    from its mean.
    """
    if data.classes:
        one_hot = np.eye(data.outputs)[targets]
        off = one_hot - 1.0 / data.outputs
    else:
        off = np.asarray(targets, np.float64) - np.mean(targets, axis=0)
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


def decades(profile: Profile) -> float:
    """The predicted change from the last hidden layer to the first, in decades of the norm."""
    return float(profile.typical[0] - profile.typical[-1]) / 2.0 * log10(np.e)
