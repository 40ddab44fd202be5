"""Another way to the same numbers: training straight on, with no session and nothing recorded.

`Straight` knows nothing of cursors, checkpoints or replay, so what a session shows at any position
can be compared with it. `Model` moves cursors over what `Straight` computes.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from helpers import same_bits, training_of

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import load_data
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.experiment.knobs import Effect
from gradsim.nn.arrays import Array, l2_norm
from gradsim.nn.losses import accuracy
from gradsim.nn.network import Network
from gradsim.simulation.actions import (
    Action,
    Advance,
    Back,
    Grain,
    Pin,
    Redo,
    Restart,
    Swap,
    Switch,
    Undo,
    Visit,
)
from gradsim.simulation.events import Event, Phase
from gradsim.simulation.lockstep import counterpart
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.run import START, Position, Segment
from gradsim.simulation.session import Session
from gradsim.simulation.stepper import training_step
from gradsim.simulation.training import Training


@dataclass(slots=True)
class Start:
    """The state at the start of a step, the step's own experiment in force; and its events."""

    experiment: Experiment
    values: Array
    buffers: dict[str, Array]
    optimizer: Array
    optimizer_count: int
    events: list[Event]


class Straight:
    """A run computed from its segments, each step once, in order."""

    known: ClassVar[dict[tuple[Segment, ...], "Straight"]] = {}

    def __init__(self, segments: tuple[Segment, ...]) -> None:
        self.segments = segments
        self.starts: list[Start] = []
        self.training: Training | None = None
        self.experiment = segments[0].experiment

    @classmethod
    def of(cls, segments: tuple[Segment, ...]) -> "Straight":
        """The run of these segments, computed once however often it is asked for."""
        return cls.known.setdefault(segments, cls(segments))

    def start(self, step: int) -> Start:
        """The state at the start of a step."""
        while len(self.starts) <= step:
            self._next(len(self.starts))
        return self.starts[step]

    def events(self, step: int) -> list[Event]:
        """All events of a step."""
        return self.start(step).events

    def at(self, position: Position) -> Network:
        """A network of its own that stands at a position."""
        start = self.start(position.step)
        training = training_of(start.experiment, load_data(start.experiment))
        training.network.parameters.values[...] = start.values
        for name, array in training.network.buffers():
            array[...] = start.buffers[name]
        training.optimizer.state[...] = start.optimizer
        training.optimizer.count = start.optimizer_count
        e = start.experiment
        batch = Batches(load_data(e), e.batch_size, e.seed, e.dtype).batch(position.step)
        steps = training_step(training, *batch, position.step)
        for _ in range(position.op):
            next(steps)
        return training.network

    def held_out_accuracy(self, step: int) -> float | None:
        """Accuracy of the weights at the start of a step."""
        data = load_data(self.experiment)
        network = self.at(Position(step, 0))
        inputs = data.held_out_inputs.astype(self.experiment.dtype)
        return accuracy(network.infer(inputs), data.held_out_targets)

    def _next(self, step: int) -> None:
        declared = [s.experiment for s in self.segments if s.start <= step][-1]
        data = load_data(declared)
        if self.training is None:
            self.training = training_of(declared, data)
        elif declared != self.experiment:
            self.training = _carried(self.training, self.experiment, declared)
        self.experiment = declared
        network = self.training.network
        values = network.parameters.values.copy()
        buffers = {name: array.copy() for name, array in network.buffers()}
        optimizer = self.training.optimizer
        state, count = optimizer.state.copy(), optimizer.count
        batch = Batches(data, declared.batch_size, declared.seed, declared.dtype).batch(step)
        events = list(training_step(self.training, *batch, step))
        self.starts.append(Start(declared, values, buffers, state, count, events))


