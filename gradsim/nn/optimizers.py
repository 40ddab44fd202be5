"""Optimizers: from gradients to the change of the parameters.

A new one is a class here and its name in the table at the end.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import sqrt
from typing import ClassVar

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.nn.settings import Configured, Setting, Value

WEIGHT_DECAY = Setting(
    "weight-decay", 0.0, "factor on the parameters that is added to their gradients", low=0.0
)
MOMENTUM = Setting("momentum", 0.9, "share of the velocity kept by momentum and nesterov",
    low=0.0, high=0.9999)  # fmt: skip
BETA_1 = Setting("adam-beta1", 0.9, "share of the mean gradient kept by adam and adamw",
    low=0.0, high=0.999999)  # fmt: skip
BETA_2 = Setting("adam-beta2", 0.999, "share of the mean square kept by adam and adamw",
    low=0.0, high=0.999999)  # fmt: skip
EPSILON = Setting("optimizer-epsilon", 1e-8, "added to the root of adam, adamw and rmsprop",
    above=0.0)  # fmt: skip
ALPHA = Setting("rmsprop-alpha", 0.99, "share of the mean square kept by rmsprop",
    low=0.0, high=0.999999)  # fmt: skip
DECOUPLED = Setting("adamw-decay", 0.01, "share of the parameters, times the learning rate, "
    "that adamw takes away", low=0.0)  # fmt: skip


class Optimizer(ABC, Configured):
    """Works on flat vectors entry by entry, so that it can be applied one layer at a time.

    `state` (slots, parameters) is what it carries from step to step, `count` how many steps it has
    made since its state was fresh. g is the gradient after clipping plus weight-decay * w.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    torch: ClassVar[str]
    """The same in PyTorch, given the parameters p, with settings by name in braces."""
    slots: ClassVar[int] = 0
    """Vectors of state kept beside the parameters."""
    settings: ClassVar[tuple[Setting, ...]] = (WEIGHT_DECAY,)

    def __init__(self, size: int, dtype: str, settings: Mapping[str, Value] | None = None) -> None:
        self.configure(settings)
        self.state: Array = np.zeros((self.slots, size), dtype)
        self.count = 0

    def begin(self) -> None:
        """A new step begins: `step` is then called for every part of the parameters."""
        self.count += 1

    def step(
        self, part: slice, values: Array, gradients: Array, updates: Array, learning_rate: float
    ) -> None:
        """Write the change of the parameters in `part` into `updates`; all flat: (parameters,)."""
        decay = self.number("weight-decay")
        gradient = gradients[part] + decay * values[part] if decay else gradients[part]
        self.update(part, gradient, updates[part], learning_rate)

    @abstractmethod
    def update(self, part: slice, gradient: Array, update: Array, learning_rate: float) -> None:
        """Write the change that this gradient makes into `update`; both: (entries of part,)."""


class SGD(Optimizer):
    """w <- w - learning_rate * g."""

    name = "sgd"
    formula = "w - learning-rate * g"
    source = "Robbins, Monro 1951"
    torch = "torch.optim.SGD(p, lr={learning-rate}, weight_decay={weight-decay})"

    def update(self, part: slice, gradient: Array, update: Array, learning_rate: float) -> None:
        """-learning_rate * g."""
        np.multiply(gradient, -learning_rate, out=update)


class Momentum(Optimizer):
    """v <- momentum * v + g; w <- w - learning_rate * v."""

    name = "momentum"
    formula = "w - learning-rate * v, v = momentum * v + g"
    source = "Polyak 1964; conventions as PyTorch's SGD"
    torch = (
        "torch.optim.SGD(p, lr={learning-rate}, momentum={momentum}, weight_decay={weight-decay})"
    )
    slots = 1
    settings: ClassVar[tuple[Setting, ...]] = (MOMENTUM, WEIGHT_DECAY)

    def update(self, part: slice, gradient: Array, update: Array, learning_rate: float) -> None:
        """-learning_rate * v."""
        velocity = self.state[0, part]
        velocity *= self.number("momentum")
        velocity += gradient
        np.multiply(velocity, -learning_rate, out=update)


class Nesterov(Momentum):
    """v <- momentum * v + g; w <- w - learning_rate * (g + momentum * v): looks ahead."""

    name = "nesterov"
    formula = "w - learning-rate * (g + momentum * v), v = momentum * v + g"
    source = "Nesterov 1983; Sutskever, Martens, Dahl, Hinton 2013; conventions as PyTorch's SGD"
    torch = (
        "torch.optim.SGD(p, lr={learning-rate}, momentum={momentum}, nesterov=True, "
        "weight_decay={weight-decay})"
    )

    def update(self, part: slice, gradient: Array, update: Array, learning_rate: float) -> None:
        """-learning_rate * (g + momentum * v)."""
        super().update(part, gradient, update, learning_rate)
        update *= self.number("momentum")
        update -= learning_rate * gradient


