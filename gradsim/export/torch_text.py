"""The parts of the PyTorch script that are the same for every network."""

HEAD = '''"""A network of {depth} hidden layers from gradsim, rebuilt in PyTorch, with a check.

    python THIS_FILE [STATE.npz]

Loads the parameters, runs the batch in the file forward and back, and compares loss and gradients
with those in the file. Exit code 0 where they agree, 1 where they do not. Written by
`gradsim export`; what the names in the file mean stands in gradsim's reference.
"""

import sys

try:
    import numpy
    import torch
except ModuleNotFoundError as error:
    sys.exit(f"{{error.name}} is missing: pip install numpy torch")

STATE = sys.argv[1] if len(sys.argv) > 1 else {state!r}
'''

HELPERS: dict[str, str] = {
    "Layer": '''
class Layer(torch.nn.Linear):
    """z = W x + b, with the other parts of its layer beside it. Keeps z, for its gradient."""

    def __init__(self, fan_in, fan_out, **parts):
        super().__init__(fan_in, fan_out)
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        self.z = self.linear(x)
        self.z.retain_grad()
        return self.z

    def linear(self, x):
        return torch.nn.functional.linear(x, self.weight, self.bias)
''',
    "WeightNormLayer": '''
class WeightNormLayer(Layer):
    """A layer whose weights are g v / |v|, row by row: v is `weight`, g is `norm.weight`."""

    def __init__(self, fan_in, fan_out, **parts):
        super().__init__(fan_in, fan_out, **parts)
        self.norm = torch.nn.Module()
        self.norm.weight = torch.nn.Parameter(torch.ones(fan_out))

    def linear(self, x):
        lengths = torch.linalg.vector_norm(self.weight, dim=1)
        weight = self.weight * (self.norm.weight / lengths)[:, None]
        return torch.nn.functional.linear(x, weight, self.bias)
''',
    "Alpha": '''
class Alpha(torch.nn.Module):
    """The learned factor of a ReZero block."""

    def __init__(self):
        super().__init__()
        self.alpha = torch.nn.Parameter(torch.zeros(1))
''',
    "AlphaProjection": '''
class AlphaProjection(torch.nn.Linear):
    """The learned factor of a ReZero block, and the projection on its skip."""

    def __init__(self, fan_in, fan_out):
        super().__init__(fan_in, fan_out, bias=False)
        self.alpha = torch.nn.Parameter(torch.zeros(1))
''',
    "Erf": '''
class Erf(torch.nn.Module):
    """erf(x)."""

    def forward(self, x):
        return torch.erf(x)
''',
    "clip_adaptively": '''
def clip_adaptively(network, threshold):
    """Adaptive clipping, row by row, of all but the head (Brock et al. 2021)."""
    for name, q in network.named_parameters():
        if name.startswith("output."):
            continue
        dim = tuple(range(1, q.ndim)) if q.ndim > 1 else (0,)
        weight = torch.linalg.vector_norm(q.detach(), dim=dim, keepdim=True)
        size = torch.linalg.vector_norm(q.grad, dim=dim, keepdim=True)
        bound = threshold * weight.clamp(min=1e-3)
        q.grad *= torch.where(size < bound, torch.ones_like(size), bound / size.clamp(min=1e-6))
''',
}
"""Classes and functions that a script needs where their name stands in it."""

ONE_HOT = """
    if target.ndim == 1:
        target = torch.nn.functional.one_hot(target, output.shape[1]).to(output)"""

MAIN = '''

def make_optimizer(network):
    """The optimizer of the experiment, to go on from here."""
    p = list(network.parameters())
    return {optimizer}


def main():
    torch.set_default_dtype({dtype})
    state = numpy.load(STATE)
    network = Network()
    values = network.state_dict()
    values.update({{name: torch.tensor(state[{own}]) for name in values if {own} in state}})
    network.load_state_dict(values)
    output = network(torch.tensor(state["input"]))
    target = torch.tensor(state["target"]){one_hot}
    loss = {loss}
    loss.backward()
    found = {{"loss": loss}}
{deltas}    for name, q in network.named_parameters():
        found[f"grad.{{{own}}}"] = q.grad.clone()
    p = list(network.parameters())
{clipping}
    for name, q in network.named_parameters():
        found[f"clipped_grad.{{{own}}}"] = q.grad
    sys.exit(compare(state, found))
'''

