"""The theory of an experiment: a predicted profile and a few numbers, or why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log10, nan, sqrt
from typing import Any

import numpy as np

from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.insight.theory import phase
from gradsim.insight.theory.phase import Phase
from gradsim.insight.theory.prediction import DECADE, Profile, predicting
from gradsim.insight.theory.response import response
from gradsim.insight.theory.units import UntreatedError, raised
from gradsim.insight.theory.walk import Walk
from gradsim.nn.initializers import INITIALIZERS
from gradsim.nn.linear import Linear
from gradsim.numbers import number, signed
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.session import Session

SLICE = 400
"""Steps of one op each way that are taken at a time."""

BAND = 2.3
"""Deviations to either side of the typical value: about 19 of 20 networks lie within.

Measured over families, widths and depths by `tests/benchmarks/theory_band.py`; 2 would do if each
network's logarithm were exactly Gaussian and nothing were left open.
"""

ROWS = ((50, 64), (200, 32), (10_000, 16))
"""Up to which depth how many rows of the batch are followed."""


@dataclass(frozen=True, slots=True)
class Theory:
    """What mean-field theory says of a network at initialization."""

    reason: str
    """Why there is none, in a sentence; empty where there is one."""
    profile: Profile | None = None
    phase: Phase | None = None
    """The numbers of one layer stacked on itself."""
    kind: str = ""
    """Of which layer, and how its activation is normalized."""
    source: str = ""
    gain: float = nan
    """That layer's `initializer-gain`; NaN where its weights are fitted to the data."""

    @property
    def critical_gain(self) -> float:
        """The `initializer-gain` with which its weights would be critical; NaN without one."""
        if self.phase is None or not self.phase.weight_variance > 0.0:
            return nan
        return self.gain * sqrt(self.phase.critical_variance / self.phase.weight_variance)


def theory(experiment: Experiment, data: Data) -> Theory:
    """The theory of an experiment on these data; kept for the next time it is asked for."""
    found = glance(experiment, data)
    while found is None:
        found = glance(experiment, data)
    return found


def glance(experiment: Experiment, data: Data) -> Theory | None:
    """The theory, or None while it is being worked out: a slice of it, each time it is asked for.

    A slice is some ten milliseconds; networks of up to about fifty layers take one.
    """
    job = next((job for job in _JOBS if job.fits(experiment, data)), None)
    if job is None:
        job = _Job(experiment, data)
        _JOBS.append(job)
        del _JOBS[:-8]
    return job.slice()


class _Job:
    """A theory on its way, and then the theory."""

    def __init__(self, experiment: Experiment, data: Data) -> None:
        self._experiment, self._data = experiment, data
        most = next(rows for depth, rows in ROWS if experiment.depth <= depth)
        self._slices = predicting(experiment, data, most)
        self._found: Theory | None = None

    def fits(self, experiment: Experiment, data: Data) -> bool:
        """Whether it is that of this experiment on these data."""
        known = self._experiment
        return data is self._data and (experiment is known or experiment == known)

    def slice(self) -> Theory | None:
        """Go on by a slice."""
        if self._found is None:
            try:
                for _ in range(SLICE):
                    next(self._slices)
            except UntreatedError as untreated:
                self._found = Theory(f"no theory for this network: {untreated}")
            except StopIteration as end:
                self._found = _made(self._experiment, *end.value)
        return self._found


_JOBS: list[_Job] = []


def _made(e: Experiment, profile: Profile, walk: Walk) -> Theory:
    if not np.isfinite(profile.typical).all():
        return Theory("no theory for this network: its gradient leaves the number range")
    with np.errstate(all="ignore"):
        found, kind, source = _phase(e, walk)
    at = e.at(_middle(e))
    fitted = INITIALIZERS[at["initializer"]].fits_data
    scale = nan if fitted else float(at["initializer-gain"])
    return Theory("", profile, found, kind, source, scale)


def _middle(e: Experiment) -> int:
    """The layer whose numbers stand for a network: where layers differ, the middle one."""
    return (e.depth + 1) // 2


_STACKED = (
    "Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli 2016; Schoenholz, Gilmer, Ganguli, "
    "Sohl-Dickstein 2017"
)
_BATCHED = "Yang, Pennington, Rao, Sohl-Dickstein, Schoenholz 2019"


def _phase(e: Experiment, walk: Walk) -> tuple[Phase, str, str]:
    """The numbers of the middle layer stacked on itself, of which layer, and whose formula."""
    layer = _middle(e)
    at = e.at(layer)
    index, node = next(
        (k, node)
        for k, node in enumerate(walk.wiring.nodes, start=1)
        if node.layer == layer and isinstance(node.op, Linear) and not node.op.prefix
    )
    taken, given = walk.values[node.inputs[0]], walk.values[index]
    bias = float(at["bias-std"]) * float(at["bias-std"])
    incoming = float(taken.squares().mean())
    passed = float(given.squares().mean()) - bias
    weights = passed / incoming if incoming > 0.0 else nan
    answer = response(at["activation"], at)
    normalization = at["normalization"]
    words = f"layer {layer}, stacked on itself"
    if at["skip"] != "none":
        words += " without its skip"
    if normalization == "batch":
        return (
            phase.batch_normalized(answer, weights, bias),
            f"{words}, batch normalization over a large batch",
            _BATCHED,
        )
    if normalization in ("layer", "rms", "group"):
        return (
            phase.row_normalized(answer, weights, bias),
            f"{words}, {normalization} normalization",
            _STACKED,
        )
    first = float(walk.values[1].squares().mean())
    return phase.plain(answer, weights, bias, first), words, _STACKED


