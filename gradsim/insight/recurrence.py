"""Through time in numbers: bounds, what is predicted, and what is measured, side by side."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import exp, isfinite, log, log10, nan
from typing import Any

import numpy as np

from gradsim.experiment.build import load_data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import gain
from gradsim.insight.ledger import Ledger
from gradsim.insight.theory.response import function, moments
from gradsim.insight.verdict.limits import NEARLY_ALL
from gradsim.insight.verdict.through_time import horizon
from gradsim.nn.activations import Activation
from gradsim.nn.arrays import Array
from gradsim.nn.cells import GATES
from gradsim.nn.gates import LSTMGates
from gradsim.nn.initializers import INITIALIZERS
from gradsim.nn.network import Network
from gradsim.numbers import number, signed
from gradsim.simulation.session import Session


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The top recurrent layer through time; NaN where there is no such number."""

    time_steps: int
    gates: int
    """Blocks in the weights over time: 1, or one for each gate and the candidate."""
    horizon: int
    """How many of the last time steps bring 95 % of what all add to the recurrent gradient."""
    time_factor: float = nan
    """What the norm of the state gradient is multiplied with at a time step: geometric mean."""
    singular_value: float = nan
    """Largest singular value of the weights over time, of all gates together."""
    spectral_radius: float = nan
    """Largest magnitude of an eigenvalue; of the weights of the candidate where there are gates."""
    factor_bound: float = nan
    """No time step can multiply the norm by more: |W|_2 * largest slope, of a plain cell.

    Source: Pascanu, Mikolov, Bengio 2013, section 2.2.
    """
    predicted_time_factor: float = nan
    """sqrt(sigma_w^2 E[phi'^2]) on average, for independent weights of a plain cell at the start.

    Source: Poole et al. 2016; Chen, Pennington, Schoenholz 2018.
    """
    forget_factor: float = nan
    """Geometric mean of the forget gates: what a time step leaves of the cell's gradient."""
    forget_decades: float = nan
    """log10 of their product over all time steps."""


ABOUT: dict[str, str] = {
    "time_steps": "time steps of a sequence",
    "gates": "blocks in the weights over time: 1 in a plain cell, 3 in a GRU, 4 in an LSTM",
    "horizon": "of the last time steps, how many bring 95 % of what all of them add to the "
    "gradient of the weights over time",
    "time_factor": "what the norm of the state gradient is multiplied with at a time step, on "
    "average; NaN where each time step has a loss of its own",
    "singular_value": "largest singular value of the weights over time",
    "spectral_radius": "largest magnitude of an eigenvalue of the weights over time",
    "factor_bound": "the most that a time step of a plain cell can multiply the norm with: "
    "singular value times largest slope",
    "predicted_time_factor": "`time_factor` as mean-field theory predicts it at the start",
    "forget_factor": "geometric mean of the forget gates of an LSTM",
    "forget_decades": "log10 of the product of the forget gates over all time steps",
}
"""Each number of `Recurrence` in words."""


def recurrence(session: Session, found: Ledger) -> dict[str, Any]:
    """The numbers of the step at the cursor, by the names of ABOUT; `found` is its ledger.

    None of them in a deep stack.
    """
    if session.experiment.cell == "none":
        return {}
    machine = session.machine_with_gradients()
    network, e = machine.network, machine.experiment
    record = session.run.records[session.cursor.step]
    added = record.column("grad_weight_norm")
    assert added is not None
    steps = session.run.data.steps
    layer = e.recurrent_layers
    store = network.parameters
    weight = store.view(f"layers.{layer}.recurrent.weight", store.values).astype(np.float64)
    numbers = Recurrence(
        time_steps=steps,
        gates=GATES[e.cell],
        horizon=horizon(added[-1 - steps : -1], NEARLY_ALL),
        time_factor=_measured(e, found),
        singular_value=_singular_value(weight),
        spectral_radius=_radius(weight, e),
        factor_bound=_bound(network, e, layer, weight),
        predicted_time_factor=predicted_time_factor(e, steps),
        **_forgotten(network, layer),
    )
    return asdict(numbers)


