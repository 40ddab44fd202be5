"""Normalizations. A new one is a class here and its name in the table at the end."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.linear import WeightNormLinear
from gradsim.nn.op import Op, Parameter, ParameterSpec
from gradsim.nn.settings import Configured, Setting, Value

LEARNED = Setting(
    "normalization-learned",
    "on",
    "whether a normalization learns a scale and a shift for each unit",
    choices={"on": "y = scale * x_hat + shift", "off": "y = x_hat"},
    starts=True,
)
GROUPS = Setting(
    "groups",
    4,
    "groups of units of group normalization; the next smaller number that divides the width",
    low=1,
    high=1024,
)


class Normalization(Op, Configured):
    """Scales its input, then applies a learned scale and shift. x: (batch, units).

    y = scale * x_hat + shift, or y = x_hat where nothing is learned. Backward:
    grad_scale = sum over the batch of grad_y * x_hat, grad_shift = sum over the batch of grad_y.
    """

    name: ClassVar[str]
    results: ClassVar[tuple[str, ...]] = ("y", "grad_x")
    formula: ClassVar[str]
    source: ClassVar[str]
    torch: ClassVar[str]
    """The same in PyTorch: a module, with settings by name in braces."""
    settings: ClassVar[tuple[Setting, ...]] = (LEARNED,)
    shifts: ClassVar[bool] = True
    """Whether a shift is learned beside the scale."""
    smallest_batch: ClassVar[int] = 1
    """Below this batch size the statistics do not exist."""

    def __init__(
        self, batch: int, units: int, dtype: str, settings: Mapping[str, Value] | None = None
    ) -> None:
        self.configure(settings)
        self.batch, self.units = batch, units
        self.learned = self.choice("normalization-learned") == "on"
        self.y: Array = np.zeros((batch, units), dtype)
        self.grad_x: Array = np.zeros((batch, units), dtype)

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """`norm.weight` (scale, starts at 1) and `norm.bias` (shift, starts at 0): (units,)."""
        if not self.learned:
            return ()
        scale = ParameterSpec("norm.weight", (self.units,), 1.0)
        return (scale, ParameterSpec("norm.bias", (self.units,), 0.0)) if self.shifts else (scale,)

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views of scale and shift."""
        if "norm.weight" in parameters:
            scale = parameters["norm.weight"]
            self.scale, self.grad_scale = scale.value, scale.grad
        if "norm.bias" in parameters:
            shift = parameters["norm.bias"]
            self.shift, self.grad_shift = shift.value, shift.grad


