"""Write `torch.npz`: what PyTorch computes for the networks in CASES and for single ops.

    python tests/reference/make_reference.py

Needs PyTorch (2.13 made the stored file) and what gradsim needs. Each part says itself what it is
in PyTorch; how parts are put together is written here a second time. The test that reads the file,
`tests/nn/test_against_torch.py`, needs neither PyTorch nor this script. To compare one thing more,
add a line to a table below and run the script again.

The file holds two arrays: `layout`, a JSON text, and `numbers`, one float64 vector with all
numbers in a row. The layout names each piece of the vector with its shape, and holds each case as
knobs of an experiment. Starting weights and data are not stored: `tests/formula.py` makes them.
"""

import json
import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent.parent)]

from formula import Array, labels, rows, starting_value

from gradsim.experiment.experiment import DEFAULTS
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.clipping import CLIPS
from gradsim.nn.losses import LOSSES
from gradsim.nn.normalization import NORMALIZATIONS, PLACES
from gradsim.nn.optimizers import OPTIMIZERS
from gradsim.nn.schedules import SCHEDULES
from gradsim.nn.skips import ORDERS, SKIPS, WIDTHS

BATCH, CLASSES, DEPTH, WIDTH, STEPS, OTHER_ROWS = 6, 3, 3, 8, 3, 4

torch: Any = import_module("torch") if __name__ == "__main__" else None

PLAIN: dict[str, Any] = {
    knob.replace("_", "-"): DEFAULTS[knob]
    for knob in DEFAULTS
    if knob not in ("data", "target", "scaling", "seed", "dtype", "initializer")
} | {"activation": "relu", "learning-rate": 0.1, "batch-size": BATCH, "depth": DEPTH,
     "width": WIDTH, "features": WIDTH, "brief": False}  # fmt: skip
"""What holds in a case that says nothing else; a brief one stores losses and gradients alone."""

TINY = {"depth": 2, "width": 4, "features": 4, "batch-size": 4, "brief": True}

GATES = {"depth": 5, "skip-every": 2, "features": 5}