def words(time: Mapping[str, Any]) -> list[str]:
    """The numbers as sentences; none of a deep stack."""
    if not time:
        return []
    told = []
    if isfinite(time["time_factor"]):
        beside = []
        if isfinite(time["factor_bound"]):
            beside.append(f"at most {number(time['factor_bound'])} is possible")
        if isfinite(time["predicted_time_factor"]):
            beside.append(f"theory says {number(time['predicted_time_factor'])} at the start")
        more = f" ({', '.join(beside)})" if beside else ""
        told.append(
            f"a time step multiplies the state gradient by {number(time['time_factor'])}{more}"
        )
    if isfinite(time["singular_value"]) and isfinite(time["spectral_radius"]):
        gated = (" of all gates together", " of the candidate's") if time["gates"] > 1 else ("", "")
        told.append(
            f"weights over time: largest singular value {number(time['singular_value'])}"
            f"{gated[0]}, spectral radius {number(time['spectral_radius'])}{gated[1]}"
        )
    if isfinite(time["forget_factor"]):
        told.append(
            f"forget gates {number(time['forget_factor'])} on average, "
            f"{signed(time['forget_decades'], 1)} decades over all time steps"
        )
    if not time["horizon"]:
        return told
    told.append(
        f"{NEARLY_ALL:.0%} of the recurrent gradient comes from the last {time['horizon']} of "
        f"{time['time_steps']} time steps"
    )
    return told


def _measured(e: Experiment, found: Ledger) -> float:
    steps = [block for block in found.blocks if block.first != "output"]
    if not steps or e.readout == "every" or e.truncation:
        return nan
    whole = sum(block.decades for block in steps)
    return float(10.0 ** (whole / len(steps))) if isfinite(whole) else nan


def _singular_value(weight: Array) -> float:
    return float(np.linalg.norm(weight, 2)) if np.isfinite(weight).all() else nan


def _radius(weight: Array, e: Experiment) -> float:
    units = weight.shape[1]
    # Gates r, z, n and i, f, g, o: the candidate is the third.
    square = weight if GATES[e.cell] == 1 else weight[2 * units : 3 * units]
    if not np.isfinite(square).all():
        return nan
    return float(np.max(np.abs(np.linalg.eigvals(square))))


def _bound(network: Network, e: Experiment, layer: int, weight: Array) -> float:
    if e.cell != "rnn" or e.at(layer)["normalization"] != "none":
        return nan
    phi = next(
        node.op for node in network.nodes if node.layer == layer and isinstance(node.op, Activation)
    )
    return _singular_value(weight) * phi.largest_slope


def _forgotten(network: Network, layer: int) -> dict[str, float]:
    """The forget gates from the second time step on; before it there is nothing to forget."""
    logs = []
    for node in network.nodes:
        if node.layer == layer and isinstance(node.op, LSTMGates) and node.time != 1:
            units = node.op.units
            with np.errstate(divide="ignore"):
                logs.append(float(np.mean(np.log(node.op.gates[:, units : 2 * units]))))
    if not logs:
        return {}
    return {"forget_factor": exp(sum(logs) / len(logs)), "forget_decades": sum(logs) / log(10.0)}


def predicted_time_factor(e: Experiment, steps: int) -> float:
    """The mean-field factor of a time step, from the inputs of the first batch; NaN without theory.

    q[t] = sigma_u^2 |x[t]|^2 / fan_in + sigma_w^2 E[phi(sqrt(q[t-1]) z)^2] + 2 sigma_b^2, row by
    row, and the squared norm is multiplied by sigma_w^2 E[phi'(sqrt(q[t]) z)^2].
    """
    recurrent = INITIALIZERS[e.recurrent_initializer]
    over = INITIALIZERS[e.initializer]
    at = e.at(1)
    plain = (
        e.cell == "rnn"
        and e.recurrent_layers == 1
        and at["normalization"] == "none"
        and recurrent.std is not None
        and over.std is not None
        and e.recurrent_radius == 0.0
    )
    if not plain or steps < 2:
        return nan
    assert recurrent.std is not None
    assert over.std is not None
    data, units = load_data(e), int(at["width"])
    fan_in = data.features // data.steps
    sigma_w2 = recurrent.std(units, units, at) ** 2 * units
    sigma_u2 = (over.std(fan_in, units, at) * gain(e, 1)) ** 2
    rows = data.inputs[: e.batch_size].reshape(-1, steps, fan_in)
    driven = sigma_u2 * np.einsum("btf,btf->tb", rows, rows) + 2.0 * float(at["bias-std"]) ** 2
    phi = function(str(at["activation"]), at)
    zero, second, total = np.zeros(len(rows)), np.zeros(len(rows)), 0.0
    share = np.ones(len(rows)) / len(rows)
    slopes = []
    with np.errstate(all="ignore"):
        for variance in driven:
            found = moments(phi, zero, variance + sigma_w2 * second)
            second = found.second
            slopes.append(sigma_w2 * found.slope)
    for factor in reversed(slopes[1:]):
        arrived = share * factor
        kept = float(arrived.sum())
        if not (kept > 0.0 and isfinite(kept)):
            return nan
        total += log10(kept)
        share = arrived / kept
    return float(10.0 ** (total / 2.0 / (len(slopes) - 1)))