def _carried(training: Training, before: Experiment, after: Experiment) -> Training:
    """Training under another experiment: the parameters that both have, the rest fresh."""
    new = training_of(after, load_data(after))
    old, store = training.network.parameters, new.network.parameters
    same_optimizer = before.optimizer == after.optimizer
    if same_optimizer:
        new.optimizer.count = training.optimizer.count
    for name, shape in store.shapes.items():
        other_norm = ".norm." in name and before.normalization != after.normalization
        if name not in old.shapes or other_norm:
            continue  # as it starts in a network that begins here
        assert old.shapes[name] == shape
        store.view(name, store.values)[...] = old.view(name, old.values)
        if same_optimizer:
            for slot, old_slot in zip(new.optimizer.state, training.optimizer.state, strict=True):
                store.view(name, slot)[...] = old.view(name, old_slot)
    if before.normalization == after.normalization:
        kept = dict(training.network.buffers())
        for name, array in new.network.buffers():
            array[...] = kept[name]
    return new


@dataclass(slots=True)
class Line:
    """A run of the model: its segments, and where its cursor stands."""

    segments: tuple[Segment, ...]
    cursor: Position = START
    parent: int | None = None

    @property
    def straight(self) -> Straight:
        """The numbers of this run."""
        return Straight.of(self.segments)

    def experiment(self) -> Experiment:
        """The experiment at the cursor."""
        return [s.experiment for s in self.segments if s.start <= self.cursor.step][-1]


class Model:
    """What a session does to its runs and cursors, by its description."""

    def __init__(self, experiment: Experiment) -> None:
        self.runs = [Line((Segment(0, experiment),))]
        self.number = 0
        self.undone: list[int] = []
        self.pinned: int | None = None

    @property
    def run(self) -> Line:
        """The run at hand."""
        return self.runs[self.number]

    def do(self, action: Action) -> None:
        """Take an action."""
        match action:
            case Advance(grain, count):
                for _ in range(count):
                    self._advance(grain)
            case Back(grain, count):
                for _ in range(count):
                    self._back(grain)
            case Switch(changes):
                self._switch(self.run.experiment().switch(changes))
            case Restart():
                if len(self.run.segments) == 1:
                    self.run.cursor = Position(0, 0)
                else:
                    self._enter(Line((Segment(0, self.run.experiment()),)))
            case Visit(number, position):
                self.number = number
                if position is not None:
                    self.run.cursor = position
            case Undo():
                assert self.run.parent is not None
                self.undone.append(self.number)
                self.number = self.run.parent
            case Redo():
                self.number = self.undone.pop()
            case Pin():
                self.pinned = self.number if self.pinned is None else None
            case Swap():
                self._swap()

    def _swap(self) -> None:
        assert self.pinned is not None
        live, other = self.run, self.runs[self.pinned]
        step, op = live.cursor
        plans = [
            tuple((e.phase, e.layer, e.path, e.op) for e in line.straight.events(step))
            for line in (live, other)
        ]
        other.cursor = Position(step, counterpart(op, *plans))
        self.number, self.pinned = self.pinned, self.number

    def _advance(self, grain: Grain) -> None:
        step, op = self.run.cursor
        events = self.run.straight.events(step)
        first, op = events[op], op + 1
        while op < len(events) and together(grain, first, events[op]):
            op += 1
        self.run.cursor = Position(step, op) if op < len(events) else Position(step + 1, 0)

    def _back(self, grain: Grain) -> None:
        step, op = self.run.cursor
        if op == 0:
            if step == 0:
                return
            step -= 1
            op = len(self.run.straight.events(step))
        events = self.run.straight.events(step)
        last, op = events[op - 1], op - 1
        while op > 0 and together(grain, last, events[op - 1]):
            op -= 1
        self.run.cursor = Position(step, op)

    def _switch(self, after: Experiment) -> None:
        run = self.run
        differing = run.experiment().differs(after)
        if not differing:
            return
        step = run.cursor.step
        if any(KNOBS[name].effect is Effect.REBUILD for name in differing):
            self._enter(Line((Segment(0, after),)))
            return
        past = tuple(segment for segment in run.segments if segment.start < step)
        self._enter(Line((*past, Segment(step, after)), Position(step, 0)))

    def _enter(self, line: Line) -> None:
        line.parent = self.number
        self.undone = []
        self.runs.append(line)
        self.number = len(self.runs) - 1


