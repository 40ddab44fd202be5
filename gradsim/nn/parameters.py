"""The parameters of a network: flat vectors, and named views into them."""

from collections.abc import Mapping

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Parameter


class ParameterStore:
    """Flat float vectors (size,): values, gradients, clipped gradients, updates; and named views.

    Names are `layers.3.weight`, `layers.3.norm.bias`, `output.weight`. Where nothing clips, the
    clipped gradients are the gradients themselves.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype: str, clipped: bool) -> None:
        self.slices: dict[str, slice] = {}
        self.shapes = dict(shapes)
        start = 0
        for name, shape in shapes.items():
            size = int(np.prod(shape))
            self.slices[name] = slice(start, start + size)
            start += size
        self.size = start
        self.values: Array = np.zeros(start, dtype)
        self.gradients: Array = np.zeros(start, dtype)
        self.clipped: Array = np.zeros(start, dtype) if clipped else self.gradients
        self.updates: Array = np.zeros(start, dtype)

    def view(self, name: str, of: Array) -> Array:
        """The parameter `name` within a flat vector, in its own shape."""
        return of[self.slices[name]].reshape(self.shapes[name])

    def parameter(self, name: str) -> Parameter:
        """Value and gradient of the parameter `name`, as views."""
        return Parameter(name, self.view(name, self.values), self.view(name, self.gradients))
