"""From an experiment to a recurrent network unrolled over time: the ops of each time step."""

from dataclasses import dataclass, field
from typing import Any

from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.wiring import Mark, Wiring
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.gates import GRUGates, LSTMGates
from gradsim.nn.linear import Linear
from gradsim.nn.normalization import NORMALIZATIONS, WeightNorm
from gradsim.nn.recurrent import OverTime, RecurrentLinear
from gradsim.nn.recurrent_memory import Memory

Read = tuple[int, slice | None]
"""A value, and which of its columns are read."""


def unroll(experiment: Experiment, data: Data, batch: int) -> Wiring:
    """The graph of a recurrent network on sequences of `data.steps` time steps.

    Layer by layer, each from the first time step to the last; the head reads the last state of the
    top layer, or every one. With batch 0 it takes hardly any memory.
    """
    e, wiring = experiment, Wiring([data.features])
    width = data.features // data.steps
    below: list[Read] = [(0, slice(t * width, (t + 1) * width)) for t in range(data.steps)]
    for layer in range(1, e.recurrent_layers + 1):
        below = _Layer(e, wiring, batch, layer, width, data.steps).unroll(below)
        width = int(e.at(layer)["width"])
    values, parts = zip(*below, strict=True)
    if data.per_step:
        every = OverTime(batch, data.steps, width, data.outputs, e.dtype)
        paths = ("main",) * data.steps
        head = wiring.place(every, "output", *values, width=data.outputs, paths=paths, parts=parts)
    else:
        last = Linear(batch, width, data.outputs, e.dtype)
        head = wiring.place(last, "output", values[-1], width=data.outputs, parts=parts[-1:])
    wiring.marks.append(Mark("output", head, None, head))
    return wiring


@dataclass(slots=True)
class _Layer:
    e: Experiment
    wiring: Wiring
    batch: int
    layer: int
    fan_in: int
    steps: int
    units: int = field(init=False)
    at: Any = field(init=False)
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.at = self.e.at(self.layer)
        self.units = int(self.at["width"])
        self.memory = Memory(
            self.e.cell, self.steps, self.batch, self.fan_in, self.units, self.e.dtype
        )

    def unroll(self, below: list[Read]) -> list[Read]:
        """What the layer hands on at each time step."""
        out: list[Read] = []
        state: Read | None = None
        for time, source in enumerate(below, start=1):
            state = self._step(time, source, state)
            out.append(state)
        return out

    def _step(self, time: int, source: Read, state: Read | None) -> Read:
        e, batch, units, layer = self.e, self.batch, self.units, self.layer
        cut = self._is_cut(time)
        linear = RecurrentLinear(self.memory, time - 1, cut=cut)
        reads = (source, state) if state else (source,)
        mark = Mark(layer, time=time, weight="recurrent.weight")
        value = mark.pre_activation = self.wiring.place(
            linear,
            layer,
            *(read[0] for read in reads),
            width=self.memory.outputs,
            paths=("input", "state")[: len(reads)],
            time=time,
            parts=tuple(read[1] for read in reads),
        )
        value = self._normalized(value, self.memory.outputs, time)
        part: slice | None = None
        match e.cell:
            case "lstm":
                gates = LSTMGates(batch, units, e.dtype, cut=cut)
                memory = (state[0], slice(units, 2 * units)) if state else None
                value = self._gated(gates, value, memory, "cell", time)
                part = slice(0, units)
            case "gru":
                gru = GRUGates(batch, units, e.dtype, cut=cut)
                value = self._gated(gru, value, state, "carry", time)
            case _:
                op = ACTIVATIONS[self.at["activation"]](batch, units, e.dtype, self.at)
                self.memory.house(op, time - 1)
                value = self.wiring.place(op, layer, value, width=units, time=time)
                mark.activation = value
        mark.output = value
        self.wiring.marks.append(mark)
        return value, part

    def _normalized(self, value: int, width: int, time: int) -> int:
        norm = NORMALIZATIONS.get(self.at["normalization"])
        if norm is None:
            return value
        assert not issubclass(norm, WeightNorm)
        op = norm(self.batch, width, self.e.dtype, self.at)
        return self.wiring.place(op, self.layer, value, width=width, time=time)

    def _gated(
        self,
        op: GRUGates | LSTMGates,
        gates: int,
        memory: Read | None,
        path: str,
        time: int,
    ) -> int:
        self.memory.house(op, time - 1)
        width = op.y.shape[1]
        if memory is None:
            return self.wiring.place(op, self.layer, gates, width=width, time=time)
        return self.wiring.place(
            op,
            self.layer,
            gates,
            memory[0],
            width=width,
            paths=("main", path),
            time=time,
            parts=(None, memory[1]),
        )

    def _is_cut(self, time: int) -> bool:
        """Whether the gradient stops before this time step; windows count from the end."""
        window = self.e.truncation
        return window > 0 and (self.steps - time + 1) % window == 0
