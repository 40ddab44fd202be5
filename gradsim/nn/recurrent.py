"""Recurrent ops: what a cell does at one time step. An op is there once for each step.

The parameters are shared by all steps: each op has the same views of the values, and writes a
gradient of its own, which the network adds up.
"""

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from gradsim.nn.activations.base import sigmoid
from gradsim.nn.arrays import Array
from gradsim.nn.op import Op, Parameter, ParameterSpec, Start


class RecurrentLinear(Op):
    """z = x U^T + b + h W^T + b_h at one time step; x: (batch, fan_in), h: (batch, units).

    U is `weight`: (gates * units, fan_in), W is `recurrent.weight`: (gates * units, units), with a
    bias each, as PyTorch has it. At the first time step there is no h, which stands for zeros.
    Backward, with delta = dL/dz: grad_U = delta^T x, grad_W = delta^T h, both biases sum delta,
    grad_x = delta U, grad_h = delta W, or zeros where the gradient through time is cut.
    Source: Elman 1990.
    """

    name = "recurrent-linear"

    def __init__(
        self, batch: int, fan_in: int, units: int, gates: int, dtype: str, *, cut: bool = False
    ) -> None:
        self.fan_in, self.units, self.gates, self.cut = fan_in, units, gates, cut
        self.z: Array = np.zeros((batch, self._outputs()), dtype)
        self.grad_x: Array = np.zeros((batch, fan_in), dtype)
        self.grad_h: Array = np.zeros((batch, units), dtype)
        self._part: Array = np.zeros((batch, gates * units), dtype)

    def _outputs(self) -> int:
        return self.gates * self.units

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`weight`, `bias`, `recurrent.weight`, `recurrent.bias`."""
        rows = self.gates * self.units
        return (
            ParameterSpec("weight", (rows, self.fan_in), Start.WEIGHT),
            ParameterSpec("bias", (rows,), Start.BIAS),
            ParameterSpec("recurrent.weight", (rows, self.units), Start.RECURRENT),
            ParameterSpec("recurrent.bias", (rows,), Start.BIAS),
        )

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views."""
        into, over = parameters["weight"], parameters["recurrent.weight"]
        bias, bias_over = parameters["bias"], parameters["recurrent.bias"]
        self.weight, self.grad_weight = into.value, into.grad
        self.recurrent, self.grad_recurrent = over.value, over.grad
        self.bias, self.grad_bias = bias.value, bias.grad
        self.recurrent_bias, self.grad_recurrent_bias = bias_over.value, bias_over.grad

    def forward(self, x: Array, h: Array | None = None) -> Array:
        """z: (batch, gates * units)."""
        self.x, self.h = x, h
        np.dot(x, self.weight.T, out=self.z)
        self.z += self.bias
        if h is not None:
            np.dot(h, self.recurrent.T, out=self._part)
            self.z += self._part
        self.z += self.recurrent_bias
        return self.z

    def backward(self, delta: Array) -> tuple[Array, ...]:
        """(delta U, delta W); writes the gradients of this step."""
        return self._back(delta, delta)

    def _back(self, of_x: Array, of_h: Array) -> tuple[Array, ...]:
        """What each of both products sends back, given the gradient of each."""
        np.dot(of_x.T, self.x, out=self.grad_weight)
        np.add.reduce(of_x, axis=0, out=self.grad_bias)
        np.add.reduce(of_h, axis=0, out=self.grad_recurrent_bias)
        np.dot(of_x, self.weight, out=self.grad_x)
        if self.h is None:
            self.grad_recurrent.fill(0.0)
            return (self.grad_x,)
        np.dot(of_h.T, self.h, out=self.grad_recurrent)
        if not self.cut:
            np.dot(of_h, self.recurrent, out=self.grad_h)
        return self.grad_x, self.grad_h

    def infer(self, x: Array, h: Array | None = None) -> Array:
        """z."""
        z: Array = np.dot(x, self.weight.T) + self.bias
        if h is not None:
            z += np.dot(h, self.recurrent.T)
        return np.asarray(z + self.recurrent_bias)


