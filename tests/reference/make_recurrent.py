"""Write `recurrent.npz`: what PyTorch's own RNN, GRU and LSTM compute for the networks in CASES.

    python tests/reference/make_recurrent.py

Needs PyTorch (2.14 made the stored file) and NumPy. The test that reads the file,
`tests/nn/test_recurrent_against_torch.py`, needs neither PyTorch nor this script. The file holds
`layout`, a JSON text with the cases and the name and shape of each piece, and `numbers`.
"""

import json
import sys
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parent.parent)]

from formula import Array, labels, rows, starting_value

BATCH, CLASSES, FEATURES, WIDTH, STEPS = 5, 3, 2, 6, 3

torch: Any = import_module("torch") if __name__ == "__main__" else None

CASES: list[dict[str, Any]] = [
    {"cell": cell, "activation": activation, "recurrent-layers": layers, "readout": readout,
     "loss": loss, "time-steps": time}
    for (cell, activation), layers, readout, loss, time in product(
        (("rnn", "tanh"), ("rnn", "relu"), ("gru", "tanh"), ("lstm", "tanh")),
        (1, 2), ("last", "every"), ("softmax-cross-entropy", "mean-squared-error"), (1, 7))
]  # fmt: skip

NAMES = {
    "weight": "weight_ih_l",
    "bias": "bias_ih_l",
    "recurrent.weight": "weight_hh_l",
    "recurrent.bias": "bias_hh_l",
}
"""What each parameter of a layer is called in PyTorch, before the number of the layer from 0."""


def main() -> None:
    """Compute everything and write the file beside this script."""
    torch.set_default_dtype(torch.float64)
    pieces: dict[str, Array] = {}
    for number, case in enumerate(CASES):
        pieces |= {f"{number}.{name}": array for name, array in train(case).items()}
    layout = {
        "torch": str(torch.__version__),
        "batch": BATCH,
        "classes": CLASSES,
        "features": FEATURES,
        "width": WIDTH,
        "steps": STEPS,
        "cases": CASES,
        "pieces": [[name, list(array.shape)] for name, array in pieces.items()],
    }
    target = Path(__file__).parent / "recurrent.npz"
    np.savez_compressed(
        target,
        layout=np.array(json.dumps(layout)),
        numbers=np.concatenate([array.reshape(-1) for array in pieces.values()]),
    )
    print(f"{target}: {len(CASES)} networks, {target.stat().st_size} bytes")


def train(case: dict[str, Any]) -> dict[str, Array]:
    """STEPS steps of SGD at rate 0.1: losses, last gradients, and the parameters at the end."""
    layers, time = case["recurrent-layers"], case["time-steps"]
    kind = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[case["cell"]]
    more = {"nonlinearity": case["activation"]} if case["cell"] == "rnn" else {}
    cell = kind(FEATURES, WIDTH, layers, batch_first=True, **more)
    head = torch.nn.Linear(WIDTH, CLASSES)
    named = {
        f"layers.{layer + 1}.{own}": getattr(cell, f"{theirs}{layer}")
        for layer in range(layers)
        for own, theirs in NAMES.items()
    } | {"output.weight": head.weight, "output.bias": head.bias}
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(torch.tensor(starting_value(name, tuple(parameter.shape))))
    optimizer = torch.optim.SGD(list(named.values()), lr=0.1)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        x = torch.tensor(rows(time * FEATURES, BATCH, f"step {step}")).reshape(
            BATCH, time, FEATURES
        )
        states, _ = cell(x)
        every = case["readout"] == "every"
        # Time step by time step, as gradsim stacks its outputs.
        seen = states.transpose(0, 1).reshape(-1, WIDTH) if every else states[:, -1]
        target = torch.tensor(labels(BATCH * (time if every else 1), CLASSES))
        output = head(seen)
        if case["loss"] == "mean-squared-error":
            wanted = torch.nn.functional.one_hot(target, CLASSES).to(output)
            loss = torch.nn.functional.mse_loss(output, wanted)
        else:
            loss = torch.nn.functional.cross_entropy(output, target)
        loss.backward()
        losses.append(loss.item())
        if step == STEPS - 1:
            kept = {f"gradient.{name}": plain(p.grad) for name, p in named.items()}
        optimizer.step()
    return (
        {"loss": np.array(losses)}
        | kept
        | {f"parameter.{name}": plain(p) for name, p in named.items()}
        | {"output": plain(output)}
    )


def plain(tensor: Any) -> Array:
    """A tensor as an array of its own."""
    return np.array(tensor.detach().numpy(), np.float64)


if __name__ == "__main__":
    main()
