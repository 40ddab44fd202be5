"""Whether the remedy that stands first is worth it on seeds it was not chosen by.

    python tests/benchmarks/remedies_on_new_seeds.py [NAME ...]

Not run with the tests: it takes minutes of both cores for each experiment. For each it searches as
`gradsim diagnose --remedies` does, then trains what was tried for 600 steps on ten other seeds, and
tells on how many of them the first is within 2 points of held-out accuracy of the best (in a
regression within 0.02 of the least loss, where 1 is to always say the mean). Candidates that are
more than 10 points behind on the first of the ten seeds are left out on the other nine.
"""

import sys
from collections.abc import Mapping
from concurrent.futures import Executor
from math import inf, isfinite
from typing import Any

from gradsim.experiment.experiment import Experiment
from gradsim.insight.remedies.search import Search
from gradsim.insight.trial import Outcome, Trial, run_trial
from gradsim.insight.workers import Workers

STEPS = 600
NEW_SEEDS = range(1000, 1010)
WITHIN = 0.02
BEHIND = 0.10

RELU = {"activation": "relu", "initializer": "he-normal"}
SICK: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "relu-exploding": {**RELU, "initializer-gain": 2.0},
    "tanh-small-weights": {"activation": "tanh", "depth": 30, "initializer-gain": 0.3},
    "rate-too-high": {**RELU, "depth": 10, "learning-rate": 2.0},
    "batch-norm-relu-deep": {**RELU, "normalization": "batch", "depth": 30},
    "two-spirals": {"data": "two-spirals", "depth": 6, "learning-rate": 0.1},
    "two-spirals-tanh": {"data": "two-spirals", "activation": "tanh", "depth": 10, "width": 32},
    "sigmoid-adam": {"optimizer": "adam", "learning-rate": 0.001, "depth": 30},
    "raw-wine": {**RELU, "data": "wine", "scaling": "raw", "depth": 8, "width": 32,
                 "batch-size": 32},
    "sine": {"data": "sine", "loss": "mean-squared-error", "depth": 12, "width": 32},
    "tiny-loss": {**RELU, "loss-factor": 1e-4},
    "relu-deep-residual": {**RELU, "skip": "residual", "depth": 40},
}  # fmt: skip
"""Experiments that do not learn as they are, each in a way of its own."""


def searched(experiment: Experiment, executor: Executor) -> Search:
    """The search, to its end."""
    search = Search(experiment, executor)
    while not search.over:
        search.poll()
        search.wait(60.0)
    return search


def worth(outcome: Outcome) -> float:
    """Held-out accuracy, or without classes the loss with its sign turned."""
    if not isfinite(outcome.held_out_loss):
        return -inf
    accuracy = outcome.held_out_accuracy
    return -outcome.held_out_loss / outcome.loss_unit if accuracy is None else accuracy


def on_new_seeds(search: Search, executor: Executor) -> dict[str, list[float]]:
    """What each candidate is worth on each new seed; fewer of them where it stays behind."""
    found: dict[str, list[float]] = {}
    changes = {row.tried.candidate.name: row.tried.candidate.changes for row in search.ranked()}

    def trained(names: list[str], seed: int) -> None:
        futures = {
            name: executor.submit(
                run_trial,
                Trial(search.experiment.switch({**changes[name], "seed": seed}).settings(), STEPS),
            )
            for name in names
        }
        for name, future in futures.items():
            found.setdefault(name, []).append(worth(future.result()))

    trained(list(changes), NEW_SEEDS[0])
    first = search.ranked()[0].tried.candidate.name
    best = max(values[0] for values in found.values())
    near = [n for n, values in found.items() if n == first or values[0] >= best - BEHIND]
    for seed in NEW_SEEDS[1:]:
        trained(near, seed)
    return found


def verdict(search: Search, found: Mapping[str, list[float]]) -> str:
    """A line: the first remedy, on how many seeds it is near the best, and what others do."""
    first = search.ranked()[0].tried.candidate.name
    whole = {name: values for name, values in found.items() if len(values) == len(NEW_SEEDS)}
    best = [max(values) for values in zip(*whole.values(), strict=True)]

    def near(values: list[float]) -> int:
        return sum(value >= top - WITHIN for value, top in zip(values, best, strict=True))

    means = {name: sum(values) / len(values) for name, values in whole.items()}
    other = max(means, key=means.__getitem__)
    enough = sum(near(values) >= 8 for values in whole.values())
    return (
        f"{first:32} {near(whole[first]):2}/10  mean {means[first]:.3f}  "
        f"best mean {means[other]:.3f} ({other}); {enough} of {len(found)} would do"
    )


def main(names: list[str]) -> None:
    """Measure these experiments, or all."""
    with Workers() as workers:
        for name in names or SICK:
            search = searched(Experiment.of(SICK[name]), workers)
            print(f"{name:22} {verdict(search, on_new_seeds(search, workers))}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
