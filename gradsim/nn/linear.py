"""Linear ops: weights and bias, and the same with normalized weights."""

from collections.abc import Mapping

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.op import Op, Parameter, ParameterSpec, Start


class Linear(Op):
    """z = x W^T + b, with x: (batch, fan_in), W: (fan_out, fan_in), b: (fan_out,).

    Backward, with delta = dL/dz: (batch, fan_out):
    grad_W = delta^T x, grad_b = sum over the batch of delta, grad_x = delta W.
    """

    name = "linear"
    results = ("z", "grad_x")
    learns_later = True
    """Whether `send_back` leaves the gradients of the parameters to `learn`."""
    prefix = ""
    """What stands before `weight` and `bias` in the names of its parameters."""

    def __init__(self, batch: int, fan_in: int, fan_out: int, dtype: str) -> None:
        self.fan_in, self.fan_out = fan_in, fan_out
        self.x: Array = np.zeros((batch, fan_in), dtype)
        self.z: Array = np.zeros((batch, fan_out), dtype)
        self.grad_x: Array = np.zeros((batch, fan_in), dtype)
        self.ones: Array = np.ones(batch, dtype)

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`weight`: (fan_out, fan_in), drawn by the initializer; `bias`: (fan_out,)."""
        return (
            ParameterSpec(f"{self.prefix}weight", (self.fan_out, self.fan_in), Start.WEIGHT),
            ParameterSpec(f"{self.prefix}bias", (self.fan_out,), Start.BIAS),
        )

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of `weight` and `bias`."""
        weight, bias = parameters[f"{self.prefix}weight"], parameters[f"{self.prefix}bias"]
        self.weight, self.grad_weight = weight.value, weight.grad
        self.bias, self.grad_bias = bias.value, bias.grad

    def scale_weights(self, factor: float) -> None:
        """Multiply W by a number."""
        self.weight *= factor

    def forward(self, x: Array) -> Array:
        """z = x W^T + b: (batch, fan_out)."""
        self.x, z = x, self.z
        x.dot(self.weight.T, out=z)  # np.dot finds its way to here more slowly
        z += self.bias
        return z

    def backward(self, delta: Array) -> tuple[Array]:
        """(delta W,); writes grad_W = delta^T x and grad_b = sum delta."""
        sent = self.send_back(delta)
        self.learn()
        return sent

    def send_back(self, delta: Array) -> tuple[Array]:
        """(delta W,), the part of `backward` that the ops before wait for."""
        self.delta = delta
        delta.dot(self.weight, out=self.grad_x)
        return (self.grad_x,)

    def learn(self) -> None:
        """The rest of `backward`: write the gradients of the parameters."""
        self.delta.T.dot(self.x, out=self.grad_weight)
        self.ones.dot(self.delta, out=self.grad_bias)

    def infer(self, x: Array) -> Array:
        """z = x W^T + b."""
        z: Array = np.dot(x, self.weight.T)
        z += self.bias
        return z


class WeightNormLinear(Linear):
    """z = x W^T + b with W = g v / |v|, row by row: length g and direction v learned apart.

    v is the parameter `weight`: (fan_out, fan_in), g is `norm.weight`: (fan_out,), which starts at
    |v|. Backward, with G = delta^T x the gradient of W: grad_g = <G, v> / |v| and
    grad_v = g / |v| * (G - grad_g v / |v|). Source: Salimans, Kingma 2016, eq. 3.
    """

    name = "weight-norm-linear"
    learns_later = False

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`weight` (v), `bias`, and `norm.weight` (g)."""
        return (
            *super().parameters(),
            ParameterSpec("norm.weight", (self.fan_out,), Start.ROW_NORMS),
        )

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of v, b and g."""
        super().bind(parameters)
        length = parameters["norm.weight"]
        self.length, self.grad_length = length.value, length.grad
        self.effective: Array = np.zeros_like(self.weight)
        """W, as the last forward pass used it."""

    def scale_weights(self, factor: float) -> None:
        """Multiply W by a number."""
        super().scale_weights(factor)
        self.length *= factor

    def forward(self, x: Array) -> Array:
        """z = x W^T + b."""
        self.x = x
        self.row_norms = np.sqrt(np.einsum("oi,oi->o", self.weight, self.weight))
        np.multiply(self.weight, (self.length / self.row_norms)[:, None], out=self.effective)
        np.dot(x, self.effective.T, out=self.z)
        self.z += self.bias
        return self.z

    def backward(self, delta: Array) -> tuple[Array]:
        """(delta W,); writes grad_v, grad_b and grad_g."""
        grad = np.dot(delta.T, self.x)
        np.dot(self.ones, delta, out=self.grad_bias)
        np.einsum("oi,oi->o", grad, self.weight, out=self.grad_length)
        self.grad_length /= self.row_norms
        grad -= (self.grad_length / self.row_norms)[:, None] * self.weight
        np.multiply(grad, (self.length / self.row_norms)[:, None], out=self.grad_weight)
        np.dot(delta, self.effective, out=self.grad_x)
        return (self.grad_x,)

    def infer(self, x: Array) -> Array:
        """z = x W^T + b."""
        row_norms = np.sqrt(np.einsum("oi,oi->o", self.weight, self.weight))
        z: Array = np.dot(x, (self.weight * (self.length / row_norms)[:, None]).T) + self.bias
        return z


class Gate(Linear):
    """The linear op before a highway's gate: like any other, with a bias that keeps it shut."""

    name = "gate"
    prefix = "gate."

    def __init__(self, batch: int, fan_in: int, fan_out: int, dtype: str, bias: float) -> None:
        super().__init__(batch, fan_in, fan_out, dtype)
        self.start = bias

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`gate.weight`, drawn by the initializer, and `gate.bias`, a constant."""
        weight, bias = super().parameters()
        return weight, ParameterSpec(bias.name, bias.shape, self.start)


class Projection(Op):
    """y = x W^T on a skip whose ends differ in width. Source: He, Zhang, Ren, Sun 2016, eq. 2."""

    name = "skip-projection"
    results = ("y", "grad_x")

    def __init__(self, batch: int, fan_in: int, fan_out: int, dtype: str) -> None:
        self.fan_in, self.fan_out = fan_in, fan_out
        self.y: Array = np.zeros((batch, fan_out), dtype)
        self.grad_x: Array = np.zeros((batch, fan_in), dtype)

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`skip.weight`: (fan_out, fan_in), drawn by the initializer."""
        return (ParameterSpec("skip.weight", (self.fan_out, self.fan_in), Start.WEIGHT),)

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of the weights."""
        weight = parameters["skip.weight"]
        self.weight, self.grad_weight = weight.value, weight.grad

    def forward(self, x: Array) -> Array:
        """x W^T: (batch, fan_out)."""
        self.x = x
        np.dot(x, self.weight.T, out=self.y)
        return self.y

    def backward(self, grad: Array) -> tuple[Array]:
        """(grad W,); writes grad_W = grad^T x."""
        np.dot(grad.T, self.x, out=self.grad_weight)
        np.dot(grad, self.weight, out=self.grad_x)
        return (self.grad_x,)

    def infer(self, x: Array) -> Array:
        """x W^T."""
        y: Array = np.dot(x, self.weight.T)
        return y
