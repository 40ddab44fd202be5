"""Skips: paths around blocks of layers, and the ops where they join the main path."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Op, Parameter, ParameterSpec
from gradsim.nn.settings import Setting

SKIP_FACTOR = Setting("skip-factor", 0.1, "factor on the main path of residual-factor", low=0.0)
REZERO_START = Setting(
    "rezero-start",
    0.0,
    "factor on the main path at which rezero starts to learn",
    low=-10.0,
    high=10.0,
    starts=True,
)
HIGHWAY_BIAS = Setting(
    "highway-bias", -1.0, "bias at which a highway's gate starts: the lower, the more is carried",
    low=-100.0, high=100.0,
    starts=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SkipKind:
    """A way to wire a skip: x is what enters the block, f(x) what its layers make of it."""

    formula: str
    source: str
    torch: str
    """The same in Python with torch tensors x and f, and `layer`, the block's last layer."""
    join: Literal["sum", "rezero", "highway", "concatenation"]
    settings: tuple[Setting, ...] = ()


SKIPS: dict[str, SkipKind] = {
    "residual": SkipKind("y = x + f(x)", "He, Zhang, Ren, Sun 2016", "x + f", "sum"),
    "residual-scaled": SkipKind(
        "y = (x + f(x)) / sqrt(2)", "Balduzzi et al. 2017", "(x + f) / 2**0.5", "sum"
    ),
    "residual-factor": SkipKind(
        "y = x + skip-factor * f(x)",
        "Szegedy, Ioffe, Vanhoucke, Alemi 2017",
        "x + {skip-factor} * f",
        "sum",
        (SKIP_FACTOR,),
    ),
    "residual-depth": SkipKind(
        "y = x + f(x) / sqrt(number of blocks)",
        "Arpit, Campos, Bengio 2019",
        "x + f / {blocks}**0.5",
        "sum",
    ),
    "rezero": SkipKind(
        "y = x + alpha * f(x); alpha is learned, from 0",
        "Bachlechner et al. 2021",
        "x + layer.skip.alpha * f",
        "rezero",
        (REZERO_START,),
    ),
    "highway": SkipKind(
        "y = t * f(x) + (1 - t) * x, t = sigmoid(W_t x + b_t)",
        "Srivastava, Greff, Schmidhuber 2015",
        "t * f + (1 - t) * x",
        "highway",
        (HIGHWAY_BIAS,),
    ),
    "dense": SkipKind(
        "y = [x, f(x)], side by side: layers grow wider",
        "Huang, Liu, van der Maaten, Weinberger 2017",
        "torch.cat((x, f), dim=1)",
        "concatenation",
    ),
}
"""Every skip by its name, besides `none`."""


def factors(kind: str, skip_factor: float, blocks: int) -> tuple[float, float]:
    """Factors of a sum on the main path and on the skip; `blocks` is how many there are."""
    half = sqrt(0.5)
    return {
        "residual": (1.0, 1.0),
        "residual-scaled": (half, half),
        "residual-factor": (skip_factor, 1.0),
        "residual-depth": (1.0 / sqrt(blocks), 1.0),
    }[kind]


ORDERS: dict[str, str] = {
    "activation-inside": "y = x + phi(norm(W x)): the join after the activation",
    "post-activation": "y = phi(x + norm(W x)): the join before the block's last activation",
    "pre-activation": "y = x + W phi(norm(x)): a free path; layer 1 has no activation",
}
"""In which order a block with a skip is wired.

He, Zhang, Ren, Sun 2016 (Deep residual learning; Identity mappings, fig. 4).
"""

WIDTHS: dict[str, str] = {
    "projection": "y = W_s x + f(x), W_s learned",
    "padding": "x is cut off, or filled up with zeros",
    "none": "no skip there",
}
"""What a skip does where a block's input is not as wide as its output (He et al. 2016, 3.3)."""


class SumJoin(Op):
    """y = a * main + b * skip. Backward: a * grad_y and b * grad_y."""

    name = "skip-join"
    results = ("y", "grad_main", "grad_skip")

    def __init__(self, batch: int, units: int, dtype: str, main: float, skip: float) -> None:
        self.main, self.skip = main, skip
        self.y: Array = np.zeros((batch, units), dtype)
        self.grad_main: Array = np.zeros((batch, units), dtype)
        self.grad_skip: Array = np.zeros((batch, units), dtype)

    def forward(self, main: Array, skip: Array) -> Array:
        """a * main + b * skip; both: (batch, units)."""
        if self.main == self.skip:
            np.add(main, skip, out=self.y)
            if self.main != 1.0:
                self.y *= self.main
        else:
            np.multiply(main, self.main, out=self.y)
            self.y += skip if self.skip == 1.0 else self.skip * skip
        return self.y

    def backward(self, grad: Array) -> tuple[Array, Array]:
        """(for the main path, for the skip path)."""
        return (
            _times(grad, self.main, self.grad_main),
            _times(grad, self.skip, self.grad_skip),
        )

    def infer(self, main: Array, skip: Array) -> Array:
        """a * main + b * skip."""
        if self.main == self.skip:
            y: Array = (main + skip) * self.main
            return y
        return np.asarray(self.main * main + self.skip * skip, main.dtype)


def _times(grad: Array, factor: float, out: Array) -> Array:
    return grad if factor == 1.0 else np.multiply(grad, factor, out=out)


