"""All that a training step needs and changes, made from an experiment."""

from collections.abc import Callable
from dataclasses import dataclass

from gradsim.experiment.experiment import Experiment
from gradsim.nn.clipping import CLIPS, Clip, Clipping
from gradsim.nn.network import Network
from gradsim.nn.optimizers import OPTIMIZERS, Optimizer
from gradsim.nn.schedules import SCHEDULES


@dataclass(slots=True)
class Training:
    """A network with its optimizer, its clipping and its learning rate as a function of the step.

    `loss`, `rate` (the learning rate) and `clipping` are those of the step in progress, once they
    are known.
    """

    network: Network
    optimizer: Optimizer
    clip: Clip | None
    learning_rate: Callable[[int], float]
    loss: float = float("nan")
    rate: float = float("nan")
    clipping: Clipping | None = None


def training(experiment: Experiment, network: Network, begun: int = 0) -> Training:
    """Training as an experiment declares it; the optimizer's state is fresh.

    `begun` steps were made before step 0, as the schedule counts them.
    """
    e, at = experiment, experiment.at("output")
    clip = CLIPS[e.clip](e.clip_threshold, at) if e.clip != "none" else None
    optimizer = OPTIMIZERS[e.optimizer](network.parameters.size, e.dtype, at)
    factor = SCHEDULES[e.schedule].factor
    return Training(
        network, optimizer, clip, lambda step: e.learning_rate * factor(begun + step, at)
    )
