"""Ranking: what came of the candidates, side by side, best first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan

from gradsim.insight.remedies.candidates import Candidate
from gradsim.insight.trial import Outcome


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate with what came of it: an outcome for each seed."""

    candidate: Candidate
    outcomes: tuple[Outcome, ...]
    """The first round, in which every candidate makes as many steps."""
    further: tuple[Outcome, ...] = ()
    """The last round, for those that led after the first."""

    @property
    def latest(self) -> tuple[Outcome, ...]:
        """The round that counts."""
        return self.further or self.outcomes


@dataclass(frozen=True, slots=True)
class Standing:
    """How a candidate stands. Means are over the seeds, of the held-out rows over all looks.

    NaN and infinity are results; `gain`, `loss_gain` and `cost` are against the unchanged run.
    """

    rank: int
    """From 1, the best; the unchanged run has 0."""
    tried: Tried
    steps: int
    finite: bool
    """Whether on every seed it ended with numbers."""
    accuracy: float | None
    """On the held-out rows; None where the data has no classes."""
    gain: float | None
    loss: float
    """On the held-out rows, by `Outcome.loss_unit`."""
    loss_gain: float
    """How far the loss lies below that of the unchanged run."""
    cost: float
    """Processor time of a step: 2 is twice as long."""
    reach_start: float
    """Decades from the last hidden layer to the first, at the untouched weights."""
    reach_end: float


def standings(tried: Iterable[Tried], unchanged: Tried) -> tuple[Standing, ...]:
    """Best first: by held-out accuracy, then by held-out loss; without classes by loss alone.

    Those of the last round stand before the others: they led after the first, and were looked at
    longer. What did not end with numbers stands last, what lasted longest before the others.
    """
    ordered = sorted(tried, key=_worth, reverse=True)
    return tuple(standing(row, unchanged, rank) for rank, row in enumerate(ordered, start=1))


def standing(tried: Tried, unchanged: Tried, rank: int = 0) -> Standing:
    """How a candidate stands against the unchanged run."""
    latest = tried.latest
    beside = unchanged.latest if tried.further else unchanged.outcomes
    accuracy, before = _accuracy(latest), _accuracy(beside)
    loss = _loss(latest)
    return Standing(
        rank,
        tried,
        steps=len(latest[0].losses),
        finite=_finite(latest),
        accuracy=accuracy,
        gain=None if accuracy is None or before is None else accuracy - before,
        loss=loss,
        loss_gain=_loss(beside) - loss,
        cost=_step_time(tried) / _step_time(unchanged) if _step_time(unchanged) else nan,
        reach_start=_mean([outcome.start.reach_decades for outcome in latest]),
        reach_end=_mean([outcome.end.reach_decades for outcome in latest]),
    )


def _worth(tried: Tried) -> tuple[float, ...]:
    """What is sorted by: the larger, the better."""
    latest = tried.latest
    if not _finite(latest):
        # Nothing was learned, but some held out longer or began closer, and so are worth pairing.
        first = _mean([outcome.losses[0] / outcome.loss_unit for outcome in latest])
        lasted = _mean([sum(map(isfinite, outcome.losses)) for outcome in latest])
        return (0.0, lasted, -first if isfinite(first) else -inf)
    return (1.0, float(bool(tried.further)), _accuracy(latest) or 0.0, -_loss(latest))


def _finite(outcomes: Iterable[Outcome]) -> bool:
    return all(isfinite(o.held_out_loss) and isfinite(o.losses[-1]) for o in outcomes)


def _accuracy(outcomes: Iterable[Outcome]) -> float | None:
    shares = [look.accuracy for outcome in outcomes for look in outcome.looks]
    known = [share for share in shares if share is not None]
    return _mean(known) if known else None


def _loss(outcomes: Iterable[Outcome]) -> float:
    return _mean([look.loss / outcome.loss_unit for outcome in outcomes for look in outcome.looks])


def _mean(values: Sequence[float]) -> float:
    # Those of `statistics` refuse sums that are infinite, which here are results.
    return sum(values) / len(values)


def _step_time(tried: Tried) -> float:
    """Seconds of processor time for a step: the least of all runs, as the least disturbed one."""
    return min(outcome.seconds / len(outcome.losses) for outcome in tried.outcomes)
