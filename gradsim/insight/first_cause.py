"""The first cause: where NaN or infinity came from. The first op that left the number range.

It is found by exact replay. Every step notes when the norm of an event was not finite; that gives
the step, unless what broke first shows in no norm (a running statistic, the optimizer's state, a
parameter at its update). So the state at the start of steps is searched by halving too: what is
not finite in it stays so. Then the step is done again op by op, and every array is looked at.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from math import inf

import numpy as np

from gradsim.insight.led_there import led_there, place
from gradsim.insight.touched import standing, touched
from gradsim.nn.arrays import Array, l2_norm, norm
from gradsim.numbers import number
from gradsim.simulation.events import Phase, Place
from gradsim.simulation.machine import Machine
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session

STEPS_TRIED = 8
"""Steps looked through op by op on either side of the first that is known to have broken.

Before it, as what overflows between two ops need not show in any number of the step; behind it, as
a norm may leave the range a little before any entry does.
"""


@dataclass(frozen=True, slots=True)
class Given:
    """What went into the op."""

    name: str
    norm: float
    largest: float


@dataclass(frozen=True, slots=True)
class FirstCause:
    """The first op of the first step that left the range, or what was broken before any op."""

    step: int
    op: int
    """Ops of the step done, this one included; 0 where it was there before the first."""
    phase: Phase | None
    layer: Place | None
    path: str
    name: str
    """The name of the op; of the array, where it was there before the first op."""
    what: str
    """The array that is not finite: `output`, `gradient of weight`, `parameters`."""
    nans: int
    infinities: int
    size: int
    """Entries of that array."""
    given: tuple[Given, ...]
    way: tuple[str, ...]
    """What led there, in sentences."""
    sentence: str

    @property
    def brief(self) -> str:
        """The sentence up to what the op was given."""
        return self.sentence.partition("; ")[0].partition(", beyond")[0]

    def position(self, ops: int) -> Position:
        """Just behind the op, in a step that has so many."""
        return Position(self.step + 1, 0) if self.op == ops else Position(self.step, self.op)


def first_cause(session: Session) -> FirstCause | None:
    """The first cause of what is not finite up to the cursor; None where all is finite."""
    search = finding(session)
    while True:
        try:
            next(search)
        except StopIteration as end:
            found: FirstCause | None = end.value
            return found


def finding(session: Session) -> Generator[None, None, FirstCause | None]:
    """What `first_cause` does, in slices of one op; the cause is what the generator returns."""
    yield from session.looking()
    now = session.cursor.step
    flagged = list(session.run.records.broken(now + 1))
    first = flagged[0] if flagged else now
    broken = yield from _first_broken_start(session, first)
    if broken == 0:
        return (yield from _at_the_start(session))
    if broken is None and not flagged:
        return None
    # What is broken as a step begins, but not by the step before, came with a switch.
    last = broken if broken is not None else first
    before = range(max(0, last - STEPS_TRIED), last + 1)
    for step in (*before, *(step for step in flagged[:STEPS_TRIED] if step > last)):
        found = yield from _within(session, step)
        if found:
            return found
    return None


def _first_broken_start(session: Session, last: int) -> Generator[None, None, int | None]:
    """The first step up to `last` at whose start the state is not finite; None where none is."""
    # A switch may let go of what was broken, so each stretch between two is searched by itself.
    starts = [s.start for s in session.run.segments if s.start <= last]
    low = 0
    if (yield from _broken_at(session, 0)):
        return 0
    for end in (*(start - 1 for start in starts if start > 1), last):
        if end <= low or not (yield from _broken_at(session, end)):
            continue
        high = end
        while high - low > 1:
            middle = (low + high) // 2
            if (yield from _broken_at(session, middle)):
                high = middle
            else:
                low = middle
        return high
    return None


def _broken_at(session: Session, step: int) -> Generator[None, None, bool]:
    """Whether parameters, running statistics or the optimizer's state are broken as it begins."""
    machine = yield from _arrived(session, step)
    network, optimizer = machine.network, machine.training.optimizer
    arrays = [network.parameters.values, *(array for _, array in network.buffers())]
    return not all(_finite(array) for array in (*arrays, optimizer.state))


def _arrived(session: Session, step: int) -> Generator[None, None, Machine]:
    """The machine at the start of a step."""
    for machine in session.replaying(step):
        if machine is not None:
            return machine
        yield
    raise AssertionError("a replay comes to its step")


def _at_the_start(session: Session) -> Generator[None, None, FirstCause | None]:
    machine = yield from _arrived(session, 0)
    inputs, target = machine.batch(0)
    for name, array in standing(machine.training, inputs, target).items():
        if not _finite(array):
            return _of_standing(session, 0, name, array)
    return None


