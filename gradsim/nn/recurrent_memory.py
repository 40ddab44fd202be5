"""What the time steps of a recurrent layer share: weights, and what each of them has read."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array, safe_squares, zeros_by_columns
from gradsim.nn.blocks import AT_ONCE, Stack
from gradsim.nn.cells import GATES
from gradsim.nn.contributions import by_pairs
from gradsim.nn.gates import Gates
from gradsim.nn.op import Parameter, ParameterSpec, Start

ROWS_BY_PAIRS = 4
"""A batch of fewer rows than units, so many times fewer, is measured by pairs of its rows."""


class Memory:
    """What the time steps of a recurrent layer share: weights, and what each of them has read.

    All steps use one matrix M of the biases and both weights, so that z = [1, x, h] M^T; `kind`
    says how M is put together of U and W. What has columns of several gates is kept column by
    column, so that each gate is one piece of memory; the state that a time step hands on lies
    where the next one reads it.

    grad_M = sum over time of delta^T [1, x, h]. What each time step adds is made for some of them
    at once, as soon as they have their deltas.
    """

    def __init__(
        self, kind: str, steps: int, batch: int, fan_in: int, units: int, dtype: str
    ) -> None:
        self.fan_in, self.units, self.gates = fan_in, units, GATES[kind]
        self.split = kind == "gru"
        """Whether the last gate keeps what comes from x and from h apart, side by side."""
        self.outputs = (self.gates + self.split) * units
        read, states = 1 + fan_in + units, units * (2 if kind == "lstm" else 1)
        self.matrix: Array = np.zeros((self.outputs, read), dtype)
        rows = zeros_by_columns((steps + 1, batch, 1 + fan_in + states), dtype)
        rows[:, :, 0] = 1.0
        self.taken: Array = rows[:-1, :, :read]
        """[1, x, h] of every time step."""
        self.handed: Array = rows[1:, :, 1 + fan_in :]
        """Its state, h or [h, c], after every time step."""
        self.z: Array = zeros_by_columns((steps, batch, self.outputs), dtype)
        self.sent: Array = zeros_by_columns((steps, batch, fan_in + states), dtype)
        """The gradients of x and of the state before it, of every time step."""
        self.in_place = [False] * steps
        """Whether the state before a time step lies where that one reads it."""
        self.one_by_one = ROWS_BY_PAIRS * batch >= units
        """Whether the products delta^T [1, x, h] are made for each time step, then summed."""
        each = self.matrix.nbytes + self.z[:1].nbytes + self.taken[:1].nbytes
        self.at_once = max(1, AT_ONCE // max(1, each)) if self.one_by_one else steps
        """Of how many time steps the products are made at once, at the most."""
        self.back: Array = np.zeros((fan_in + units, self.outputs), dtype)
        """M^T without the biases, as the last forward pass used it."""
        self._kept: list[Array] = [np.zeros((batch, self.outputs), dtype)] * steps
        self._stacks: dict[int, Stack] = {}
        self._total: Array = np.zeros(self.matrix.T.shape, dtype)
        room = self.at_once if self.one_by_one else 0
        self._products: Array = np.zeros((room, *self._total.shape), dtype)
        self._squares: Array = np.zeros(steps, dtype)
        """Squared norms of the recurrent part of those products, where they are made."""

    def house(self, op: Activation | Gates, index: int) -> None:
        """Let the op that makes the state after a time step write it where the next one reads."""
        op.y = self.handed[index]
        op.settled()
        if index + 1 < len(self.in_place):
            self.in_place[index + 1] = True

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
        """Put M together from the parameters as they are now."""
        rows, u = self.gates * self.units, self.units
        shift, into, over = self.columns(self.matrix)
        into[:rows] = self.into.value
        shift[:rows] = self.bias.value
        if self.split:
            over[: 2 * u] = self.over.value[: 2 * u]
            over[rows:] = self.over.value[2 * u :]
            shift[: 2 * u] += self.bias_over.value[: 2 * u]
            shift[rows:] = self.bias_over.value[2 * u :]
        else:
            over[...] = self.over.value
            shift += self.bias_over.value
        self.back[...] = self.matrix[:, 1:].T

    def columns(self, array: Array) -> tuple[Array, Array, Array]:
        """Views of the columns of an array (..., 1 + fan_in + units): of 1, of x, of h."""
        f = 1 + self.fan_in
        return array[..., 0], array[..., 1:f], array[..., f:]

    def keep(self, index: int, delta: Array) -> None:
        """Know the delta of a time step, counted from 0, by where it lies.

        With that of the first of some, their products are made.
        """
        first = index - index % self.at_once
        if self._kept[index] is not delta:
            self._kept[index] = delta
            self._stacks.pop(first, None)
        if index == first:
            self._add(first)

    def _add(self, first: int) -> None:
        """Add what some time steps have to grad_M^T; they come from the last to the first."""
        some = slice(first, min(first + self.at_once, len(self._kept)))
        if first not in self._stacks:
            self._stacks[first] = Stack.of(self._kept[some])
        taken, deltas = self.taken[some], self._stacks[first].array
        if not self.one_by_one:
            flat = taken.reshape(-1, taken.shape[2])
            np.dot(flat.T, deltas.reshape(-1, self.outputs), out=self._total)
            return
        products = np.matmul(taken.swapaxes(1, 2), deltas, out=self._products[: len(deltas)])
        if some.stop == len(self._kept):
            self._total.fill(0.0)
        for product in products:
            self._total += product
        over = products[:, 1 + self.fan_in :]
        if self.split:
            u = self.units
            over[:, :, 2 * u : 3 * u] = 0.0  # n of x takes nothing from h
        over = over.reshape(len(over), -1)
        np.vecdot(over, over, out=self._squares[some])

    def write(self) -> None:
        """Write the gradients of all parameters: the sums over all time steps."""
        rows, u = self.gates * self.units, self.units
        shift, into, over = self.columns(self._total.T)
        self.into.grad[...], self.bias.grad[...] = into[:rows], shift[:rows]
        last = 2 * u if self.split else 0
        self.over.grad[:last], self.bias_over.grad[:last] = over[:last], shift[:last]
        of_h = last + u * self.split
        self.over.grad[last:], self.bias_over.grad[last:] = over[of_h:], shift[of_h:]

    def contributions(self) -> npt.NDArray[np.float64]:
        """L2 norm of what each time step adds to the recurrent gradient: (steps,)."""
        if not self.one_by_one:
            return self._by_pairs(self.taken, self._stacks[0].array)
        low, high = safe_squares(self.over.value)
        norms = np.sqrt(self._squares).astype(np.float64)
        poor = np.flatnonzero(~((self._squares > low) & (self._squares < high)))
        if poor.size:
            norms[poor] = self._by_pairs(self.taken[poor], np.array([self._kept[t] for t in poor]))
        return norms

    def _by_pairs(self, taken: Array, deltas: Array) -> npt.NDArray[np.float64]:
        u, (_, _, h) = self.units, self.columns(taken)
        gates = (deltas[:, :, : 2 * u], deltas[:, :, 3 * u :]) if self.split else (deltas,)
        return by_pairs(h, gates)
