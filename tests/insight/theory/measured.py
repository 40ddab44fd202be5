"""Shared by the tests of the theory: the gradient of real networks, seed by seed."""

from typing import Any

import numpy as np
import numpy.typing as npt
from helpers import experiment, run_until, training_of

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import load_data
from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.insight.theory.prediction import Profile, predict
from gradsim.nn.arrays import l2_norm
from gradsim.simulation.events import Phase

Floats = npt.NDArray[np.float64]


def log_squares(declared: Experiment, data: Data) -> Floats:
    """ln |delta|^2 of the hidden layers of a network at its start, on its first batch."""
    training = training_of(declared, data)
    batch = Batches(data, declared.batch_size, declared.seed, declared.dtype).batch(0)
    run_until(training, *batch, Phase.CLIP)
    network = training.network
    norms = []
    for layer in network.layers[:-1]:
        delta = network.gradients[layer.pre_activation]
        assert delta is not None
        norms.append(l2_norm(delta))
    return np.asarray(2.0 * np.log(np.array(norms)))


def compared(seeds: int, **knobs: Any) -> tuple[Floats, list[Profile]]:
    """ln |delta|^2 over that of the last hidden layer, measured and predicted, for some seeds."""
    found, predicted = [], []
    for seed in range(seeds):
        declared = experiment(seed=seed, **knobs)
        data = load_data(declared)
        logs = log_squares(declared, data)
        found.append(logs - logs[-1])
        predicted.append(predict(declared, data, 64)[0])
    return np.array(found), predicted
