"""What is measured: a network of some depth, width and batch size, in a number format."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gradsim.errors import InputError

FEATURES, CLASSES = 64, 10
"""Inputs and outputs of the networks: those of the digits."""

LEARNING_RATE = 1e-3

NEVER = 1_000_000

KINDS: dict[str, Mapping[str, Any]] = {
    "plain": {"activation": "relu", "initializer": "he-normal", "optimizer": "sgd"},
    "full": {
        "activation": "relu",
        "initializer": "he-normal",
        "normalization": "batch",
        "skip": "residual",
        "optimizer": "adam",
    },
}
"""Knobs of each kind of network: ReLU and SGD; or with batch norm, residual skips and Adam."""

SIZES = ("10x32x32", "20x64x64", "50x128x128", "50x256x128", "200x64x64", "1000x32x32")
DTYPES = ("float64", "float32")


@dataclass(frozen=True, slots=True)
class Case:
    """A network to be trained: its size, its kind (a key of KINDS) and its number format."""

    depth: int
    width: int
    batch: int
    kind: str = "plain"
    dtype: str = "float64"

    @property
    def size(self) -> str:
        """`10x32x32`: depth, width, batch."""
        return f"{self.depth}x{self.width}x{self.batch}"

    @property
    def full(self) -> bool:
        """Whether it has batch norm, residual skips and Adam."""
        return self.kind == "full"

    def settings(self) -> dict[str, Any]:
        """The knobs of the experiment."""
        size = {"depth": self.depth, "width": self.width, "batch-size": self.batch}
        rate = {"learning-rate": LEARNING_RATE, "dtype": self.dtype}
        # Nobody else evaluates held-out rows here.
        return {**size, **rate, "evaluate-every": NEVER, **KINDS[self.kind]}

    def fans(self) -> list[tuple[int, int]]:
        """(fan_in, fan_out) of every linear layer, the head last."""
        widths = [FEATURES, *(self.width,) * self.depth, CLASSES]
        return list(pairwise(widths))


def sized(text: str) -> tuple[int, int, int]:
    """Depth, width and batch of a text such as `10x32x32`; raises InputError for any other."""
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(p.isdecimal() and len(p) < 6 and int(p) for p in parts):
        raise InputError(f'--size is "{text}", but must be DEPTHxWIDTHxBATCH, such as 10x32x32')
    depth, width, batch = map(int, parts)
    return depth, width, batch
