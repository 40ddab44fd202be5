"""Write `torch.npz`: what PyTorch computes for the networks in CASES and for single ops.

    python tests/reference/make_reference.py

Needs PyTorch (2.13 made the stored file) and NumPy; the test that reads the file,
`tests/nn/test_against_torch.py`, needs neither PyTorch nor this script. To compare one thing more,
add a line to a table below and run the script again.

The file holds two arrays: `layout`, a JSON text, and `numbers`, one float64 vector with all
numbers in a row. The layout names each piece of the vector with its shape, and holds each case as
knobs of an experiment. Starting weights and data are not stored: `tests/formula.py` makes them.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from formula import Array, labels, rows, starting_value

BATCH, CLASSES, DEPTH, WIDTH, STEPS, OTHER_ROWS = 6, 3, 3, 8, 3, 4

torch: Any = import_module("torch") if __name__ == "__main__" else None

# The choices of each knob -> the same thing in PyTorch, made for a case.
ACTIVATIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "sigmoid": lambda case: torch.nn.Sigmoid(),
    "relu": lambda case: torch.nn.ReLU(),
    "leaky-relu": lambda case: torch.nn.LeakyReLU(case["leaky-slope"]),
    "prelu": lambda case: torch.nn.PReLU(init=case["prelu-start"]),
    "identity": lambda case: torch.nn.Identity(),
    "tanh": lambda case: torch.nn.Tanh(),
}
NORMALIZATIONS: dict[str, Callable[[int], Any]] = {
    "none": lambda width: torch.nn.Identity(),
    "batch": torch.nn.BatchNorm1d,
    "layer": torch.nn.LayerNorm,
}
SKIPS: dict[str, Callable[[Any, Any], Any]] = {
    "none": lambda main, skip: main,
    "residual": lambda main, skip: main + skip,
    "residual-scaled": lambda main, skip: (main + skip) / 2**0.5,
}
LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "softmax-cross-entropy": torch.nn.functional.cross_entropy,
    "mean-squared-error": lambda output, target: torch.nn.functional.mse_loss(
        output, torch.nn.functional.one_hot(target, CLASSES).to(output)
    ),
}
OPTIMIZERS: dict[str, Callable[[list[Any], dict[str, Any]], Any]] = {
    "sgd": lambda params, case: torch.optim.SGD(params, case["learning-rate"]),
    "momentum": lambda params, case: torch.optim.SGD(
        params, case["learning-rate"], momentum=case["momentum"]
    ),
    "adam": lambda params, case: torch.optim.Adam(params, case["learning-rate"]),
}
CLIPS: dict[str, Callable[[list[Any], float], Any]] = {
    "none": lambda params, threshold: None,
    "global-norm": torch.nn.utils.clip_grad_norm_,
    "value": torch.nn.utils.clip_grad_value_,
}

COMMON: dict[str, Any] = {
    "features": WIDTH,
    "activation": "relu",
    "leaky-slope": 0.01,
    "prelu-start": 0.25,
    "normalization": "none",
    "skip": "none",
    "loss": "softmax-cross-entropy",
    "loss-factor": 1.0,
    "optimizer": "sgd",
    "momentum": 0.9,
    "learning-rate": 0.1,
    "clip": "none",
    "clip-threshold": 1.0,
}

CASES: list[dict[str, Any]] = [
    *(
        {"activation": activation, "normalization": normalization, "skip": skip}
        for activation, normalization, skip in product(
            ("sigmoid", "relu", "tanh"), ("none", "batch"), ("none", "residual", "residual-scaled")
        )
    ),
    # A first layer that is narrower than the others, and so has no skip.
    {"activation": "tanh", "skip": "residual", "features": 5},
    {"activation": "identity"},
    {"activation": "leaky-relu", "leaky-slope": 0.2},
    {"activation": "prelu"},
    {"activation": "prelu", "normalization": "batch", "skip": "residual"},
    {"activation": "tanh", "normalization": "layer"},
    {"activation": "relu", "normalization": "layer", "skip": "residual"},
    {"activation": "tanh", "loss": "mean-squared-error"},
    {"activation": "sigmoid", "loss": "mean-squared-error", "loss-factor": 3.0},
    {"activation": "tanh", "loss-factor": 7.5},
    {"activation": "tanh", "optimizer": "momentum"},
    {"activation": "relu", "optimizer": "momentum", "momentum": 0.5, "normalization": "batch"},
    # No batch norm under Adam: it makes a step out of the rounding of a gradient that is zero.
    {"activation": "tanh", "optimizer": "adam", "learning-rate": 0.01},
    {"activation": "prelu", "optimizer": "adam", "learning-rate": 0.05, "normalization": "layer"},
    # Clipping that fires always, never, and at some of the steps.
    {"activation": "relu", "clip": "global-norm", "clip-threshold": 0.05, "learning-rate": 1.0},
    {"activation": "tanh", "clip": "global-norm", "clip-threshold": 100.0},
    {
        "activation": "relu",
        "normalization": "batch",
        "skip": "residual",
        "clip": "global-norm",
        "clip-threshold": 3.8,
        "learning-rate": 0.5,
    },
    {"activation": "tanh", "clip": "value", "clip-threshold": 0.02, "optimizer": "momentum"},
]

GRID = sorted(
    {0.0}
    | {sign * size for sign in (-1.0, 1.0) for size in (1e-300, 1e-8, 1e-3, 30.0, 40.0, 300.0, 1e3)}
    | {k / 4 + 1 / 32 for k in range(-28, 28)}
)

EXTREME_LOGITS = [
    [0.0, 0.0, 0.0],
    [1000.0, 0.0, -1000.0],
    [-1000.0, 0.0, 1000.0],
    [1e4, 1e4, 1e4],
    [-1e4, -1e4, -1e4],
    [1e-300, 700.0, 710.0],
]


def main() -> None:
    """Compute everything and write the file beside this script."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    pieces: dict[str, Array] = {"grid": np.array(GRID), "logits": np.array(EXTREME_LOGITS)}
    for name, make in ACTIVATIONS.items():
        x = torch.tensor(GRID, requires_grad=True)
        y = make(COMMON)(x)
        y.sum().backward()
        pieces[f"activation.{name}.values"] = plain(y)
        pieces[f"activation.{name}.slopes"] = plain(x.grad)
    for name, measure in LOSSES.items():
        logits = torch.tensor(EXTREME_LOGITS, requires_grad=True)
        loss = measure(logits, torch.tensor(labels(len(EXTREME_LOGITS), CLASSES)))
        loss.backward()
        pieces[f"loss.{name}.value"] = plain(loss)
        pieces[f"loss.{name}.gradient"] = plain(logits.grad)
    cases = [COMMON | case for case in CASES]
    for number, case in enumerate(cases):
        pieces |= {f"case.{number}.{key}": array for key, array in train(case).items()}
    layout = {
        "torch": str(torch.__version__),
        "sizes": {"batch": BATCH, "classes": CLASSES, "depth": DEPTH, "width": WIDTH},
        "steps": STEPS,
        "other-rows": OTHER_ROWS,
        "cases": cases,
        "pieces": [[name, list(array.shape)] for name, array in pieces.items()],
    }
    target = Path(__file__).parent / "torch.npz"
    np.savez_compressed(
        target,
        layout=np.array(json.dumps(layout)),
        numbers=np.concatenate([array.reshape(-1) for array in pieces.values()]),
    )
    print(f"{target}: {len(cases)} networks, {target.stat().st_size} bytes")


