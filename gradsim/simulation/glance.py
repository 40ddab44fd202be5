"""A glance: what the gradients of one batch are, at the weights as they are."""

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.simulation.events import Phase
from gradsim.simulation.measure import Gauge, StepRecord, empty_table, places_of
from gradsim.simulation.stepper import ops
from gradsim.simulation.training import Training


def glance(training: Training, batch: tuple[Array, Array], step: int) -> StepRecord:
    """Go forward and back once: a record with the loss and all numbers of each layer.

    The parameters are not updated, and running statistics are as they were.
    """
    network = training.network
    kept = {name: array.copy() for name, array in network.buffers()}
    table = empty_table(network)
    with np.errstate(all="ignore"):
        for phase, *_ in ops(training, *batch, step):
            if phase is Phase.CLIP:
                break
        Gauge(network).gradients(table)
    for name, array in network.buffers():
        array[...] = kept[name]
    assert training.clipping is not None
    return StepRecord(
        step,
        loss=training.loss,
        grad_norm=training.clipping.norm_before,
        layers=table,
        places=places_of(network),
    )
