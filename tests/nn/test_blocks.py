"""Arrays of many layers measured together: the same numbers as one by one, over the whole range."""

from itertools import pairwise

import numpy as np
import pytest
from helpers import same_bits, training_of

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import load_data
from gradsim.experiment.experiment import Experiment
from gradsim.experiment.start import draw
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.arrays import Array, l2_norm, mean_and_std
from gradsim.nn.blocks import settle, stacks
from gradsim.nn.linear import Linear
from gradsim.nn.sizes import Largest, Norms, Spreads
from gradsim.simulation.stepper import run_step, together

SCALES = (
    0.0,
    5e-324,
    1e-310,
    1e-170,
    1e-155,
    1e-20,
    1.0,
    1e20,
    1e153,
    1e160,
    1e300,
    np.inf,
    np.nan,
)


def arrays(dtype: str) -> list[Array]:
    """Arrays of two shapes and of every scale, some side by side, some on their own."""
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        block = np.stack([(rng.standard_normal((4, 6)) * s).astype(dtype) for s in SCALES])
    alone = [rng.standard_normal((3, 5)).astype(dtype), np.zeros((2, 0), dtype)]
    return [*block, *alone, *block[:2]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_together_as_one_by_one(dtype: str) -> None:
    parts = arrays(dtype)
    with np.errstate(all="ignore"):
        spreads, ends = Spreads(parts), Largest(parts)
        for norms in (Norms(parts).measure(), spreads.measure(), ends.measure()):
            wanted = [l2_norm(a) for a in parts]
            assert norms == pytest.approx(wanted, rel=1e-12, abs=0, nan_ok=True)
        means, stds, largest = spreads.means, spreads.stds, ends.largest
        each = np.array([mean_and_std(a) for a in parts])
        close = 1e-12 if dtype == "float64" else 1e-5
        assert stds == pytest.approx(each[:, 1], rel=close, abs=0, nan_ok=True)
        spread = np.nan_to_num(each[:, 1], posinf=0.0)
        same = (means == each[:, 0]) | (np.abs(means - each[:, 0]) <= close * spread)
        assert (same | np.isnan(each[:, 0])).all()
        wanted = [float(np.max(np.abs(a))) if a.size else 0.0 for a in parts]
        assert np.array_equal(largest, wanted, equal_nan=True)


def test_a_stack_is_the_memory_itself_where_it_lies_even_and_a_copy_elsewhere() -> None:
    block = np.arange(24.0).reshape(4, 2, 3)
    even, uneven = stacks(list(block)), stacks([block[0], block[1], block[3]])
    block[...] = -1.0
    assert len(even) == len(uneven) == 1
    assert np.shares_memory(even[0].array, block)
    assert (even[0].array == -1.0).all()
    assert not np.shares_memory(uneven[0].array, block)
    assert (uneven[0].array == -1.0).all()


def test_stacks_hold_every_place_once_and_no_more_bytes_than_asked_for() -> None:
    parts = arrays("float64")
    found = stacks(parts, at_once=500)
    places = [place for stack in found for place in np.arange(len(parts))[stack.places]]
    assert sorted(places) == list(range(len(parts)))
    assert all(len(stack.parts) == 1 or stack.array.nbytes <= 500 for stack in found)
    for stack in found:
        for place, one in zip(np.arange(len(parts))[stack.places], stack.array, strict=True):
            assert same_bits(one, parts[place])


def test_ops_of_one_kind_and_shape_are_settled_side_by_side() -> None:
    ops = [Linear(3, 4, 4, "float64") for _ in range(3)] + [Linear(3, 4, 2, "float64")]
    settle(ops)
    assert stacks([op.z for op in ops[:3]])[0].block is not None
    assert all(not np.shares_memory(a.z, b.z) for a, b in pairwise(ops))


@pytest.mark.parametrize("name", [n for n, kind in ACTIVATIONS.items() if kind.rises])
def test_slopes_that_are_said_never_to_be_below_zero(name: str) -> None:
    x = np.linspace(-50.0, 50.0, 20001)[None]
    op = ACTIVATIONS[name](1, x.shape[1], "float64")
    op.forward(x)
    assert (op.slopes >= 0.0).all()


NETWORKS: dict[str, dict[str, object]] = {
    "plain": {},
    "batch": {"normalization": "batch", "skip": "residual"},
    "weight": {"normalization": "weight", "skip": "highway"},
    "dense": {"normalization": "layer", "skip": "dense"},
    "before": {"skip": "residual-scaled", "skip-order": "pre-activation"},
    "prelu": {"activation": "prelu", "skip": "rezero"},
    "rnn": {"cell": "rnn", "data": "adding", "loss": "mean-squared-error", "sequence-length": 5},
    "gru": {"cell": "gru", "data": "adding", "loss": "mean-squared-error", "sequence-length": 5},
    "lstm": {"cell": "lstm", "data": "adding", "loss": "mean-squared-error", "sequence-length": 5},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_values_and_gradients_lie_in_the_same_memory_at_every_step(name: str) -> None:
    """What a gauge relies on, which looks at the memory of the first step ever after."""
    size = {"depth": 4, "width": 8, "batch-size": 4, "activation": "tanh"}
    e = Experiment.of(size | NETWORKS[name])
    data = load_data(e)
    training = training_of(e, data)
    draw(training.network, e, data)
    network, batches = training.network, Batches(data, e.batch_size, e.seed, e.dtype)

    def addresses() -> list[int]:
        found = [*network.values[1:], *network.gradients[1:], *sum(network.sent, ())]
        return [a.__array_interface__["data"][0] for a in found if a is not None]

    run_step(training, *batches.batch(0), 0)
    first = addresses()
    run_step(training, *batches.batch(1), 1)
    assert addresses() == first


def test_parameters_are_updated_in_pieces_and_told_of_at_the_end() -> None:
    few = training_of(Experiment.of({"depth": 5, "width": 8}), load_data(Experiment()))
    assert [layer for layer, _ in together(few)] == ["output"]
    many = training_of(Experiment.of({"depth": 5, "width": 300}), load_data(Experiment()))
    parts, size = together(many), many.network.parameters.size
    assert len(parts) > 3
    assert [layer for layer, _ in parts] == [*[None] * (len(parts) - 1), "output"]
    covered = [k for _, part in parts for k in range(size)[part]]
    assert covered == list(range(size))
