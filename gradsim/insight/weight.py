"""One weight: the loss as a function of a single entry of a parameter, by really running it.

A probe looks at a session and copies what it needs. It has a network of its own, so that whatever
is tried on it, the session stays as it is.
"""

from collections.abc import Generator
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TypeAlias, TypeVar

import numpy as np

from gradsim.errors import InputError
from gradsim.experiment.build import build
from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.nn.arrays import Array, l2_norm
from gradsim.nn.network import LayerName, Network, layer_prefix
from gradsim.simulation.session import Session

Value = TypeVar("Value")

Slices: TypeAlias = Generator[None, None, Value]
"""Work in slices of one op; what comes of it is the generator's return value."""


SMALL_SCALE = 0.1
"""A change that means something to any weight whose inputs are about 1."""


def whole(slices: Slices[Value]) -> Value:
    """Do the work to its end."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            value: Value = end.value
            return value


@dataclass(frozen=True, slots=True)
class Weight:
    """One learned number: an entry of a parameter. Indices count from 0, as in NumPy."""

    layer: LayerName
    parameter: str
    """Its name within the layer: `weight`, `bias`, `norm.weight`, `skip.alpha`, ..."""
    index: tuple[int, ...]

    @property
    def name(self) -> str:
        """The parameter's name in the network: `layers.3.weight`."""
        return f"{layer_prefix(self.layer)}.{self.parameter}"

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.index))}]"


class BatchLoss:
    """The loss of one batch, in training behavior, as a function of one entry of a parameter.

    A pass begins at the first op that reads the parameter, as the values before it do not depend
    on it; the result has the bits of a whole pass. One pass at a time: another one begun makes the
    one before worthless, but a pass left in the middle does no harm.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._readers: dict[str, frozenset[int]] = {}
        for index, node in enumerate(network.nodes):
            for spec in node.op.parameters():
                name = f"{layer_prefix(node.layer)}.{spec.name}"
                self._readers[name] = self._readers.get(name, frozenset()) | {index}
        self._standing = 0
        """So many ops, from the first, hold their values for the parameters as they are."""

    def stand(self, values: Array, inputs: Array, target: Array) -> None:
        """Take over the parameters, (size,) as in the network's flat vectors, and a batch."""
        self.network.parameters.values[...] = values
        self.network.values[0] = inputs
        self._target = target
        self._standing = 0

    def at(self, weight: Weight, value: float) -> Slices[float]:
        """The loss with the entry at another value; NaN and infinity are results."""
        readers = self._readers[weight.name]
        start = min(readers)
        for index in range(self._standing, start):
            self._forward(index)
            self._standing = index + 1
            yield
        self._standing = start
        entries = self.network.parameters.view(weight.name, self.network.parameters.values)
        for index in range(start, len(self.network.nodes)):
            if index in readers:
                # Set for this op alone, so that between two ops the parameters are whole.
                kept = entries[weight.index]
                with np.errstate(over="ignore"):
                    entries[weight.index] = value
                self._forward(index)
                entries[weight.index] = kept
            else:
                self._forward(index)
            yield
        output = self.network.values[-1]
        assert output is not None
        with np.errstate(all="ignore"):
            return self.network.loss.forward(output, self._target)

    def _forward(self, index: int) -> None:
        # Running statistics move along with it, but in training behavior nothing reads them.
        node, values = self.network.nodes[index], self.network.values
        with np.errstate(all="ignore"):
            values[index + 1] = node.op.forward(*node.taken(values))


