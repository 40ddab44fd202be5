"""The corpus: networks drawn at random, labelled by theory, judged, and really trained.

What theory says of a network at its start is worked out before it is built, from its declaration
alone; what the verdict says comes from one backward pass. So one is a fair judge of the other.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from itertools import count
from math import inf, isfinite, nan, sqrt
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from gradsim.errors import InputError
from gradsim.experiment.batches import Batches
from gradsim.experiment.build import build, check, load_data
from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.sources import DATA_SETS
from gradsim.experiment.start import draw
from gradsim.insight.theory import predicted_reach
from gradsim.insight.verdict import Shape, judge
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.arrays import Array, l2_norm
from gradsim.nn.network import Network
from gradsim.nn.normalization import NORMALIZATIONS, PLACES
from gradsim.nn.skips import ORDERS, SKIPS
from gradsim.simulation.session import Session
from gradsim.simulation.stepper import run_step
from gradsim.simulation.training import training

SIZE = 300
"""Networks that theory predicts; those without a theory are counted, and others drawn for them."""

STEPS = 60
"""Training steps of each network, to see which of its layers move."""

LABELS: dict[Shape, tuple[float, float]] = {
    Shape.VANISHING: (-inf, -2.0),
    Shape.HEALTHY: (-1.0, 1.0),
    Shape.EXPLODING: (2.0, inf),
}
"""Decades of theory's end-to-end factor of the delta norm; between two of them is no label."""

TRAINED: Mapping[str, Any] = {
    "loss-factor": 1.0,
    "optimizer": "sgd",
    "learning-rate": 0.05,
    "clip": "global-norm",
    "clip-threshold": 1.0,
}
"""How each is trained, so that none bursts: no step is longer than 0.05."""

MOVES = 0.1
"""Share of the last layers' movement from which on the first ones count as moving too."""

INITIALIZERS = (
    "glorot-normal", "glorot-uniform", "he-normal", "he-uniform", "lecun-normal",
    "lecun-uniform", "standard-uniform", "orthogonal",
)  # fmt: skip

WIDTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256)

LARGEST = 2_500_000
"""Weights in all hidden layers that a network may have, for the time's sake."""


@dataclass(frozen=True, slots=True)
class Example:
    """A network of the corpus, with all that was found out about it; in decades where it reaches.

    Movement of some layers is |W_t - W_0| / |W_0|, the root mean square over them; the first ones
    are the first quarter of the hidden layers, the last ones the last quarter.
    """

    index: int
    settings: Mapping[str, Any]
    predicted: float
    """log10 of the end-to-end factor of the delta norm, by theory."""
    measured: float
    shape: str
    label: str
    """The shape by theory; empty between two of them."""
    first_moved: float
    last_moved: float
    loss_before: float
    """Mean over the first five steps."""
    loss_after: float
    """Mean over the last five steps."""

    @property
    def scored(self) -> bool:
        """Whether theory has a label for it."""
        return bool(self.label)

    @property
    def first_layers_move(self) -> bool:
        """Whether the first layers moved at least a tenth as far as the last ones."""
        return self.first_moved >= MOVES * self.last_moved > 0.0

    @property
    def learns(self) -> bool:
        """Whether the loss came down by a tenth."""
        return self.loss_after < 0.9 * self.loss_before


Tell = Callable[[int], None]
"""Is called with the number of networks examined so far."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The networks of a corpus in their order, and for how many others there is no theory."""

    examples: tuple[Example, ...]
    without_theory: int


def corpus(
    seed: int,
    size: int = SIZE,
    steps: int = STEPS,
    executor: Executor | None = None,
    tell: Tell | None = None,
) -> Corpus:
    """The first `size` networks of a seed that theory predicts, examined; the same at any executor.

    Without an executor they are examined here, one after the other.
    """
    found: list[Example] = []
    seen = 0
    indices = count()

    def take(example: Example | None) -> bool:
        nonlocal seen
        seen += 1
        if example:
            found.append(example)
            if tell:
                tell(len(found))
        return example is not None

    if executor is None:
        while len(found) < size:
            take(examined(next(indices), seed, steps))
    else:
        # For each network without a theory one more is examined, so that in the end these are the
        # first ones, whatever the order in which they came back.
        running: set[Future[Example | None]] = {
            executor.submit(examined, next(indices), seed, steps) for _ in range(size)
        }
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                if not take(future.result()):
                    running.add(executor.submit(examined, next(indices), seed, steps))
    found.sort(key=lambda example: example.index)
    return Corpus(tuple(found), seen - len(found))


