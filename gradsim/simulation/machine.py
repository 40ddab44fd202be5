"""The machine: a real network at a position of a run. It goes on by one op, or seeks a position."""

from collections.abc import Generator, Iterator
from math import isfinite

import numpy as np

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import build
from gradsim.experiment.data import Data, stacked
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import draw
from gradsim.nn.arrays import Array
from gradsim.nn.losses import accuracy
from gradsim.nn.network import Network
from gradsim.nn.sizes import every
from gradsim.simulation.carry import carry_over, set_out
from gradsim.simulation.events import Event, Phase, Place
from gradsim.simulation.keyframes import Checkpoint
from gradsim.simulation.measure import (
    Gauge,
    StepRecord,
    empty_table,
    places_of,
)
from gradsim.simulation.recycling import Recycler
from gradsim.simulation.run import Position, Run
from gradsim.simulation.stepper import (
    BACKWARD,
    FORWARD,
    UPDATE,
    Done,
    ops,
    plan,
    together,
    training_step,
)
from gradsim.simulation.threads import hold_one_thread
from gradsim.simulation.training import training

OPS_AT_ONCE = 32
"""Ops that are done in one go where a step is computed whole."""

PREPARED_AT_ONCE = 3
"""Steps that are replayed ahead at each move back, at the most."""


