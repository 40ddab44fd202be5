"""Gradient clipping: what happens to the gradients before the optimizer sees them.

A new kind is a class here and its name in the table at the end.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import atan2, degrees, isfinite, nan
from typing import ClassVar, NamedTuple

import numpy as np

from gradsim.nn.arrays import Array, l2_norm, norm, quiet_norm
from gradsim.nn.parameters import ParameterStore
from gradsim.nn.settings import Configured, Setting, Value

NORM_TYPE = Setting(
    "clip-norm",
    "2",
    "which norm clipping looks at",
    choices={
        "2": "sqrt(sum g^2)",
        "1": "sum |g|",
        "inf": "the largest |g|",
    },
)

_ORDERS = {"1": 1.0, "2": 2.0, "inf": float("inf")}


class Clipping(NamedTuple):
    """What clipping did at one step, on both sides of it."""

    norm_before: float
    """L2 norm of all gradients together."""
    norm_after: float
    coefficient: float
    """The factor on the gradients; where it differs among them, norm_after / norm_before."""
    angle: float
    """Degrees between the gradient before and after: 0 where only its length changed."""
    fired: bool


class Clip(ABC, Configured):
    """A transformation of all gradients at once, composed with the optimizer."""

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    torch: ClassVar[str]
    """The same in PyTorch, of the parameters p, with settings by name in braces."""
    settings: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, threshold: float, settings: Mapping[str, Value] | None = None) -> None:
        self.configure(settings)
        self.threshold = threshold

    @abstractmethod
    def apply(self, store: ParameterStore) -> Clipping:
        """Write the clipped gradients; the gradients themselves stay as they are."""

    def _coefficient(self, gradient: Array) -> float:
        """min(1, threshold / (norm + 1e-6)); NaN where the norm is."""
        ratio = self.threshold / (norm(gradient, _ORDERS[self.choice("clip-norm")]) + 1e-6)
        return 1.0 if ratio >= 1.0 else ratio


class GlobalNorm(Clip):
    """All gradients times min(1, threshold / (norm + 1e-6)): keeps the direction.

    Source: Pascanu, Mikolov, Bengio 2013, algorithm 1; the 1e-6 as in PyTorch.
    """

    name = "global-norm"
    formula = "g * min(1, threshold / (|g| + 1e-6)), |g| of all gradients together"
    source = "Pascanu, Mikolov, Bengio 2013"
    torch = "torch.nn.utils.clip_grad_norm_(p, {clip-threshold}, norm_type=float('{clip-norm}'))"
    settings: ClassVar[tuple[Setting, ...]] = (NORM_TYPE,)

    def apply(self, store: ParameterStore) -> Clipping:
        """Scale every gradient by one coefficient."""
        coefficient = self._coefficient(store.gradients)
        np.multiply(store.gradients, coefficient, out=store.clipped)
        before, after = l2_norm(store.gradients), l2_norm(store.clipped)
        # A coefficient of NaN or 0 leaves no direction, and then there is no angle either.
        angle = 0.0 if isfinite(before) and coefficient > 0.0 else nan
        return Clipping(before, after, coefficient, angle, coefficient < 1.0)


class ParameterNorm(Clip):
    """Each parameter's gradient by itself times min(1, threshold / (norm + 1e-6))."""

    name = "parameter-norm"
    formula = "g * min(1, threshold / (|g| + 1e-6)), |g| of each weight matrix or bias by itself"
    source = "as PyTorch's clip_grad_norm_ of one parameter"
    torch = (
        "for q in p:\n    torch.nn.utils.clip_grad_norm_([q], {clip-threshold}, "
        "norm_type=float('{clip-norm}'))"
    )
    settings: ClassVar[tuple[Setting, ...]] = (NORM_TYPE,)

    def apply(self, store: ParameterStore) -> Clipping:
        """Scale the gradient of each parameter by its own coefficient."""
        fired = False
        for part in store.slices.values():
            coefficient = self._coefficient(store.gradients[part])
            np.multiply(store.gradients[part], coefficient, out=store.clipped[part])
            fired = fired or coefficient < 1.0
        return _compared(store, fired)


