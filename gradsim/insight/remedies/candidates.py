"""Candidates: the remedies that are a change for an experiment, and that can be built."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from gradsim.errors import InputError
from gradsim.experiment.build import check, load_data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.layered import INHERIT
from gradsim.insight.remedies.table import ROWS, Patient


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change that can be applied: `experiment.switch(changes)` builds."""

    name: str
    changes: Mapping[str, Any]
    why: str
    parts: tuple[str, ...]
    """The names of the single changes it consists of."""

    @property
    def knobs(self) -> frozenset[str]:
        """The knobs it sets, whether for all layers or for one."""
        return frozenset(name.rpartition(".")[2] for name in self.changes)


HEAD = ("initializer", "bias-std")
"""How the names of those knobs begin that say something of the head too."""

UNCHANGED = Candidate("unchanged", {}, "the experiment as it is", ())


def singles(
    settings: Mapping[str, Any], grad_norms: Sequence[float], most: int
) -> tuple[Candidate, ...]:
    """The first `most` rows of the table that change something in an experiment and can be built.

    `settings` are the experiment's, so that this can be asked of any process. `grad_norms` are the
    norms of all gradients, measured at each step of the unchanged run.
    """
    return tuple(islice(_fitting(Patient(Experiment.of(settings), grad_norms)), most))


def _fitting(patient: Patient) -> Iterator[Candidate]:
    base, known = patient.experiment, set[frozenset[tuple[str, Any]]]()
    for row in ROWS:
        candidate = made(row.name, row.changes(patient), row.why, (row.name,), base)
        if candidate is None or (same := frozenset(candidate.changes.items())) in known:
            continue
        known.add(same)
        yield candidate


def pairs(
    settings: Mapping[str, Any], couples: Sequence[tuple[Candidate, Candidate]], most: int
) -> tuple[Candidate, ...]:
    """The first `most` of these couples that can be made together, each as one candidate."""
    base = Experiment.of(settings)
    both = (
        made(
            f"{one.name} + {other.name}",
            {**one.changes, **other.changes},
            f"{one.why}; {other.why}",
            (*one.parts, *other.parts),
            base,
        )
        for one, other in couples
    )
    return tuple(islice((candidate for candidate in both if candidate), most))


def made(
    name: str, changes: Mapping[str, Any], why: str, parts: tuple[str, ...], base: Experiment
) -> Candidate | None:
    """A candidate, or None where it would change nothing or could not be built."""
    try:
        wanted = base.switch({**_inherited(base, changes), **changes})
        check(wanted, load_data(wanted))
    except InputError:
        return None
    return Candidate(name, way(base, wanted), why, parts) if _matters(base, wanted) else None


def way(base: Experiment, wanted: Experiment) -> dict[str, Any]:
    """The changes that lead from one experiment to another: `base.switch(way)` is `wanted`."""
    own, others = base.settings(), wanted.settings()
    changes = {name: value for name, value in others.items() if own.get(name) != value}
    return changes | {name: INHERIT for name in own if name not in others}


def _matters(base: Experiment, wanted: Experiment) -> bool:
    """Whether a knob that is in use has another value in some layer than it had before."""
    if base.hidden_layers != wanted.hidden_layers:
        return True
    names = {name.rpartition(".")[2] for name in base.differs(wanted)}
    layers = range(1, base.hidden_layers + 1)
    return any(
        base.at(place)[name] != wanted.at(place)[name]
        for name in names
        if _in_use(base, name) or _in_use(wanted, name)
        for place in (*layers, *(("output",) if name.startswith(HEAD) else ()))
    )


def _in_use(experiment: Experiment, name: str) -> bool:
    """Whether a knob does anything now: a cell has time for depth, and gates have their own phi."""
    if name in ("depth", "widths"):
        return experiment.cell == "none"
    if name == "activation" and experiment.cell in ("gru", "lstm"):
        return False
    return experiment.in_use(name)


def _inherited(base: Experiment, changes: Mapping[str, Any]) -> dict[str, str]:
    """What takes back single layers' own values of the knobs that are changed for all."""
    return {
        override.name: INHERIT
        for override in base.overrides
        if override.knob in changes and override.layer != "output"
    }
