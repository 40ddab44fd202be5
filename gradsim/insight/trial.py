"""A trial: an experiment really trained for some steps, and what came of it, in plain values.

Trials need nothing but their settings, so they can be sent to any `concurrent.futures.Executor`:
`run_trial` is a function of a module, its argument and its result can be pickled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from time import thread_time
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
from gradsim.simulation.glance import glance
from gradsim.simulation.stepper import run_step
from gradsim.simulation.training import Training, training


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be tried: `Experiment.settings()`, and for how many training steps."""

    settings: Mapping[str, Any]
    steps: int
    looks: tuple[int, ...] = ()
    """After how many steps the held-out rows are looked at, besides the end."""


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient of one batch at the weights of one moment; NaN where there is no number."""

    shape: str
    reach_decades: float
    slope: float
    """Decades per layer on the way back."""
    grad_norm: float


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a network is worth on the held-out rows after `step` updates."""

    step: int
    loss: float
    accuracy: float | None
    """None where the data has no classes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial."""

    losses: tuple[float, ...]
    """The loss of each step's batch, before its update."""
    grad_norms: tuple[float, ...]
    """The L2 norm of all gradients together at each step, before clipping."""
    looks: tuple[HeldOut, ...]
    """The held-out rows, as often as was asked for; the last one is after all steps."""
    start: Gradient
    end: Gradient
    seconds: float
    """Processor time of the steps alone: a busy machine hardly changes it."""
    loss_unit: float
    """What makes losses of different experiments comparable, as a divisor.

    The plain factor on the loss; in a regression the held-out loss, factor included, of always
    saying the mean of the training rows, which does not depend on how the numbers are scaled.
    """

    @property
    def held_out_loss(self) -> float:
        """The loss on the held-out rows after all steps."""
        return self.looks[-1].loss

    @property
    def held_out_accuracy(self) -> float | None:
        """The share of held-out rows that are right after all steps; None without classes."""
        return self.looks[-1].accuracy


def run_trial(trial: Trial) -> Outcome:
    """Train as the trial says, with one thread. The same trial gives the same numbers.

    Raises InputError where the experiment cannot be built.
    """
    experiment = Experiment.of(trial.settings)
    with threadpool_limits(1):
        return _run(experiment, load_data(experiment), trial)


def _run(e: Experiment, data: Data, trial: Trial) -> Outcome:
    network = build(e, data)
    draw(network, e, data)
    train = training(e, network)
    batches = Batches(data, e.batch_size, e.seed, e.dtype)
    look = _held_out(e, network, data)
    losses, grad_norms, looks = [], [], []
    start, seconds = _gradient(e, train, batches, 0), 0.0
    for step in range(trial.steps):
        begun = thread_time()
        run_step(train, *batches.batch(step), step)
        seconds += thread_time() - begun
        assert train.clipping is not None
        losses.append(train.loss)
        grad_norms.append(train.clipping.norm_before)
        done = step + 1
        if done in trial.looks and done < trial.steps:
            looks.append(look(done))
    looks.append(look(trial.steps))
    end = _gradient(e, train, batches, trial.steps)
    return Outcome(
        tuple(losses), tuple(grad_norms), tuple(looks), start, end, seconds, _loss_unit(e, data)
    )


def _gradient(e: Experiment, train: Training, batches: Batches, step: int) -> Gradient:
    """What the gradient of a step's batch is; nothing of the network is changed by looking."""
    record = glance(train, batches.batch(step), step)
    found = judge(record, e)
    assert record.grad_norm is not None
    return Gradient(
        str(found.shape),
        found.evidence.reach_decades,
        found.evidence.slope,
        record.grad_norm,
    )


def _held_out(e: Experiment, network: Network, data: Data) -> Callable[[int], HeldOut]:
    """Looks at the held-out rows, in evaluation behavior; nothing is changed by looking."""
    targets = stacked(data.held_out_targets, data.per_step)
    loss = LOSSES[e.loss](len(targets), data.outputs, e.dtype, e.loss_factor, e.at("output"))
    with np.errstate(over="ignore"):  # what is too large for float32 is infinite: data
        inputs = data.held_out_inputs.astype(e.dtype)

    def look(step: int) -> HeldOut:
        with np.errstate(all="ignore"):
            output = network.infer(inputs)
            return HeldOut(step, loss.forward(output, targets), accuracy(output, targets))

    return look


def _loss_unit(e: Experiment, data: Data) -> float:
    if data.classes:
        return e.loss_factor
    targets = stacked(data.held_out_targets, data.per_step)
    mean = np.broadcast_to(stacked(data.targets, data.per_step).mean(axis=0), targets.shape)
    loss = LOSSES[e.loss](len(targets), data.outputs, "float64", e.loss_factor, e.at("output"))
    with np.errstate(all="ignore"):
        unit = loss.forward(np.ascontiguousarray(mean), targets)
    return unit if 0.0 < unit < inf else e.loss_factor
