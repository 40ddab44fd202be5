"""Times, taken in turns: on a machine with other work a ratio within a round says most.

Processor time of this process is taken: what other programs get of the machine is not in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from statistics import median, quantiles
from time import process_time

SAMPLE = 0.02
"""Seconds that a contestant's turn takes at least."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one step in each round, of one contestant."""

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        """The shortest."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The one in the middle."""
        return median(self.seconds)


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times longer one takes than another, round by round."""

    best: float
    """Of the shortest times."""
    median: float
    """Of the ratios of all rounds, as are the quartiles."""
    low: float
    high: float


def measured(
    steps: Mapping[str, Callable[[], object]],
    rounds: int,
    told: Callable[[int], None] = lambda done: None,
) -> dict[str, Times]:
    """The times of each; one after the other in every round, each round beginning with another."""
    names = list(steps)
    repeats = {name: max(1, ceil(SAMPLE / _once(steps[name]))) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            step, count = steps[name], repeats[name]
            begun = process_time()
            for _ in range(count):
                step()
            seconds[name].append((process_time() - begun) / count)
        told(number + 1)
    return {name: Times(tuple(taken)) for name, taken in seconds.items()}


def _once(step: Callable[[], object]) -> float:
    """Seconds of a step, once its first ones are over: they load and compile."""
    for _ in range(2):
        step()
    begun = process_time()
    step()
    return max(process_time() - begun, 1e-9)


def ratio(one: Times, other: Times) -> Ratio:
    """How many times longer `one` takes than `other`."""
    each = [a / b for a, b in zip(one.seconds, other.seconds, strict=True)]
    low, _, high = quantiles(each * 2, n=4, method="inclusive")
    return Ratio(one.best / other.best, median(each), low, high)
