"""The clip advisor: which threshold would have fired how often, and what clipping would turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np
import numpy.typing as npt

from gradsim.nn.arrays import Array, norm
from gradsim.nn.clipping import ByValue, Clip, GlobalNorm
from gradsim.nn.parameters import ParameterStore
from gradsim.numbers import number
from gradsim.simulation.run import Run
from gradsim.simulation.session import Session

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Shares of the steps below each quantile of the gradient norm."""

RATES = (0.01, 0.05, 0.20)
"""Shares of the steps at which a threshold is to fire."""

STEERING = frozenset({"clip", "clip-threshold", "clip-norm", "learning-rate", "schedule"})
"""Knobs whose switch leaves the norms before it worth counting."""

SPARE = 1e-6
"""What clipping adds to a norm before it compares it with the threshold, as PyTorch does."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one clipping would do to the gradient of the step shown."""

    threshold: float
    left: float
    """Its norm after over that before."""
    angle: float
    """Degrees between the two; NaN where there is no direction."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold for the global norm, by how often it would have fired."""

    rate: float
    """The share of the steps that was asked for."""
    fired: int
    """The steps of those so far at which it would have fired."""
    by_norm: Turn
    by_value: Turn
    """Every entry cut at the same number."""


@dataclass(frozen=True, slots=True)
class ClipAdvice:
    """What the gradient norms so far say about clipping; NaN where there is no number."""

    steps: int
    """Steps whose gradient norm is known, this one included."""
    not_finite: int
    """Those of them whose norm is NaN or infinite: they count in nothing else."""
    quantiles: tuple[float, ...]
    """By the shares of QUANTILES."""
    thresholds: tuple[Threshold, ...]
    """By the shares of RATES; none after one step, which is no statistic."""
    halved: Turn
    """Every entry cut where that leaves half of the norm; by norm the direction would stay."""
    grad_norm: float
    """That of the step shown, before clipping."""
    learning_rate: float
    coefficient: float
    """What the clipping that is set leaves of the gradient now."""

    @property
    def effective_learning_rate(self) -> float:
        """learning rate * clip coefficient: how far this step goes along its own gradient."""
        return self.learning_rate * self.coefficient

    @property
    def sentences(self) -> tuple[str, ...]:
        """The advice in words."""
        return (*self._of_norms(), *self._of_turns(), self._of_rate())

    def _of_norms(self) -> tuple[str, ...]:
        broken = f"; {self.not_finite} are not finite and left out" if self.not_finite else ""
        if not self.thresholds:
            known = f"gradient norm {number(self.grad_norm)}"
            return (f"{known}: one step is no statistic, so no threshold yet{broken}",)
        pairs = zip(QUANTILES, self.quantiles, strict=True)
        spread = ", ".join(f"{100 * q:g} % {number(value)}" for q, value in pairs)
        fires = ", ".join(
            f"{number(each.by_norm.threshold)} at {each.fired} ({100 * each.rate:g} %)"
            for each in self.thresholds
        )
        return (
            f"gradient norm of {self.steps} steps, quantiles: {spread}{broken}",
            f"a threshold of so much would have fired at so many of them: {fires}",
        )

    def _of_turns(self) -> tuple[str, ...]:
        lines = []
        if self.thresholds and isfinite(self.grad_norm):
            cuts = ", ".join(number(each.by_value.threshold) for each in self.thresholds)
            turns = ", ".join(_degrees(each.by_value) for each in self.thresholds)
            if not any(each.by_value.angle for each in self.thresholds):
                turns = "nothing, as no entry is that large"
            lines.append(
                f"at this step (norm {number(self.grad_norm)}) each entry cut at {cuts} turns the "
                f"gradient by {turns}; clipped by norm it keeps its direction"
            )
        if isfinite(self.halved.angle):
            lines.append(
                f"each entry cut at {number(self.halved.threshold)} halves the norm, and turns the "
                f"gradient by {_degrees(self.halved)}"
            )
        return tuple(lines)

    def _of_rate(self) -> str:
        rate = f"learning rate {number(self.learning_rate)}"
        if self.coefficient == 1.0:
            return f"{rate}, whole: nothing is clipped at this step"
        return (
            f"{rate} x {number(self.coefficient)} left by clipping = "
            f"{number(self.effective_learning_rate)} effective"
        )


def _degrees(turn: Turn) -> str:
    return "no angle" if not isfinite(turn.angle) else f"{turn.angle:.1f}°"


