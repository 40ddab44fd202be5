"""Schedules: the learning rate as a function of the step. A new one is an entry in the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, inf, pi

from gradsim.nn.settings import Setting, Value

STEPS = Setting(
    "schedule-steps", 200, "steps between two drops, or of the whole cosine", low=1, high=10**9
)
FACTOR = Setting("schedule-factor", 0.1, "what a drop multiplies the learning rate by", low=0.0)
WARM_UP = Setting("warm-up-steps", 50, "steps until the full learning rate", low=1, high=10**9)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A factor on the learning rate: `factor(step, settings)`, step counted from 0.

    A function of the step alone, so that any step can be computed again.
    """

    formula: str
    source: str
    factor: Callable[[int, Mapping[str, Value]], float]
    settings: tuple[Setting, ...] = ()


def _drops(step: int, given: Mapping[str, Value]) -> float:
    drops = step // int(given["schedule-steps"])
    try:
        return float(given["schedule-factor"]) ** drops
    except OverflowError:  # a factor above 1, many times over
        return inf


def _cosine(step: int, given: Mapping[str, Value]) -> float:
    way = min(1.0, step / int(given["schedule-steps"]))
    return (1.0 + cos(pi * way)) / 2.0


def _warm_up(step: int, given: Mapping[str, Value]) -> float:
    return min(1.0, (step + 1) / int(given["warm-up-steps"]))


def _warm_up_cosine(step: int, given: Mapping[str, Value]) -> float:
    late = step - int(given["warm-up-steps"])
    return _warm_up(step, given) if late < 0 else _cosine(late, given)


SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule("rate", "the plain choice", lambda step, given: 1.0),
    "step": Schedule(
        "rate * schedule-factor^floor(step / schedule-steps)",
        "as PyTorch's StepLR",
        _drops,
        (STEPS, FACTOR),
    ),
    "cosine": Schedule(
        "rate * (1 + cos(pi step / schedule-steps)) / 2, then 0",
        "Loshchilov, Hutter 2017, eq. 5; as PyTorch's CosineAnnealingLR up to its end",
        _cosine,
        (STEPS,),
    ),
    "warm-up": Schedule(
        "rate * min(1, (step + 1) / warm-up-steps)", "Goyal et al. 2017, 2.2", _warm_up, (WARM_UP,)
    ),
    "warm-up-cosine": Schedule(
        "warm-up, then cosine", "both of the above", _warm_up_cosine, (WARM_UP, STEPS)
    ),
}
"""Every schedule by its name."""
