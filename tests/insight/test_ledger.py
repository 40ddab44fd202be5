"""The ledger's identities, on every architecture the engine has."""

from itertools import product
from math import inf, isfinite, log10, nextafter
from typing import Any

import numpy as np
import pytest

from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.insight.ledger import Ledger, Part
from gradsim.insight.reckoning import ledger
from gradsim.nn.arrays import l2_norm
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session


def session_of(steps: int = 1, **knobs: Any) -> Session:
    given = {name.replace("_", "-"): value for name, value in knobs.items()}
    small = {"depth": 5, "width": 8, "batch-size": 16, "data": "wine"}
    session = Session(Experiment.of(small | given))
    session.do(Advance(Grain.STEP, steps))
    return session


def check_identities(session: Session) -> Ledger:
    """What must hold exactly, against the arrays of the network itself."""
    found = ledger(session)
    network = session.machine_with_gradients().network
    first, last = network.gradients[0], network.gradients[-1]
    assert first is not None
    assert last is not None
    whole = log10(l2_norm(first)) - log10(l2_norm(last))
    # From block to block the changes telescope.
    assert sum(block.decades for block in found.blocks) == pytest.approx(whole, abs=1e-11)
    for above, below in zip(found.blocks, found.blocks[1:], strict=False):
        assert above.norm_out == below.norm_in
    for block in found.blocks:
        assert sum(path.share for path in block.paths) == pytest.approx(1.0, abs=1e-9)
        for path in block.paths:
            parts = sum(path.of(part) for part in Part)
            assert parts == pytest.approx(path.decades, abs=1e-12) or path.carries_nothing
        if len(block.paths) == 1:
            # Along one path the change of the block is the sum of its ops.
            assert block.paths[0].decades == pytest.approx(block.decades, abs=1e-12)
        assert block.sentence
    assert found.sentence
    return found


@pytest.mark.parametrize("skip", KNOBS["skip"].choices)
@pytest.mark.parametrize("normalization", KNOBS["normalization"].choices)
def test_every_skip_with_every_normalization(skip: str, normalization: str) -> None:
    found = check_identities(
        session_of(activation="tanh", skip=skip, normalization=normalization, bias_std=0.1)
    )
    wanted = {"none": 1, "highway": 3}.get(skip, 2)
    assert {len(block.paths) for block in found.blocks[1:]} == {wanted}
    parts = {e.part for b in found.blocks for p in b.paths for e in p.entries}
    assert (Part.NORMALIZATION in parts) == (normalization not in ("none", "weight"))


@pytest.mark.parametrize(
    ("order", "place", "skip", "every"),
    list(
        product(
            KNOBS["skip-order"].choices,
            KNOBS["normalization-place"].choices,
            ("residual", "highway", "dense"),
            (1, 2),
        )
    ),
)
def test_every_order(order: str, place: str, skip: str, every: int) -> None:
    found = check_identities(
        session_of(
            activation="selu", normalization="layer", normalization_place=place, skip=skip,
            skip_order=order, skip_every=every, skip_widths="padding",
        )
    )  # fmt: skip
    assert len(found.blocks) == 1 + (5 if every == 1 else 3)


@pytest.mark.parametrize("activation", KNOBS["activation"].choices)
def test_every_activation_keeps_to_its_largest_slope(activation: str) -> None:
    found = check_identities(session_of(activation=activation))
    for block in found.blocks[1:]:
        (entry,) = (e for e in block.main.entries if e.part is Part.ACTIVATION)
        assert entry.factor <= nextafter(entry.largest_slope, inf) * (1 + 1e-12)


def test_a_share_by_hand() -> None:
    """Each path of a scaled residual block brings sqrt(1/2) of what comes, through its own ops."""
    session = session_of(skip="residual-scaled", activation="identity")
    found = ledger(session)
    network = session.machine_with_gradients().network
    for block in found.blocks[1:-1]:
        skip = next(path for path in block.paths if path.name == "skip")
        assert [entry.part for entry in skip.entries] == [Part.SKIP]
        assert skip.decades == pytest.approx(log10(np.sqrt(0.5)), abs=1e-12)
    block = found.blocks[2]
    layer = network.layers[3]
    given = network.gradients[layer.output]
    assert layer.name == block.last == 4
    assert given is not None
    weight = network.parameters.view("layers.4.weight", network.parameters.values)
    brought = np.sqrt(0.5) * given @ weight
    total = brought + np.sqrt(0.5) * given
    share = float(np.sum(brought * total) / np.sum(total * total))
    main = next(path for path in block.paths if path.name == "main")
    assert main.share == pytest.approx(share, rel=1e-10)


