"""Which rows each training step sees: a function of seed and step, so any step can be redone."""

from functools import lru_cache

import numpy as np

from gradsim.experiment.data import Data, stacked
from gradsim.experiment.streams import batch_stream
from gradsim.nn.arrays import Array


class Batches:
    """Epochs of shuffled training rows cut into batches; rows left over at an epoch's end rest."""

    def __init__(self, data: Data, batch_size: int, seed: int, dtype: str) -> None:
        rows = len(data.inputs)
        with np.errstate(over="ignore"):  # what is too large for float32 is infinite: data
            self.inputs = data.inputs.astype(dtype)
        self.targets = data.targets
        self._per_step = data.per_step
        self.batch_size = batch_size
        self.per_epoch = rows // batch_size
        self._order = lru_cache(maxsize=2)(
            lambda epoch: batch_stream(seed, epoch).permutation(rows)
        )

    def batch(self, step: int) -> tuple[Array, Array]:
        """Inputs (batch, features) and targets (batch,) of a training step, counted from 0.

        With a target for every time step they are (steps * batch,), time step by time step.
        """
        epoch, index = divmod(step, self.per_epoch)
        order: Array = self._order(epoch)
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        targets = stacked(self.targets[rows], self._per_step)
        return self.inputs.take(rows, axis=0), targets
