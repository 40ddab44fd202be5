"""What every part of a network is: an op with a forward and a backward, and its parameters."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

from gradsim.nn.arrays import Array


class Start(Enum):
    """How a parameter starts that does not start from a constant."""

    WEIGHT = "drawn by the initializer; its shape is (fan_out, fan_in)"
    BIAS = "drawn with the standard deviation of the biases, which may be 0"
    RECURRENT = "drawn by the initializer of the recurrent weights: a square for each gate"
    ROW_NORMS = "the norm of each row of the op's `weight`, so that nothing changes"


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A parameter that an op needs: its name within the layer, its shape, and how it starts."""

    name: str
    shape: tuple[int, ...]
    start: float | Start


@dataclass(frozen=True, slots=True)
class Parameter:
    """A learned array and its gradient: views into the network's flat vectors."""

    name: str
    value: Array
    grad: Array


class Op(ABC):
    """A step of the computation: arrays in, one array out, and the gradient back.

    An op allocates its buffers once, in its constructor, and keeps what its backward needs: after
    a step every intermediate of the network can still be read. Arrays handed to an op are never
    changed by it; an array it returns stays valid until its next call, is its own or one that it
    was handed, and lies in the same memory at every call.
    """

    name: ClassVar[str]
    results: ClassVar[tuple[str, ...]] = ()
    """The buffers, by attribute, that `settle` may put side by side with those of other ops."""

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """The parameters this op learns."""
        return ()

    def bind(self, parameters: Mapping[str, Parameter]) -> None:  # noqa: B027 (most ops learn nothing)
        """Take the views for the parameters named in `parameters()`."""

    def buffers(self) -> Mapping[str, Array]:
        """State that is not learned but carried from step to step (running statistics)."""
        return {}

    def settled(self) -> None:  # noqa: B027 (most ops hold no views of their results)
        """The `results` lie elsewhere now: take views of them anew."""

    def home(self, place: int) -> Array | None:
        """Where the gradient of the whole value is to be put together of which a part is read.

        `place` is that of the input; None where the op has no room for what others send.
        """
        return None

    def send_into(self, place: int, home: Array) -> bool:
        """Write the gradient of an input there from now on; False: the op cannot."""
        return False

    @abstractmethod
    def forward(self, *args: Any, **kwargs: Any) -> Array:
        """The output for these inputs, as in training."""

    @abstractmethod
    def backward(self, *args: Any, **kwargs: Any) -> tuple[Array, ...]:
        """The gradient of the loss with respect to each input, from that of the output.

        Gradients of parameters are written (not added) into their `grad` views.
        """

    @abstractmethod
    def infer(self, *args: Any, **kwargs: Any) -> Array:
        """The output as in evaluation: any batch size, a new array, nothing kept or changed."""
