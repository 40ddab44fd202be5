"""A state as named arrays: everything that decides what comes next, and the gradients there."""

import json
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from gradsim.errors import InputError, nearest
from gradsim.experiment.build import MEMORY_BOUND, load_data, shapes
from gradsim.experiment.damage import BAD_ARRAYS
from gradsim.experiment.experiment import Experiment
from gradsim.files import write_with
from gradsim.nn.arrays import Array
from gradsim.simulation.run import Origin, Position
from gradsim.simulation.session import Session

NAMES: dict[str, tuple[str, str]] = {
    "experiment": ("text", "every knob with its value, as JSON"),
    "step": ("whole number", "training steps made"),
    "layers.3.weight": ("(out, in)", "W of layer 3; under weight normalization its direction v"),
    "layers.3.bias": ("(out,)", "b of layer 3"),
    "layers.3.norm.weight": (
        "(units,)",
        "learned scale of the normalization; under weight normalization the lengths g",
    ),
    "layers.3.norm.bias": ("(units,)", "learned shift of the normalization"),
    "layers.3.norm.running_mean": ("(units,)", "running mean of batch normalization"),
    "layers.3.norm.running_var": ("(units,)", "running variance of batch normalization"),
    "layers.3.activation.weight": ("(1,) or (units,)", "learned slopes of prelu"),
    "layers.3.skip.weight": ("(out, in)", "projection on the skip that ends in layer 3"),
    "layers.3.skip.alpha": ("(1,)", "factor on the main path of rezero"),
    "layers.3.gate.weight": ("(out, in)", "weights of a highway's gate"),
    "layers.3.gate.bias": ("(out,)", "biases of a highway's gate"),
    "layers.3.recurrent.weight": (
        "(gates * units, units)",
        "W of a recurrent layer, from one time step to the next; PyTorch's weight_hh_l2",
    ),
    "layers.3.recurrent.bias": ("(gates * units,)", "its bias, PyTorch's bias_hh_l2"),
    "output.weight": ("(outputs, in)", "W of the head"),
    "output.bias": ("(outputs,)", "b of the head"),
    "optimizer.count": ("whole number", "steps the optimizer has made since its state was fresh"),
    "optimizer.<name>": ("(slots, *shape)", "the optimizer's state for each parameter"),
    "input": ("(batch, features)", "the next batch, on which loss and gradients are"),
    "target": ("(batch,) or (batch, outputs)", "its classes, or numbers to predict"),
    "loss": ("number", "the loss of that batch, with loss-factor"),
    "grad.<name>": ("as the parameter", "the gradient of the loss, before clipping"),
    "clipped_grad.<name>": ("as the parameter", "the gradient after clipping"),
    "delta.<layer>": (
        "(batch, units)",
        "gradient of the loss with respect to the layer's z = W x + b; delta.3, delta.output; "
        "(time, batch, units) in a recurrent network",
    ),
}
"""What a state file holds: name, shape, meaning. Layer 3 stands for any layer."""


@dataclass(frozen=True, slots=True)
class State:
    """A saved state: the experiment, and where its run starts from."""

    experiment: Experiment
    origin: Origin


def state_of(session: Session) -> dict[str, Array]:
    """The state at the start of the step at the cursor, by the names of NAMES."""
    session.look()
    step, experiment = session.cursor.step, session.experiment
    machine = session.machine_at(Position(step, 0))
    network, store = machine.network, machine.network.parameters
    out: dict[str, Array] = {
        "experiment": np.array(json.dumps(experiment.settings())),
        "step": np.array(session.run.begun + step),
    }
    out |= {name: store.view(name, store.values).copy() for name in store.slices}
    out |= {name: array.copy() for name, array in network.buffers()}
    optimizer = machine.training.optimizer
    out["optimizer.count"] = np.array(optimizer.count)
    if len(optimizer.state):
        for name in store.slices:
            slots = [store.view(name, slot) for slot in optimizer.state]
            out[f"optimizer.{name}"] = np.array(slots)
    inputs, target = machine.batch(step)
    machine = session.machine_with_gradients()
    network, store = machine.network, machine.network.parameters
    out |= {"input": inputs, "target": target, "loss": np.array(machine.training.loss)}
    for lead, vector in (("grad", store.gradients), ("clipped_grad", store.clipped)):
        out |= {f"{lead}.{name}": store.view(name, vector).copy() for name in store.slices}
    for name, places in groupby(network.layers, key=lambda layer: layer.name):
        deltas = [network.gradients[place.pre_activation] for place in places]
        known = [delta.copy() for delta in deltas if delta is not None]
        out[f"delta.{name}"] = known[0] if experiment.cell == "none" else np.array(known)
    return out