class BatchNorm(Normalization):
    """Each unit normalized over the batch: x_hat = (x - mean) / sqrt(var + eps).

    Training uses the batch's own mean and biased variance; evaluation uses running estimates
    (momentum 0.1, unbiased variance). Backward, with g = dL/dx_hat and means over the batch:
    grad_x = (g - mean(g) - x_hat * mean(g * x_hat)) / sqrt(var + eps).
    Source: Ioffe, Szegedy 2015, algorithm 1; conventions as in PyTorch.
    """

    name = "batch"
    formula = "scale * (x - mean_batch) / sqrt(var_batch + 1e-5) + shift"
    source = "Ioffe, Szegedy 2015"
    torch = "torch.nn.BatchNorm1d({units}, affine={learned})"
    smallest_batch = 2
    eps = 1e-5
    momentum = 0.1

    results = ("centered", "y", "grad_x")

    def __init__(
        self, batch: int, units: int, dtype: str, settings: Mapping[str, Value] | None = None
    ) -> None:
        super().__init__(batch, units, dtype, settings)
        self.centered: Array = np.zeros((batch, units), dtype)
        """x - mean; x_hat is this times `inverse_std`."""
        self.inverse_std: Array = np.ones(units, dtype)
        self.factor: Array = np.ones(units, dtype)
        """scale / sqrt(var + eps)."""
        self.ones: Array = np.ones(batch, dtype)
        self.share: Array = np.full(batch, 1.0 / max(1, batch), dtype)
        self.running: Array = np.zeros((2, units), dtype)
        self.running_mean, self.running_var = self.running
        self.running_var.fill(1.0)
        self._batch_stats: Array = np.zeros((2, units), dtype)
        unbiased = batch / max(1, batch - 1)
        self._toward: Array = np.array([[self.momentum], [self.momentum * unbiased]], dtype)
        if not self.learned:
            self.grad_scale, self.grad_shift = np.zeros((2, units), dtype)

    def buffers(self) -> Mapping[str, Array]:
        """The running mean and variance: (units,)."""
        return {"norm.running_mean": self.running_mean, "norm.running_var": self.running_var}

    def forward(self, x: Array) -> Array:
        """Normalize with the batch's statistics and move the running ones toward them."""
        mean, var = self._batch_stats
        self.share.dot(x, out=mean)
        np.subtract(x, mean, out=self.centered)
        # Two passes: the one-pass formula gives 0 in float32 where the mean dwarfs the spread.
        np.multiply(self.centered, self.centered, out=self.y)
        self.share.dot(self.y, out=var)
        np.sqrt(var + self.eps, out=self.inverse_std)
        np.divide(1.0, self.inverse_std, out=self.inverse_std)
        self._batch_stats *= self._toward
        self.running *= 1.0 - self.momentum
        self.running += self._batch_stats
        if not self.learned:
            np.copyto(self.factor, self.inverse_std)
            return np.multiply(self.centered, self.factor, out=self.y)
        np.multiply(self.inverse_std, self.scale, out=self.factor)
        np.multiply(self.centered, self.factor, out=self.y)
        self.y += self.shift
        return self.y

    def backward(self, grad: Array) -> tuple[Array]:
        """The gradient through the batch's statistics; writes those of scale and shift.

        The scale is that of a whole unit, so with g = dL/dy it stands before all of it:
        grad_x = scale / sqrt(var + eps) * (g - mean(g) - x_hat * mean(g * x_hat)).
        """
        np.multiply(grad, self.centered, out=self.grad_x)
        self.ones.dot(self.grad_x, out=self.grad_scale)
        self.grad_scale *= self.inverse_std
        self.ones.dot(grad, out=self.grad_shift)
        along = self.grad_scale * self.inverse_std
        along /= -self.batch
        np.multiply(self.centered, along, out=self.grad_x)
        self.grad_x += grad
        self.grad_x -= self.grad_shift / self.batch
        self.grad_x *= self.factor
        return (self.grad_x,)

    def infer(self, x: Array) -> Array:
        """The same with the running statistics."""
        y: Array = x - self.running_mean
        factor = 1.0 / np.sqrt(self.running_var + self.eps)
        y *= factor * self.scale if self.learned else factor
        if self.learned:
            y += self.shift
        return y


