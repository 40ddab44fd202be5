"""Shared by the tests of the engine: small data, networks to train, derivatives by differences."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradsim.experiment.build import build
from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import draw
from gradsim.nn.arrays import Array
from gradsim.nn.op import Op, Parameter, Start
from gradsim.simulation.events import Event, Phase
from gradsim.simulation.stepper import training_step
from gradsim.simulation.training import Training, training

TOLERANCE = 1e-6
"""Largest difference allowed between gradient and differences, as a share of the largest entry."""


def experiment(**knobs: Any) -> Experiment:
    """An experiment from knobs spelled as Python names: `learning_rate=0.1`."""
    return Experiment.of({name.replace("_", "-"): value for name, value in knobs.items()})


def toy_data(features: int, classes: int, rows: int = 40, seed: int = 0) -> Data:
    """A small data set of random rows; a quarter as many are held out.

    With no classes the target is a number.
    """
    rng = np.random.default_rng(seed)
    count = rows + rows // 4
    inputs = rng.normal(size=(count, features))
    targets = rng.integers(classes, size=count) if classes else rng.normal(size=(count, 1))
    names = tuple(f"class {k}" for k in range(classes))
    return Data("toy", inputs[:rows], targets[:rows], inputs[rows:], targets[rows:], names)


def training_of(declared: Experiment, data: Data) -> Training:
    """What the stepper works on, built by hand, with no session around it."""
    network = build(declared, data)
    draw(network, declared, data)
    return training(declared, network)


def run_until(
    training: Training, inputs: Array, target: Array, phase: Phase | None, step: int = 0
) -> list[Event]:
    """Events of a training step up to the first of `phase`; the whole step with None."""
    events = []
    for event in training_step(training, inputs, target, step):
        events.append(event)
        if event.phase is phase:
            break
    return events


def randomize(training: Training, seed: int = 0) -> None:
    """Move every parameter off its start: no bias is zero, no scale is one."""
    values = training.network.parameters.values
    values += 0.3 * np.random.default_rng(seed).normal(size=values.size)


def bind_random(op: Op, rng: np.random.Generator, dtype: str = "float64") -> dict[str, Parameter]:
    """Give an op parameters of its own, random, their gradients NaN until they are written.

    Around where they start from, if that is a constant.
    """
    bound = {}
    for spec in op.parameters():
        start = 0.0 if isinstance(spec.start, Start) else spec.start
        value = rng.normal(size=spec.shape) + start
        bound[spec.name] = Parameter(
            spec.name, value.astype(dtype), np.full(spec.shape, np.nan, dtype)
        )
    op.bind(bound)
    return bound


def bind_start(op: Op, dtype: str = "float64") -> None:
    """Give an op parameters of its own at the constants they start from."""
    bound = {}
    for spec in op.parameters():
        assert not isinstance(spec.start, Start), f"{spec.name} starts from no constant"
        value = np.full(spec.shape, spec.start, dtype)
        bound[spec.name] = Parameter(spec.name, value, np.zeros_like(value))
    op.bind(bound)


def by_differences(scalar: Callable[[], float], array: Array) -> Array:
    """d scalar / d array, entry by entry, by differences over four neighbors of each entry.

    The step that suits an entry depends on how curved the function is around it, so several are
    tried and the pair of neighbors that agree best decides. A step over a kink agrees with none.
    """
    gradient = np.zeros(array.shape)
    flat, out = array.reshape(-1), gradient.reshape(-1)
    assert np.shares_memory(flat, array)
    for index in range(flat.size):
        estimates = [_five_points(scalar, flat, index, step) for step in (1e-2, 1e-3, 1e-4, 1e-5)]
        gaps = [abs(one - other) for one, other in itertools.pairwise(estimates)]
        out[index] = estimates[1 + int(np.argmin(gaps))]
    return gradient


def _five_points(scalar: Callable[[], float], flat: Array, index: int, step: float) -> float:
    start = flat[index]
    total = 0.0
    for moves, weight in ((-2, 1.0), (-1, -8.0), (1, 8.0), (2, -1.0)):
        flat[index] = start + moves * step
        total += weight * scalar()
    flat[index] = start
    return total / (12.0 * step)


def assert_close(
    got: Array, wanted: Array, tolerance: float, what: str = "", floor: float = 0.0
) -> None:
    """Equal shapes, and equal up to a share of the largest entry; not-finite entries exactly.

    Differences below `floor` do not count: where theory says zero, rounding says what it likes.
    """
    assert got.shape == wanted.shape, what
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(got[~finite], wanted[~finite], err_msg=what)
    if not finite.any():
        return
    difference = np.abs(got[finite] - wanted[finite])
    largest = max(float(np.max(np.abs(wanted[finite]))), float(np.max(np.abs(got[finite]))))
    assert np.isfinite(largest), what
    worst = int(np.argmax(difference))
    assert difference[worst] <= max(tolerance * largest, floor), (
        f"{what}: {got[finite][worst]} is not {wanted[finite][worst]}, "
        f"off by {difference[worst] / largest:.1e} of the largest entry"
    )


def off_the_kinks(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers between -4 and 4, each at least 1/128 away from 0 and every other multiple of 1/64.

    Activations have their kinks at such multiples, so no difference reaches over one.
    """
    return (rng.integers(-256, 256, size=shape) + 0.5) / 64.0


def same_bits(one: Array, other: Array) -> bool:
    """Equal down to the last bit; NaN equals the same NaN, and 0 is not -0."""
    return (
        one.dtype == other.dtype
        and one.shape == other.shape
        and np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()
    )
