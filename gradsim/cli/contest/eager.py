"""A training step in PyTorch, eager, with the same numbers recorded of every layer."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from gradsim.cli.contest.case import CLASSES, FEATURES, LEARNING_RATE, Case

SATURATED_BELOW = 0.05


def training_step(case: Case) -> Callable[[], list[float]]:
    """One step of a case; what it gives back are the recorded numbers."""
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    dtype = getattr(torch, case.dtype)
    generator = torch.Generator().manual_seed(0)
    linears = [torch.nn.Linear(i, o, dtype=dtype) for i, o in case.fans()]
    for linear in linears:
        torch.nn.init.kaiming_normal_(linear.weight, generator=generator)
        torch.nn.init.zeros_(linear.bias)
    norms = [torch.nn.BatchNorm1d(case.width, dtype=dtype) for _ in linears[1:] if case.full]
    parameters = [p for part in (*linears, *norms) for p in part.parameters()]
    kind = torch.optim.Adam if case.full else torch.optim.SGD
    optimizer = kind(parameters, lr=LEARNING_RATE)
    x = torch.randn(case.batch, FEATURES, dtype=dtype, generator=generator)
    target = torch.randint(CLASSES, (case.batch,), generator=generator)
    cross_entropy, size = torch.nn.functional.cross_entropy, torch.linalg.vector_norm

    def step() -> list[float]:
        optimizer.zero_grad()
        seen, h = [], x
        for k, linear in enumerate(linears[:-1]):
            z = linear(h)
            z.retain_grad()
            y = torch.relu(norms[k](z) if case.full else z)
            # The first layer's input is of another width where the network is not 64 wide.
            h = y + h if case.full and h.shape == y.shape else y
            h.retain_grad()
            seen.append((z, y, h))
        output = linears[-1](h)
        output.retain_grad()
        seen.append((output, output, output))
        loss = cross_entropy(output, target)
        loss.backward()
        numbers = [loss]
        with torch.no_grad():
            numbers.append((output.argmax(1) == target).to(dtype).mean())
            for (z, y, h), linear in zip(seen, linears, strict=True):
                grad, slopes = linear.weight.grad, (y > 0).to(dtype)
                numbers += [
                    size(z.grad),
                    size(h.grad),
                    size(grad),
                    grad.abs().max(),
                    size(linear.weight),
                    y.mean(),
                    y.std(unbiased=False),
                    size(h),
                    (slopes < SATURATED_BELOW).to(dtype).mean(),
                    (slopes.amax(0) == 0).to(dtype).mean(),
                ]
            before = [linear.weight.clone() for linear in linears]
            numbers.append(torch.nn.utils.clip_grad_norm_(parameters, float("inf")))
            optimizer.step()
            numbers += [size(a.weight - b) for a, b in zip(linears, before, strict=True)]
            recorded: list[float] = torch.stack(numbers).tolist()
        return recorded

    return step
