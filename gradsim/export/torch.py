"""A network as a PyTorch script that rebuilds it, loads its state and checks its gradients."""

from collections.abc import Iterator
from itertools import groupby
from textwrap import indent
from typing import Any

from gradsim.experiment.data import Data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.wiring import Block, Wiring, blocks, wire
from gradsim.export import torch_text
from gradsim.export.recurrent import recurrent_script
from gradsim.nn.activations import ACTIVATIONS, Activation
from gradsim.nn.activations.rectified import PReLU
from gradsim.nn.clipping import CLIPS
from gradsim.nn.linear import Gate, Linear, Projection, WeightNormLinear
from gradsim.nn.losses import LOSSES
from gradsim.nn.network import Node
from gradsim.nn.normalization import NORMALIZATIONS, BatchNorm, GroupNorm, Normalization
from gradsim.nn.optimizers import OPTIMIZERS
from gradsim.nn.skips import SKIPS, Padding, ReZeroJoin


def script(
    experiment: Experiment, features: int, outputs: int, state: str, data: Data | None = None
) -> str:
    """The script for a network of so many inputs and outputs; `state` is the file it loads.

    A recurrent network needs `data`, which says how many time steps there are.
    """
    if experiment.cell != "none":
        assert data is not None
        return recurrent_script(experiment, data, state, _check_of(experiment))
    e, wiring = experiment, wire(experiment, features, outputs, 0)
    return _Script(e, wiring, state).text()