COMPARE = '''

def layer_of(name):
    """The number of a layer; of the head, and of what belongs to none, one more than the last."""
    parts = name.split(".")
    return int(next((part for part in parts if part.isdigit()), {depth} + 1))


BEFORE_BATCH_NORM = {zero}
"""Layers whose bias has no effect, as batch normalization takes it away: its gradient is 0."""


def compare(state, found):
    """Print how far each kind of array is off, as a share of its largest entry; 0 if none is."""
    largest, worst, wrong = {{}}, {{}}, []
    for name in found:
        # What is zero in theory is what rounding leaves of the gradients just above it.
        for layer in range(max(1, layer_of(name) - 2), layer_of(name) + 1):
            largest[layer] = max(largest.get(layer, 0.0), numpy.nan_to_num(abs(state[name])).max())
    for name, value in found.items():
        wanted, value = torch.tensor(state[name]), value.detach()
        finite = torch.isfinite(wanted)
        same = torch.equal(finite, torch.isfinite(value))
        size = float(wanted[finite].abs().max()) if finite.any() else 0.0
        off = float((value - wanted)[finite].abs().max()) if same and finite.any() else 0.0
        floor = {rounding} * largest[layer_of(name)]
        if layer_of(name) in BEFORE_BATCH_NORM and name.endswith(f"{{layer_of(name)}}.bias"):
            floor = {cancelled} * abs(state[f"delta.{{layer_of(name)}}"]).max()
        share = off / size if size else float(off > 0.0)
        kind = name.split(".")[0]
        if off > floor or share <= {tolerance}:
            worst[kind] = max(worst.get(kind, 0.0), share)
        if not same or (share > {tolerance} and off > floor):
            wrong.append(f"{{name}} is off by {{share:.1e}} of its largest entry")
    for kind, share in worst.items():
        print(f"{{kind:14}} off by at most {{share:.1e}} of the largest entry")
    for line in wrong[:20]:
        print(line)
    print("all agree" if not wrong else f"{{len(wrong)}} arrays do not agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    main()
'''

RECURRENT_HEAD = '''"""A recurrent network from gradsim, rebuilt in PyTorch, with a check.

    python THIS_FILE [STATE.npz]

Loads the parameters, runs the batch in the file forward and back, and compares loss and gradients
with those in the file. Exit code 0 where they agree, 1 where they do not. Written by
`gradsim export`; what the names in the file mean stands in gradsim's reference.
"""

import sys

try:
    import numpy
    import torch
except ModuleNotFoundError as error:
    sys.exit(f"{{error.name}} is missing: pip install numpy torch")

STATE = sys.argv[1] if len(sys.argv) > 1 else {state!r}
'''

BUILT_IN = '''class Network(torch.nn.Module):
    """PyTorch's own cell, and the head."""

    def __init__(self):
        super().__init__()
        self.cell = torch.nn.{kind}({fan_in}, {units}, {layers}, batch_first=True{more})
        self.output = torch.nn.Linear({units}, {outputs})

    def forward(self, x):
        states, _ = self.cell(x.reshape(len(x), {steps}, {fan_in}))
        return self.output({read})


NAMES = {names}
"""What each parameter is called in the state."""
'''

CELL = '''class Cell(torch.nn.Module):
    """One recurrent layer, written out: a pass over all time steps."""

    def __init__(self, fan_in, units, gates, **parts):
        super().__init__()
        self.units = units
        self.weight = torch.nn.Parameter(torch.zeros(gates * units, fan_in))
        self.bias = torch.nn.Parameter(torch.zeros(gates * units))
        self.recurrent = torch.nn.Linear(units, gates * units)
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, xs):
        h = c = torch.zeros(len(xs[0]), self.units)
        out = []
        for time, x in enumerate(xs, start=1):
            if time in CUT:
                h, c = h.detach(), c.detach()
            a, b = torch.nn.functional.linear(x, self.weight, self.bias), self.recurrent(h)
{step}
            out.append(h)
        return out


class Network(torch.nn.Module):
    """The layers by their numbers, and the head."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleDict({{{made}}})
        self.output = torch.nn.Linear({units}, {outputs})

    def forward(self, x):
        states = list(x.reshape(len(x), {steps}, {fan_in}).unbind(1))
        for layer in self.layers.values():
            states = layer(states)
        states = torch.stack(states, 1)
        return self.output({read})


CUT = {cut}
"""Time steps before which the gradient is cut."""

NAMES = {{}}
"""What a parameter is called in the state where that differs."""
'''

STEPS: dict[str, str] = {
    "rnn": """            h = self.activation({z})""",
    "gru": """            z = {z}
            r, u, n, m = z.chunk(4, 1)
            r, u = torch.sigmoid(r), torch.sigmoid(u)
            h = (1 - u) * torch.tanh(n + r * m) + u * h""",
    "lstm": """            i, f, g, o = {z}.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)""",
}
"""What a cell does at a time step, a being of x and b of h."""

DELTAS = """    for layer, module in [*network.layers.items(), ("output", network.output)]:
        found[f"delta.{layer}"] = module.z.grad
"""
"""Compares the gradients of the pre-activations too, where layers keep them."""
