"""A recurrent network as a PyTorch script: with PyTorch's own cell where it has such a one."""

from collections.abc import Mapping
from pprint import pformat

from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.export import torch_text
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.cells import GATES
from gradsim.nn.normalization import NORMALIZATIONS, GroupNorm

KINDS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}

NAMES = {
    "weight": "weight_ih_l",
    "bias": "bias_ih_l",
    "recurrent.weight": "weight_hh_l",
    "recurrent.bias": "bias_hh_l",
}
"""What each parameter of a layer is called in PyTorch, before the number of the layer from 0."""


def recurrent_script(
    experiment: Experiment, data: Data, state: str, check: Mapping[str, str]
) -> str:
    """The script for a recurrent network on this data; `check` is how its check is written."""
    e = experiment
    body = _built_in(e, data) if _is_built_in(e) else _written_out(e, data)
    body += torch_text.MAIN + torch_text.COMPARE
    body = body.format(
        depth=e.recurrent_layers, zero=[], own="NAMES.get(name, name)", deltas="", **check
    )
    helpers = [
        text.strip("\n")
        for name, text in torch_text.HELPERS.items()
        if name != "Layer" and f"{name}(" in body
    ]
    head = torch_text.RECURRENT_HEAD.format(state=state).rstrip()
    return "\n\n\n".join([head, *helpers, body])


def _is_built_in(e: Experiment) -> bool:
    layers = [e.at(layer) for layer in range(1, e.recurrent_layers + 1)]
    if e.truncation or any(at["normalization"] != "none" for at in layers):
        return False
    if len({at["width"] for at in layers}) > 1:
        return False
    kinds = {at["activation"] for at in layers}
    return e.cell != "rnn" or kinds in ({"tanh"}, {"relu"})


def _sizes(e: Experiment, data: Data) -> dict[str, object]:
    units = e.at(e.recurrent_layers)["width"]
    every = f"states.transpose(0, 1).reshape(-1, {units})"
    return {
        "fan_in": data.features // data.steps,
        "steps": data.steps,
        "units": units,
        "outputs": data.outputs,
        "layers": e.recurrent_layers,
        "read": every if data.per_step else "states[:, -1]",
    }


def _built_in(e: Experiment, data: Data) -> str:
    names = {
        f"cell.{theirs}{layer}": f"layers.{layer + 1}.{own}"
        for layer in range(e.recurrent_layers)
        for own, theirs in NAMES.items()
    }
    more = f', nonlinearity="{e.at(1)["activation"]}"' if e.cell == "rnn" else ""
    text = torch_text.BUILT_IN.format(
        kind=KINDS[e.cell], more=more, names="@NAMES@", **_sizes(e, data)
    )
    return _escaped(text.replace("@NAMES@", pformat(names, width=96)))


def _written_out(e: Experiment, data: Data) -> str:
    normalized = [
        e.at(layer)["normalization"] != "none" for layer in range(1, e.recurrent_layers + 1)
    ]
    z = "a + b" if e.cell != "gru" else (
        "torch.cat((a[:, : 2 * self.units] + b[:, : 2 * self.units], "
        "a[:, 2 * self.units :], b[:, 2 * self.units :]), 1)"
    )  # fmt: skip
    if any(normalized):
        z = f"self.norm({z})"
    elif e.cell == "lstm":
        z = f"({z})"
    window = e.truncation
    cut = {t for t in range(2, data.steps + 1) if window and (data.steps - t + 1) % window == 0}
    width, made = data.features // data.steps, []
    for layer in range(1, e.recurrent_layers + 1):
        made.append(f'"{layer}": {_cell(e, layer, width)}')
        width = e.at(layer)["width"]
    text = torch_text.CELL.format(
        step=torch_text.STEPS[e.cell].format(z=z),
        made=", ".join(made),
        cut=sorted(cut),
        **_sizes(e, data),
    )
    return _escaped(text)


def _cell(e: Experiment, layer: int, fan_in: int) -> str:
    at = e.at(layer)
    units = at["width"]
    parts = [f"Cell({fan_in}, {units}, {GATES[e.cell]}"]
    if e.cell == "rnn":
        given = dict(at) | {"slopes": 1 if at["prelu-slopes"] == "shared" else units}
        parts.append(f"activation={ACTIVATIONS[at['activation']].torch.format_map(given)}")
    norm = NORMALIZATIONS.get(at["normalization"])
    width = units * (4 if e.cell == "gru" else GATES[e.cell])
    given = {"units": width, "learned": at["normalization-learned"] == "on"}
    if norm and issubclass(norm, GroupNorm):
        given["groups"] = norm(0, width, e.dtype, at).groups
    parts.append(f"norm={norm.torch.format_map(given) if norm else 'torch.nn.Identity()'}")
    return ", ".join(parts) + ")"


def _escaped(text: str) -> str:
    """Fit to be formatted once more."""
    return text.replace("{", "{{").replace("}", "}}")
