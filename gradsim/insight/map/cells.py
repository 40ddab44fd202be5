"""A cell: a real network of the experiment at one place of the map, and what was measured of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, log
from time import perf_counter
from typing import Any

from threadpoolctl import threadpool_limits

from gradsim.errors import InputError
from gradsim.experiment.batches import Batches
from gradsim.experiment.build import build, load_data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import draw
from gradsim.insight.map.order import Place
from gradsim.insight.theory import predicted_reach
from gradsim.insight.trial import Trial, run_trial
from gradsim.insight.verdict import judge
from gradsim.simulation.glance import glance
from gradsim.simulation.training import training

NUMBERS = (
    "reach_decades",
    "slope",
    "loss",
    "accuracy",
    "theory_factor",
    "theory_reach",
    "seconds",
)
"""What is measured of a cell, by the names of its fields and columns."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured at a place. NaN and infinity are data; None was not measured."""

    place: Place
    shape: str = ""
    reach_decades: float | None = None
    slope: float | None = None
    """Decades per layer on the way back."""
    loss: float | None = None
    accuracy: float | None = None
    theory_factor: float | None = None
    """Squared ratio of the activation gradient's norms from layer to layer, as theory expects it
    at the start; None where no theory is known, or with one layer."""
    theory_reach: float | None = None
    """Decades from the last hidden layer to the first, as theory expects them at the start."""
    seconds: float = 0.0
    reason: str = ""
    """Why nothing could be built here, in a sentence."""


@dataclass(frozen=True, slots=True)
class Task:
    """Some cells to be measured in one go: plain values that can go to any process."""

    settings: Mapping[str, Any]
    changes: tuple[tuple[Place, Mapping[str, Any]], ...]
    """Each cell's place, and what it sets."""
    steps: int
    held_out: bool


def measure(task: Task) -> tuple[Cell, ...]:
    """Build and run the network of each cell. The same task gives the same numbers, times apart.

    What cannot be built is a cell with its reason.
    """
    base = Experiment.of(task.settings)
    with threadpool_limits(1):
        return tuple(
            _timed(base, place, changes, task.steps, task.held_out)
            for place, changes in task.changes
        )


def _timed(
    base: Experiment, place: Place, changes: Mapping[str, Any], steps: int, held_out: bool
) -> Cell:
    begun = perf_counter()
    try:
        experiment = base.switch(changes)
        cell = _trained(experiment, place, steps) if held_out else _start(experiment, place)
        cell = _expected(experiment, cell)
    except InputError as error:
        cell = Cell(place, reason=" ".join(error.problems[0].split()))
    except MemoryError:
        cell = Cell(place, reason="there was not enough memory for this network")
    return replace(cell, seconds=perf_counter() - begun)


def _expected(experiment: Experiment, cell: Cell) -> Cell:
    """The cell with what theory says of its start."""
    reach, layers = predicted_reach(experiment, load_data(experiment)), experiment.depth
    if reach is None:
        return cell
    # The mean over the layers, as `predicted_factor` has it, which would predict all once more.
    factor = exp(2.0 * log(10.0) * reach / (layers - 1)) if layers > 1 else None
    return replace(cell, theory_reach=reach, theory_factor=factor)


def _trained(experiment: Experiment, place: Place, steps: int) -> Cell:
    outcome = run_trial(Trial(experiment.settings(), steps))
    return Cell(
        place,
        outcome.end.shape,
        outcome.end.reach_decades,
        outcome.end.slope,
        outcome.held_out_loss,
        outcome.held_out_accuracy,
    )


def _start(experiment: Experiment, place: Place) -> Cell:
    """One pass forward and back at the untouched start: nothing is updated or evaluated."""
    data = load_data(experiment)
    network = build(experiment, data)
    draw(network, experiment, data)
    batch = Batches(data, experiment.batch_size, experiment.seed, experiment.dtype).batch(0)
    train = training(experiment, network)
    record = glance(train, batch, 0)
    found = judge(record, experiment)
    return Cell(place, str(found.shape), found.evidence.reach_decades, found.evidence.slope)