class RMSprop(Optimizer):
    """s <- alpha * s + (1 - alpha) g^2; w <- w - learning_rate * g / (sqrt(s) + epsilon)."""

    name = "rmsprop"
    formula = "w - learning-rate * g / (sqrt(s) + epsilon), s = alpha * s + (1 - alpha) g^2"
    source = "Tieleman, Hinton 2012; conventions as in PyTorch"
    torch = (
        "torch.optim.RMSprop(p, lr={learning-rate}, alpha={rmsprop-alpha}, "
        "eps={optimizer-epsilon}, weight_decay={weight-decay})"
    )
    slots = 1
    settings: ClassVar[tuple[Setting, ...]] = (ALPHA, EPSILON, WEIGHT_DECAY)

    def update(self, part: slice, gradient: Array, update: Array, learning_rate: float) -> None:
        """-learning_rate * g / (sqrt(s) + epsilon)."""
        square, alpha = self.state[0, part], self.number("rmsprop-alpha")
        square *= alpha
        square += (1.0 - alpha) * gradient * gradient
        _divided_by_root(gradient, square, self.number("optimizer-epsilon"), update)
        update *= -learning_rate


class Adagrad(Optimizer):
    """s <- s + g^2; w <- w - learning_rate * g / (sqrt(s) + 1e-10)."""

    name = "adagrad"
    formula = "w - learning-rate * g / (sqrt(s) + 1e-10), s = s + g^2"
    source = "Duchi, Hazan, Singer 2011; conventions as in PyTorch"
    torch = "torch.optim.Adagrad(p, lr={learning-rate}, weight_decay={weight-decay})"
    slots = 1
    epsilon = 1e-10

    def update(self, part: slice, gradient: Array, update: Array, learning_rate: float) -> None:
        """-learning_rate * g / (sqrt(s) + epsilon)."""
        square = self.state[0, part]
        square += gradient * gradient
        _divided_by_root(gradient, square, self.epsilon, update)
        update *= -learning_rate


class Adam(Optimizer):
    """w <- w - learning_rate * m_hat / (sqrt(v_hat) + epsilon).

    m and v are running means of the gradient and of its square; with t the steps made,
    m_hat = m / (1 - beta1^t) and v_hat = v / (1 - beta2^t). Both corrections go into numbers, as
    in section 2 there: with c = sqrt(1 - beta2^t),
    w <- w - learning_rate * c / (1 - beta1^t) * m / (sqrt(v) + c * epsilon).
    """

    name = "adam"
    formula = "w - learning-rate * m_hat / (sqrt(v_hat) + epsilon)"
    source = "Kingma, Ba 2015, algorithm 1; conventions as in PyTorch"
    torch = (
        "torch.optim.Adam(p, lr={learning-rate}, betas=({adam-beta1}, {adam-beta2}), "
        "eps={optimizer-epsilon}, weight_decay={weight-decay})"
    )
    slots = 2
    settings: ClassVar[tuple[Setting, ...]] = (BETA_1, BETA_2, EPSILON, WEIGHT_DECAY)

    def update(self, part: slice, gradient: Array, update: Array, learning_rate: float) -> None:
        """-learning_rate * m_hat / (sqrt(v_hat) + epsilon), with the numbers drawn together."""
        beta_1, beta_2 = self.number("adam-beta1"), self.number("adam-beta2")
        mean, square = self.state[:, part]
        np.subtract(gradient, mean, out=update)
        update *= 1.0 - beta_1
        mean += update
        np.multiply(gradient, 1.0 - beta_2, out=update)
        update *= gradient
        square *= beta_2
        square += update
        correction = sqrt(1.0 - beta_2**self.count)
        np.sqrt(square, out=update)
        update += correction * self.number("optimizer-epsilon")
        np.divide(mean, update, out=update)
        update *= -learning_rate * correction / (1.0 - beta_1**self.count)


class AdamW(Adam):
    """As adam, and w <- w - learning_rate * adamw-decay * w beside it: decay that no root divides.

    g is the gradient alone.
    """

    name = "adamw"
    formula = "w - learning-rate * (m_hat / (sqrt(v_hat) + epsilon) + adamw-decay * w)"
    source = "Loshchilov, Hutter 2019, algorithm 2; conventions as in PyTorch"
    torch = (
        "torch.optim.AdamW(p, lr={learning-rate}, betas=({adam-beta1}, {adam-beta2}), "
        "eps={optimizer-epsilon}, weight_decay={adamw-decay})"
    )
    settings: ClassVar[tuple[Setting, ...]] = (BETA_1, BETA_2, EPSILON, DECOUPLED)

    def step(
        self, part: slice, values: Array, gradients: Array, updates: Array, learning_rate: float
    ) -> None:
        """The change of adam, and the decay."""
        self.update(part, gradients[part], updates[part], learning_rate)
        updates[part] -= learning_rate * self.number("adamw-decay") * values[part]


def _divided_by_root(gradient: Array, square: Array, epsilon: float, out: Array) -> None:
    """Write g / (sqrt(s) + epsilon) into `out`."""
    np.sqrt(square, out=out)
    out += epsilon
    np.divide(gradient, out, out=out)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.name: kind for kind in (SGD, Momentum, Nesterov, RMSprop, Adagrad, Adam, AdamW)
}
"""Every optimizer by its name."""
