"""Moves of a run's cursor, forward and back, by op, layer, phase and step; in slices of one op."""

from collections.abc import Callable, Iterator
from typing import Any

from gradsim.simulation import recall
from gradsim.simulation.actions import Grain
from gradsim.simulation.events import Event
from gradsim.simulation.machine import Machine
from gradsim.simulation.run import Position, Run


def forward(run: Run, machine: Machine, grain: Grain) -> Iterator[None]:
    """Go on, and compute what has not been computed yet."""
    step = run.cursor.step
    if grain is Grain.OP:
        yield from _one_op(run, machine)
    elif grain is Grain.STEP:
        while run.cursor == (step, 0) >= run.end():
            # Nobody looks at single ops: the same bits without their events.
            if not machine.stands_at(run, run.cursor):
                yield from machine.seek(run, run.cursor)
            if (yield from machine.step()):
                run.cursor = Position(step + 1, 0)
                return
        while run.cursor.step == step:
            yield from _one_op(run, machine)
    else:
        yield from _one_op(run, machine)
        first = recall.event_before(run, machine, run.cursor)
        while run.cursor.op:
            here = run.cursor
            yield from _one_op(run, machine)
            if not _together(grain, first, recall.event_before(run, machine, run.cursor)):
                run.cursor = here
                return


def back(run: Run, machine: Machine, grain: Grain) -> Iterator[None]:
    """Go back; at the start of the run there is nowhere to go."""
    step, op = run.cursor
    if (step, op) == (0, 0):
        return
    yield
    if grain is Grain.STEP:
        run.cursor = Position(step if op else step - 1, 0)
        return
    if op == 0:
        step, op = step - 1, len(run.records[step - 1].plan)
    target = op - 1
    if grain is not Grain.OP:
        events = recall.events_of(run, machine, step, op)
        while target and _together(grain, events[target], events[target - 1]):
            target -= 1
    run.cursor = Position(step, target)


def _one_op(run: Run, machine: Machine) -> Iterator[None]:
    step, op = run.cursor
    if run.cursor >= run.end():
        yield from machine.seek(run, run.cursor)
        machine.advance()
    yield
    last = op + 1 == len(run.records[step].plan)
    run.cursor = Position(step + 1, 0) if last else Position(step, op + 1)


def _together(grain: Grain, one: Event, other: Event) -> bool:
    same: Callable[[Event], Any] = (
        (lambda e: (e.step, e.phase, e.layer, e.time))
        if grain is Grain.LAYER
        else (lambda e: (e.step, e.phase))
    )
    return bool(same(one) == same(other))
