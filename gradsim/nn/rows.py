"""Work of several linear layers in one call, where a pass goes through them without a stop."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

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
            found.append(_Row(some).learn if len(some) > 1 else some[0].learn)
    return found


class _Row:
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
