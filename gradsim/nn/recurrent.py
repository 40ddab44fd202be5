"""Recurrent ops: what a cell does at one time step. An op is there once for each step.

The parameters are shared by all steps, and their gradients are sums over all of them. What has
columns of several gates is kept column by column in memory, so that each gate is one piece of it.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from gradsim.nn.arrays import Array, by_columns, l2_norm, safe_squares
from gradsim.nn.blocks import AT_ONCE, Stack
from gradsim.nn.op import Op, Parameter, ParameterSpec, Start

CANCELED = 1e-4
"""Share of its terms below which a sum has lost too many digits."""


COMFORTABLE = {np.dtype(np.float32): (1e-8, 1e8), np.dtype(np.float64): (1e-70, 1e70)}
"""Between which sizes fourth powers, and sums of many, are far from the ends of a number format."""


ROWS_BY_PAIRS = 4
"""A batch of fewer rows than units, so many times fewer, is measured by pairs of its rows."""


class Memory:
    """What the time steps of a recurrent layer share: weights, and what each of them has read.

    All steps use one matrix M of both weights and the biases, so that z = [x, h, 1] M^T; `kind`
    says how M is put together of U and W. Gradients are worked out for all steps at once, when the
    first time step, the last in the backward pass, has its own:
    grad_M = sum over time of delta^T [x, h, 1].
    """

    def __init__(
        self, kind: str, steps: int, batch: int, fan_in: int, units: int, dtype: str
    ) -> None:
        self.fan_in, self.units, self.gates = fan_in, units, GATES[kind]
        self.split = kind == "gru"
        """Whether the last gate keeps what comes from x and from h apart, side by side."""
        self.outputs = (self.gates + self.split) * units
        self.matrix: Array = np.zeros((self.outputs, fan_in + units + 1), dtype)
        self.weights: Array = np.zeros((self.outputs, fan_in + units), dtype)
        self.taken: Array = by_columns(np.zeros((steps, batch, fan_in + units + 1), dtype))
        """[x, h, 1] of every time step."""
        self.taken[:, :, -1] = 1.0
        self._kept: list[Array] = [np.zeros((batch, self.outputs), dtype)] * steps
        self._stack: Stack | None = None
        self.z: Array = by_columns(np.zeros((steps, batch, self.outputs), dtype))
        self.sent: Array = by_columns(np.zeros((steps, batch, fan_in + units), dtype))
        self.one_by_one = ROWS_BY_PAIRS * batch >= units
        """Whether the products delta^T [x, h, 1] are made for each time step, then summed."""
        self._added: Array = np.zeros(steps, dtype)
        """Squared norms of the recurrent part of those products, where they are made."""

    @property
    def deltas(self) -> Array:
        """dL/dz of every time step: (steps, batch, outputs); where they lie, side by side."""
        if self._stack is None:
            self._stack = Stack.of(self._kept)
        return self._stack.array

    def keep(self, index: int, delta: Array) -> None:
        """Know where the delta of a time step lies, counted from 0; no copy is made."""
        if self._kept[index] is not delta:
            self._kept[index], self._stack = delta, None

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
        self.into, self.over = parameters["weight"], parameters["recurrent.weight"]
        self.bias, self.bias_over = parameters["bias"], parameters["recurrent.bias"]

    def assemble(self) -> None:
        """Put M together from the parameters as they are now, and without the biases."""
        f, rows, u = self.fan_in, self.gates * self.units, self.units
        over, shift = self.matrix[:, f:-1], self.matrix[:, -1]
        self.matrix[:rows, :f] = self.into.value
        shift[:rows] = self.bias.value
        if self.split:
            over[: 2 * u] = self.over.value[: 2 * u]
            over[rows:] = self.over.value[2 * u :]
            shift[: 2 * u] += self.bias_over.value[: 2 * u]
            shift[rows:] = self.bias_over.value[2 * u :]
        else:
            over[...] = self.over.value
            shift += self.bias_over.value
        self.weights[...] = self.matrix[:, :-1]

    def add_up(self) -> None:
        """Write the gradients of all parameters: the sums over all time steps."""
        f, rows, u = self.fan_in, self.gates * self.units, self.units
        if self.one_by_one:
            grad = self._sum_of_products()
        else:
            deltas = self.deltas.reshape(-1, self.outputs)
            grad = np.dot(deltas.T, self.taken.reshape(-1, f + u + 1))
        self.into.grad[...] = grad[:rows, :f]
        self.bias.grad[...] = grad[:rows, -1]
        if self.split:
            grad[2 * u : rows, f:] = grad[rows:, f:]
        self.over.grad[...] = grad[:rows, f:-1]
        self.bias_over.grad[...] = grad[:rows, -1]

    def _sum_of_products(self) -> Array:
        """grad_M, and the squared norm of the recurrent part of what each time step adds to it."""
        f, u, every = self.fan_in, self.units, self.deltas
        total = np.zeros_like(self.matrix)
        some = max(1, AT_ONCE // total.nbytes)
        room = np.empty((some, *total.shape), total.dtype)
        with np.errstate(all="ignore"):
            for start in range(0, len(every), some):
                now = slice(start, start + some)
                deltas, taken = every[now].swapaxes(1, 2), self.taken[now]
                products = np.matmul(deltas, taken, out=room[: len(deltas)])
                total += np.add.reduce(products, axis=0)
                over = products[:, :, f:-1]
                squares = np.vecdot(over, over)
                if self.split:
                    squares[:, 2 * u : 3 * u] = 0.0  # n of x takes nothing from h
                np.add.reduce(squares, axis=1, out=self._added[now])
        return total

    def contributions(self) -> npt.NDArray[np.float64]:
        """L2 norm of what each time step adds to the recurrent gradient: (steps,)."""
        if not self.one_by_one:
            return self._by_pairs(self.taken, self.deltas)
        low, high = safe_squares(self.matrix)
        norms = np.sqrt(self._added).astype(np.float64)
        poor = np.flatnonzero(~((self._added > low) & (self._added < high)))
        if poor.size:
            norms[poor] = self._by_pairs(self.taken[poor], self.deltas[poor])
        return norms

    def _by_pairs(self, taken: Array, kept: Array) -> npt.NDArray[np.float64]:
        """Contributions of time steps, by their [x, h, 1] and their deltas: (steps,).

        |delta^T h|^2 = sum over pairs of rows of (delta delta^T) * (h h^T), which is much smaller
        than delta^T h where there are fewer rows than units.
        """
        h, deltas, u = taken[:, :, self.fan_in : -1], kept, self.units
        gates = (slice(0, 2 * u), slice(3 * u, 4 * u)) if self.split else (slice(None),)
        with np.errstate(all="ignore"):
            flat = deltas.reshape(len(deltas), -1)
            largest = np.maximum(np.maximum.reduce(flat, axis=1), -np.minimum.reduce(flat, axis=1))
            largest += 0.0  # no zero with a sign
            scale = np.ones_like(largest)
            low, high = COMFORTABLE[deltas.dtype]
            if ((largest != 0.0) & ~((largest > low) & (largest < high))).any():
                # Scaled to 1 first: squares of a vanishing delta would leave the number range.
                scale = np.where(largest > 0.0, largest, 1.0)
                deltas = deltas / scale[:, None, None]
            parts = [deltas[:, :, part] for part in gates]
            rows = np.matmul(parts[0], parts[0].transpose(0, 2, 1))
            for part in parts[1:]:
                rows += np.matmul(part, part.transpose(0, 2, 1))
            rows *= np.matmul(h, h.transpose(0, 2, 1))
            squares = np.add.reduce(rows, axis=(1, 2))
            norms = np.asarray(np.sqrt(squares) * scale, np.float64)
            # Out of range, or where the pairs nearly cancel, the product itself is taken.
            size = np.add.reduce(np.abs(rows, out=rows), axis=(1, 2))
            poor = ~(squares > CANCELED * size) & (largest != 0.0)
        for t in np.flatnonzero(poor):
            own = np.concatenate([kept[t][:, part] for part in gates], axis=1)
            norms[t] = l2_norm(own.T @ h[t])
        return norms


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
        self._taken, self._sent = memory.taken[index], memory.sent[index]
        self._x, self.h = self._taken[:, : memory.fan_in], self._taken[:, memory.fan_in : -1]
        self._of_x, self._of_h = self._sent[:, : memory.fan_in], self._sent[:, memory.fan_in :]

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """Those of the layer, at its first time step; the others share them."""
        return () if self.index else self.memory.parameters()

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views for all time steps."""
        if not self.index:
            self.memory.bind(parameters)

    def forward(self, x: Array, h: Array | None = None) -> Array:
        """z: (batch, outputs)."""
        self._first = h is None
        self._x[...] = x
        self.h[...] = 0.0 if h is None else h
        if not self.index:
            self.memory.assemble()
        np.dot(self.memory.matrix, self._taken.T, out=self.z.T)
        return self.z

    def backward(self, delta: Array) -> tuple[Array, ...]:
        """(delta U, delta W); at the first time step the gradients of the parameters are summed."""
        self.memory.keep(self.index, delta)
        np.dot(self.memory.weights.T, delta.T, out=self._sent.T)
        if not self.index:
            self.memory.add_up()
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
        z: Array = np.dot(x, memory.matrix[:, : memory.fan_in].T) + memory.matrix[:, -1]
        if h is not None:
            z += np.dot(h, memory.matrix[:, memory.fan_in : -1].T)
        return z


