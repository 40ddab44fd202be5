"""A training step in JAX, compiled whole, with the same numbers recorded of every layer."""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from gradsim.cli.contest.case import CLASSES, FEATURES, LEARNING_RATE, Case

ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
UNROLLED = 10
"""Layers of the loop that are compiled together: a longer stretch takes minutes to compile."""

EPS, BETA_1, BETA_2, EPSILON = 1e-5, 0.9, 0.999, 1e-8


def training_step(case: Case) -> Callable[[], object]:
    """One step of a case, compiled beforehand; what it gives back are the recorded numbers."""
    os.environ["XLA_FLAGS"] = ONE_THREAD
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    net = _Net(case, jax)
    moments = (jax.tree.map(net.np.zeros_like, net.parameters),) * 2 if case.full else ()
    held = [net.parameters, moments, net.np.zeros((), case.dtype)]
    made = jax.jit(net.step)

    def once() -> object:
        *held[:], numbers = made(*held)
        return jax.block_until_ready(numbers)

    once()
    return once


class _Net:
    """All layers but the first and the head have one shape, and are a loop over their stack."""

    def __init__(self, case: Case, jax: Any) -> None:
        self.case, self.jax, self.np = case, jax, jax.numpy
        inner, width, keys = case.depth - 1, case.width, jax.random.split(jax.random.key(0), 5)
        self.parameters = {
            "first": self._layer(keys[0], fan_in=FEATURES, fan_out=width),
            "inner": self._layer(keys[1], inner, fan_in=width, fan_out=width),
            "head": self._layer(keys[2], fan_in=width, fan_out=CLASSES),
        }
        self.x = jax.random.normal(keys[3], (case.batch, FEATURES), case.dtype)
        self.target = jax.random.randint(keys[4], (case.batch,), 0, CLASSES)
        hidden = self._zeros(case.batch, width)
        # Zeros that are added to every z and h: the gradients with respect to them are wanted.
        self.probes = {
            "first": (hidden, hidden),
            "inner": (self._zeros(inner, case.batch, width),) * 2,
            "head": self._zeros(case.batch, CLASSES),
        }

    def _zeros(self, *shape: int) -> Any:
        return self.np.zeros(shape, self.case.dtype)

    def _layer(self, key: Any, *lead: int, fan_in: int, fan_out: int) -> dict[str, Any]:
        drawn = self.jax.random.normal(key, (*lead, fan_out, fan_in), self.case.dtype)
        made = {"w": drawn * (2.0 / fan_in) ** 0.5, "b": self._zeros(*lead, fan_out)}
        if self.case.full and fan_out != CLASSES:
            made |= {"g": self._zeros(*lead, fan_out) + 1.0, "s": self._zeros(*lead, fan_out)}
        return made

    def _norm(self, a: Any, axes: Any = None) -> Any:
        return self.np.sqrt((a * a).sum(axes))

    def _forward(self, h: Any, p: Any, probe: Any) -> tuple[Any, Any]:
        z = n = h @ p["w"].T + p["b"] + probe[0]
        if self.case.full:
            n = (z - z.mean(0)) / self.np.sqrt(z.var(0) + EPS) * p["g"] + p["s"]
        y = self.np.maximum(n, 0.0)
        out = (y + h if self.case.full and h.shape == y.shape else y) + probe[1]
        flat = n <= 0.0
        return out, (y.mean(), y.std(), self._norm(out), flat.mean(), flat.all(0).mean())

    def _loss(self, p: Any, probe: Any) -> tuple[Any, Any]:
        h, seen = self._forward(self.x, p["first"], probe["first"])
        h, more = self.jax.lax.scan(
            lambda h, given: self._forward(h, *given),
            h,
            (p["inner"], probe["inner"]),
            unroll=max(1, min(UNROLLED, self.case.depth - 1)),
        )
        output = h @ p["head"]["w"].T + p["head"]["b"] + probe["head"]
        logs = self.jax.nn.log_softmax(output)
        loss = -logs[self.np.arange(self.case.batch), self.target].mean()
        right = (output.argmax(1) == self.target).mean()
        return loss, (loss, right, output.mean(), output.std(), self._norm(output), seen, more)

    def _updates(self, grads: Any, moments: Any, count: Any) -> tuple[Any, Any]:
        tree = self.jax.tree.map
        if not self.case.full:
            return tree(lambda g: -LEARNING_RATE * g, grads), moments
        mean = tree(lambda m, g: m + (1 - BETA_1) * (g - m), moments[0], grads)
        square = tree(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, moments[1], grads)
        one, two = 1 - BETA_1**count, 1 - BETA_2**count
        root = self.np.sqrt
        changes = tree(
            lambda m, v: -LEARNING_RATE * (m / one) / (root(v / two) + EPSILON), mean, square
        )
        return changes, (mean, square)

    def step(self, p: Any, moments: Any, count: Any) -> Any:
        """New parameters, moments and count, and the recorded numbers."""
        jax = self.jax
        gradient = jax.grad(self._loss, argnums=(0, 1), has_aux=True)
        (grads, sent), seen = gradient(p, self.probes)
        total = self.np.sqrt(sum((g * g).sum() for g in jax.tree.leaves(grads)))
        updates, moments = self._updates(grads, moments, count + 1)
        matrices = [{k: t[k]["w"] for k in t} for t in (grads, p, updates)]
        norms = jax.tree.map(lambda a: self._norm(a, (-2, -1)), [sent, *matrices])
        largest = jax.tree.map(lambda a: abs(a).max((-2, -1)), matrices[0])
        moved = jax.tree.map(lambda a, u: a + u.astype(a.dtype), p, updates)
        return moved, moments, count + 1, (seen, norms, largest, total)
