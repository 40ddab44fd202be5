"""Comparing experiments: each trained for as many steps, in a row of plain values."""

from collections.abc import Callable, Sequence
from typing import Any

from gradsim.experiment.build import check, load_data
from gradsim.experiment.experiment import Experiment
from gradsim.insight.oscillation import oscillation
from gradsim.insight.side_by_side import apart
from gradsim.insight.verdict import judge
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.session import Session

SCHEMA = "gradsim/compare/1"

STATE_COLUMNS = ("shape", "reach_decades", "slope", "loss", "held_out_accuracy", "grad_norm")
"""What is told of each run at its start and at its end, by the report's names."""

Tell = Callable[[int, int, float | None], None]
"""Is called behind each step: index of the run, steps done in it, the loss of the last one."""


def compare(
    runs: Sequence[tuple[str, Experiment]], steps: int, tell: Tell | None = None
) -> dict[str, Any]:
    """Train each experiment for `steps` steps and put what came of it side by side.

    Each run has its name, the `knobs` on which not all runs agree, its state at `start` and `end`,
    its oscillation, and at the end the decades by which the gradient of each layer is larger than
    that of the first run (`decades`; through time: of each time step of the top layer). Numbers
    may be NaN or infinite. Raises InputError where an experiment cannot be built, before any of
    them is trained.
    """
    names = differing([experiment for _, experiment in runs])
    for _, experiment in runs:
        check(experiment, load_data(experiment))
    rows: list[dict[str, Any]] = []
    first: StepRecord | None = None
    for index, (name, experiment) in enumerate(runs):
        session = Session(experiment)
        start = _state(session)
        for done in range(1, steps + 1):
            session.do(Advance(Grain.STEP))
            if tell:
                tell(index, done, session.past()[-1].loss)
        first = first or session.look()
        rows.append(
            {
                "name": name,
                "knobs": experiment.values(names),
                "start": start,
                "end": _state(session),
                "oscillation": oscillation(_losses(session)),
                "decades": apart(session.look(), first),
            }
        )
    return {"schema": SCHEMA, "steps": steps, "knobs": names, "runs": rows}


def differing(experiments: Sequence[Experiment]) -> list[str]:
    """The knobs on which not all of these agree, in the order of their declaration."""
    first = experiments[0]
    found = {name for other in experiments[1:] for name in first.differs(other)}
    return [name for name in first.settings() if name in found]


def _state(session: Session) -> dict[str, Any]:
    held_out = session.held_out_accuracy()
    now = session.look()
    verdict = judge(now, session.experiment)
    values = {
        "shape": str(verdict.shape),
        "reach_decades": verdict.evidence.reach_decades,
        "slope": verdict.evidence.slope,
        "loss": now.loss,
        "held_out_accuracy": held_out,
        "grad_norm": now.grad_norm,
    }
    return {name: values[name] for name in STATE_COLUMNS}


def _losses(session: Session) -> list[float | None]:
    return [record.loss for record in (*session.past(), session.look())]
