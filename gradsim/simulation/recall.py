"""What a run has computed, seen again: by its records, else by exact replay on a machine.

Each of these takes the run and the machine that replays it, and goes in slices of one op where it
is an iterator. The cursor of the run stays where it is.
"""

from collections.abc import Generator, Iterator, Sequence

from gradsim.simulation.events import Event, Phase
from gradsim.simulation.machine import Machine
from gradsim.simulation.run import Origin, Position, Run


def looked(run: Run, step: int) -> bool:
    """Whether the numbers of every layer are at hand for a step."""
    return step < len(run.records) and run.records[step].layers is not None


def events_of(run: Run, machine: Machine, step: int, count: int) -> Sequence[Event]:
    """The first `count` events of a step, replayed if they are no longer recorded."""
    records = run.records
    if count == 0:
        return ()
    kept = records[step].events
    if kept is None or len(kept) < count:
        # From the step's own start, op by op, so that all of its events are recorded again.
        for _ in machine.seek(run, Position(step, 0)):
            pass
        for _ in range(count):
            machine.advance()
        kept = records[step].events
    assert kept is not None
    return kept[:count]


def event_before(run: Run, machine: Machine, position: Position) -> Event:
    """The event that led to a position: of the step before, where it is the first of its step."""
    step, op = position
    if op == 0:
        step, op = step - 1, len(run.records[step - 1].plan)
    return events_of(run, machine, step, op)[op - 1]


def looking(run: Run, machine: Machine, step: int) -> Iterator[None]:
    """Have the record of a step with its gradients: computed ahead if need be."""
    yield from bringing_back(run, machine, step)
    if looked(run, step):
        return
    again = step < len(run.records) and run.records[step].complete
    yield from machine.seek(run, Position(step, 0) if again else run.end())
    while not looked(run, step):
        machine.advance()
        yield


def recalling(run: Run, machine: Machine) -> Iterator[None]:
    """Bring back the layer tables around the cursor that were let go of."""
    step = run.cursor.step
    if step:
        yield from bringing_back(run, machine, step - 1)
    if step and not looked(run, step - 1):
        yield from machine.seek(run, Position(step - 1, 0))
        for _ in run.records[step - 1].plan:
            machine.advance()
            yield
    if run.cursor.op:
        yield from looking(run, machine, step)


def bringing_back(run: Run, machine: Machine, step: int) -> Iterator[None]:
    """Have the numbers of a step again, if its record was let go of."""
    records = run.records
    if step >= run.end().step or records[step].loss is not None:
        return
    # From the last step on at which held-out accuracy was measured.
    for each in range(run.evaluated_before(step), step + 1):
        while records[each].loss is None:
            yield from machine.seek(run, Position(each, 0))
            yield from machine.step()


def replaying(run: Run, machine: Machine, step: int) -> Iterator[Machine | None]:
    """Do a step again, exactly: the machine before its first op, and behind each of those computed
    before; None while it is still on its way there.
    """
    done = len(run.records[step].plan) if step < run.end().step else run.end().op
    for _ in machine.seek(run, Position(step, 0)):
        yield None
    yield machine
    for _ in range(done):
        machine.advance()
        yield machine


def going_to_gradients(
    run: Run, machine: Machine, step: int | None = None
) -> Generator[None, None, Machine]:
    """The machine in a step, that at the cursor if none is named, where all gradients are known."""
    if step is None or step == run.cursor.step:
        step = run.cursor.step
        yield from looking(run, machine, step)
    plan = run.records[step].plan
    there = Position(step, [phase for phase, *_ in plan].index(Phase.UPDATE))
    yield from machine.seek(run, there)
    return machine


def at_hand(run: Run, machine: Machine) -> tuple[Position, Origin] | None:
    """A state at or just before the cursor, as a session could start from it; nothing is
    computed for it, and its arrays are never written to. None where there is none.
    """
    found = run.keyframes.latest(run.cursor.step)
    if found is None or machine.run is not run:
        return None
    step, kept = found
    store = machine.network.parameters
    experiment = run.segments[kept.segment].experiment
    if not experiment == run.experiment_at(run.cursor.step) == machine.experiment:
        return None
    state = kept.optimizer
    origin = Origin(
        parameters={name: store.view(name, kept.values) for name in store.slices},
        buffers=kept.buffers,
        optimizer={
            name: state[:, part].reshape(len(state), *store.shapes[name])
            for name, part in store.slices.items()
        }
        if len(state)
        else {},
        optimizer_count=kept.optimizer_count,
        step=run.begun + step,
    )
    return Position(step, 0), origin