CASES: list[dict[str, Any]] = [
    *(
        {"activation": activation, "normalization": normalization, "skip": skip} | TINY
        for activation, normalization, skip in product(
            ACTIVATIONS, ("none", *NORMALIZATIONS), ("none", *SKIPS)
        )
    ),
    *(
        {"activation": activation, "normalization": normalization, "skip": skip}
        for activation, normalization, skip in product(
            ("sigmoid", "relu", "tanh"), ("none", "batch"), ("none", "residual", "residual-scaled")
        )
    ),
    # In every order around and within a block, the last of which is shorter.
    *(
        {"activation": "tanh", "normalization": "layer", "normalization-place": place,
         "skip": skip, "skip-order": order} | GATES
        for place, skip, order in product(PLACES, SKIPS, ORDERS)
    ),
    *(
        {"activation": "gelu", "skip": skip, "skip-widths": bridge, "widths": "4,6,6,3", **TINY,
         "depth": 4}
        for skip, bridge in product(SKIPS, WIDTHS)
    ),
    # Settings that are not the usual ones.
    {"activation": "leaky-relu", "leaky-slope": 0.2},
    {"activation": "prelu", "prelu-slopes": "per-unit", "normalization": "batch"},
    {"activation": "elu", "elu-alpha": 0.4},
    {"activation": "softplus", "softplus-beta": 3.0},
    {"activation": "hardtanh", "hardtanh-bound": 0.5},
    {"normalization": "group", "groups": 2},
    {"skip": "residual-factor", "skip-factor": 0.3},
    *({"normalization": name, "normalization-learned": "off"} for name in NORMALIZATIONS),
    {"depth": 4, "activation": "tanh", "layers.1.activation": "elu",
     "layers.2.normalization": "weight", "layers.3.skip": "highway", "layers.3.width": 5,
     "layers.4.skip": "rezero", "layers.4.normalization": "group"},
    {"activation": "tanh", "loss-factor": 7.5},
    *({"activation": "tanh", "loss": loss} for loss in LOSSES),
    {"activation": "sigmoid", "loss": "mean-squared-error", "loss-factor": 3.0},
    {"activation": "tanh", "label-smoothing": 0.2},
    {"activation": "tanh", "loss": "huber", "huber-delta": 0.3},
    # No batch norm under Adam and its kin: they make a step out of the rounding of a zero.
    *({"activation": "tanh", "optimizer": name, "learning-rate": 0.01} for name in OPTIMIZERS),
    *({"activation": "prelu", "optimizer": name, "learning-rate": 0.02, "weight-decay": 0.1,
       "momentum": 0.6, "adam-beta1": 0.8, "adam-beta2": 0.95, "optimizer-epsilon": 1e-3,
       "rmsprop-alpha": 0.7, "adamw-decay": 0.2, "normalization": "layer"}
      for name in OPTIMIZERS),
    *({"activation": "tanh", "schedule": name, "schedule-steps": 2, "warm-up-steps": 2,
       "schedule-factor": 0.5} for name in SCHEDULES),
    # Clipping that fires always, never, and at some of the steps.
    *({"clip": name, "clip-norm": norm, "clip-threshold": threshold, "learning-rate": 0.5}
      for name, norm, threshold in product(
          ("global-norm", "parameter-norm"), ("1", "2", "inf"), (0.05, 100.0))),
    {"activation": "relu", "normalization": "batch", "skip": "residual", "clip": "global-norm",
     "clip-threshold": 3.8, "learning-rate": 0.5},
    {"activation": "tanh", "clip": "value", "clip-threshold": 0.02, "optimizer": "momentum"},
    {"activation": "tanh", "clip": "adaptive", "clip-threshold": 0.01, "learning-rate": 1.0},
]  # fmt: skip

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
    for name in ACTIVATIONS:
        x = torch.tensor(GRID, requires_grad=True)
        y = made(ACTIVATIONS[name].torch, PLAIN | {"slopes": 1})(x)
        y.sum().backward()
        pieces[f"activation.{name}.values"] = plain(y)
        pieces[f"activation.{name}.slopes"] = plain(x.grad)
    for name in LOSSES:
        logits = torch.tensor(EXTREME_LOGITS, requires_grad=True)
        loss = measured(
            PLAIN | {"loss": name}, logits, torch.tensor(labels(len(EXTREME_LOGITS), CLASSES))
        )
        loss.backward()
        pieces[f"loss.{name}.value"] = plain(loss)
        pieces[f"loss.{name}.gradient"] = plain(logits.grad)
    for number, case in enumerate(CASES):
        arrays = train(PLAIN | case)
        pieces |= {f"case.{number}.{key}": array for key, array in arrays.items()}
    layout = {
        "torch": str(torch.__version__),
        "classes": CLASSES,
        "steps": STEPS,
        "other-rows": OTHER_ROWS,
        "cases": [PLAIN | case for case in CASES],
        "pieces": [[name, list(array.shape)] for name, array in pieces.items()],
    }
    target = Path(__file__).parent / "torch.npz"
    np.savez_compressed(
        target,
        layout=np.array(json.dumps(layout)),
        numbers=np.concatenate([array.reshape(-1) for array in pieces.values()]),
    )
    print(f"{target}: {len(CASES)} networks, {target.stat().st_size} bytes")


def made(expression: str, settings: Mapping[str, Any], **more: Any) -> Any:
    """What an expression of a part makes, with its settings filled in."""
    known = {"torch": torch, "Erf": erf_module, **more}
    return eval(expression.format_map(settings), known)


def erf_module() -> Any:
    """A module of torch.erf."""
    module = torch.nn.Module()
    module.forward = torch.erf
    return module


def measured(case: Mapping[str, Any], output: Any, target: Any) -> Any:
    """The loss of a case; classes are rows of zeros with a one where the loss wants numbers."""
    if case["loss"] != "softmax-cross-entropy":
        target = torch.nn.functional.one_hot(target, CLASSES).to(output)
    value = made(LOSSES[case["loss"]].torch, case, output=output, target=target)
    return value * case["loss-factor"]


def clip_adaptively(layers: Mapping[str, Any], threshold: float) -> None:
    """Row by row, as in Brock et al. 2021; a bias is one row, and the head is left alone."""
    for prefix, layer in layers.items():
        for q in layer.parameters() if prefix != "output" else ():
            rows_of = q if q.ndim == 2 else q[None]
            for weight, grad in zip(rows_of, q.grad if q.ndim == 2 else q.grad[None], strict=True):
                bound = threshold * max(float(weight.detach().norm()), 1e-3)
                if float(grad.norm()) > bound:
                    grad.mul_(bound / float(grad.norm()))


