"""Gated cells: what makes a new state of the gates and the old one, at one time step."""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Op

ONE: dict[Any, Array] = {np.dtype(kind): np.ones((), kind) for kind in (np.float32, np.float64)}
"""1 as an array of no dimension: a number of Python's would be converted at each call."""


def squash(x: Array, out: Array) -> None:
    """Write 1 / (1 + e^-x) into `out`, in few passes; where e^-x overflows this gives 0."""
    one = ONE[x.dtype]
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += one
    np.divide(one, out, out=out)


def _each(gates: Array, count: int) -> Iterator[Array]:
    units = gates.shape[1] // count
    return (gates[:, k * units : (k + 1) * units] for k in range(count))


class Gates(Op):
    """What makes a new state of the gates and the old one; `gates` keeps them, squashed."""

    units: int
    gates: Array
    y: Array
    """The state that it makes."""
    sigmoids: tuple[slice, ...]
    """The columns of `gates` that a sigmoid gave out, between 0 and 1."""

    def saturated(self, gates: Array, below: float) -> Array:
        """Share of the sigmoids whose slope is below this share of 1/4, the largest there is.

        The slope is s (1 - s): these are the gates nearer to 0 or 1 than (1 - sqrt(1 - below)) / 2.
        `gates`: (count, batch, columns), those of as many time steps; the result: (count,).
        """
        bound = (1.0 - sqrt(1.0 - below)) / 2.0
        flat = gates < bound
        flat |= gates > 1.0 - bound
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
        one = ONE[n.dtype]
        np.subtract(one, self.gates, out=self._of_gates)
        # dL/dn_x = grad (1 - z) (1 - n^2)
        np.multiply(n, n, out=of_n)
        np.subtract(one, of_n, out=of_n)
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

    def send_into(self, place: int, home: Array) -> bool:
        """Write the gradient of c elsewhere."""
        if place:
            self.grad_c = home
        return place == 1

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
        one = ONE[out.dtype]
        np.subtract(one, self.gates, out=out)
        # dL/dc' = grad_c' + grad_h' o (1 - tanh(c')^2)
        opened = grad[:, :u] * self._o
        of_c = squashed * squashed
        np.subtract(one, of_c, out=of_c)
        of_c *= opened
        of_c += grad[:, u:]
        # for o: grad_h' o tanh(c') (1 - o)
        opened *= squashed
        of_o *= opened
        # for g: dL/dc' i (1 - g)(1 + g), and for i: dL/dc' i g (1 - i)
        let_in = of_c * self._i
        of_g *= one + self._g
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