class GRULinear(RecurrentLinear):
    """The linear part of a GRU: r and z as sums of both products, those of n side by side.

    Gates r, z, n; out: (batch, 4 * units) is [r, z, n of x, n of h], since r scales the last only
    after the product. Source: Cho et al. 2014; conventions as in PyTorch.
    """

    name = "gru-linear"

    def __init__(
        self, batch: int, fan_in: int, units: int, gates: int, dtype: str, *, cut: bool = False
    ) -> None:
        super().__init__(batch, fan_in, units, gates, dtype, cut=cut)
        self._of_h: Array = np.zeros((batch, 3 * units), dtype)

    def _outputs(self) -> int:
        return 4 * self.units

    def forward(self, x: Array, h: Array | None = None) -> Array:
        """[r, z, n of x, n of h]: (batch, 4 * units)."""
        self.x, self.h = x, h
        u = self.units
        np.dot(x, self.weight.T, out=self._part)
        self._part += self.bias
        self.z[:, : 3 * u] = self._part
        if h is None:
            self._of_h[...] = self.recurrent_bias
        else:
            np.dot(h, self.recurrent.T, out=self._of_h)
            self._of_h += self.recurrent_bias
        self.z[:, : 2 * u] += self._of_h[:, : 2 * u]
        self.z[:, 3 * u :] = self._of_h[:, 2 * u :]
        return self.z

    def backward(self, delta: Array) -> tuple[Array, ...]:
        """(delta U, delta W); writes the gradients of this step."""
        u = self.units
        self._of_h[:, : 2 * u] = delta[:, : 2 * u]
        self._of_h[:, 2 * u :] = delta[:, 3 * u :]
        np.copyto(self._part, delta[:, : 3 * u])
        return self._back(self._part, self._of_h)

    def infer(self, x: Array, h: Array | None = None) -> Array:
        """[r, z, n of x, n of h]."""
        u = self.units
        of_x = np.dot(x, self.weight.T) + self.bias
        of_h = np.broadcast_to(self.recurrent_bias, of_x.shape)
        if h is not None:
            of_h = of_h + np.dot(h, self.recurrent.T)
        both = of_x[:, : 2 * u] + of_h[:, : 2 * u]
        return np.concatenate((both, of_x[:, 2 * u :], of_h[:, 2 * u :]), axis=1)


class Gates(Op):
    """What makes a new state of the gates and the old one; `gates` keeps them, squashed."""

    units: int
    gates: Array

    @abstractmethod
    def opened(self) -> Array:
        """Every gate between 0 and 1, of each row, unit and kind: what its sigmoid gave out."""

    def saturated(self, below: float) -> float:
        """Share of the gates whose slope is below this share of 1/4, the largest there is."""
        gates = self.opened()
        slopes = gates * (1.0 - gates)
        return float(np.count_nonzero(slopes < 0.25 * below)) / slopes.size


class GRUGates(Gates):
    """h' = (1 - z) * n + z * h, with n = tanh(n_x + r * n_h), r and z sigmoids.

    Takes [r, z, n_x, n_h] before their functions: (batch, 4 * units), and h: (batch, units), zeros
    at the first time step. Source: Cho et al. 2014, eq. 5 to 8; reset after the product.
    """

    name = "gru-gates"

    def __init__(self, batch: int, units: int, dtype: str, *, cut: bool = False) -> None:
        self.units, self.cut = units, cut
        self.gates: Array = np.zeros((batch, 2 * units), dtype)
        """r and z."""
        self.n: Array = np.zeros((batch, units), dtype)
        self.y: Array = np.zeros((batch, units), dtype)
        self.grad_gates: Array = np.zeros((batch, 4 * units), dtype)
        self.grad_h: Array = np.zeros((batch, units), dtype)

    def opened(self) -> Array:
        """r and z: (batch, 2 * units)."""
        return self.gates

    def forward(self, gates: Array, h: Array | None = None) -> Array:
        """h': (batch, units)."""
        u, n = self.units, self.n
        self.n_h, self.h = gates[:, 3 * u :], h
        sigmoid(gates[:, : 2 * u], self.gates)
        r, z = self.gates[:, :u], self.gates[:, u:]
        np.multiply(r, self.n_h, out=n)
        n += gates[:, 2 * u : 3 * u]
        np.tanh(n, out=n)
        np.subtract(1.0, z, out=self.y)
        self.y *= n
        if h is not None:
            self.y += z * h
        return self.y

    def backward(self, grad: Array) -> tuple[Array, ...]:
        """(for the gates, for h)."""
        u, n, out = self.units, self.n, self.grad_gates
        r, z = self.gates[:, :u], self.gates[:, u:]
        of_n = grad * (1.0 - z)
        of_n *= (1.0 - n) * (1.0 + n)
        out[:, 2 * u : 3 * u] = of_n
        np.multiply(of_n, r, out=out[:, 3 * u :])
        of_n *= self.n_h
        np.multiply(of_n, r * (1.0 - r), out=out[:, :u])
        np.multiply(grad, -n if self.h is None else self.h - n, out=out[:, u : 2 * u])
        out[:, u : 2 * u] *= z * (1.0 - z)
        if self.h is None:
            return (out,)
        if not self.cut:
            np.multiply(grad, z, out=self.grad_h)
        return out, self.grad_h

    def infer(self, gates: Array, h: Array | None = None) -> Array:
        """h'."""
        u = self.units
        both = np.empty_like(gates[:, : 2 * u])
        sigmoid(gates[:, : 2 * u], both)
        r, z = both[:, :u], both[:, u:]
        n = np.tanh(gates[:, 2 * u : 3 * u] + r * gates[:, 3 * u :])
        y: Array = (1.0 - z) * n
        return y if h is None else y + z * h