class ReZeroJoin(Op):
    """y = alpha * main + skip, alpha learned. grad_alpha = <grad_y, main>.

    Source: Bachlechner et al. 2021, eq. 1.
    """

    name = "rezero-join"
    results = ("y", "grad_main")

    def __init__(self, batch: int, units: int, dtype: str, start: float) -> None:
        self.start = start
        self.y: Array = np.zeros((batch, units), dtype)
        self.grad_main: Array = np.zeros((batch, units), dtype)

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`skip.alpha`: (1,), starts at rezero-start."""
        return (ParameterSpec("skip.alpha", (1,), self.start),)

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of alpha."""
        alpha = parameters["skip.alpha"]
        self.alpha, self.grad_alpha = alpha.value, alpha.grad

    def forward(self, main: Array, skip: Array) -> Array:
        """alpha * main + skip; both: (batch, units)."""
        self.x = main
        np.multiply(main, self.alpha, out=self.y)
        self.y += skip
        return self.y

    def backward(self, grad: Array) -> tuple[Array, Array]:
        """(alpha * grad, grad); writes grad_alpha."""
        self.grad_alpha[0] = np.einsum("bu,bu->", grad, self.x)
        np.multiply(grad, self.alpha, out=self.grad_main)
        return self.grad_main, grad

    def infer(self, main: Array, skip: Array) -> Array:
        """alpha * main + skip."""
        y: Array = self.alpha * main + skip
        return y


class HighwayJoin(Op):
    """y = t * main + (1 - t) * skip, t the gate in (0, 1), entry by entry.

    Backward: t * grad_y, (1 - t) * grad_y, and (main - skip) * grad_y for the gate.
    Source: Srivastava, Greff, Schmidhuber 2015, eq. 3.
    """

    name = "highway-join"
    results = ("y", "grad_main", "grad_skip", "grad_gate")

    def __init__(self, batch: int, units: int, dtype: str) -> None:
        shape = (batch, units)
        self.y: Array = np.zeros(shape, dtype)
        self.grad_main: Array = np.zeros(shape, dtype)
        self.grad_skip: Array = np.zeros(shape, dtype)
        self.grad_gate: Array = np.zeros(shape, dtype)

    def forward(self, main: Array, skip: Array, gate: Array) -> Array:
        """t * main + (1 - t) * skip; all: (batch, units)."""
        self.taken = main, skip, gate
        np.subtract(main, skip, out=self.y)
        self.y *= gate
        self.y += skip
        return self.y

    def backward(self, grad: Array) -> tuple[Array, Array, Array]:
        """(for the main path, for the skip path, for the gate)."""
        main, skip, gate = self.taken
        np.multiply(grad, gate, out=self.grad_main)
        np.subtract(1.0, gate, out=self.grad_skip)
        self.grad_skip *= grad
        np.subtract(main, skip, out=self.grad_gate)
        self.grad_gate *= grad
        return self.grad_main, self.grad_skip, self.grad_gate

    def infer(self, main: Array, skip: Array, gate: Array) -> Array:
        """t * main + (1 - t) * skip."""
        y: Array = (main - skip) * gate + skip
        return y


class ConcatenationJoin(Op):
    """y = [skip, main] side by side. Backward: each path gets its own columns of grad_y.

    Source: Huang, Liu, van der Maaten, Weinberger 2017, eq. 2.
    """

    name = "dense-join"
    results = ("y", "grad_main", "grad_skip")

    def __init__(self, batch: int, main: int, skip: int, dtype: str) -> None:
        self.width = skip
        self.y: Array = np.zeros((batch, skip + main), dtype)
        self.grad_main: Array = np.zeros((batch, main), dtype)
        self.grad_skip: Array = np.zeros((batch, skip), dtype)

    def forward(self, main: Array, skip: Array) -> Array:
        """[skip, main]: (batch, width of skip + width of main)."""
        self.y[:, : self.width] = skip
        self.y[:, self.width :] = main
        return self.y

    def backward(self, grad: Array) -> tuple[Array, Array]:
        """(for the main path, for the skip path)."""
        np.copyto(self.grad_skip, grad[:, : self.width])
        np.copyto(self.grad_main, grad[:, self.width :])
        return self.grad_main, self.grad_skip

    def infer(self, main: Array, skip: Array) -> Array:
        """[skip, main]."""
        return np.concatenate((skip, main), axis=1)


class Padding(Op):
    """x cut off or filled up with zeros on the right, on a skip whose ends differ in width.

    Backward: the columns that both have. Source: He, Zhang, Ren, Sun 2016, option A.
    """

    name = "skip-padding"
    results = ("y", "grad_x")

    def __init__(self, batch: int, fan_in: int, fan_out: int, dtype: str) -> None:
        self.common = min(fan_in, fan_out)
        self.y: Array = np.zeros((batch, fan_out), dtype)
        self.grad_x: Array = np.zeros((batch, fan_in), dtype)

    def forward(self, x: Array) -> Array:
        """The columns that both have; zero beyond: (batch, fan_out)."""
        self.y[:, : self.common] = x[:, : self.common]
        return self.y

    def backward(self, grad: Array) -> tuple[Array]:
        """The columns that both have; zero beyond: (batch, fan_in)."""
        self.grad_x[:, : self.common] = grad[:, : self.common]
        return (self.grad_x,)

    def infer(self, x: Array) -> Array:
        """The columns that both have; zero beyond."""
        y = np.zeros((len(x), self.y.shape[1]), x.dtype)
        y[:, : self.common] = x[:, : self.common]
        return y
