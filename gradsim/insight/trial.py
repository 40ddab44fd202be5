"""A trial: an experiment really trained for some steps, and what came of it, in plain values.

Trials need nothing but their settings, so they can be sent to any `concurrent.futures.Executor`:
`run_trial` is a function of a module, its argument and its result can be pickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import build, load_data
from gradsim.experiment.data import Data, stacked
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import draw
from gradsim.insight.verdict import judge
from gradsim.nn.losses import LOSSES, accuracy
from gradsim.nn.network import Network
from gradsim.simulation.events import Phase
from gradsim.simulation.measure import StepRecord, empty_table, measure_gradients, places_of
from gradsim.simulation.stepper import run_step, training_step
from gradsim.simulation.training import Training, training


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be tried: `Experiment.settings()`, and for how many training steps."""

    settings: Mapping[str, Any]
    steps: int


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient of one batch at the weights of one moment; NaN where there is no number."""

    shape: str
    reach_decades: float
    slope: float
    """Decades per layer on the way back."""
    grad_norm: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial."""

    losses: tuple[float, ...]
    """The loss of each step's batch, before its update."""
    grad_norms: tuple[float, ...]
    """The L2 norm of all gradients together at each step, before clipping."""
    held_out_loss: float
    held_out_accuracy: float | None
    """None where the data has no classes."""
    start: Gradient
    end: Gradient
    seconds: float
    """For the steps alone, without building the network."""


def run_trial(trial: Trial) -> Outcome:
    """Train as the trial says, with one thread. The same trial gives the same numbers.

    Raises InputError where the experiment cannot be built.
    """
    experiment = Experiment.of(trial.settings)
    with threadpool_limits(1):
        return _run(experiment, load_data(experiment), trial.steps)


def _run(e: Experiment, data: Data, steps: int) -> Outcome:
    network = build(e, data)
    draw(network, e, data)
    train = training(e, network)
    batches = Batches(data, e.batch_size, e.seed, e.dtype)
    losses, grad_norms = [], []
    start, begun = _gradient(e, train, batches, 0), perf_counter()
    for step in range(steps):
        run_step(train, *batches.batch(step), step)
        assert train.clipping is not None
        losses.append(train.loss)
        grad_norms.append(train.clipping.norm_before)
    seconds = perf_counter() - begun
    held_out_loss, held_out_accuracy = _held_out(e, network, data)
    end = _gradient(e, train, batches, steps)
    return Outcome(
        tuple(losses), tuple(grad_norms), held_out_loss, held_out_accuracy, start, end, seconds
    )


def _gradient(e: Experiment, train: Training, batches: Batches, step: int) -> Gradient:
    """What the gradient of a step's batch is; nothing of the network is changed by looking."""
    kept = {name: array.copy() for name, array in train.network.buffers()}
    for event in training_step(train, *batches.batch(step), step):
        if event.phase is Phase.CLIP:
            break
    record = StepRecord(
        step, loss=train.loss, layers=empty_table(train.network), places=places_of(train.network)
    )
    assert record.layers is not None
    assert train.clipping is not None
    measure_gradients(train.network, record.layers)
    for name, array in train.network.buffers():
        array[...] = kept[name]
    found = judge(record, e)
    return Gradient(
        str(found.shape),
        found.evidence.reach_decades,
        found.evidence.slope,
        train.clipping.norm_before,
    )


def _held_out(e: Experiment, network: Network, data: Data) -> tuple[float, float | None]:
    """Loss and accuracy on the held-out rows, in evaluation behavior."""
    rows = len(data.held_out_inputs) * data.answers
    target = stacked(data.held_out_targets, data.per_step)
    loss = LOSSES[e.loss](rows, data.outputs, e.dtype, e.loss_factor, e.at("output"))
    with np.errstate(all="ignore"):
        output = network.infer(data.held_out_inputs.astype(e.dtype))
        return loss.forward(output, target), accuracy(output, target)
