"""Work of several like layers in one call: slopes of activations, gradients of weights.

An op does it by itself where somebody wants it before all of them can.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array
from gradsim.nn.blocks import AT_ONCE, side_by_side
from gradsim.nn.linear import Linear
from gradsim.nn.op import Op


def learners(ops: Iterable[Op]) -> list[Callable[[], None]]:
    """What is to be called, after these ops have sent back, so that their parameters learn.

    Linear ops of one shape share calls, as many as fit into a core's cache. The bits are those that
    each would get by itself: it is the same matrix product.
    """
    alike: dict[object, list[Linear]] = {}
    for op in ops:
        if isinstance(op, Linear) and op.learns_later:
            key = type(op), op.z.shape, op.grad_x.shape, op.z.dtype
            alike.setdefault(key, []).append(op)
    found: list[Callable[[], None]] = []
    for members in alike.values():
        first = members[0]
        size = first.z.nbytes + first.grad_x.nbytes + first.grad_weight.nbytes
        most = max(1, AT_ONCE // size)
        for start in range(0, len(members), most):
            some = members[start : start + most]
            found.append(_Learners(some).learn if len(some) > 1 else some[0].learn)
    return found


class _Learners:
    """Linear ops whose gradients are made together, if the arrays lie side by side."""

    def __init__(self, ops: Sequence[Linear]) -> None:
        # In the order of memory: a backward pass comes to them from the last to the first.
        self.ops = sorted(ops, key=lambda op: op.grad_weight.__array_interface__["data"][0])
        names = ("x", "delta", "grad_weight", "grad_bias")
        self._blocks = side_by_side(self.ops, names)

    def learn(self) -> None:
        """Write grad_W = delta^T x and grad_b = sum delta of each."""
        if self._blocks is None:
            for op in self.ops:
                op.learn()
            return
        x, delta, grad_weight, grad_bias = self._blocks
        np.matmul(delta.transpose(0, 2, 1), x, out=grad_weight)
        np.matmul(self.ops[0].ones, delta, out=grad_bias)


def line_up(ops: Iterable[Op]) -> None:
    """Let activations alike work out their slopes in rows, as many as fit into a core's cache.

    Those that learn a slope do it each by itself.
    """
    alike: dict[object, list[Activation]] = {}
    for op in ops:
        if isinstance(op, Activation) and not op.parameters():
            key = type(op), op.values, op.y.shape, op.y.dtype
            alike.setdefault(key, []).append(op)
    for members in alike.values():
        most = max(1, AT_ONCE // max(1, 3 * members[0].y.nbytes))
        for start in range(0, len(members), most):
            some = members[start : start + most]
            if len(some) > 1:
                row = _Slopes(some)
                for op in some:
                    op.together = row.work_out


class _Slopes:
    """Activations whose slopes are worked out in one call, when all of them have gone forward."""

    def __init__(self, ops: Sequence[Activation]) -> None:
        self.ops = ops
        self._blocks: tuple[Array, ...] | None = None
        self._seen = False

    def work_out(self) -> bool:
        """Work out the slopes of all of them, of this forward pass, if they lie side by side."""
        if not self._seen:
            self._seen = True
            self._blocks = side_by_side(self.ops, ("x", "y", "slope_values"))
        if self._blocks is None:
            return False
        x, y, slopes = self._blocks
        self.ops[0].slope(x, y, slopes)
        for op in self.ops:
            op.sloped = True
        return True
