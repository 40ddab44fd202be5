"""A training step with all its numbers, beside what else could make it: as `gradsim bench`.

    pytest tests/benchmarks --benchmark-only

Read the ratio within a group; these figures say nothing across machines. PyTorch and JAX are
measured where they are installed. `gradsim bench` lets them take turns, and so is the steadier.
"""

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from gradsim.cli.contest.case import DTYPES, KINDS, SIZES, Case, sized
from gradsim.cli.contest.contestants import Step, contestants

CASES = [
    Case(*sized(size), kind=kind, dtype=dtype)
    for dtype in DTYPES
    for kind in KINDS
    for size in SIZES
]
CONTESTANTS = contestants()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.size}-{c.kind}-{c.dtype}")
@pytest.mark.parametrize("make", CONTESTANTS.values(), ids=CONTESTANTS)
def test_training_step(
    benchmark: BenchmarkFixture, case: Case, make: Callable[[Case], Step]
) -> None:
    benchmark.group = f"{case.size} {case.kind} {case.dtype}"
    with threadpool_limits(1):
        benchmark(make(case))
