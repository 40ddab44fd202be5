"""The app with a stopwatch: `python probe.py RESULT.json KNOBS.json`. Run by app_in_a_terminal.py.

At its end it writes, for every turn of the clock: when it was, the processor seconds of the main
thread and those of it that were computing, and how often strip and plots were drawn, all so far.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command line does, before NumPy is imported

import json
import sys
from pathlib import Path
from time import perf_counter, thread_time

from threadpoolctl import threadpool_limits

from gradsim.experiment.experiment import Experiment
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp


class Probed(GradsimApp):
    """The app, with the time at each turn of the clock noted."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.noted: list[tuple[float, float, float, int, int]] = []
        self.computed = 0.0
        self.strips = self.plots = 0

    def _tick(self) -> None:
        self.noted.append((perf_counter(), thread_time(), self.computed, self.strips, self.plots))
        super()._tick()

    def _slice(self) -> bool:
        begun = thread_time()
        moved = super()._slice()
        self.computed += thread_time() - begun
        return moved

    def paint(self, plots: bool = True) -> None:
        """Draw, and count."""
        self.strips += 1
        self.plots += plots
        super().paint(plots)


if __name__ == "__main__":
    with threadpool_limits(1):
        app = Probed(Session(Experiment.of(json.loads(sys.argv[2]))))
        app.run()
    Path(sys.argv[1]).write_text(json.dumps(app.noted), encoding="utf-8")