def drawn(seed: int, index: int) -> Experiment:
    """The network of this number in the corpus of this seed. The same numbers, the same network."""
    for attempt in count():
        rng = np.random.default_rng([seed, index, attempt])
        try:
            experiment = Experiment.of(_settings(rng))
            check(experiment, load_data(experiment))
        except InputError:
            # Some parts do not go together, such as a normalization and too small a batch.
            continue
        return experiment
    raise AssertionError("there is no end to the attempts")


def _settings(rng: np.random.Generator) -> dict[str, Any]:
    def one_of(names: Iterable[Any]) -> Any:
        names = list(names)
        return names[int(rng.integers(len(names)))]

    dtype = "float64" if rng.random() < 0.75 else "float32"
    reach = 30.0 if dtype == "float64" else 6.0
    width = one_of(WIDTHS)
    deepest = min(100.0, max(3.0, LARGEST / width**2))
    settings: dict[str, Any] = {
        "depth": round(float(np.exp(rng.uniform(np.log(3.0), np.log(deepest))))),
        "width": width,
        "batch-size": one_of((16, 32, 64, 128, 256)),
        "activation": one_of(ACTIVATIONS),
        "initializer": one_of(INITIALIZERS),
        "initializer-gain": float(f"{np.exp(rng.normal(0.1, 0.5)):.4g}"),
        "bias-std": float(one_of((0.0, 0.0, 0.05, 0.3, 1.0))),
        "data": one_of(DATA_SETS),
        "seed": int(rng.integers(2**31)),
        "dtype": dtype,
        "loss-factor": float(f"1e{int(rng.uniform(-reach, reach))}"),
    }
    if rng.random() < 0.4:
        settings["normalization"] = one_of(NORMALIZATIONS)
        settings["normalization-place"] = one_of(PLACES)
    if rng.random() < 0.4:
        settings["skip"] = one_of(SKIPS)
        settings["skip-order"] = one_of(ORDERS)
        settings["skip-every"] = one_of((1, 1, 2, 3))
    classes = bool(load_data(Experiment.of({"data": settings["data"]})).classes)
    losses = ["mean-squared-error", "huber"]
    if classes:
        losses += ["softmax-cross-entropy"] * 3 + ["binary-cross-entropy"]
    settings["loss"] = one_of(losses)
    return settings


def label_of(predicted: float) -> str:
    """The shape by theory's end-to-end factor, in decades; empty where it lies between two."""
    for shape, (low, high) in LABELS.items():
        if low <= predicted <= high:
            return str(shape)
    return ""


def examined(index: int, seed: int, steps: int = STEPS) -> Example | None:
    """A network of the corpus: labelled, judged, trained; None where there is no theory for it."""
    with threadpool_limits(1):
        experiment = drawn(seed, index)
        data = load_data(experiment)
        predicted = predicted_reach(experiment, data)
        if predicted is None or not isfinite(predicted):
            return None
        session = Session(experiment)
        verdict = judge(session.look(), experiment)
        moved = _trained(experiment.switch(TRAINED), data, steps)
    return Example(
        index,
        experiment.settings(),
        predicted,
        verdict.evidence.reach_decades,
        str(verdict.shape),
        label_of(predicted),
        *moved,
    )


def _trained(e: Experiment, data: Data, steps: int) -> tuple[float, float, float, float]:
    """Movement of the first and of the last layers, and the loss at the start and at the end."""
    if not steps:
        return nan, nan, nan, nan
    network = build(e, data)
    draw(network, e, data)
    train = training(e, network)
    batches = Batches(data, e.batch_size, e.seed, e.dtype)
    before = _weights(network)
    losses = []
    for step in range(steps):
        run_step(train, *batches.batch(step), step)
        losses.append(train.loss)
    with np.errstate(all="ignore"):
        moves = [
            l2_norm(now - then) / l2_norm(then)
            for now, then in zip(_weights(network), before, strict=True)
        ]
    quarter = max(1, e.depth // 4)
    first, last = moves[:quarter], moves[-quarter:]
    few = max(1, min(5, steps // 2))
    return (
        sqrt(sum(m * m for m in first) / quarter),
        sqrt(sum(m * m for m in last) / quarter),
        sum(losses[:few]) / few,
        sum(losses[-few:]) / few,
    )


def _weights(network: Network) -> list[Array]:
    store = network.parameters
    return [store.view(layer.weight, store.values).copy() for layer in network.layers[:-1]]