class Machine:
    """A network with optimizer and batches, at `position` of `run`; records what it computes."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.position = Position(0, 0)
        self._live: Iterator[Event] | None = None
        self._gauge: Gauge | None = None
        self._underway: Iterator[Done] | None = None
        """A step that is being computed whole: until its end the machine stands nowhere."""
        self._segment = 0
        self._memory = Recycler()
        self._start(run)

    @property
    def network(self) -> Network:
        """The network, with the values of the pass in progress."""
        return self.training.network

    def stands_at(self, run: Run, position: Position) -> bool:
        """Whether it is there, between two ops, so that it can go on at once."""
        return run is self.run and self.position == position and self._underway is None

    def advance(self) -> Event:
        """Compute one op, record it, and stand behind it."""
        step, op = self.position
        if self._live is None:
            self._begin(step)
        assert self._live is not None
        event = next(self._live)
        record = self.run.records[step]
        if record.events is not None and len(record.events) == op:
            record.events.append(event)
        self.position = Position(step, op + 1)
        self._record(event, record)
        if event.phase is Phase.UPDATE and event.layer == "output":
            self._live = None
            self.position = Position(step + 1, 0)
        return event

    def step(self) -> Generator[None, None, bool]:
        """Compute a step whole, from where it begins, to the same bits but without its events.

        A generator, so that it can be made in slices; False where somebody has moved the machine
        between two of them, so that nothing has come of it. The events can be had by exact replay.
        """
        assert self.position.op == 0
        self.run.keyframes.focus = self.position.step
        record = self._prepare(self.position.step)
        if not (yield from self._whole(record.step, record)):
            return False
        if record.broke_at is None and not _all_finite(record):
            record.broke_at = 0
        record.events = None
        return True

    def seek(self, run: Run, target: Position) -> Iterator[None]:
        """Stand at a position of a run, exactly: from the last checkpoint before it, by replay.

        A generator, so that a long way can be made in slices; each item is one op done, or some.
        Where somebody moves the machine between two of them, it goes on from there.
        """
        run.keyframes.focus = target.step
        while not self.stands_at(run, target):
            self._approach(run, target)
            if (yield from self._replay(target)) and self.position > target:
                return  # the step has fewer ops than that: there is no such position
        if self._live is None:
            self._switch(target.step)

    def prepare(self, run: Run, step: int) -> Iterator[None]:
        """Replay a little of what is before a step, so that going back further need not wait.

        Of what is missing the closest comes first, and how far the others have come is kept. The
        machine then stands anywhere.
        """
        keyframes = run.keyframes
        keyframes.focus = step
        # Whoever looks at that step has it replayed too, from the last checkpoint before it.
        left = PREPARED_AT_ONCE - keyframes.ahead()
        while left > 0 and (missing := keyframes.missing()) is not None:
            target = Position(missing, 0)
            if not self.stands_at(run, target):
                self._approach(run, target)
                here = self.position.step
                if not (yield from self._replay(min(target, Position(here + left, 0)))):
                    return
                left -= self.position.step - here
            self._switch(self.position.step)
            if self.position < target:
                keyframes.on_the_way(missing, self.position.step, self._checkpoint)

    def _approach(self, run: Run, target: Position) -> None:
        """Stand at or before a position: where the machine is, or at a checkpoint if closer."""
        found = run.keyframes.latest(target.step)
        there = run is self.run and self.position <= target and self._underway is None
        if not there or (found and found[0] > self.position.step):
            if found:
                self._restore(run, *found)
            else:
                self._start(run)

    def _replay(self, target: Position) -> Generator[None, None, bool]:
        """Go on until a position is reached; False where somebody has moved the machine meanwhile.

        A step has as many positions as ops: with none of that number, until the step is over.
        """
        while self.position < target:
            run, (step, op) = self.run, self.position
            if op == 0 and step < target.step and run.records[step].complete:
                self._switch(step)
                if not (yield from self._whole(step, None)):
                    return False
            else:
                self.advance()
                here = self.position
                yield
                if not self.stands_at(run, here):
                    return False
        return True

    def _whole(self, step: int, record: StepRecord | None) -> Generator[None, None, bool]:
        """Go through a step, in slices; False where somebody has moved the machine meanwhile."""
        hold_one_thread()
        batch = self._batch_of(step)
        work = ops(self.training, *batch, step, self._parts, OPS_AT_ONCE)
        self._live, self._underway, over = None, work, False
        while not over:
            with np.errstate(all="ignore"):
                over = self._some(work, record)
            yield
            if self._underway is not work:
                return False
        self._underway, self.position = None, Position(step + 1, 0)
        return True

    def _some(self, work: Iterator[Done], record: StepRecord | None) -> bool:
        """Do some of the ops that are left of a step; whether it is over with them."""
        for phase, _, layer in work:
            if phase is FORWARD or phase is BACKWARD:
                return False
            if record:
                self._note(phase, layer, record)
            if phase is UPDATE:
                return layer == "output"
        return True

    def held_out_accuracy(self) -> float | None:
        """Share of held-out rows the network gets right now, in evaluation behavior.

        None for a regression.
        """
        if self._held_out_targets.ndim > 1:
            return None
        hold_one_thread()
        with np.errstate(all="ignore"):
            return accuracy(self.network.infer(self._held_out), self._held_out_targets)

    def batch(self, step: int) -> tuple[Array, Array]:
        """Inputs and targets of a step of the run."""
        return self.batches.batch(self._begun + step)

    def _batch_of(self, step: int) -> tuple[Array, Array]:
        inputs, self._targets = self.batch(step)
        return inputs, self._targets

    def _begin(self, step: int) -> None:
        self._prepare(step)
        hold_one_thread()
        self._live = training_step(self.training, *self._batch_of(step), step)

    def _prepare(self, step: int) -> StepRecord:
        """The record of a step that begins; others are let go of."""
        self._switch(step)
        records = self.run.records
        record = records.open(step, self.run.budget.tables // self._empty.nbytes)
        record.plan = self._plan
        if record.held_out_accuracy is None:
            if step % self.experiment.evaluate_every == 0:
                record.held_out_accuracy = self.held_out_accuracy()
            else:
                record.held_out_accuracy = records[step - 1].held_out_accuracy
        return record

    def _record(self, event: Event, record: StepRecord) -> None:
        if record.broke_at is None and not (isfinite(event.norm_in) and isfinite(event.norm_out)):
            record.broke_at = self.position.op
        with np.errstate(all="ignore"):
            self._note(event.phase, event.layer, record)

    def _note(self, phase: Phase, layer: Place | None, record: StepRecord) -> None:
        """Record what an op has brought to an end: the loss, all gradients, the whole step."""
        if phase is Phase.LOSS:
            output = self.network.values[-1]
            assert output is not None
            record.loss = loss = self.training.loss
            record.accuracy = accuracy(output, self._targets, no_nan=isfinite(loss))
        elif phase is Phase.CLIP:
            done = self.training.clipping
            assert done is not None
            record.grad_norm, record.clipped_grad_norm = done.norm_before, done.norm_after
            record.fired = done.fired
            record.clip_coefficient, record.clip_angle = done.coefficient, done.angle
            record.learning_rate = self.training.rate
            if record.layers is None:
                record.layers, record.places = self._empty.copy(), self._places
                self._measuring().gradients(record.layers)
        elif phase is Phase.UPDATE and layer == "output":
            assert record.layers is not None
            self._measuring().updates(record.layers)
            record.complete = True

    def _measuring(self) -> Gauge:
        # It looks at arrays that are only known when the first backward pass has been made.
        if self._gauge is None:
            self._gauge = Gauge(self.network)
        return self._gauge

    def _start(self, run: Run) -> None:
        """Stand at the start of a run, with weights drawn from the seed."""
        self._stand(run, 0)
        self._segment = 0
        self._equip(run.segments[0].experiment)
        draw(self.network, self.experiment, self.data)
        if run.origin:
            set_out(self.training, run.origin)

    def _stand(self, run: Run, step: int) -> None:
        self.run = run
        self.position = Position(step, 0)
        self._live = None
        self._underway = None

    def _equip(self, experiment: Experiment) -> None:
        """Build network, optimizer and batches; what an initializer draws is zero."""
        hold_one_thread()
        e = experiment
        self.experiment = experiment
        self.data: Data = self.run.data
        self._begun = self.run.begun
        self.training = training(e, build(e, self.data), self._begun)
        self._plan = plan(self.training)
        self._places, self._parts = places_of(self.network), together(self.training)
        self._gauge, self._empty = None, empty_table(self.network)
        self.batches = Batches(self.data, e.batch_size, e.seed, e.dtype)
        self._held_out_targets = stacked(self.data.held_out_targets, self.data.per_step)
        with np.errstate(over="ignore"):
            self._held_out = self.data.held_out_inputs.astype(e.dtype)

    def _switch(self, step: int) -> None:
        """Make the switches of the run up to this step that have not been made yet."""
        # What is kept is the state before the switch: from there another switch may be made.
        new = step >= len(self.run.records)
        self.run.keyframes.offer(step, self._checkpoint, new=new)
        for index in range(self._segment + 1, len(self.run.segments)):
            segment = self.run.segments[index]
            if segment.start > step:
                return
            self._take_over(segment.experiment)
            self._segment = index

    def _take_over(self, experiment: Experiment) -> None:
        """Go on under another experiment: what both networks have is kept, the rest is fresh."""
        before, old = self.experiment, self.training
        self._equip(experiment)
        fresh = carry_over(old, before, self.training, experiment)
        draw(self.network, experiment, self.data, fresh)

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            self._segment,
            self._memory.copy(self.network.parameters.values),
            {name: array.copy() for name, array in self.network.buffers()},
            self._memory.copy(self.training.optimizer.state),
            self.training.optimizer.count,
        )

    def _restore(self, run: Run, step: int, checkpoint: Checkpoint) -> None:
        self._stand(run, step)
        self._segment = checkpoint.segment
        experiment = run.segments[self._segment].experiment
        other_start = self._begun != run.begun
        if experiment != self.experiment or run.data is not self.data or other_start:
            self._equip(experiment)
        self.network.parameters.values[...] = checkpoint.values
        for name, array in self.network.buffers():
            array[...] = checkpoint.buffers[name]
        self.training.optimizer.state[...] = checkpoint.optimizer
        self.training.optimizer.count = checkpoint.optimizer_count


def _all_finite(record: StepRecord) -> bool:
    known = (record.loss, record.grad_norm, record.clipped_grad_norm)
    assert record.layers is not None
    return all(x is not None and isfinite(x) for x in known) and every(np.isfinite(record.layers))
