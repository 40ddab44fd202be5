"""Those that take part: each makes, for a case, a function that does one training step."""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from gradsim.cli.contest.case import Case
from gradsim.experiment.experiment import Experiment
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session

Step = Callable[[], object]
"""One training step."""


def recorded(case: Case) -> Step:
    """A step as `gradsim run` does it: through the session, with all that is recorded."""
    session = Session(Experiment.of(case.settings()))
    return lambda: session.do(Advance(Grain.STEP))


def products(case: Case) -> Step:
    """The three matrix products of every linear layer, into buffers that are there; no more."""
    rng = np.random.default_rng(0)

    def matrix(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return rng.standard_normal(shape).astype(case.dtype)

    layers = [(matrix(case.batch, i), matrix(o, i), matrix(case.batch, o)) for i, o in case.fans()]
    outputs = [(np.empty_like(d), np.empty_like(w), np.empty_like(x)) for x, w, d in layers]

    def step() -> None:
        for (x, weight, delta), (z, grad_weight, grad_x) in zip(layers, outputs, strict=True):
            np.dot(x, weight.T, out=z)
            np.dot(delta.T, x, out=grad_weight)
            np.dot(delta, weight, out=grad_x)

    return step


def eager(case: Case) -> Step:
    """PyTorch, op by op, recording the same."""
    from gradsim.cli.contest.eager import training_step  # noqa: PLC0415 (an extra)

    return training_step(case)


def compiled(case: Case) -> Step:
    """JAX, the whole step compiled, recording the same."""
    from gradsim.cli.contest.compiled import training_step  # noqa: PLC0415 (an extra)

    return training_step(case)


def contestants() -> dict[str, Callable[[Case], Step]]:
    """All that can take part here: PyTorch and JAX where they are installed."""
    found: dict[str, Callable[[Case], Step]] = {"products": products, "gradsim": recorded}
    if find_spec("torch"):
        found["torch"] = eager
    if find_spec("jax"):
        found["jax"] = compiled
    return found