class ByValue(Clip):
    """Each entry by itself cut to [-threshold, threshold]: changes the direction too."""

    name = "value"
    formula = "min(max(g, -threshold), threshold), entry by entry"
    source = "Mikolov 2012; as PyTorch's clip_grad_value_"
    torch = "torch.nn.utils.clip_grad_value_(p, {clip-threshold})"

    def apply(self, store: ParameterStore) -> Clipping:
        """Cut every entry; NaN stays NaN."""
        np.clip(store.gradients, -self.threshold, self.threshold, out=store.clipped)
        return _compared(store, bool(np.any(np.abs(store.gradients) > self.threshold)))


class Adaptive(Clip):
    """Each row's gradient held to threshold times the row's weights: |g| <= threshold * |w|.

    g * threshold * max(|w|, 1e-3) / |g| where |g| is larger than that; a bias counts as one row,
    and the head is left as it is. Source: Brock, De, Smith, Simonyan 2021, eq. 3 and 4.
    """

    name = "adaptive"
    formula = "g * min(1, threshold * max(|w|, 1e-3) / |g|), row by row, not in the head"
    source = "Brock, De, Smith, Simonyan 2021"
    torch = "clip_adaptively(network, {clip-threshold})"
    smallest_weight = 1e-3

    def apply(self, store: ParameterStore) -> Clipping:
        """Scale each row of a weight matrix, and each other parameter, by its own coefficient."""
        fired = False
        np.copyto(store.clipped, store.gradients)
        for name in store.slices:
            if name.startswith("output."):
                continue
            weight, gradient = store.view(name, store.values), store.view(name, store.gradients)
            if weight.ndim == 1:
                weight, gradient = weight[None], gradient[None]
            bound = self.threshold * np.maximum(_row_norms(weight), self.smallest_weight)
            size = _row_norms(gradient)
            over = size >= bound
            coefficient = np.where(over, bound / np.maximum(size, 1e-6), 1.0)
            clipped = (gradient * coefficient[:, None]).reshape(store.shapes[name])
            np.copyto(store.view(name, store.clipped), clipped)
            fired = fired or bool((size > bound).any())
        return _compared(store, fired)


def _row_norms(x: Array) -> Array:
    """The L2 norm of each row, over the whole range of the format: (rows,) float64."""
    return np.array([l2_norm(row) for row in x])


def _compared(store: ParameterStore, fired: bool) -> Clipping:
    before, after = l2_norm(store.gradients), l2_norm(store.clipped)
    if not fired:
        return Clipping(before, after, 1.0, 0.0 if isfinite(before) else nan, fired)
    share = after / before if before else 1.0
    return Clipping(before, after, share, angle_between(store.gradients, store.clipped), fired)


def angle_between(one: Array, other: Array) -> float:
    """The angle between two vectors in degrees; NaN where one is zero or not finite.

    2 atan2(|u - v|, |u + v|) of the unit vectors, which is exact for small angles too (Kahan).
    """
    a, b = l2_norm(one), l2_norm(other)
    if not (isfinite(a) and isfinite(b) and a and b):
        return nan
    u, v = one.astype(np.float64) / a, other.astype(np.float64) / b
    return degrees(2.0 * atan2(l2_norm(u - v), l2_norm(u + v)))


def unclipped(store: ParameterStore) -> Clipping:
    """What is recorded where nothing clips: the same norm on both sides.

    To be called with floating-point errors ignored, as the whole step is.
    """
    size = quiet_norm(store.gradients)
    return Clipping(size, size, 1.0, 0.0 if isfinite(size) else nan, False)


CLIPS: dict[str, type[Clip]] = {
    kind.name: kind for kind in (GlobalNorm, ParameterNorm, ByValue, Adaptive)
}
"""Every kind of clipping by its name, besides `none`."""
