"""Linear ops through time: what a recurrent layer does before its cell, and the head at every step.

An op is there once for each time step. The parameters are shared by all of them, and their
gradients are sums over all of them.
"""

from collections.abc import Mapping

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Op, Parameter, ParameterSpec, Start
from gradsim.nn.recurrent_memory import Memory


class RecurrentLinear(Op):
    """z = x U^T + b + h W^T + b_h at one time step; x: (batch, fan_in), h: (batch, units).

    U is `weight`: (gates * units, fan_in), W is `recurrent.weight`: (gates * units, units), with a
    bias each, as PyTorch has it. At the first time step there is no h, which stands for zeros. For
    a GRU, with gates r, z, n, the output is [r, z, n of x, n of h], since r scales the last only
    after the product. Backward, with delta = dL/dz: grad_x = delta U, grad_h = delta W, or zeros
    where the gradient through time is cut; the parameters' gradients are summed up by `Memory`.
    Source: Elman 1990; Cho et al. 2014.
    """

    name = "recurrent-linear"

    def __init__(self, memory: Memory, index: int, *, cut: bool = False) -> None:
        """`index` is the time step, counted from 0."""
        self.memory, self.index, self.cut = memory, index, cut
        self.z: Array = memory.z[index]
        self._taken = memory.taken[index]
        _, self._x, self.h = memory.columns(self._taken)
        both = memory.fan_in + memory.units
        self._sent, self._state = (
            memory.sent[index][:, :both],
            memory.sent[index][:, memory.fan_in :],
        )
        self._of_x, self._of_h = self._sent[:, : memory.fan_in], self._sent[:, memory.fan_in :]

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """Those of the layer, at its first time step; the others share them."""
        return () if self.index else self.memory.parameters()

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views for all time steps."""
        if not self.index:
            self.memory.bind(parameters)

    def home(self, place: int) -> Array | None:
        """The state's: beside the gradient of h is room for that of c."""
        return self._state if place else None

    def forward(self, x: Array, h: Array | None = None) -> Array:
        """z: (batch, outputs)."""
        memory = self.memory
        self._first = h is None
        self._x[...] = x
        if not memory.in_place[self.index]:
            self.h[...] = 0.0 if h is None else h
        if not self.index:
            memory.assemble()
        np.dot(memory.matrix, self._taken.T, out=self.z.T)
        return self.z

    def backward(self, delta: Array) -> tuple[Array, ...]:
        """(delta U, delta W); at the first time step the gradients of the parameters are there."""
        memory = self.memory
        memory.keep(self.index, delta)
        np.dot(memory.back, delta.T, out=self._sent.T)
        if not self.index:
            memory.write()
        if self._first:
            return (self._of_x,)
        if self.cut:
            self._of_h.fill(0.0)
        return self._of_x, self._of_h

    def infer(self, x: Array, h: Array | None = None) -> Array:
        """z."""
        memory = self.memory
        if not self.index:
            memory.assemble()
        shift, into, over = memory.columns(memory.matrix)
        z: Array = np.dot(x, into.T) + shift
        if h is not None:
            z += np.dot(h, over.T)
        return z


class OverTime(Op):
    """The head at every time step: o = h W^T + b of each h, stacked time step by time step.

    Takes T arrays (batch, units), gives (T * batch, outputs). Backward as that of a linear op.
    """

    name = "linear"

    def __init__(self, batch: int, steps: int, units: int, outputs: int, dtype: str) -> None:
        self.batch, self.units, self.outputs = batch, units, outputs
        self.x: Array = np.zeros((steps * batch, units), dtype)
        self.z: Array = np.zeros((steps * batch, outputs), dtype)
        self.grad_x: Array = np.zeros((steps * batch, units), dtype)

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`weight`: (outputs, units) and `bias`: (outputs,)."""
        return (
            ParameterSpec("weight", (self.outputs, self.units), Start.WEIGHT),
            ParameterSpec("bias", (self.outputs,), Start.BIAS),
        )

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of `weight` and `bias`."""
        weight, bias = parameters["weight"], parameters["bias"]
        self.weight, self.grad_weight = weight.value, weight.grad
        self.bias, self.grad_bias = bias.value, bias.grad

    def forward(self, *states: Array) -> Array:
        """(T * batch, outputs)."""
        np.concatenate(states, axis=0, out=self.x)
        np.dot(self.x, self.weight.T, out=self.z)
        self.z += self.bias
        return self.z

    def backward(self, delta: Array) -> tuple[Array, ...]:
        """The gradient of each of the T arrays."""
        np.dot(delta.T, self.x, out=self.grad_weight)
        np.add.reduce(delta, axis=0, out=self.grad_bias)
        np.dot(delta, self.weight, out=self.grad_x)
        return tuple(
            self.grad_x[start : start + self.batch]
            for start in range(0, len(self.grad_x), self.batch)
        )

    def infer(self, *states: Array) -> Array:
        """(T * rows, outputs)."""
        z: Array = np.dot(np.concatenate(states, axis=0), self.weight.T) + self.bias
        return z
