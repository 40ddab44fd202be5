"""A ghost: the gradient of another experiment, step by step, to be laid beside that of this one."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import build, load_data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import draw
from gradsim.nn.arrays import l2_norm
from gradsim.simulation.stepper import run_step
from gradsim.simulation.training import training

Profiles: TypeAlias = tuple[tuple[float, ...], ...]
"""For each step the norm of delta of every layer, the head last: what a frame shows of a step."""


def profiles(settings: Mapping[str, Any], steps: int) -> Profiles:
    """Train for so many steps, and tell the norms of the activation gradients at each of them.

    `settings` are those of the experiment, so that any process can be asked. Raises InputError
    where it cannot be built.
    """
    experiment = Experiment.of(settings)
    data = load_data(experiment)
    with threadpool_limits(1), np.errstate(all="ignore"):
        network = build(experiment, data)
        draw(network, experiment, data)
        train = training(experiment, network)
        batches = Batches(data, experiment.batch_size, experiment.seed, experiment.dtype)
        rows = []
        for step in range(steps):
            run_step(train, *batches.batch(step), step)
            deltas = (network.gradients[layer.pre_activation] for layer in network.layers)
            rows.append(tuple(l2_norm(delta) for delta in deltas if delta is not None))
    return tuple(rows)