def train(case: dict[str, Any]) -> dict[str, Array]:
    """STEPS training steps. Gradients and deltas are those of the last step, before clipping."""
    layers = build(case)
    named = {
        f"{prefix}.{name}".replace("linear.", ""): parameter
        for prefix, layer in layers.items()
        for name, parameter in layer.named_parameters()
    }
    for name, parameter in named.items():
        with torch.no_grad():
            parameter.copy_(torch.tensor(starting_value(name, tuple(parameter.shape))))
    parameters = list(named.values())
    optimizer = OPTIMIZERS[case["optimizer"]](parameters, case)
    target = torch.tensor(labels(BATCH, CLASSES))
    losses, norms_before, norms_after = [], [], []
    kept: dict[str, Array] = {}
    for step in range(STEPS):
        optimizer.zero_grad()
        inputs = torch.tensor(rows(case["features"], BATCH, f"step {step}"))
        output, pre_activations = forward(case, layers, inputs)
        loss = LOSSES[case["loss"]](output, target) * case["loss-factor"]
        loss.backward()
        losses.append(loss.item())
        if step == STEPS - 1:
            kept |= {f"gradient.{name}": plain(p.grad) for name, p in named.items()}
            kept |= {f"delta.{prefix}": plain(z.grad) for prefix, z in pre_activations.items()}
        norms_before.append(global_norm(parameters))
        CLIPS[case["clip"]](parameters, case["clip-threshold"])
        norms_after.append(global_norm(parameters))
        optimizer.step()
    for layer in layers.values():
        layer.eval()
    other = torch.tensor(rows(case["features"], OTHER_ROWS, "other rows"))
    return (
        {
            "loss": np.array(losses),
            "norm_before": np.array(norms_before),
            "norm_after": np.array(norms_after),
        }
        | kept
        | {f"parameter.{name}": plain(p) for name, p in named.items()}
        | {
            f"buffer.{prefix}.{name}": plain(buffer)
            for prefix, layer in layers.items()
            for name, buffer in layer.named_buffers()
            if "running" in name
        }
        | {"inferred": plain(forward(case, layers, other)[0])}
    )


def build(case: dict[str, Any]) -> dict[str, Any]:
    """Each layer by the prefix that gradsim gives its parameters, as a dict of modules."""
    widths = [case["features"], *[WIDTH] * DEPTH, CLASSES]
    layers = {}
    for number, (fan_in, fan_out) in enumerate(pairwise(widths), start=1):
        parts = {"linear": torch.nn.Linear(fan_in, fan_out)}
        if number <= DEPTH:
            parts["norm"] = NORMALIZATIONS[case["normalization"]](WIDTH)
            parts["activation"] = ACTIVATIONS[case["activation"]](case)
        prefix = f"layers.{number}" if number <= DEPTH else "output"
        layers[prefix] = torch.nn.ModuleDict(parts)
    return layers


def forward(
    case: dict[str, Any], layers: dict[str, Any], inputs: Any
) -> tuple[Any, dict[str, Any]]:
    """The output, and every pre-activation z = W x + b with its gradient kept."""
    pre_activations = {}
    x = inputs
    for prefix, layer in layers.items():
        z = layer["linear"](x)
        z.retain_grad()
        pre_activations[prefix] = z
        if prefix == "output":
            break
        y = layer["activation"](layer["norm"](z))
        x = SKIPS[case["skip"]](y, x) if x.shape == y.shape else y
    return z, pre_activations


def global_norm(parameters: list[Any]) -> float:
    """The L2 norm of all gradients together."""
    return float(torch.linalg.vector_norm(torch.cat([p.grad.reshape(-1) for p in parameters])))


def plain(tensor: Any) -> Array:
    """A tensor as a float64 array of its own."""
    return np.array(tensor.detach().numpy(), np.float64)


if __name__ == "__main__":
    main()