def _within(session: Session, step: int) -> Generator[None, None, FirstCause | None]:
    """The first op of a step that leaves the range; its batch, if that is broken already."""
    plan = session.run.records[step].plan
    replay = session.replaying(step)
    machine = None
    while machine is None:
        yield
        machine = next(replay)
    inputs, target = machine.batch(step)
    for name, array in standing(machine.training, inputs, target).items():
        if not _finite(array):
            return _of_standing(session, step, name, array)
    events = zip(replay, touched(machine.training, target), plan, strict=False)
    for index, (_, seen, (phase, layer, path, name)) in enumerate(events):
        for what, array in seen.written.items():
            if not _finite(array):
                given = tuple(_given(*each) for each in seen.given.items())
                done = (phase, layer, path, name)
                return _of_op(session, step, index + 1, done, what, array, given)
        yield
    return None


# -- in words ----------------------------------------------------------------------------------


def _of_op(
    session: Session,
    step: int,
    op: int,
    done: tuple[Phase, Place, str, str],
    what: str,
    array: Array,
    given: tuple[Given, ...],
) -> FirstCause:
    phase, layer, path, name = done
    dtype = str(array.dtype) if array.ndim else session.experiment.dtype
    nans, infinities = _counted(array)
    along = "" if path == "main" else f" on the {path} path"
    time = session.events_of(step, op)[op - 1].time
    when = "" if time is None else f" at time step {time}"
    did = {
        # Forward, what several paths bring goes into one output.
        Phase.FORWARD: f"forward, {name} of {place(layer)}{when}",
        Phase.LOSS: f"the loss, {name}",
        Phase.BACKWARD: f"backward, {name} of {place(layer)}{when}{along}",
        Phase.CLIP: name,
        Phase.UPDATE: f"update of {place(layer)} by {name}",
    }[phase]
    sources = ", ".join(f"{each.name} up to {number(each.largest)}" for each in given)
    return FirstCause(
        step, op, phase, layer, path, name, what, nans, infinities, array.size, given,
        tuple(led_there(session, step, op, phase, layer)),
        f"step {session.run.begun + step}, {did}: {_share(what, nans, infinities, array.size)}, "
        f"{_how(infinities, dtype)}; it was given {sources}",
    )  # fmt: skip


def _of_standing(session: Session, step: int, name: str, array: Array) -> FirstCause:
    nans, infinities = _counted(array)
    experiment = session.run.experiment_at(step)
    layer: Place | None = None
    if name in ("input", "target"):
        rows = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=0))
        columns = ", ".join(str(k + 1) for k in rows[:3]) + (" ..." if rows.size > 3 else "")
        way = (
            f"the data holds it, or it is beyond the range of {experiment.dtype}: column {columns}"
        )
    else:
        stem = name.removeprefix("optimizer.").split(".")
        layer = int(stem[1]) if stem[0] == "layers" else "output"
        way = "the state that was loaded holds it"
        if session.run.origin is None:
            gain = experiment.at(layer)["initializer-gain"]
            way = (
                f"as drawn by {experiment.at(layer)['initializer']} with initializer-gain "
                f"{number(float(gain))} in {experiment.dtype}, which {_ends(experiment.dtype)}"
            )
    return FirstCause(
        step, 0, None, layer, "main", name, name, nans, infinities, array.size, (), (way,),
        f"before the first op of step {session.run.begun + step}: "
        f"{_share(name, nans, infinities, array.size)}",
    )  # fmt: skip


def _share(what: str, nans: int, infinities: int, size: int) -> str:
    """`output is infinite in 12 of 4096 entries`."""
    if size == 1:
        return f"{what} is {'NaN' if nans else 'infinite'}"
    kinds = [
        f"{count} {kind}" for count, kind in ((nans, "NaN"), (infinities, "infinite")) if count
    ]
    return f"{what} with {' and '.join(kinds)} of {size} entries"


def _how(infinities: int, dtype: str) -> str:
    if infinities:
        return f"beyond the range of {dtype}, which {_ends(dtype)}"
    return "as inside the op infinity met infinity or zero"


def _ends(dtype: str) -> str:
    return f"ends at {number(float(np.finfo(dtype).max))}"


def _given(name: str, array: Array) -> Given:
    return Given(name, l2_norm(array), norm(array, inf))


def _finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())


def _counted(array: Array) -> tuple[int, int]:
    return int(np.isnan(array).sum()), int(np.isinf(array).sum())


def plain(found: FirstCause) -> Mapping[str, object]:
    """A first cause as plain values, for JSON."""
    return {
        "step": found.step,
        "op": found.op,
        "phase": None if found.phase is None else str(found.phase),
        "layer": found.layer,
        "path": found.path,
        "name": found.name,
        "what": found.what,
        "nans": found.nans,
        "infinities": found.infinities,
        "size": found.size,
        "given": [
            {"name": given.name, "norm": given.norm, "largest": given.largest}
            for given in found.given
        ],
        "way": list(found.way),
        "sentence": found.sentence,
    }
