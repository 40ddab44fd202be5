"""The linear op: weights and bias."""

from collections.abc import Mapping

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Op, Parameter, ParameterSpec


class Linear(Op):
    """z = x W^T + b, with x: (batch, fan_in), W: (fan_out, fan_in), b: (fan_out,).

    Backward, with delta = dL/dz: (batch, fan_out):
    grad_W = delta^T x, grad_b = sum over the batch of delta, grad_x = delta W.
    """

    name = "linear"

    def __init__(self, batch: int, fan_in: int, fan_out: int, dtype: str) -> None:
        self.fan_in, self.fan_out = fan_in, fan_out
        self.x: Array = np.zeros((batch, fan_in), dtype)
        self.z: Array = np.zeros((batch, fan_out), dtype)
        self.grad_x: Array = np.zeros((batch, fan_in), dtype)

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`weight`: (fan_out, fan_in), drawn by the initializer; `bias`: (fan_out,), zero."""
        return (
            ParameterSpec("weight", (self.fan_out, self.fan_in), None),
            ParameterSpec("bias", (self.fan_out,), 0.0),
        )

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of `weight` and `bias`."""
        self.weight, self.grad_weight = parameters["weight"].value, parameters["weight"].grad
        self.bias, self.grad_bias = parameters["bias"].value, parameters["bias"].grad

    def forward(self, x: Array) -> Array:
        """z = x W^T + b: (batch, fan_out)."""
        self.x = x
        np.dot(x, self.weight.T, out=self.z)
        self.z += self.bias
        return self.z

    def backward(self, delta: Array) -> tuple[Array]:
        """(delta W,); writes grad_W = delta^T x and grad_b = sum delta."""
        np.dot(delta.T, self.x, out=self.grad_weight)
        np.add.reduce(delta, axis=0, out=self.grad_bias)
        np.dot(delta, self.weight, out=self.grad_x)
        return (self.grad_x,)

    def infer(self, x: Array) -> Array:
        """z = x W^T + b."""
        z: Array = np.dot(x, self.weight.T) + self.bias
        return z
