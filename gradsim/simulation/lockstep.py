"""Lockstep: a pinned run goes on as far as the live one, on a machine of its own."""

from collections.abc import Iterator

from gradsim.simulation.events import Plan
from gradsim.simulation.machine import Machine
from gradsim.simulation.run import Position, Run


class Pinned:
    """A run kept for comparison, and the step at which it was pinned.

    As long as it is the live run it costs nothing. Its numbers are those it would have by itself:
    same seed, same batches, same bits.
    """

    def __init__(self, run: Run, step: int, machine: Machine | None = None) -> None:
        self.run = run
        self.step = step
        self._machine = machine

    @property
    def machine(self) -> Machine:
        """The machine that goes on with the run; made when first there is something to do."""
        if self._machine is None:
            self._machine = Machine(self.run)
        return self._machine

    def keeping_up(self, step: int) -> Iterator[None]:
        """Have this step whole, with its layer table, and the one before it; in slices."""
        for wanted in range(max(0, step - 1), step + 1):
            while not self._has(wanted):
                # Only tables that were let go of are made again: the rest is there already.
                at = min(wanted, self.run.end().step)
                yield from self.machine.seek(self.run, Position(at, 0))
                yield from self.machine.step()

    def _has(self, step: int) -> bool:
        records = self.run.records
        return step < len(records) and records[step].complete and records[step].layers is not None


def counterpart(op: int, plan: Plan, other: Plan) -> int:
    """How many ops of another plan are done where one is as far through the same phase.

    In the same network that is the same op. A phase that is done is done in both.
    """
    if op == 0:
        return 0
    phase = plan[op - 1][0]
    here = [k for k, entry in enumerate(plan) if entry[0] is phase]
    there = [k for k, entry in enumerate(other) if entry[0] is phase]
    done = op - here[0]
    ops = max(1, done * len(there) // len(here))
    # The last op of the last phase would be the next step.
    return min(there[0] + ops, len(other) - 1)