def rate(case: Mapping[str, Any], step: int) -> float:
    """The learning rate of a step, by what the knobs say."""
    full, every, warm = case["learning-rate"], case["schedule-steps"], case["warm-up-steps"]
    rising = full * min(1.0, (step + 1) / warm)

    def falling(done: int) -> float:
        return float(full * (1.0 + np.cos(np.pi * min(1.0, done / every))) / 2.0)

    return float(
        {
            "constant": full,
            "step": full * case["schedule-factor"] ** (step // every),
            "cosine": falling(step),
            "warm-up": rising,
            "warm-up-cosine": rising if step < warm else falling(step - warm),
        }[case["schedule"]]
    )


def train(case: dict[str, Any]) -> dict[str, Array]:
    """STEPS training steps. Gradients and deltas are those of the last step, before clipping."""
    layers = build(case)
    named = {
        f"{prefix}.{name}": parameter
        for prefix, layer in layers.items()
        for name, parameter in layer.named_parameters()
    }
    for name, parameter in named.items():
        with torch.no_grad():
            parameter.copy_(torch.tensor(starting_value(name, tuple(parameter.shape))))
    parameters = list(named.values())
    optimizer = made(OPTIMIZERS[case["optimizer"]].torch, case, p=parameters)
    target = torch.tensor(labels(case["batch-size"], CLASSES))
    losses, norms_before, norms_after = [], [], []
    kept: dict[str, Array] = {}
    for step in range(STEPS):
        optimizer.zero_grad()
        optimizer.param_groups[0]["lr"] = rate(case, step)
        inputs = torch.tensor(rows(case["features"], case["batch-size"], f"step {step}"))
        output = forward(case, layers, inputs)
        loss = measured(case, output, target)
        loss.backward()
        losses.append(loss.item())
        if step == STEPS - 1:
            kept |= {f"gradient.{name}": plain(p.grad) for name, p in named.items()}
            kept |= {f"delta.{prefix}": plain(layer.z.grad) for prefix, layer in layers.items()}
        norms_before.append(global_norm(parameters))
        if case["clip"] == "adaptive":
            clip_adaptively(layers, case["clip-threshold"])
        elif case["clip"] != "none":
            exec(CLIPS[case["clip"]].torch.format_map(case), {"torch": torch, "p": parameters})
        norms_after.append(global_norm(parameters))
        optimizer.step()
    out = {"loss": np.array(losses)} | kept
    if case["brief"]:
        return {name: a for name, a in out.items() if name.partition(".")[0] != "delta"}
    for layer in layers.values():
        layer.eval()
    other = torch.tensor(rows(case["features"], OTHER_ROWS, "other rows"))
    return (
        out
        | {"norm_before": np.array(norms_before), "norm_after": np.array(norms_after)}
        | {f"parameter.{name}": plain(p) for name, p in named.items()}
        | {
            f"buffer.{prefix}.{name}": plain(buffer)
            for prefix, layer in layers.items()
            for name, buffer in layer.named_buffers()
            if "running" in name
        }
        | {"inferred": plain(forward(case, layers, other))}
    )


def own(case: dict[str, Any], layer: int) -> dict[str, Any]:
    """The knobs of a layer: its own, or those of all."""
    lead = f"layers.{layer}."
    found = case | {n.removeprefix(lead): v for n, v in case.items() if n.startswith(lead)}
    if case["widths"]:
        found["width"] = int(case["widths"].split(",")[layer - 1])
    return found


def build(case: dict[str, Any]) -> dict[str, Any]:
    """Each layer by the prefix that gradsim gives its parameters, as a linear module with parts.

    Written from what the knobs say, not from how gradsim wires: a layer knows what it is to do,
    and `forward` does it.
    """
    layers: dict[str, Any] = {}
    depth, every = case["depth"], case["skip-every"]
    width = case["features"]
    for first in range(1, depth + 1, every):
        last = min(first + every - 1, depth)
        skip = own(case, last)["skip"]
        order = case["skip-order"] if skip != "none" else "activation-inside"
        before = width
        for number in range(first, last + 1):
            knobs = own(case, number)
            layer = torch.nn.Linear(width, knobs["width"])
            silent = order == "pre-activation" and number == 1
            outside = order == "post-activation" and number == last
            joined = knobs["width"] + before if outside and skip == "dense" else knobs["width"]
            active = width if order == "pre-activation" else joined
            if not silent:
                slopes = 1 if knobs["prelu-slopes"] == "shared" else active
                kind = ACTIVATIONS[knobs["activation"]].torch
                layer.activation = made(kind, knobs | {"slopes": slopes})
            norm, place = knobs["normalization"], knobs["normalization-place"]
            if norm == "weight":
                layer.norm = torch.nn.Module()
                layer.norm.weight = torch.nn.Parameter(torch.ones(knobs["width"]))
            elif norm != "none" and not silent:
                units = {"before-linear": width, "after-activation": active}.get(
                    place, width if order == "pre-activation" else knobs["width"]
                )
                groups = min(knobs["groups"], units // 2)
                while units % groups:
                    groups -= 1
                learned = knobs["normalization-learned"] == "on"
                filled = {"units": units, "groups": groups, "learned": learned}
                layer.norm = made(NORMALIZATIONS[norm].torch, filled)
            layers[f"layers.{number}"] = layer
            width = knobs["width"]
        end = layers[f"layers.{last}"]
        if skip == "dense":
            width += before
        elif skip != "none" and (width == before or case["skip-widths"] != "none"):
            if skip == "highway":
                end.gate = torch.nn.Linear(before, width)
            projects = width != before and case["skip-widths"] == "projection"
            if projects or skip == "rezero":
                end.skip = torch.nn.Linear(before, width, bias=False)
            if not projects and skip == "rezero":
                del end.skip.weight
            if skip == "rezero":
                end.skip.alpha = torch.nn.Parameter(torch.zeros(1))
    layers["output"] = torch.nn.Linear(width, CLASSES)
    return layers


def linear(layer: Any, x: Any, knobs: Mapping[str, Any]) -> Any:
    """z = W x + b, kept with its gradient."""
    weight = layer.weight
    if knobs["normalization"] == "weight":
        weight = layer.norm.weight[:, None] * weight / weight.norm(dim=1, keepdim=True)
    layer.z = x @ weight.T + layer.bias
    if layer.z.requires_grad:
        layer.z.retain_grad()
    return layer.z


def forward(case: dict[str, Any], layers: dict[str, Any], x: Any) -> Any:
    """The output of the head."""
    depth, every = case["depth"], case["skip-every"]
    for first in range(1, depth + 1, every):
        last = min(first + every - 1, depth)
        skip, entry = own(case, last)["skip"], x
        order = case["skip-order"] if skip != "none" else "activation-inside"
        late: list[Any] = []
        for number in range(first, last + 1):
            knobs, layer = own(case, number), layers[f"layers.{number}"]
            turn = partial(linear, layer, knobs=knobs)
            norm = getattr(layer, "norm", None) if knobs["normalization"] != "weight" else None
            phi = getattr(layer, "activation", None)
            place = knobs["normalization-place"]
            todo: list[Any]
            if order == "pre-activation":
                todo = [norm, phi, turn] if place == "before-activation" else [phi, norm, turn]
            else:
                todo = {
                    "before-linear": [norm, turn, phi],
                    "before-activation": [turn, norm, phi],
                    "after-activation": [turn, phi, norm],
                }[place]
            todo = [part for part in todo if part is not None]
            if order == "post-activation" and number == last:
                late = todo[todo.index(phi) :]
                todo = todo[: todo.index(phi)]
            for part in todo:
                x = part(x)
        if skip != "none":
            x = join(case, own(case, last), layers[f"layers.{last}"], entry, x)
        for part in late:
            x = part(x)
    return linear(layers["output"], x, {"normalization": "none"})


def join(case: dict[str, Any], knobs: dict[str, Any], layer: Any, x: Any, f: Any) -> Any:
    """What comes out of a block whose input is x and whose layers make f of it."""
    skip, bridge = knobs["skip"], case["skip-widths"]
    if skip == "dense":
        return torch.cat([x, f], 1)
    gate: Any = torch.sigmoid(layer.gate(x)) if hasattr(layer, "gate") else None
    wide, narrow = x.shape[1], f.shape[1]
    if wide != narrow:
        if bridge == "none":
            return f
        if bridge == "projection":
            x = x @ layer.skip.weight.T
        else:
            x = torch.cat([x[:, :narrow], x.new_zeros(len(x), max(0, narrow - wide))], 1)
    if skip == "highway":
        return gate * f + (1 - gate) * x
    if skip == "rezero":
        return x + layer.skip.alpha * f
    blocks = -(-case["depth"] // case["skip-every"])
    return made(SKIPS[skip].torch, knobs | {"blocks": blocks}, x=x, f=f)


def global_norm(parameters: list[Any]) -> float:
    """The L2 norm of all gradients together."""
    return float(torch.linalg.vector_norm(torch.cat([p.grad.reshape(-1) for p in parameters])))


def plain(tensor: Any) -> Array:
    """A tensor as a float64 array of its own."""
    return np.array(tensor.detach().numpy(), np.float64)


if __name__ == "__main__":
    main()
