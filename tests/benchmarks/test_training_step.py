"""A training step beside the bare matrix products of the same network.

    pytest tests/benchmarks --benchmark-only

Read the ratio within a group; these figures say nothing across machines.
"""

from collections.abc import Callable
from itertools import chain, repeat

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from gradsim.experiment.experiment import Experiment
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session

SIZES = [(10, 32, 32), (20, 64, 64), (50, 128, 128)]


def recorded_step(depth: int, width: int, batch: int) -> Callable[[], None]:
    """One step through the session: events, statistics and keyframes recorded."""
    knobs = {"depth": depth, "width": width, "batch-size": batch, "activation": "relu"}
    session = Session(Experiment.of(knobs | {"initializer": "he-normal"}))
    return lambda: session.do(Advance(Grain.STEP))


def bare_products(depth: int, width: int, batch: int) -> Callable[[], None]:
    """The three products of each layer, and nothing else."""
    rng = np.random.default_rng(0)
    fans = list(chain([(64, width)], repeat((width, width), depth - 1), [(width, 10)]))
    layers = [
        (
            rng.normal(size=(batch, fan_in)),
            rng.normal(size=(fan_out, fan_in)),
            rng.normal(size=(batch, fan_out)),
        )
        for fan_in, fan_out in fans
    ]
    outputs = [(np.empty_like(d), np.empty_like(w), np.empty_like(x)) for x, w, d in layers]

    def products() -> None:
        for (x, w, delta), (z, grad_w, grad_x) in zip(layers, outputs, strict=True):
            np.dot(x, w.T, out=z)
            np.dot(delta.T, x, out=grad_w)
            np.dot(delta, w, out=grad_x)

    return products


@pytest.mark.parametrize("size", SIZES, ids=lambda s: "x".join(map(str, s)))
@pytest.mark.parametrize("what", [bare_products, recorded_step], ids=lambda f: f.__name__)
def test_step(
    benchmark: BenchmarkFixture,
    size: tuple[int, int, int],
    what: Callable[[int, int, int], Callable[[], None]],
) -> None:
    benchmark.group = "depth x width x batch: " + "x".join(map(str, size))
    benchmark(what(*size))