def advise(session: Session, step: int | None = None) -> ClipAdvice:
    """The advice at a step already done, or at the cursor.

    It counts the steps since the network or its training was last changed; of a very long run
    those whose numbers are kept.
    """
    now = session.look() if step is None else session.run.records[step]
    rows = [*session.run.records.kept_within(_begun(session.run, now.step), now.step), now]
    norms = np.array([nan if row.grad_norm is None else row.grad_norm for row in rows])
    finite = np.sort(norms[np.isfinite(norms)])
    quantiles = np.quantile(finite, QUANTILES) if finite.size else np.full(len(QUANTILES), nan)
    store = session.machine_with_gradients(step).network.parameters
    cut = cut_for_norm(store.gradients, 0.5)
    thresholds: tuple[Threshold, ...] = ()
    if finite.size > 1:
        thresholds = tuple(_threshold(finite, rate, store) for rate in RATES)
    return ClipAdvice(
        steps=len(rows),
        not_finite=len(rows) - len(finite),
        quantiles=tuple(float(q) for q in quantiles),
        thresholds=thresholds,
        halved=turned(ByValue(cut), store) if cut > 0.0 else Turn(cut, nan, nan),
        grad_norm=float(norms[-1]),
        learning_rate=nan if now.learning_rate is None else now.learning_rate,
        coefficient=nan if now.clip_coefficient is None else now.clip_coefficient,
    )


def _begun(run: Run, step: int) -> int:
    """The first step before this one from which on only clipping and learning rate were changed."""
    segments = [segment for segment in run.segments if segment.start <= step]
    while len(segments) > 1:
        before, after = segments[-2].experiment, segments[-1].experiment
        if not before.differs(after).keys() <= STEERING:
            break
        del segments[-1]
    return segments[-1].start


def _threshold(finite: npt.NDArray[np.float64], rate: float, store: ParameterStore) -> Threshold:
    """In the middle between the norms, in order, that it is to tell apart."""
    fired = min(round(rate * len(finite)), len(finite) - 1)
    above = finite[len(finite) - fired :]
    below = float(finite[len(finite) - fired - 1]) + SPARE
    threshold = sqrt(below) * sqrt(float(above[0]) + SPARE) if fired else below
    return Threshold(
        rate,
        int(np.count_nonzero(finite + SPARE > threshold)),
        turned(GlobalNorm(threshold, {"clip-norm": "2"}), store),
        turned(ByValue(threshold), store),
    )


def turned(clip: Clip, store: ParameterStore) -> Turn:
    """What a clipping does to the gradient in a store, which is left as it is."""
    trial = ParameterStore(store.shapes, str(store.gradients.dtype), clipped=True)
    trial.gradients[...] = store.gradients
    trial.values[...] = store.values
    with np.errstate(all="ignore"):
        done = clip.apply(trial)
    return Turn(clip.threshold, done.coefficient, done.angle)


def cut_for_norm(gradient: Array, left: float) -> float:
    """The value at which every entry must be cut so that this share of the norm is left.

    With the magnitudes a in order and S_k the sum of the squares of the first k, a cut v between
    a_k and a_(k+1) leaves S_k + (n - k) v^2. NaN where there is no such value.
    """
    largest = norm(gradient, float("inf"))
    if not (isfinite(largest) and largest > 0.0 and 0.0 < left <= 1.0):
        return nan
    sizes = np.sort(np.abs(gradient.reshape(-1)).astype(np.float64)) / largest
    sums = np.cumsum(sizes * sizes)
    wanted = left * left * float(sums[-1])
    beyond = np.arange(len(sizes) - 1, -1, -1)
    k = int(np.searchsorted(sums + beyond * sizes * sizes, wanted))
    if k >= len(sizes):
        return largest
    before = float(sums[k - 1]) if k else 0.0
    return largest * sqrt(max(wanted - before, 0.0) / (len(sizes) - k))


def plain(advice: ClipAdvice) -> dict[str, object]:
    """The advice as plain values, for JSON; numbers may be NaN."""

    def turn(one: Turn) -> dict[str, float]:
        return {"threshold": one.threshold, "left": one.left, "angle": one.angle}

    rows: Sequence[dict[str, object]] = [
        {
            "rate": threshold.rate,
            "fired": threshold.fired,
            "by_norm": turn(threshold.by_norm),
            "by_value": turn(threshold.by_value),
        }
        for threshold in advice.thresholds
    ]
    return {
        "steps": advice.steps,
        "not_finite": advice.not_finite,
        "quantiles": {
            f"{100 * q:g}": value for q, value in zip(QUANTILES, advice.quantiles, strict=True)
        },
        "thresholds": rows,
        "halved_by_value": turn(advice.halved),
        "grad_norm": advice.grad_norm,
        "learning_rate": advice.learning_rate,
        "clip_coefficient": advice.coefficient,
        "effective_learning_rate": advice.effective_learning_rate,
        "sentences": list(advice.sentences),
    }
