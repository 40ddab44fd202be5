"""The session: runs, a cursor, and the actions taken so far. Actions alone change it."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any

from gradsim.errors import InputError
from gradsim.experiment.build import check, load_data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.knobs import Effect
from gradsim.nn.network import Network
from gradsim.simulation import recall
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
from gradsim.simulation.budget import Budget, MemoryUse
from gradsim.simulation.events import Event
from gradsim.simulation.lockstep import Pinned, counterpart
from gradsim.simulation.machine import Machine
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.moves import back, forward
from gradsim.simulation.run import Origin, Position, Run, Segment, begin, used
from gradsim.simulation.switching import DATA_KNOBS, Switched, effects

MOVES = (Advance, Back)

RUNS_AT_HAND = 4
"""Runs that keep their keyframes after they were left; older ones come back by replay."""


class Session:
    """Takes actions with `do` (at once) or `perform` (in slices); is read through its properties.

    It starts from the seed, or from a saved state. The cursor is where the picture is; the machine
    may have computed further. Raises InputError for a switch that cannot be made; the session is
    then as it was.
    """

    def __init__(
        self,
        experiment: Experiment,
        origin: Origin | None = None,
        budget: Budget | None = None,
    ) -> None:
        data = load_data(experiment)
        check(experiment, data)
        self.budget = budget or Budget()
        self.runs: list[Run] = [
            begin(0, (Segment(0, experiment),), data, self.budget, origin=origin)
        ]
        self.run = self.runs[0]
        self.actions: list[Action] = []
        self.switched: Switched | None = None
        self.pinned: Pinned | None = None
        self._undone: list[int] = []
        self._machine = Machine(self.run)

    # -- what is seen ---------------------------------------------------------------------------

    @property
    def cursor(self) -> Position:
        """Where the session stands: so many ops of this step are done."""
        return self.run.cursor

    @property
    def experiment(self) -> Experiment:
        """The experiment that holds at the cursor."""
        return self.run.experiment_at(self.cursor.step)

    @property
    def places(self) -> int:
        """How many layers, or time steps of a recurrent layer, there are before the head."""
        e = self.experiment
        return e.depth if e.cell == "none" else self.run.data.steps

    @property
    def undone(self) -> bool:
        """Whether a switch has been undone since the last one, so that it can be redone."""
        return bool(self._undone)

    @property
    def memory(self) -> MemoryUse:
        """What is held of the past, of all runs together, and the budget for it."""
        return used(self.runs, self.budget)

    def remember(self, budget: Budget) -> None:
        """Have another budget for what is kept of the past; nothing else changes by it."""
        if budget != self.budget:
            self.budget = budget
            for run in self.runs:
                run.budget = budget
            self._share()

    def events(self) -> Sequence[Event]:
        """The events of the step at the cursor, up to the cursor."""
        return self.events_of(self.cursor.step, self.cursor.op)

    def events_of(self, step: int, count: int) -> Sequence[Event]:
        """The first `count` events of a step, replayed if they are no longer recorded."""
        return recall.events_of(self.run, self._machine, step, count)

    def past(self) -> Sequence[StepRecord]:
        """The records of all steps finished before the cursor."""
        return self.run.records[: self.cursor.step]

    def gathering(self) -> Generator[None, None, list[StepRecord]]:
        """The records of `past` with the numbers of each, in slices.

        Those let go of are computed again, exactly: after a very long run that takes its time.
        """
        out = []
        for step in range(self.cursor.step):
            yield from recall.bringing_back(self.run, self._machine, step)
            out.append(replace(self.run.records[step], layers=None, events=None))
        return out

    def ahead(self) -> bool:
        """Whether steps beyond the cursor have been computed already."""
        return len(self.run.records) > self.cursor.step + 1

    def look(self) -> StepRecord:
        """The record of the step at the cursor, with its gradients: computed ahead if need be."""
        for _ in self.looking():
            pass
        return self.run.records[self.cursor.step]

    def looking(self) -> Iterator[None]:
        """What `look` does, in slices of one op."""
        return recall.looking(self.run, self._machine, self.cursor.step)

    def recalling(self) -> Iterator[None]:
        """Bring back, in slices, the layer tables around the cursor that were let go of."""
        return recall.recalling(self.run, self._machine)

    def network(self) -> Network:
        """The network as it is at the cursor, to the bit. To be read, not written to."""
        return self.machine_at(self.cursor).network

    @contextmanager
    def beside(self) -> Iterator["Session"]:
        """The pinned run at the step of the cursor, as a session. To be read only.

        Raises InputError where no run is pinned.
        """
        if self.pinned is None:
            raise InputError("no run is pinned here: there is none to compare with")
        if self.pinned.run is self.run:
            yield self
            return
        for _ in self._keeping_up():
            pass
        twin, run = copy(self), self.pinned.run
        twin.run, twin._machine = run, self.pinned.machine
        twin.pinned, twin.actions = None, []
        left, run.cursor = run.cursor, Position(self.cursor.step, 0)
        try:
            yield twin
        finally:
            run.cursor = left

    def machine_at(self, position: Position) -> Machine:
        """The machine at a position of the present run. To be read, and left as it is."""
        for _ in self._machine.seek(self.run, position):
            pass
        return self._machine

    def replaying(self, step: int) -> Iterator[Machine | None]:
        """Do a step of the present run again, exactly: the machine before its first op, and behind
        each of those computed before; None while it is still on its way there.

        The machine is to be read, and left as it is.
        """
        return recall.replaying(self.run, self._machine, step)

    def machine_with_gradients(self, step: int | None = None) -> Machine:
        """The machine in a step, where all gradients are known and none is used.

        The step is one already done, or that at the cursor. To be read, and left as it is.
        """
        for _ in self.going_to_gradients(step):
            pass
        return self._machine

    def going_to_gradients(self, step: int | None = None) -> Generator[None, None, Machine]:
        """What `machine_with_gradients` does, in slices of one op; it returns the machine."""
        return recall.going_to_gradients(self.run, self._machine, step)

    def at_hand(self) -> tuple[Position, Origin] | None:
        """A state at or just before the cursor, as a session could start from it; nothing is
        computed for it, and its arrays are never written to. None where there is none.
        """
        return recall.at_hand(self.run, self._machine)

    def held_out_accuracy(self) -> float | None:
        """Share of held-out rows that the weights at the start of this step get right.

        None for a regression. Measured now, and not recorded: the history is the same whether
        anyone has asked or not.
        """
        for _ in self._machine.seek(self.run, Position(self.cursor.step, 0)):
            pass
        return self._machine.held_out_accuracy()

    # -- what is done ---------------------------------------------------------------------------

    def do(self, action: Action) -> None:
        """Take an action, whole."""
        for _ in self.perform(action):
            pass

    def perform(self, action: Action) -> Iterator[None]:
        """Take an action in slices of one op: run the iterator to its end."""
        if isinstance(action, MOVES) and action.count < 0:
            raise InputError(f"a move of {action.count} is none; a whole number from 0 on is right")
        match action:
            case Advance(grain, count):
                # Each move is logged once it is made: a long way may be left before its end.
                for _ in range(count):
                    yield from forward(self.run, self._machine, grain)
                    self._log_move(Advance, grain)
                    yield from self._keeping_up()
            case Back(grain, count):
                for _ in range(count):
                    yield from back(self.run, self._machine, grain)
                    self._log_move(Back, grain)
                if grain is Grain.STEP and not self.cursor.op:
                    yield from self._machine.prepare(self.run, self.cursor.step)
            case Switch(changes):
                yield from self._switch(changes)
            case Restart():
                self._restart()
            case Pin():
                yield from self._pin()
            case Swap():
                yield from self._swap()
            case Undo():
                self._undo()
            case Redo():
                self._redo()
            case Visit(number, position):
                yield from self._visit(number, position)
        if not isinstance(action, MOVES):
            self._share()
        yield from self._keeping_up()
        if not isinstance(action, MOVES):
            self.actions.append(action)

    def _switch(self, changes: Mapping[str, Any]) -> Iterator[None]:
        before = self.experiment
        after = before.switch(changes)
        differing = before.differs(after)
        data = load_data(after) if DATA_KNOBS & differing.keys() else self.run.data
        check(after, data)
        if not differing:
            return
        yield from self.looking()
        seen, was = self._kept(), self.run.data
        done = effects(before, after, differing, data)
        if Effect.REBUILD in done:
            segments, parent = (Segment(0, after),), self.run.number
            self._enter(begin(len(self.runs), segments, data, self.budget, parent=parent))
            done = (Effect.REBUILD,)
        else:
            self._enter(self.run.fork(len(self.runs), self.cursor.step, after))
        yield from self.looking()
        now = self._kept()
        self.switched = Switched(differing, done, seen, now, before, was)

    def _restart(self) -> None:
        run = self.run
        if len(run.segments) == 1:
            run.cursor = Position(0, 0)
        else:
            segments = (Segment(0, self.experiment),)
            self._enter(
                begin(len(self.runs), segments, run.data, self.budget, run.origin, run.number)
            )

    def _pin(self) -> Iterator[None]:
        if self.pinned:
            self.pinned = None
            return
        yield from self.looking()
        self.pinned = Pinned(self.run, self.cursor.step)

    def _swap(self) -> Iterator[None]:
        if self.pinned is None:
            raise InputError("no run is pinned: there is nothing to swap with")
        live, other = self.run, self.pinned.run
        if live is other:
            raise InputError("the live run is the pinned one: after a switch there are two to swap")
        yield from self._keeping_up()
        step, op = live.cursor
        if op:
            op = counterpart(op, live.records[step].plan, other.records[step].plan)
        other.cursor = Position(step, op)
        machine, self._machine = self._machine, self.pinned.machine
        self.run, self.pinned = other, Pinned(live, step, machine)
        self.switched = None

    def _keeping_up(self) -> Iterator[None]:
        """Bring the pinned run to the step at the cursor, where it is another than the live one."""
        if self.pinned and self.pinned.run is not self.run:
            yield from self.pinned.keeping_up(self.cursor.step)

    def _kept(self) -> StepRecord:
        """The record at the cursor with a table of its own, which stays when others are let go."""
        record = self.run.records[self.cursor.step]
        assert record.layers is not None
        return replace(record, layers=record.layers.copy(), events=None)

    def _undo(self) -> None:
        parent = self.run.parent
        if parent is None:
            raise InputError("nothing has been switched in this run: there is nothing to undo")
        self._undone.append(self.run.number)
        self.run = self.runs[parent]
        self.switched = None

    def _redo(self) -> None:
        if not self._undone:
            raise InputError("nothing has been undone since the last switch")
        self.run = self.runs[self._undone.pop()]
        self.switched = None

    def _visit(self, number: int, position: Position | None) -> Iterator[None]:
        if not 0 <= number < len(self.runs):
            raise InputError(f"there is no run {number}; runs are 0 to {len(self.runs) - 1}")
        run = self.runs[number]
        if position is not None:
            if position.op > 0 and 0 <= position.step <= run.end().step:
                # What was only looked at is not in the log of actions: it is computed again.
                yield from self._machine.seek(run, position)
            if not run.reaches(position):
                raise InputError(
                    f"run {number} has been computed up to step {run.end().step}; "
                    f"step {position.step}, op {position.op} is not in it"
                )
            run.cursor = position
        if run is not self.run:
            self.run, self.switched = run, None

    def _enter(self, run: Run) -> None:
        self.runs.append(run)
        self.run = run
        self._undone = []
        shared = {id(record) for record in run.records.all()}
        for left in self.runs[:-RUNS_AT_HAND]:
            if not self._is_at_hand(left):
                left.thin(shared)
        self._share()

    def _is_at_hand(self, run: Run) -> bool:
        """Whether it is the live run or the pinned one."""
        return run is self.run or bool(self.pinned and run is self.pinned.run)

    def _share(self) -> None:
        """Share the budget out: among the runs at hand, and a little for those that were left."""
        at_hand = [run for run in self.runs if self._is_at_hand(run)]
        for run in at_hand:
            run.keyframes.limit(self.budget.keyframes // len(at_hand))
        for run in self.runs[-RUNS_AT_HAND:]:
            if not self._is_at_hand(run):
                run.keyframes.thin(self.budget.left // max(1, RUNS_AT_HAND - 1))

    def _log_move(self, kind: type[Advance] | type[Back], grain: Grain) -> None:
        """One more move: like ones after each other are one action."""
        last = self.actions[-1] if self.actions else None
        if isinstance(last, MOVES) and type(last) is kind and last.grain is grain:
            self.actions[-1] = kind(grain, last.count + 1)
        else:
            self.actions.append(kind(grain))
