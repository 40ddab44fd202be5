"""A ghost: the gradient of another experiment, step by step, to be laid beside that of this one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import build, load_data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import draw
from gradsim.nn.arrays import l2_norm
from gradsim.simulation.stepper import run_step
from gradsim.simulation.training import training


@dataclass(frozen=True)
class Ghost:
    """The gradients of an experiment from its start on."""

    settings: Mapping[str, Any]
    time_steps: int
    """Of its sequences; 0 in a deep stack."""
    steps: tuple[tuple[float, ...], ...]
    """For each training step a norm for each column of a layer table, the head's last.

    In a deep stack that of delta, in a recurrent network that of the gradient of the state.
    """

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment; made when it is first asked for, as it is not sent between processes."""
        return Experiment.of(self.settings)


def train_ghost(settings: Mapping[str, Any], steps: int) -> Ghost:
    """Train for so many steps, and keep the gradients of each: a call for any process.

    Raises InputError where the experiment cannot be built.
    """
    experiment = Experiment.of(settings)
    data = load_data(experiment)
    recurrent = experiment.cell != "none"
    with threadpool_limits(1), np.errstate(all="ignore"):
        network = build(experiment, data)
        draw(network, experiment, data)
        train = training(experiment, network)
        batches = Batches(data, experiment.batch_size, experiment.seed, experiment.dtype)
        values = [k.output if recurrent else k.pre_activation for k in network.layers]
        rows = []
        for step in range(steps):
            run_step(train, *batches.batch(step), step)
            found = (network.gradients[value] for value in values)
            rows.append(tuple(l2_norm(gradient) for gradient in found if gradient is not None))
    return Ghost(settings, data.steps, tuple(rows))