def squash(x: Array, out: Array) -> None:
    """Write 1 / (1 + e^-x) into `out`, in few passes; where e^-x overflows this gives 0."""
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1.0
    np.divide(1.0, out, out=out)


def _each(gates: Array, count: int) -> Iterator[Array]:
    units = gates.shape[1] // count
    return (gates[:, k * units : (k + 1) * units] for k in range(count))


class Gates(Op):
    """What makes a new state of the gates and the old one; `gates` keeps them, squashed."""

    units: int
    gates: Array
    sigmoids: tuple[slice, ...]
    """The columns of `gates` that a sigmoid gave out, between 0 and 1."""

    def saturated(self, gates: Array, below: float) -> Array:
        """Share of the sigmoids whose slope is below this share of 1/4, the largest there is.

        `gates`: (count, batch, columns), those of as many time steps; the result: (count,).
        """
        flat = gates * (1.0 - gates) < 0.25 * below
        parts = [flat[:, :, part] for part in self.sigmoids]
        counts = [sum(map(np.count_nonzero, steps)) for steps in zip(*parts, strict=True)]
        shares: Array = np.array(counts) / sum(part[0].size for part in parts)
        return shares


class GRUGates(Gates):
    """h' = (1 - z) * n + z * h, with n = tanh(n_x + r * n_h), r and z sigmoids.

    Takes [r, z, n_x, n_h] before their functions: (batch, 4 * units), and h: (batch, units), zeros
    at the first time step. Source: Cho et al. 2014, eq. 5 to 8; reset after the product.
    """

    name = "gru-gates"
    results = ("gates", "n", "y", "grad_gates", "grad_h")

    def __init__(self, batch: int, units: int, dtype: str, *, cut: bool = False) -> None:
        self.units, self.cut = units, cut
        self.sigmoids = (slice(None),)
        self.gates: Array = np.zeros((batch, 2 * units), dtype)
        """r and z."""
        self.n: Array = np.zeros((batch, units), dtype)
        self.y: Array = np.zeros((batch, units), dtype)
        self.grad_gates: Array = np.zeros((batch, 4 * units), dtype)
        self.grad_h: Array = np.zeros((batch, units), dtype)
        self.settled()

    def settled(self) -> None:
        """Take the views of each gate."""
        self._r, self._z = _each(self.gates, 2)
        self._of_r, self._of_z, self._of_n, self._of_n_h = _each(self.grad_gates, 4)
        self._of_gates = self.grad_gates[:, : 2 * self.units]

    def forward(self, gates: Array, h: Array | None = None) -> Array:
        """h': (batch, units)."""
        u, n, y = self.units, self.n, self.y
        self.n_h, self.h = gates[:, 3 * u :], h
        squash(gates[:, : 2 * u], self.gates)
        np.multiply(self._r, self.n_h, out=n)
        n += gates[:, 2 * u : 3 * u]
        np.tanh(n, out=n)
        # (1 - z) n + z h = n + z (h - n)
        np.subtract(0.0 if h is None else h, n, out=y)
        y *= self._z
        y += n
        return y

    def backward(self, grad: Array) -> tuple[Array, ...]:
        """(for the gates, for h)."""
        n, out, r, z = self.n, self.grad_gates, self._r, self._z
        of_r, of_z, of_n, of_n_h = self._of_r, self._of_z, self._of_n, self._of_n_h
        np.subtract(1.0, self.gates, out=self._of_gates)
        # dL/dn_x = grad (1 - z) (1 - n^2)
        np.multiply(n, n, out=of_n)
        np.subtract(1.0, of_n, out=of_n)
        of_n *= grad * of_z
        # dL/dn_h = dL/dn_x r, and for r: dL/dn_h n_h (1 - r)
        np.multiply(of_n, r, out=of_n_h)
        of_r *= of_n_h * self.n_h
        # dL/dh = grad z, and for z: dL/dh (h - n) (1 - z)
        of_h = np.multiply(grad, z, out=None if self.cut else self.grad_h)
        change = (0.0 if self.h is None else self.h) - n
        change *= of_h
        of_z *= change
        return (out,) if self.h is None else (out, self.grad_h)

    def infer(self, gates: Array, h: Array | None = None) -> Array:
        """h'."""
        u = self.units
        both = np.empty_like(gates[:, : 2 * u])
        with np.errstate(over="ignore"):
            squash(gates[:, : 2 * u], both)
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
    results = ("gates", "y", "squashed", "grad_gates", "grad_c")

    def __init__(self, batch: int, units: int, dtype: str, *, cut: bool = False) -> None:
        self.units, self.cut = units, cut
        self.gates: Array = np.zeros((batch, 4 * units), dtype)
        """i, f, g, o."""
        self.y: Array = np.zeros((batch, 2 * units), dtype)
        self.squashed: Array = np.zeros((batch, units), dtype)
        """tanh(c')."""
        self.grad_gates: Array = np.zeros((batch, 4 * units), dtype)
        self.grad_c: Array = np.zeros((batch, units), dtype)
        self.sigmoids = (slice(0, 2 * units), slice(3 * units, 4 * units))
        self.settled()

    def settled(self) -> None:
        """Take the views of each gate."""
        self._i, self._f, self._g, self._o = _each(self.gates, 4)
        self._of_i, self._of_f, self._of_g, self._of_o = _each(self.grad_gates, 4)

    def forward(self, gates: Array, c: Array | None = None) -> Array:
        """[h', c']: (batch, 2 * units)."""
        u = self.units
        self.c = c
        squash(gates, self.gates)
        np.tanh(gates[:, 2 * u : 3 * u], out=self._g)
        cell = self.y[:, u:]
        np.multiply(self._i, self._g, out=cell)
        if c is not None:
            np.multiply(self._f, c, out=self.squashed)
            cell += self.squashed
        np.tanh(cell, out=self.squashed)
        np.multiply(self._o, self.squashed, out=self.y[:, :u])
        return self.y

    def backward(self, grad: Array) -> tuple[Array, ...]:
        """(for the gates, for c)."""
        u, out, squashed = self.units, self.grad_gates, self.squashed
        of_i, of_f, of_g, of_o = self._of_i, self._of_f, self._of_g, self._of_o
        np.subtract(1.0, self.gates, out=out)
        # dL/dc' = grad_c' + grad_h' o (1 - tanh(c')^2)
        opened = grad[:, :u] * self._o
        of_c = squashed * squashed
        np.subtract(1.0, of_c, out=of_c)
        of_c *= opened
        of_c += grad[:, u:]
        # for o: grad_h' o tanh(c') (1 - o)
        opened *= squashed
        of_o *= opened
        # for g: dL/dc' i (1 - g)(1 + g), and for i: dL/dc' i g (1 - i)
        let_in = of_c * self._i
        of_g *= 1.0 + self._g
        of_g *= let_in
        let_in *= self._g
        of_i *= let_in
        # dL/dc = dL/dc' f, and for f: dL/dc c (1 - f)
        of_old = np.multiply(of_c, self._f, out=None if self.cut else self.grad_c)
        of_f *= 0.0 if self.c is None else of_old * self.c
        return (out,) if self.c is None else (out, self.grad_c)

    def infer(self, gates: Array, c: Array | None = None) -> Array:
        """[h', c']."""
        u = self.units
        done = np.empty_like(gates)
        with np.errstate(over="ignore"):
            squash(gates, done)
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
