"""Where a skip path joins the main path."""

from dataclasses import dataclass

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Op


@dataclass(frozen=True, slots=True)
class SkipKind:
    """A way to wire a skip: y = factor * (f(x) + x)."""

    formula: str
    source: str
    factor: float


SKIPS: dict[str, SkipKind] = {
    "residual": SkipKind("y = x + f(x)", "He, Zhang, Ren, Sun 2016", 1.0),
    "residual-scaled": SkipKind(
        "y = (x + f(x)) / sqrt(2)", "Balduzzi et al. 2017", float(np.sqrt(0.5))
    ),
}
"""Every skip by its name, besides `none`."""


class SkipJoin(Op):
    """y = factor * (main + skip). Backward: each path gets factor * grad_y."""

    name = "skip-join"

    def __init__(self, batch: int, units: int, dtype: str, factor: float) -> None:
        self.factor = factor
        self.y: Array = np.zeros((batch, units), dtype)
        self.grad: Array = np.zeros((batch, units), dtype)

    def forward(self, main: Array, skip: Array) -> Array:
        """factor * (main + skip); both: (batch, units)."""
        np.add(main, skip, out=self.y)
        if self.factor != 1.0:
            self.y *= self.factor
        return self.y

    def backward(self, grad: Array) -> tuple[Array, Array]:
        """(for the main path, for the skip path): both factor * grad, one shared buffer."""
        np.multiply(grad, self.factor, out=self.grad)
        return (self.grad, self.grad)

    def infer(self, main: Array, skip: Array) -> Array:
        """factor * (main + skip)."""
        y: Array = (main + skip) * self.factor
        return y
