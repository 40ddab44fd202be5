"""What led to a first cause: how norms grew from op to op and from step to step, in sentences."""

from collections.abc import Iterator
from math import isfinite, log10

from gradsim.numbers import counted, number, signed
from gradsim.simulation.events import Phase, Place
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.session import Session

STEPS_TOLD = 20
"""Steps before the cause that are looked at."""

GROWTH = 3.0
"""A factor below which a norm counts as not having grown."""


def led_there(session: Session, step: int, op: int, phase: Phase, layer: Place) -> Iterator[str]:
    """What led to an op of a step, `op` ops of which were done then."""
    records = session.run.records
    events = [e for e in session.events_of(step, op) if e.phase is phase]
    if phase in (Phase.FORWARD, Phase.BACKWARD) and len(events) > 2:
        first, last = events[1 if phase is Phase.BACKWARD else 0], events[-1]
        begun, ended = first.norm_in, last.norm_in
        if isfinite(begun) and isfinite(ended) and ended > GROWTH * begun > 0.0:
            ops = len(events) - 1
            yield (
                f"on the way {phase} the norm grew from {number(begun)} at "
                f"{place(first.layer)} to {number(ended)} over {ops} ops, "
                f"{signed(log10(ended) - log10(begun), 1)} decades"
            )
    past = records[max(0, step - STEPS_TOLD) : step]
    known = [row for row in past if row.grad_norm is not None and isfinite(row.grad_norm)]
    if known:
        yield from _steps(known, records[step], layer, session.run.begun)


def _steps(known: list[StepRecord], now: StepRecord, layer: Place, before: int) -> Iterator[str]:
    """How the gradient norm, and the weights of the layer, grew over the steps before.

    `before` steps were made before step 0.
    """
    last = known[-1]
    low = min(known, key=lambda row: (row.grad_norm or 0.0, row.step))
    assert last.grad_norm is not None
    assert low.grad_norm is not None
    rate = f"learning rate {number(last.learning_rate)}"
    if low.grad_norm > 0.0 and last.grad_norm > GROWTH * low.grad_norm:
        factor = number(last.grad_norm / low.grad_norm)
        steps = counted(last.step - low.step, "step")
        yield (
            f"the gradient norm grew x{factor} in {steps}, from "
            f"{number(low.grad_norm)} at step {before + low.step} to "
            f"{number(last.grad_norm)} at step {before + last.step}; {rate}"
        )
    else:
        yield f"the gradient norm was {number(last.grad_norm)} at step {before + last.step}; {rate}"
    if not isinstance(layer, int):
        return
    sizes = [
        (before + row.step, float(column[layer - 1]))
        for row in (low, last, now)
        if (column := row.column("weight_norm")) is not None and len(column) > layer
    ]
    sizes = [(step, size) for step, size in sizes if isfinite(size)]
    if len(sizes) > 1 and sizes[-1][1] > GROWTH * sizes[0][1] > 0.0:
        (begun, small), (ended, large) = sizes[0], sizes[-1]
        yield (
            f"the weights of layer {layer} grew from {number(small)} at step {begun} to "
            f"{number(large)} at step {ended}"
        )


def place(layer: Place) -> str:
    """Where, in a sentence."""
    if layer == "output":
        return "the output"
    return "all layers" if layer == "all" else f"layer {layer}"
