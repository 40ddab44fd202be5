"""What the recorded numbers of each layer cost: a step with all of them, with fewer, with none.

    python tests/benchmarks/what_the_numbers_cost.py [DEPTHxWIDTHxBATCH] [plain|full]

Eleven numbers are recorded of every layer. Without the largest weight gradient and the share of
dead units nine are left; with held-out rows, measured at every tenth step, it is what a usual run
has. Shown is the median over the rounds of processor time, as a multiple of the bare matrix
products of the same network; they take turns, one thread.
"""

import sys
from statistics import median
from unittest.mock import patch

import numpy as np

from gradsim.cli.contest.case import Case, sized
from gradsim.cli.contest.contestants import Step, products, recorded
from gradsim.cli.contest.rounds import measured, ratio
from gradsim.cli.threads import one_thread
from gradsim.experiment.experiment import Experiment
from gradsim.nn.network import Network
from gradsim.nn.sizes import Norms
from gradsim.simulation import machine, measure
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session

ROUNDS = 31


class _NormsAlone(Norms):
    """What stands for the largest entries: nothing is looked for."""

    largest = np.zeros(1)


class _NotDead(measure._Slopes):
    """Shares of saturated entries alone: with ReLU, whose slope never fades, there is none."""

    def measure(self, saturated: measure.Table, dead: measure.Table) -> None:
        """No unit is looked at."""
        saturated[:] = dead[:] = 0.0


class _NoGauge:
    """Measures nothing."""

    def __init__(self, network: Network) -> None:
        pass

    def gradients(self, table: measure.Table) -> None:
        """Numbers that are finite, as a step that goes well has them."""
        table.fill(0.0)

    def updates(self, table: measure.Table) -> None:
        """None."""


def evaluated(case: Case) -> Step:
    """A step with all numbers; at every tenth one the held-out rows are measured too, as usual."""
    session = Session(Experiment.of({**case.settings(), "evaluate-every": 10}))
    return lambda: session.do(Advance(Grain.STEP))


def main(size: str = "10x32x32", kind: str = "plain") -> None:
    """Let them take turns; print the ratios."""
    case = Case(*sized(size), kind=kind)
    steps: dict[str, Step] = {"products": products(case), "eleven numbers": recorded(case)}
    with one_thread():
        steps["eleven numbers"]()
        # A gauge is made at the first step, and stays what it is.
        with (
            patch.object(measure, "Largest", _NormsAlone),
            patch.object(measure, "_Slopes", _NotDead),
        ):
            steps["nine numbers"] = recorded(case)
            steps["nine numbers"]()
        with patch.object(machine, "Gauge", _NoGauge):
            steps["none"] = recorded(case)
            steps["none"]()
        steps["and held-out rows"] = evaluated(case)
        times = measured(steps, ROUNDS)
    for name in ("and held-out rows", "eleven numbers", "nine numbers", "none"):
        found = ratio(times[name], times["products"])
        micros = 1e6 * median(times[name].seconds)
        print(f"{size} {kind}, {name:<18}{found.median:6.2f} times the products, {micros:8.1f} us")


if __name__ == "__main__":
    main(*sys.argv[1:])