class Probe:
    """What a session's network does with its next batch, there to be asked about every weight.

    `loss` is that of the step at the session's cursor before its update, and the gradients are
    those of backpropagation before clipping. `look` brings it up to date.
    """

    def __init__(self, session: Session) -> None:
        self._built: tuple[Experiment, Data] | None = None
        self.look(session)

    def look(self, session: Session) -> None:
        """Take over what the session's network is at its cursor. All is copied, nothing changed."""
        machine = session.machine_with_gradients()
        self.experiment, data = machine.experiment, machine.data
        if not (self._built and self._built[0] == self.experiment and self._built[1] is data):
            self._built = (self.experiment, data)
            self._own = BatchLoss(build(self.experiment, data))
            self._store = self._own.network.parameters
        self._precise: BatchLoss | None = None
        self.step, self.loss = session.cursor.step, machine.training.loss
        self._batch = machine.batch(self.step)
        self._store.gradients[...] = machine.network.parameters.gradients
        self._own.stand(machine.network.parameters.values, *self._batch)

    # -- which weights there are ----------------------------------------------------------------

    def parameters(self, layer: LayerName) -> dict[str, tuple[int, ...]]:
        """The parameters of a layer by their names in it, each with its shape; weights first."""
        lead = f"{layer_prefix(layer)}."
        found = {
            name.removeprefix(lead): shape
            for name, shape in self._store.shapes.items()
            if name.startswith(lead)
        }
        return {"weight": found.pop("weight")} | found

    def weight(self, layer: LayerName, parameter: str, index: tuple[int, ...]) -> Weight:
        """A weight that there is. Raises InputError, a sentence, where there is none such."""
        shape = self._shape(layer, parameter)
        if len(index) != len(shape) or not all(
            0 <= i < n for i, n in zip(index, shape, strict=False)
        ):
            ends = " and ".join(f"0 to {n - 1}" for n in shape)
            raise InputError(
                f"index is {','.join(map(str, index))}, but {parameter} of {_place(layer)} has "
                f"the shape {shape}: right {'are two numbers,' if len(shape) > 1 else 'is'} {ends}"
            )
        return Weight(layer, parameter, index)

    def largest(self, layer: LayerName, parameter: str) -> Weight:
        """The weight of a parameter whose gradient is the largest in size; NaN counts as that."""
        shape = self._shape(layer, parameter)
        flat = int(np.argmax(np.abs(self.gradients(layer, parameter))))
        return Weight(layer, parameter, tuple(int(i) for i in np.unravel_index(flat, shape)))

    def _shape(self, layer: LayerName, parameter: str) -> tuple[int, ...]:
        last = self.experiment.hidden_layers
        if layer != "output" and not 1 <= layer <= last:
            raise InputError(f"there is no layer {layer}; right are 1 to {last}, and output")
        known = self.parameters(layer)
        if parameter not in known:
            raise InputError(
                f'{_place(layer)} has no parameter "{parameter}"; it has {", ".join(known)}'
            )
        return known[parameter]

    # -- what is known of them ------------------------------------------------------------------

    def values(self, layer: LayerName, parameter: str) -> Array:
        """A parameter's values in its own shape. To be read."""
        return self._store.view(f"{layer_prefix(layer)}.{parameter}", self._store.values)

    def gradients(self, layer: LayerName, parameter: str) -> Array:
        """The gradient of the loss with respect to a parameter, in its shape. To be read."""
        return self._store.view(f"{layer_prefix(layer)}.{parameter}", self._store.gradients)

    def value(self, weight: Weight) -> float:
        """What the weight is."""
        return float(self.values(weight.layer, weight.parameter)[weight.index])

    def gradient(self, weight: Weight) -> float:
        """The derivative of the loss with respect to the weight, by backpropagation."""
        return float(self.gradients(weight.layer, weight.parameter)[weight.index])

    def scale(self, weight: Weight) -> float:
        """A change of the weight that is a large one: the root mean square of its parameter.

        SMALL_SCALE at the least, as biases at the start may be zero or next to it.
        """
        entries = self.values(weight.layer, weight.parameter)
        size = l2_norm(entries) / sqrt(entries.size)
        return max(size, SMALL_SCALE) if isfinite(size) else 1.0

    # -- what they do to the loss ---------------------------------------------------------------

    def loss_at(self, weight: Weight, value: float) -> Slices[float]:
        """The loss of the batch with the weight at another value, in the network's own format."""
        return self._own.at(weight, value)

    def precise_loss_at(self, weight: Weight, value: float) -> Slices[float]:
        """The same in float64, with the weights that the network has in its own format."""
        if self.experiment.dtype == "float64":
            return self._own.at(weight, value)
        if self._precise is None:
            assert self._built is not None
            double = self.experiment.switch({"dtype": "float64"})
            self._precise = BatchLoss(build(double, self._built[1]))
            inputs, target = self._batch
            self._precise.stand(self._store.values, inputs.astype(np.float64), target)
        return self._precise.at(weight, value)


def _place(layer: LayerName) -> str:
    return "the output" if layer == "output" else f"layer {layer}"
