"""What a switch of knobs does to a run, and what is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradsim.experiment.build import shapes
from gradsim.experiment.data import Data
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.experiment.knobs import Effect
from gradsim.simulation.measure import StepRecord

DATA_KNOBS = frozenset(
    {
        "data", "target", "scaling", "cell", "readout",
        "sequence-length", "sequence-column", "time-column",
    }
)  # fmt: skip
"""Knobs that decide which rows are read; a switch of any other goes on with the same rows."""


@dataclass(frozen=True, slots=True)
class Switched:
    """What a switch did: the same step before and after it (another step after a rebuild)."""

    changes: Mapping[str, tuple[Any, Any]]
    effects: tuple[Effect, ...]
    before: StepRecord
    after: StepRecord
    experiment: Experiment
    """What held before, on these data."""
    data: Data


def effects(
    before: Experiment, after: Experiment, differing: Mapping[str, Any], data: Data
) -> tuple[Effect, ...]:
    """What a switch does: that of each knob that is in use, or a rebuild where a shape changes."""
    found = tuple(
        dict.fromkeys(
            KNOBS[name.rpartition(".")[2]].effect
            for name in differing
            if before.in_use(name) or after.in_use(name)
        )
    )
    if Effect.REBUILD not in found:
        old, new = shapes(before, data), shapes(after, data)
        if any(old[name] != shape for name, shape in new.items() if name in old):
            return (Effect.REBUILD,)
    return found or (Effect.KEEP,)
