"""A close look at one layer: distributions that are too much to record at every step."""

from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from gradsim.errors import InputError
from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array, l2_norm, mean_and_std, norm
from gradsim.nn.network import LayerName, LayerSlots, Network, layer_prefix
from gradsim.simulation.session import Session

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""Shares of the entries that lie below each quantile."""

BINS = 20
"""Bars of a histogram."""

KEYS: dict[str, str] = {
    "step": "training steps done",
    "layer": "a number counted from 1, or `output`",
    "arrays": "for pre_activation, activation, delta, grad_weight, weight, grad_bias and bias, "
    "a table of what follows",
    "norm": "L2 norm of all entries",
    "largest": "largest magnitude",
    "mean": "mean of all entries",
    "std": "their standard deviation",
    "quantiles": "values below which lie 0, 1, 5, 25, 50, 75, 95, 99, 100 % of the finite entries",
    "histogram": "`edges`, and the `counts` of finite entries between them",
    "zeros": "entries that are exactly 0",
    "subnormals": "entries so small that digits are lost: below 2.2e-308, in float32 1.2e-38",
    "not_finite": "entries that are NaN or infinite",
    "dead_in_batch": "share of units with slope 0 for every row of the batch",
    "dead_in_data": "share of units with slope 0 for every training row",
}
"""What a close look holds."""


def layers_of(text: str, depth: int) -> list[LayerName]:
    """The layers that `3`, `1,5,output` or `all` means. Raises InputError for any other."""
    if text.strip() == "all":
        return [*range(1, depth + 1), "output"]
    out: list[LayerName] = []
    for word in (part.strip() for part in text.split(",")):
        if word == "output":
            out.append("output")
        elif word.isdecimal() and 1 <= int(word) <= depth:
            out.append(int(word))
        else:
            raise InputError(
                f'there is no layer "{word}"; right are 1 to {depth}, output, several of them '
                "with commas between, or all"
            )
    return out


def details(session: Session, layer: LayerName) -> dict[str, Any]:
    """A close look at a layer of the step at the cursor, with the keys of KEYS, as plain values."""
    step, network = session.cursor.step, session.machine_with_gradients().network
    # Of the time steps of a recurrent layer, the last one.
    slots = next(slots for slots in reversed(network.layers) if slots.name == layer)
    return {
        "step": step,
        "layer": layer,
        "arrays": {name: summary(array) for name, array in arrays_of(network, slots).items()},
        "dead_in_batch": _dead(network, slots),
        "dead_in_data": _dead_in_data(session, network, slots),
    }


def arrays_of(network: Network, slots: LayerSlots) -> dict[str, Array]:
    """The arrays of a layer, once its gradients are known, by the names of the report."""
    store = network.parameters
    bias = f"{layer_prefix(slots.name)}.bias"
    found: dict[str, Array | None] = {
        "pre_activation": network.values[slots.pre_activation],
        "activation": None if slots.activation is None else network.values[slots.activation],
        "delta": network.gradients[slots.pre_activation],
        "grad_weight": store.view(slots.weight, store.gradients),
        "weight": store.view(slots.weight, store.values),
        "grad_bias": store.view(bias, store.gradients),
        "bias": store.view(bias, store.values),
    }
    return {name: array for name, array in found.items() if array is not None}


def summary(x: Array) -> dict[str, Any]:
    """Norm, spread, quantiles and histogram of an array, and what is special in it."""
    flat = x.reshape(-1)
    finite: npt.NDArray[np.float64] = flat[np.isfinite(flat)].astype(np.float64)
    mean, std = mean_and_std(x)
    size = np.abs(flat)
    with np.errstate(all="ignore"):
        counts, edges = _histogram(finite)
        return {
            "norm": l2_norm(x),
            "largest": norm(x, inf),
            "mean": mean,
            "std": std,
            "quantiles": [float(q) for q in np.quantile(finite, QUANTILES)] if finite.size else [],
            "histogram": {"edges": edges, "counts": counts},
            "zeros": int(np.count_nonzero(flat == 0.0)),
            "subnormals": int(np.count_nonzero((size > 0.0) & (size < np.finfo(x.dtype).tiny))),
            "not_finite": int(flat.size - finite.size),
        }


def _histogram(finite: npt.NDArray[np.float64]) -> tuple[list[int], list[float]]:
    """Counts and edges of equal bins; of one bin where all entries are the same."""
    if not finite.size:
        return [], []
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        return [int(finite.size)], [low, high]
    # Halves first: the difference of two numbers near the end of the range is infinite.
    edges = low + (high / 2 - low / 2) * (np.arange(BINS + 1) / (BINS / 2))
    edges[-1] = high
    bins = np.clip(np.searchsorted(edges, finite, side="right") - 1, 0, BINS - 1)
    return np.bincount(bins, minlength=BINS).tolist(), edges.tolist()


def _dead(network: Network, slots: LayerSlots) -> float:
    slopes = _activation(network, slots)
    return 0.0 if slopes is None else _share_dead(slopes)


def _activation(network: Network, slots: LayerSlots) -> Array | None:
    if slots.activation is None:
        return None
    op = network.nodes[slots.activation - 1].op
    assert isinstance(op, Activation)
    return op.slopes


def _share_dead(slopes: Array) -> float:
    return float(np.mean(np.max(np.abs(slopes), axis=0) == 0.0))


def _dead_in_data(session: Session, network: Network, slots: LayerSlots) -> float:
    """Share of units with slope 0 for every training row, by one pass over all of them."""
    if slots.activation is None:
        return 0.0
    data, e = session.run.data, session.experiment
    with np.errstate(all="ignore"):
        inputs = data.inputs.astype(e.dtype)
        taken = network.infer(inputs, upto=network.nodes[slots.activation - 1].inputs[0])
        op = network.nodes[slots.activation - 1].op
        assert isinstance(op, Activation)
        slopes, y = np.empty_like(taken), np.empty_like(taken)
        op.value(taken, y)
        op.slope(taken, y, slopes)
    return _share_dead(slopes)