def measured_factor(norms: Sequence[float]) -> float:
    """What |delta|^2 is multiplied with at each layer on the way back: the geometric mean.

    `norms`: |delta| of the hidden layers, from first to last. NaN where there is no such number.
    """
    if len(norms) < 2 or not (norms[0] > 0.0 and norms[-1] > 0.0):
        return nan
    if not (isfinite(norms[0]) and isfinite(norms[-1])):
        return nan
    decades = log10(norms[0]) - log10(norms[-1])
    return raised(decades * DECADE / (len(norms) - 1))


def report(session: Session, record: StepRecord) -> dict[str, Any]:
    """`plain` for a step whose gradients are known: of its run as it would start."""
    delta = record.column("delta_norm")
    assert delta is not None
    begun = session.run.begun
    found = theory(session.experiment, session.run.data)
    return plain(found, [float(norm) for norm in delta[:-1]], begun + record.step)


def plain(found: Theory, norms: Sequence[float], step: int) -> dict[str, Any]:
    """A theory beside the measured |delta| of the hidden layers, as plain values for JSON.

    `step`: training steps made. Numbers may be infinite or NaN; NaN where there is no theory.
    """
    profile, numbers = found.profile, found.phase
    reach = float(profile.decades[0]) if profile else nan
    deviation = float(profile.deviations[0]) if profile else nan
    return {
        "reason": found.reason,
        "sentence": found.reason or _sentence(profile, norms, step),
        "at_initialization": step == 0,
        "predicted_reach_decades": reach,
        "predicted_low_decades": reach - BAND * deviation,
        "predicted_high_decades": reach + BAND * deviation,
        "predicted_factor": profile.factor if profile else nan,
        "measured_factor": measured_factor(norms),
        "weight_variance": numbers.weight_variance if numbers else nan,
        "bias_variance": numbers.bias_variance if numbers else nan,
        "fixed_point": numbers.length if numbers else nan,
        "chi": numbers.chi if numbers else nan,
        "depth_scale": numbers.depth_scale if numbers else nan,
        "critical_variance": numbers.critical_variance if numbers else nan,
        "critical_gain": found.critical_gain,
        "numbers_of": found.kind,
        "source": found.source,
        "layers": [
            {"layer": layer, "decades": float(decades), "deviation": float(spread)}
            for layer, (decades, spread) in enumerate(
                zip(profile.decades, profile.deviations, strict=True), start=1
            )
        ]
        if profile
        else [],
    }


def _sentence(profile: Profile | None, norms: Sequence[float], step: int) -> str:
    """`|delta|^2 times 0.056 at each layer (measured 0.056): -11.9 decades ...`."""
    assert profile is not None
    when = "" if step == 0 else "at initialization "
    now = "measured" if step == 0 else f"measured after {step} steps"
    if len(norms) < 2:
        return f"{when}one hidden layer: there is nothing to predict"
    reach, deviation = float(profile.decades[0]), float(profile.deviations[0])
    low, high = reach - BAND * deviation, reach + BAND * deviation
    found = measured_factor(norms)
    over = log10(found) * (len(norms) - 1) / 2.0 if found > 0.0 else nan
    beside = f" ({now} {number(found)})" if isfinite(over) else ""
    measured = f" ({now} {signed(over)})" if isfinite(over) else ""
    return (
        f"{when}the squared activation gradient is multiplied by {number(profile.factor)} at each "
        f"layer{beside}; over all {signed(reach)} decades, about 19 of 20 networks "
        f"within {signed(low)} and {signed(high)}{measured}"
    )


def numbers_sentence(theory: Mapping[str, Any]) -> str:
    """The numbers of `plain` in words; empty where there are none."""
    if theory["reason"]:
        return ""
    critical = (
        f"critical at sigma_w^2 {number(theory['critical_variance'])}"
        if isfinite(theory["critical_variance"])
        else "never critical"
    )
    if isfinite(theory["critical_gain"]):
        critical += f" (initializer-gain {number(theory['critical_gain'])})"
    return (
        f"{theory['numbers_of']}: sigma_w^2 {number(theory['weight_variance'])}, "
        f"sigma_b^2 {number(theory['bias_variance'])}, q* {number(theory['fixed_point'])}, "
        f"chi {number(theory['chi'])}, depth scale {number(theory['depth_scale'])} layers, "
        f"{critical}"
    )


def lines(theory: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Heads and sentences of `plain`, for a text."""
    found = [("theory", theory["sentence"]), ("numbers", numbers_sentence(theory))]
    return [(head, words) for head, words in found if words]