def together(grain: Grain, one: Event, other: Event) -> bool:
    """Whether two events of a step are passed in one move of this grain."""
    if grain is Grain.OP:
        return False
    if grain is Grain.LAYER:
        return (one.phase, one.layer) == (other.phase, other.layer)
    return grain is Grain.STEP or one.phase is other.phase


def check_cursors(session: Session, model: Model) -> None:
    """Same runs, each with the cursor at the same place, under the same experiment."""
    assert session.run.number == model.number
    assert [run.cursor for run in session.runs] == [line.cursor for line in model.runs]
    assert session.experiment == model.run.experiment()


def check_events(session: Session, model: Model) -> None:
    """The same events up to the cursor."""
    step, op = model.run.cursor
    assert list(session.events()) == model.run.straight.events(step)[:op]


def check_network(session: Session, model: Model) -> None:
    """The same bits: parameters, running statistics, and all that this step has computed."""
    same_network(session.network(), model.run.straight, model.run.cursor)


def check_look(session: Session, model: Model) -> None:
    """The record of the step at the cursor: its loss, and the norms of every layer."""
    assert session.look().step == model.run.cursor.step
    _same_record(session.look(), model.run.straight)


def check_pinned(session: Session, model: Model) -> None:
    """The pinned run has been made as far as the live one, and has the numbers it has alone."""
    if model.pinned is None:
        assert session.pinned is None
        return
    assert session.pinned is not None
    assert session.pinned.run.number == model.pinned
    if model.pinned == model.number:
        return
    step = model.run.cursor.step
    for known in range(max(0, step - 1), step + 1):
        _same_record(session.pinned.run.records[known], model.runs[model.pinned].straight)


def _same_record(record: StepRecord, straight: Straight) -> None:
    step = record.step
    events = straight.events(step)
    (loss,) = (e.norm_out for e in events if e.phase is Phase.LOSS)
    clip = next(at for at, e in enumerate(events) if e.phase is Phase.CLIP)
    network = straight.at(Position(step, clip))
    store = network.parameters
    assert record.loss == loss
    for column, layer in enumerate(network.layers):
        delta = network.gradients[layer.pre_activation]
        assert delta is not None
        weight = store.slices[layer.weight]
        for name, array in (
            ("delta_norm", delta),
            ("grad_weight_norm", store.gradients[weight]),
            ("weight_norm", store.values[weight]),
        ):
            known = record.column(name)
            assert known is not None
            close = 1e-12 if array.dtype == np.float64 else 1e-5
            assert known[column] == pytest.approx(l2_norm(array), rel=close, nan_ok=True), name


def same_network(got: Network, straight: Straight, position: Position) -> None:
    """The bits of a network are those of training straight on to this position."""
    wanted = straight.at(position)
    done = straight.events(position.step)[: position.op]
    store, reference = got.parameters, wanted.parameters
    assert store.shapes == reference.shapes
    assert same_bits(store.values, reference.values)
    buffers, wanted_buffers = dict(got.buffers()), dict(wanted.buffers())
    assert set(buffers) == set(wanted_buffers)
    for name, array in buffers.items():
        assert same_bits(array, wanted_buffers[name]), name
    # What is left from the step before may differ; what this step has computed may not.
    for arrays, references in (
        (got.values, wanted.values),
        (got.gradients, wanted.gradients),
    ):
        for one, computed in zip(arrays, references, strict=True):
            if computed is not None:
                assert one is not None
                assert same_bits(one, computed)
    went_back = {e.layer for e in done if e.phase is Phase.BACKWARD and e.op == "linear"}
    updated = {e.layer for e in done if e.phase is Phase.UPDATE}
    clipped = any(e.phase is Phase.CLIP for e in done)
    for layer in got.layers:
        part = layer.part
        if layer.name in went_back:
            assert same_bits(store.gradients[part], reference.gradients[part])
        if clipped:
            assert same_bits(store.clipped[part], reference.clipped[part])
        if layer.name in updated:
            assert same_bits(store.updates[part], reference.updates[part])