def test_the_default_loses_by_the_slope_of_its_sigmoids() -> None:
    found = ledger(Session(Experiment.of({})))
    debts = found.debts()
    assert debts[Part.ACTIVATION] < -11.0
    assert abs(debts[Part.WEIGHTS]) < 1.5
    assert "most by activation slope" in found.sentence
    block = next(block for block in found.blocks if block.last == 7)
    assert block.sentence.startswith("layer 7 lost 0.6")
    assert "largest possible 0.25" in block.sentence


def test_rezero_begins_with_a_path_that_carries_nothing() -> None:
    found = ledger(session_of(steps=0, skip="rezero"))
    for block in found.blocks[1:-1]:
        main = next(path for path in block.paths if path.name == "main")
        assert main.carries_nothing
        assert main.share == 0.0
        assert "main carries nothing" in block.sentence


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_the_size_of_the_loss_changes_nothing(scale: float) -> None:
    plain, scaled = (
        ledger(session_of(steps=0, skip="residual", loss_factor=factor, width=4, depth=3))
        for factor in (1.0, scale)
    )
    for one, other in zip(plain.blocks, scaled.blocks, strict=True):
        assert other.decades == pytest.approx(one.decades, abs=1e-9)
        for path, other_path in zip(one.paths, other.paths, strict=True):
            assert other_path.share == pytest.approx(path.share, abs=1e-9)


def test_dead_and_not_finite_networks_have_a_ledger_too() -> None:
    dead = ledger(session_of(steps=0, activation="relu", initializer="zeros"))
    assert "lets nothing through" in dead.sentence
    broken = ledger(
        session_of(steps=3, activation="relu", initializer_gain=1e200, learning_rate=1.0)
    )
    assert broken.sentence == "a gradient of NaN arrives at output already"


def test_the_layer_in_which_the_gradient_leaves_the_number_range_is_named() -> None:
    found = ledger(
        session_of(steps=0, activation="identity", initializer_gain=1e3, loss_factor=1e303)
    )
    broken = next(block for block in found.blocks if not isfinite(block.norm_out))
    assert isfinite(broken.norm_in)
    assert broken.sentence == found.sentence == f"{broken.name} makes the gradient ∞"


@pytest.mark.parametrize(
    ("cell", "layers", "readout", "normalization"),
    list(product(("rnn", "gru", "lstm"), (1, 2), ("last", "every"), ("none", "layer"))),
)
def test_through_time(cell: str, layers: int, readout: str, normalization: str) -> None:
    """From state to state it telescopes; state, cell and what comes from above share all of it."""
    session = session_of(
        cell=cell, recurrent_layers=layers, readout=readout, normalization=normalization,
        data="digits-rows", activation="tanh", bias_std=0.2, forget_bias=1.0,
    )  # fmt: skip
    network = session.machine_with_gradients().network
    for layer in range(1, layers + 1):
        found = ledger(session, None, layer)
        steps = [block for block in found.blocks if block.first != "output"]
        assert [block.first for block in steps] == list(range(8, 1, -1))
        states = {s.time: network.gradients[s.output] for s in network.layers if s.name == layer}
        first, last = states[1], states[8]
        assert first is not None
        assert last is not None
        whole = log10(l2_norm(first)) - log10(l2_norm(last))
        assert found.decades == pytest.approx(whole, abs=1e-11)
        for block in steps:
            assert sum(path.share for path in block.paths) == pytest.approx(1.0, abs=1e-9)
            names = {path.name for path in block.paths}
            through = {"rnn": {"state"}, "gru": {"state", "carry"}, "lstm": {"state", "cell"}}
            above = readout == "every" or layer < layers
            assert names == through[cell] | ({"from above"} if above else set())
            for path in block.paths:
                if path.from_outside is None:
                    parts = sum(path.of(part) for part in Part)
                    assert parts == pytest.approx(path.decades, abs=1e-12)
            if names == {"state"}:
                assert block.main.decades == pytest.approx(block.decades, abs=1e-12)
        assert "time step" in found.sentence


def test_the_cell_of_an_lstm_is_multiplied_by_its_forget_gate_alone() -> None:
    session = session_of(cell="lstm", data="digits-rows", forget_bias=3.0, steps=0)
    network = session.machine_with_gradients().network
    block = next(block for block in ledger(session).blocks if block.first == 5)
    path = next(path for path in block.paths if path.name == "cell")
    node = next(n for n in network.nodes if n.op.name == "lstm-gates" and n.time == 5)
    sent = network.sent[network.nodes.index(node) + 1]
    given = network.gradients[network.nodes.index(node) + 1]
    assert given is not None
    assert path.decades == pytest.approx(log10(l2_norm(sent[1]) / l2_norm(given)), abs=1e-12)


def test_a_cut_window_carries_nothing() -> None:
    found = ledger(session_of(cell="rnn", data="digits-rows", truncation=3, readout="every"))
    cut = next(block for block in found.blocks if block.first == 6)
    assert cut.main.carries_nothing
    assert "state carries nothing" in cut.sentence