def arrays_of(experiment: Experiment, origin: Origin) -> dict[str, Array]:
    """Those arrays of NAMES from which a session can start: no batch, and no gradients."""
    out: dict[str, Array] = {
        "experiment": np.array(json.dumps(experiment.settings())),
        "step": np.array(origin.step),
        "optimizer.count": np.array(origin.optimizer_count),
    }
    out |= origin.parameters
    out |= origin.buffers
    return out | {f"optimizer.{name}": slots for name, slots in origin.optimizer.items()}


def save(session: Session, path: Path) -> None:
    """Write the state to a file, whole or not at all. Raises InputError where that fails."""
    arrays = state_of(session)
    write_with(path, lambda file: np.savez_compressed(file, allow_pickle=False, **arrays))


def read(path: Path) -> State:
    """The state in a file. Raises InputError, a sentence, where the file is not such a state."""
    arrays = read_arrays(path)
    experiment = _experiment(path, arrays)
    wanted = shapes(experiment, load_data(experiment))
    problems = []
    for name, shape in wanted.items():
        if name not in arrays:
            problems.append(f"{path}: {name} is missing; {nearest(name, arrays)}")
        elif arrays[name].shape != shape:
            found = arrays[name].shape
            problems.append(f"{path}: {name} has the shape {found}, but the network needs {shape}")
        elif arrays[name].dtype.kind not in "fiu":
            problems.append(f"{path}: {name} holds {arrays[name].dtype}, but must hold numbers")
    if problems:
        raise InputError(problems)
    return State(
        experiment,
        Origin(
            parameters={name: arrays[name] for name in wanted},
            buffers={name: array for name, array in arrays.items() if ".norm.running_" in name},
            optimizer={
                name: array
                for name in wanted
                if (array := arrays.get(f"optimizer.{name}")) is not None
                and array.dtype.kind == "f"
                and array.shape[1:] == wanted[name]
            },
            optimizer_count=_count(path, arrays, "optimizer.count"),
            step=_count(path, arrays, "step"),
        ),
    )


def read_arrays(path: Path) -> dict[str, Array]:
    """Every array of an NPZ file; nothing in it is ever run as code."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > 2 * MEMORY_BOUND:
            raise InputError(
                f"{path} holds {size / 2**30:.1f} GiB, more than the "
                f"{2 * MEMORY_BOUND / 2**30:.0f} GiB a state may have"
            )
        with warnings.catch_warnings(), np.load(path, allow_pickle=False) as arrays:
            warnings.simplefilter("ignore")  # NumPy warns of heads of old
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a directory; a state is an .npz file") from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {(error.strerror or str(error)).lower()}"
        ) from None
    except BAD_ARRAYS:
        raise InputError(
            f"{path} is not a state: it must be an .npz file as `gradsim run --save` writes it"
        ) from None


def _experiment(path: Path, arrays: Mapping[str, Array]) -> Experiment:
    text = arrays.get("experiment")
    try:
        settings: Any = json.loads(str(text)) if text is not None else None
    except json.JSONDecodeError:
        settings = None
    if not isinstance(settings, dict):
        raise InputError(
            f"{path}: experiment is {'missing' if text is None else 'not JSON'}; "
            'it must be a text such as {"depth": 20, "activation": "relu"}'
        )
    return Experiment.of(settings, f"{path}: experiment")


def _count(path: Path, arrays: Mapping[str, Array], name: str) -> int:
    value = arrays.get(name, np.array(0))
    if value.shape != () or value.dtype.kind not in "iu" or not 0 <= int(value) < 2**53:
        raise InputError(f"{path}: {name} must be a whole number of at least 0")
    return int(value)