class _Script:
    def __init__(self, experiment: Experiment, wiring: Wiring, state: str) -> None:
        self.e, self.wiring, self.state = experiment, wiring, state
        self.blocks = blocks(experiment)
        self.nodes: dict[Any, list[Node]] = {
            layer: list(nodes) for layer, nodes in groupby(wiring.nodes, key=lambda n: n.layer)
        }

    def text(self) -> str:
        """The whole script."""
        network = "\n".join([*self._constructor(), "", *self._forward()])
        body = network + self._main()
        helpers = [
            text
            for name, text in torch_text.HELPERS.items()
            if f"{name}(" in body or name == "Layer"
        ]
        head = torch_text.HEAD.format(state=self.state, depth=self.e.depth)
        return "\n\n\n".join([head.rstrip(), *(h.strip("\n") for h in helpers), body])

    # -- the network ------------------------------------------------------------------------------

    def _constructor(self) -> Iterator[str]:
        yield "class Network(torch.nn.Module):"
        yield '    """The layers by their numbers, and the head."""'
        yield ""
        yield "    def __init__(self):"
        yield "        super().__init__()"
        yield "        layers = {}"
        made = [(k, self._layer(k)) for k in range(1, self.e.depth + 1)]
        for text, group in groupby(made, key=lambda pair: pair[1]):
            numbers = [k for k, _ in group]
            if len(numbers) == 1:
                yield f'        layers["{numbers[0]}"] = {text}'
            else:
                yield f"        for k in range({numbers[0]}, {numbers[-1] + 1}):"
                yield f"            layers[str(k)] = {text}"
        yield "        self.layers = torch.nn.ModuleDict(layers)"
        yield f"        self.output = {self._layer('output')}"

    def _layer(self, layer: int | str) -> str:
        """The making of a layer's module."""
        kind, sizes, parts = "Layer", "", []
        for node in self.nodes[layer]:
            op = node.op
            match op:
                case Gate():
                    parts.append(f"gate=torch.nn.Linear({op.fan_in}, {op.fan_out})")
                case Projection():
                    learned = any(isinstance(n.op, ReZeroJoin) for n in self.nodes[layer])
                    made = "AlphaProjection(" if learned else "torch.nn.Linear("
                    bias = "" if learned else ", bias=False"
                    parts.append(f"skip={made}{op.fan_in}, {op.fan_out}{bias})")
                case WeightNormLinear():
                    kind, sizes = "WeightNormLayer", f"{op.fan_in}, {op.fan_out}"
                case Linear():
                    sizes = f"{op.fan_in}, {op.fan_out}"
                case Normalization():
                    parts.append(f"norm={self._normalization(op)}")
                case Activation() if node.paths == ("main",):
                    parts.append(f"activation={self._activation(layer, op)}")
                case ReZeroJoin() if not any("skip=" in part for part in parts):
                    parts.append("skip=Alpha()")
        return f"{kind}({', '.join([sizes, *parts])})"

    def _normalization(self, op: Normalization) -> str:
        given = {"units": op.units, "learned": op.learned}
        if isinstance(op, GroupNorm):
            given["groups"] = op.groups
        return NORMALIZATIONS[op.name].torch.format_map(given)

    def _activation(self, layer: Any, op: Activation) -> str:
        given = dict(self.e.at(layer))
        if isinstance(op, PReLU):
            given["slopes"] = 1 if op.choice("prelu-slopes") == "shared" else op.units
        return ACTIVATIONS[op.name].torch.format_map(given)

    def _forward(self) -> Iterator[str]:
        yield "    def forward(self, x):"
        for same, group in groupby(self.blocks, key=lambda b: self._block(b, "k")):
            members = list(group)
            first, last = members[0], members[-1]
            if len(members) == 1:
                yield from (f"        {line}" for line in self._block(first, first.first))
                continue
            size = first.last - first.first + 1
            step = f", {size}" if size > 1 else ""
            yield f"        for k in range({first.first}, {last.last + 1}{step}):"
            yield from (f"            {line}" for line in same)
        yield "        return self.output(x)"

    def _block(self, block: Block, base: str | int) -> list[str]:
        """The lines of a block whose first layer is called `base`."""
        lines = []
        joined = "skip" in {path for node in self.nodes[block.last] for path in node.paths}
        main = "f" if joined else "x"
        source = "x"
        for layer in range(block.first, block.last + 1):
            lines.append(f"layer = self.layers[{_numbered(base, layer - block.first)}]")
            for node in self.nodes[layer]:
                op = node.op
                match op:
                    case Gate():
                        lines.append("t = torch.sigmoid(layer.gate(x))")
                    case Linear():
                        lines.append(f"{main} = layer({source})")
                    case Normalization():
                        lines.append(f"{main} = layer.norm({source})")
                    case Activation() if node.paths == ("main",):
                        lines.append(f"{main} = layer.activation({source})")
                    case Projection():
                        lines.append("x = layer.skip(x)")
                    case Padding():
                        more = op.y.shape[1] - op.grad_x.shape[1]
                        lines.append(f"x = torch.nn.functional.pad(x, (0, {more}))")
                    case Activation():
                        pass  # the gate's sigmoid stands in its line already
                    case _:
                        lines.append(f"x = {self._join(block)}")
                        main = source = "x"
                        continue
                if "skip" not in node.paths and "gate" not in node.paths:
                    source = main
        return lines

    def _join(self, block: Block) -> str:
        skips = sum(b.skip != "none" for b in self.blocks)
        given = {**self.e.at(block.last), "blocks": skips}
        return SKIPS[block.skip].torch.format_map(given)

    def _before_batch_norm(self) -> list[Any]:
        """Layers whose z is read by batch normalization alone."""
        readers: dict[int, list[Node]] = {}
        for node in self.wiring.nodes:
            for value in node.inputs:
                readers.setdefault(value, []).append(node)
        return [
            mark.layer
            for mark in self.wiring.marks
            if mark.layer != "output"
            and all(isinstance(node.op, BatchNorm) for node in readers[mark.pre_activation])
        ]

    # -- the check --------------------------------------------------------------------------------

    def _main(self) -> str:
        main = torch_text.MAIN + torch_text.COMPARE
        return main.format(
            depth=self.e.depth,
            zero=self._before_batch_norm(),
            own="name",
            deltas=torch_text.DELTAS,
            **_check_of(self.e),
        )


def _check_of(e: Experiment) -> dict[str, str]:
    """What the check in a script says of loss, clipping, optimizer and number format."""
    values = {**e.at("output")}
    loss = LOSSES[e.loss].torch
    classes = "cross_entropy(" in loss.replace("binary_cross_entropy", "")
    factor = "" if e.loss_factor == 1.0 else f" * {e.loss_factor}"
    clip = CLIPS[e.clip].torch.format_map(values) if e.clip != "none" else ""
    return {
        "dtype": f"torch.{e.dtype}",
        "one_hot": "" if classes else torch_text.ONE_HOT,
        "loss": loss.format_map(values) + factor,
        "clipping": indent(clip, "    ") if clip else "    # nothing is clipped",
        "optimizer": OPTIMIZERS[e.optimizer].torch.format_map(values),
        "cancelled": "1e-9" if e.dtype == "float64" else "1e-2",
        "tolerance": "1e-10" if e.dtype == "float64" else "1e-3",
        "rounding": "1e-13" if e.dtype == "float64" else "1e-5",
    }


def _numbered(base: str | int, offset: int) -> str:
    """`str(k)`, `str(k + 1)`, or `"7"`."""
    if isinstance(base, int):
        return f'"{base + offset}"'
    return f"str({base})" if offset == 0 else f"str({base} + {offset})"
