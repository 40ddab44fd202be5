"""What goes over from one training to the next: parameters, running statistics, optimizer state."""

from gradsim.experiment.experiment import Experiment
from gradsim.simulation.run import Origin
from gradsim.simulation.training import Training


def set_out(training: Training, origin: Origin) -> None:
    """Take over a saved state, as far as the network has the parts for it."""
    store, optimizer = training.network.parameters, training.optimizer
    for name, array in origin.parameters.items():
        if store.shapes.get(name) == array.shape:
            store.view(name, store.values)[...] = array
    for name, array in training.network.buffers():
        if name in origin.buffers and origin.buffers[name].shape == array.shape:
            array[...] = origin.buffers[name]
    if not len(optimizer.state):
        optimizer.count = origin.optimizer_count
    for name, slots in origin.optimizer.items():
        if store.shapes.get(name) == slots.shape[1:] and len(slots) == len(optimizer.state):
            for slot, array in zip(optimizer.state, slots, strict=True):
                store.view(name, slot)[...] = array
            optimizer.count = origin.optimizer_count


def carry_over(
    old: Training, before: Experiment, new: Training, after: Experiment
) -> frozenset[str]:
    """Give a new training what both have; the names of the parameters that it has to draw."""
    was, store, optimizer = old.network.parameters, new.network.parameters, new.optimizer
    same_optimizer = before.optimizer == after.optimizer
    if same_optimizer:
        optimizer.count = old.optimizer.count
    fresh = set()
    for name, part in store.slices.items():
        if store.shapes[name] != was.shapes.get(name) or _other_norm(name, before, after):
            fresh.add(name)
            continue
        store.values[part] = was.values[was.slices[name]]
        if same_optimizer:
            optimizer.state[:, part] = old.optimizer.state[:, was.slices[name]]
    buffers = dict(old.network.buffers())
    for name, array in new.network.buffers():
        kept = buffers.get(name)
        if kept is not None and kept.shape == array.shape:
            array[...] = kept
    return frozenset(fresh)


def _other_norm(name: str, before: Experiment, after: Experiment) -> bool:
    """Whether this parameter belongs to a normalization that one of both does not have."""
    if ".norm." not in name:
        return False
    layer = int(name.split(".")[1])
    return bool(before.at(layer)["normalization"] != after.at(layer)["normalization"])
