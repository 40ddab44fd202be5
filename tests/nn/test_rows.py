"""What like layers do in one call is what each would do by itself, to the bit."""

from collections.abc import Mapping

import numpy as np
import pytest
from helpers import same_bits, training_of

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import load_data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import draw
from gradsim.nn.activations import Activation
from gradsim.nn.linear import Linear
from gradsim.nn.network import Network
from gradsim.nn.rows import learners

NETWORKS: dict[str, Mapping[str, object]] = {
    "plain": {"activation": "relu"},
    "one unit": {"width": 1, "activation": "tanh"},
    "one row": {"batch-size": 1, "activation": "elu"},
    "wide": {"width": 96, "depth": 3},
    "of two slopes": {"activation": "leaky-relu", "layers": {"2": {"leaky-slope": 0.3}}},
    "learned slopes": {"activation": "prelu"},
    "weight": {"normalization": "weight"},
    "batch": {"normalization": "batch", "skip": "residual"},
    "highway": {"skip": "highway"},
    "dense": {"skip": "dense"},
    "float32": {"dtype": "float32", "activation": "gelu"},
    "rnn": {"cell": "rnn", "data": "adding", "loss": "mean-squared-error", "sequence-length": 6},
    "lstm": {"cell": "lstm", "data": "adding", "loss": "mean-squared-error", "readout": "every",
        "sequence-length": 6},
}  # fmt: skip


def network_of(knobs: Mapping[str, object]) -> tuple[Network, Batches]:
    """A network as it starts, and its batches."""
    usual = {"depth": 6, "width": 8, "batch-size": 4, "activation": "tanh"}
    e = Experiment.of({**usual, **knobs})
    data = load_data(e)
    network = training_of(e, data).network
    draw(network, e, data)
    return network, Batches(data, e.batch_size, e.seed, e.dtype)


def passes(network: Network, batches: Batches, step: int, at_once: int) -> None:
    """Forward and back, in pieces of so many nodes."""
    inputs, target = batches.batch(step)
    count = len(network.nodes)
    network.values[0] = inputs
    for first in range(1, count + 1, at_once):
        network.forward(range(first, min(first + at_once, count + 1)))
    output = network.values[-1]
    assert output is not None
    network.loss.forward(output, target)
    network.begin_backward()
    for last in range(count, 0, -at_once):
        network.backward(range(last, max(last - at_once, 0), -1))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("at_once", [3, 7, 1000])
def test_in_pieces_of_any_size_to_the_same_bits(name: str, at_once: int) -> None:
    (one, batches), (other, _) = network_of(NETWORKS[name]), network_of(NETWORKS[name])
    with np.errstate(all="ignore"):
        for step in range(3):
            passes(one, batches, step, 1)
            passes(other, batches, step, at_once)
            assert same_bits(one.parameters.gradients, other.parameters.gradients)
            for network in (one, other):
                # The weights move, so that a stale gradient of the last step would be seen.
                network.parameters.values -= 0.1 * network.parameters.gradients
            for mine, its in zip(one.gradients, other.gradients, strict=True):
                assert (mine is None) == (its is None)
                if mine is not None and its is not None:
                    assert same_bits(mine, its)
    slopes = [
        [n.op.slopes for n in net.nodes if isinstance(n.op, Activation)] for net in (one, other)
    ]
    assert all(same_bits(mine, its) for mine, its in zip(*slopes, strict=True))


def test_like_layers_share_their_calls() -> None:
    """Six layers of one shape: one call for the slopes; one for five linear ops, two beside it."""
    network, batches = network_of({"activation": "relu"})
    passes(network, batches, 0, 1000)
    together = {n.op.together for n in network.nodes if isinstance(n.op, Activation)}
    assert len(together) == 1
    assert None not in together
    assert len(learners(n.op for n in network.nodes)) == 3
    assert len([n for n in network.nodes if isinstance(n.op, Linear)]) == 7


def test_slopes_read_on_the_way_forward_are_those_of_this_pass() -> None:
    """Before the backward pass has worked them out, and of layers before the cursor alone."""
    network, batches = network_of({"activation": "relu"})
    passes(network, batches, 0, 1000)
    first, second = [n.op for n in network.nodes if isinstance(n.op, Activation)][:2]
    before = second.slopes.copy()
    network.values[0] = batches.batch(1)[0]
    network.forward(range(1, 3))
    assert same_bits(first.slopes, (first.y > 0.0).astype(first.y.dtype))
    assert same_bits(second.slopes, before)