class _RowNorm(Normalization):
    """Each row by itself, in groups of its units; the same in training and evaluation.

    Backward, with g = dL/dx_hat and means over a group:
    grad_x = (g - mean(g) - x_hat * mean(g * x_hat)) / sqrt(var + eps), the mean of g only where
    the mean of x is taken away.
    """

    results = ("x_hat", "y", "grad_x")
    centers: ClassVar[bool] = True

    def __init__(
        self, batch: int, units: int, dtype: str, settings: Mapping[str, Value] | None = None
    ) -> None:
        super().__init__(batch, units, dtype, settings)
        self.x_hat: Array = np.zeros((batch, units), dtype)
        self.groups = self.cut()
        """Into how many groups the units of a row are cut."""
        self.inverse_std: Array = np.ones((batch, self.groups, 1), dtype)

    def cut(self) -> int:
        """How many groups there are to be."""
        return 1

    @property
    def eps(self) -> float:
        """What is added to the variance."""
        return 1e-5

    def _grouped(self, x: Array) -> Array:
        return x.reshape(len(x), self.groups, self.units // self.groups)

    def _scaled(self, x: Array, out: Array) -> Array:
        """Write x_hat into `out`; 1 / sqrt(var + eps): (rows, groups, 1)."""
        grouped, out = self._grouped(x), self._grouped(out)
        size = self.units // self.groups
        if self.centers:
            np.subtract(grouped, np.add.reduce(grouped, axis=2, keepdims=True) / size, out=out)
        else:
            np.copyto(out, grouped)
        var = np.einsum("bgu,bgu->bg", out, out)[:, :, None] / size
        inverse: Array = 1.0 / np.sqrt(var + self.eps)
        out *= inverse
        return inverse

    def forward(self, x: Array) -> Array:
        """scale * x_hat + shift, each row normalized with its own statistics."""
        np.copyto(self.inverse_std, self._scaled(x, self.x_hat))
        if not self.learned:
            return self.x_hat
        np.multiply(self.x_hat, self.scale, out=self.y)
        if self.shifts:
            self.y += self.shift
        return self.y

    def backward(self, grad: Array) -> tuple[Array]:
        """The gradient through the statistics; writes those of scale and shift."""
        if self.learned:
            np.einsum("bu,bu->u", grad, self.x_hat, out=self.grad_scale)
            if self.shifts:
                np.add.reduce(grad, axis=0, out=self.grad_shift)
            grad = grad * self.scale
        self.denormalize(grad)
        return (self.grad_x,)

    def denormalize(self, grad: Array) -> None:
        """Write grad_x, from the gradient with respect to x_hat."""
        g, x_hat, out = self._grouped(grad), self._grouped(self.x_hat), self._grouped(self.grad_x)
        size = self.units // self.groups
        along = np.einsum("bgu,bgu->bg", g, x_hat)[:, :, None] / -size
        np.multiply(x_hat, along, out=out)
        out += g
        if self.centers:
            out -= np.add.reduce(g, axis=2, keepdims=True) / size
        out *= self.inverse_std

    def infer(self, x: Array) -> Array:
        """The same: a row's statistics are its own in evaluation too."""
        y = self.normalized(x)
        if self.learned:
            y *= self.scale
            if self.shifts:
                y += self.shift
        return y

    def normalized(self, x: Array) -> Array:
        """x_hat, before the learned scale and shift: (rows, units)."""
        y: Array = np.empty(x.shape, x.dtype)
        self._scaled(x, y)
        return y


class LayerNorm(_RowNorm):
    """Each row normalized over its units: x_hat = (x - mean) / sqrt(var + eps).

    Source: Ba, Kiros, Hinton 2016; conventions as in PyTorch.
    """

    name = "layer"
    formula = "scale * (x - mean_units) / sqrt(var_units + 1e-5) + shift"
    source = "Ba, Kiros, Hinton 2016"
    torch = "torch.nn.LayerNorm({units}, elementwise_affine={learned})"


class RMSNorm(_RowNorm):
    """Each row divided by its root mean square: x_hat = x / sqrt(mean(x^2) + eps), no shift.

    Source: Zhang, Sennrich 2019, eq. 4; eps as in PyTorch, the spacing of numbers at 1.
    """

    name = "rms"
    formula = "scale * x / sqrt(mean_units(x^2) + eps), eps 2.2e-16 (1.2e-7 in float32)"
    source = "Zhang, Sennrich 2019"
    torch = "torch.nn.RMSNorm({units}, elementwise_affine={learned})"
    centers = False
    shifts = False

    @property
    def eps(self) -> float:
        """The machine epsilon of the number format."""
        return float(np.finfo(self.x_hat.dtype).eps)


class GroupNorm(_RowNorm):
    """Each row normalized over each group of its units: layer norm is the case of one group.

    Source: Wu, He 2018; conventions as in PyTorch.
    """

    name = "group"
    formula = "scale * (x - mean_group) / sqrt(var_group + 1e-5) + shift"
    source = "Wu, He 2018"
    torch = "torch.nn.GroupNorm({groups}, {units}, affine={learned})"
    settings: ClassVar[tuple[Setting, ...]] = (LEARNED, GROUPS)

    def cut(self) -> int:
        """As many as set, or the next smaller number that divides the width.

        A group has two units or more: one alone has no spread to normalize by.
        """
        most = max(1, min(int(self.number("groups")), self.units // 2))
        return next(n for n in range(most, 0, -1) if self.units % n == 0)


class WeightNorm:
    """The weights normalized instead of what passes through: see `WeightNormLinear`."""

    name = "weight"
    formula = "z = x W^T + b with W = scale * v / |v|, row by row"
    source = "Salimans, Kingma 2016"
    torch = "WeightNorm"
    settings: ClassVar[tuple[Setting, ...]] = ()
    smallest_batch = 1
    linear = WeightNormLinear


NORMALIZATIONS: dict[str, type[Normalization] | type[WeightNorm]] = {
    kind.name: kind for kind in (BatchNorm, LayerNorm, RMSNorm, GroupNorm, WeightNorm)
}
"""Every normalization by its name, besides `none`."""

PLACES: dict[str, str] = {
    "before-activation": "phi(norm(W x + b))",
    "before-linear": "phi(W norm(x) + b)",
    "after-activation": "norm(phi(W x + b))",
}
"""Where in a layer a normalization can stand; that of the weights stands in the linear op."""