class LSTMGates(Gates):
    """[h', c'] with c' = f * c + i * g and h' = o * tanh(c'); i, f, o sigmoids, g a tanh.

    Takes [i, f, g, o] before their functions: (batch, 4 * units), and c: (batch, units), zeros at
    the first time step; gives (batch, 2 * units). Source: Hochreiter, Schmidhuber 1997; forget
    gate: Gers, Schmidhuber, Cummins 2000; order of the gates as in PyTorch.
    """

    name = "lstm-gates"

    def __init__(self, batch: int, units: int, dtype: str, *, cut: bool = False) -> None:
        self.units, self.cut = units, cut
        self.gates: Array = np.zeros((batch, 4 * units), dtype)
        """i, f, g, o."""
        self.y: Array = np.zeros((batch, 2 * units), dtype)
        self.squashed: Array = np.zeros((batch, units), dtype)
        """tanh(c')."""
        self.grad_gates: Array = np.zeros((batch, 4 * units), dtype)
        self.grad_c: Array = np.zeros((batch, units), dtype)

    def opened(self) -> Array:
        """i, f and o: (batch, 3 * units)."""
        u = self.units
        return np.concatenate((self.gates[:, : 2 * u], self.gates[:, 3 * u :]), axis=1)

    def forward(self, gates: Array, c: Array | None = None) -> Array:
        """[h', c']: (batch, 2 * units)."""
        u, done = self.units, self.gates
        self.c = c
        sigmoid(gates[:, : 2 * u], done[:, : 2 * u])
        np.tanh(gates[:, 2 * u : 3 * u], out=done[:, 2 * u : 3 * u])
        sigmoid(gates[:, 3 * u :], done[:, 3 * u :])
        i, f, g, o = (done[:, k * u : (k + 1) * u] for k in range(4))
        cell = self.y[:, u:]
        np.multiply(i, g, out=cell)
        if c is not None:
            cell += f * c
        np.tanh(cell, out=self.squashed)
        np.multiply(o, self.squashed, out=self.y[:, :u])
        return self.y

    def backward(self, grad: Array) -> tuple[Array, ...]:
        """(for the gates, for c)."""
        u, out, squashed = self.units, self.grad_gates, self.squashed
        i, f, g, o = (self.gates[:, k * u : (k + 1) * u] for k in range(4))
        of_h = grad[:, :u]
        of_c = of_h * o
        of_c *= (1.0 - squashed) * (1.0 + squashed)
        of_c += grad[:, u:]
        np.multiply(of_c, g, out=out[:, :u])
        if self.c is None:
            out[:, u : 2 * u] = 0.0
        else:
            np.multiply(of_c, self.c, out=out[:, u : 2 * u])
        np.multiply(of_c, i, out=out[:, 2 * u : 3 * u])
        np.multiply(of_h, squashed, out=out[:, 3 * u :])
        out[:, : 2 * u] *= self.gates[:, : 2 * u] * (1.0 - self.gates[:, : 2 * u])
        out[:, 2 * u : 3 * u] *= (1.0 - g) * (1.0 + g)
        out[:, 3 * u :] *= o * (1.0 - o)
        if self.c is None:
            return (out,)
        if not self.cut:
            np.multiply(of_c, f, out=self.grad_c)
        return out, self.grad_c

    def infer(self, gates: Array, c: Array | None = None) -> Array:
        """[h', c']."""
        u = self.units
        done = np.empty_like(gates)
        sigmoid(gates, done)
        np.tanh(gates[:, 2 * u : 3 * u], out=done[:, 2 * u : 3 * u])
        i, f, g, o = (done[:, k * u : (k + 1) * u] for k in range(4))
        cell = i * g if c is None else f * c + i * g
        return np.concatenate((o * np.tanh(cell), cell), axis=1)


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


CELLS: dict[str, str] = {
    "none": "a deep stack of layers, no time",
    "rnn": "h' = phi(U x + W h + b), with the activation as phi",
    "gru": "h' = (1 - z) * n + z * h, n = tanh(U_n x + r * (W_n h)): gates r, z",
    "lstm": "c' = f * c + i * g, h' = o * tanh(c'): gates i, f, o, and a cell c",
}
"""Every kind of cell by its name, with its formula."""

GATES: dict[str, int] = {"rnn": 1, "gru": 3, "lstm": 4}
"""Blocks of units in the weights of each kind of cell."""
