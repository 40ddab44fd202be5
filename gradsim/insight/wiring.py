"""What is to be known of the wiring: what the skips do where widths differ."""

from gradsim.experiment.experiment import Experiment
from gradsim.experiment.sequences import SEQUENCES
from gradsim.experiment.wiring import blocks, wire
from gradsim.nn.linear import Projection
from gradsim.nn.skips import SKIPS, Padding


def skip_notes(experiment: Experiment, features: int) -> list[str]:
    """A sentence for each skip whose block is not as wide at its end as at its start."""
    e = experiment
    if e.cell != "none":
        return []  # there are no skips through time
    wiring = wire(e, features, 1, 0)
    bridges = {
        node.layer: node.op for node in wiring.nodes if isinstance(node.op, Projection | Padding)
    }
    joined = {node.layer for node in wiring.nodes if "skip" in node.paths}
    notes = []
    for block in blocks(e):
        if block.skip == "none" or SKIPS[block.skip].join == "concatenation":
            continue
        around = (
            f"layer {block.last}"
            if block.first == block.last
            else f"layers {block.first} to {block.last}"
        )
        op = bridges.get(block.last)
        if isinstance(op, Projection):
            notes.append(
                f"the skip around {around} is a learned projection from {op.fan_in} to "
                f"{op.fan_out} units"
            )
        elif isinstance(op, Padding):
            before, after = op.grad_x.shape[1], op.y.shape[1]
            done = "cut off" if before > after else "filled up with zeros"
            notes.append(f"the skip around {around} is {done}, from {before} to {after} units")
        elif block.last not in joined:
            notes.append(f"no skip around {around}: its ends differ in width")
    return notes


def time_notes(experiment: Experiment, steps: int) -> list[str]:
    """A sentence where a recurrent network has no sequence to go through."""
    if experiment.cell == "none" or steps > 1:
        return []
    return [
        f"{experiment.data} is no sequence: one time step; such are {', '.join(SEQUENCES)}, or a "
        "CSV file with sequence-column"
    ]
