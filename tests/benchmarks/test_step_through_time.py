"""A training step through time beside PyTorch eager recording the same numbers.

    pytest tests/benchmarks/test_step_through_time.py --benchmark-only

1,000 time steps, width 32, float64, one thread. PyTorch is compared where it is
installed. Read the ratio within a group; these figures say nothing across machines.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from gradsim.experiment.experiment import Experiment
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session

STEPS, WIDTH, BATCHES = 1000, 32, (1, 8, 32, 64)


def recorded_step(cell: str, batch: int) -> Callable[[], None]:
    """One step through the session, with all statistics of each time step."""
    knobs = {"cell": cell, "activation": "tanh", "width": WIDTH, "batch-size": batch}
    data = {"data": "adding", "loss": "mean-squared-error", "sequence-length": STEPS}
    session = Session(Experiment.of(knobs | data | {"learning-rate": 1e-3}))
    return lambda: session.do(Advance(Grain.STEP))


def eager_step(cell: str, batch: int) -> Callable[[], None]:
    """The same in PyTorch, op by op, with the same statistics of each time step."""
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    functional, gates = torch.nn.functional, {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    into = torch.nn.Linear(2, gates * WIDTH)
    over = torch.nn.Linear(WIDTH, gates * WIDTH)
    head = torch.nn.Linear(WIDTH, 1)
    parameters = [*into.parameters(), *over.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=1e-3)
    x, target = torch.rand(batch, STEPS, 2), torch.rand(batch, 1)

    def one(taken: Any, h: Any, c: Any) -> tuple[Any, Any, Any, Any]:
        a, b = into(taken), over(h)
        if cell == "rnn":
            z = a + b
            z.retain_grad()
            h = torch.tanh(z)
            return h, c, z, 1.0 - h.detach() ** 2
        if cell == "gru":
            z = a[:, : 2 * WIDTH] + b[:, : 2 * WIDTH]
            z.retain_grad()
            r, u = torch.sigmoid(z).chunk(2, 1)
            h = (1 - u) * torch.tanh(a[:, 2 * WIDTH :] + r * b[:, 2 * WIDTH :]) + u * h
            return h, c, z, u.detach() * (1 - u.detach())
        z = a + b
        z.retain_grad()
        i, f, g, o = z.chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        opened = torch.sigmoid(z.detach())
        return h, c, z, opened * (1 - opened)

    def step() -> None:
        optimizer.zero_grad()
        h = c = torch.zeros(batch, WIDTH)
        seen = []
        for time in range(STEPS):
            before = h
            h, c, z, slopes = one(x[:, time], h, c)
            h.retain_grad()
            seen.append((before, z, h, slopes))
        functional.mse_loss(head(h), target).backward()
        rows = []
        with torch.no_grad():
            largest = over.weight.grad.abs().max().item()
            size = over.weight.norm().item()
            for before, z, h, slopes in seen:
                rows.append(
                    (
                        z.grad.norm().item(),
                        h.grad.norm().item(),
                        (z.grad.T @ before).norm().item(),
                        largest,
                        size,
                        h.mean().item(),
                        h.std().item(),
                        h.norm().item(),
                        (slopes < 0.05).double().mean().item(),
                        (slopes.amax(0) == 0).double().mean().item(),
                    )
                )
            old = over.weight.clone()
            torch.nn.utils.clip_grad_norm_(parameters, float("inf"))
            optimizer.step()
            (over.weight - old).norm().item()

    return step


CASES = [recorded_step, *([eager_step] if find_spec("torch") else [])]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("what", CASES, ids=lambda f: f.__name__)
def test_step_through_time(
    benchmark: BenchmarkFixture,
    cell: str,
    batch: int,
    what: Callable[[str, int], Callable[[], None]],
) -> None:
    benchmark.group = f"{cell}, {STEPS} time steps x width {WIDTH} x batch {batch}"
    benchmark(what(cell, batch))
