"""The declaration: what each knob takes, and what is said when it is given something else."""

import tracemalloc
from collections.abc import Iterator
from math import inf, nan, nextafter
from typing import Any

import numpy as np
import pytest
from helpers import experiment, toy_data, training_of

from gradsim.errors import InputError
from gradsim.experiment import build as building
from gradsim.experiment.build import MEMORY_BOUND, build, check, load_data, memory
from gradsim.experiment.experiment import DEFAULTS, KINDS, KNOBS, Experiment, right
from gradsim.experiment.knobs import Effect
from gradsim.experiment.wiring import wire
from gradsim.nn.losses import LOSSES
from gradsim.nn.normalization import NORMALIZATIONS
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session
from gradsim.simulation.stepper import training_step

NUMBERS = [name for name, kind in KINDS.items() if kind in (int, float)]
CHOICES = [name for name, knob in KNOBS.items() if knob.choices]


def refused(settings: dict[Any, Any], where: str = "") -> list[str]:
    """The problems that these settings are refused with."""
    with pytest.raises(InputError) as caught:
        Experiment.of(settings, where)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def the_problem(settings: dict[Any, Any]) -> str:
    (problem,) = refused(settings)
    return problem


# -- what is right ------------------------------------------------------------------------------


def test_every_default_is_right() -> None:
    declared = Experiment.of({})
    assert declared.settings() == DEFAULTS
    assert set(DEFAULTS) == set(KNOBS) == set(KINDS)
    for name, value in DEFAULTS.items():
        assert not KNOBS[name].problem(value), name
        assert type(value) is KINDS[name], name
    check(declared, load_data(declared))


@pytest.mark.parametrize("name", KNOBS)
def test_every_knob_is_described(name: str) -> None:
    knob = KNOBS[name]
    assert name == name.lower()
    assert "_" not in name
    assert knob.help
    assert isinstance(knob.effect, Effect)
    assert right(name)
    assert all(knob.choices.values()), "each choice has a formula or a line of help"
    for rung in knob.ladder:
        assert not knob.problem(rung)
        assert rung == KINDS[name](rung), "a rung is of the knob's own kind"


def test_settings_and_back() -> None:
    declared = experiment(activation="tanh", depth=7, learning_rate=0.3, seed=2**62 + 1)
    again = Experiment.of(declared.settings())
    assert again == declared
    assert hash(again) == hash(declared)
    assert declared.value("learning-rate") == declared.learning_rate == 0.3
    assert declared.values(["depth", "seed"]) == {"depth": 7, "seed": 2**62 + 1}


def test_a_declaration_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        Experiment.of({}).depth = 3


def test_switch_and_differs() -> None:
    one = experiment(depth=3)
    other = one.switch({"depth": 4, "activation": "sigmoid"})
    assert one.differs(other) == {"depth": (3, 4)}
    assert one.depth == 3
    assert other.switch({"depth": 3}) == one


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("depth", "5", 5), ("learning-rate", "1e-3", 1e-3), ("seed", "0", 0), ("width", 8.0, 8)],
)
def test_numbers_may_come_as_text(name: str, text: Any, value: float) -> None:
    taken = Experiment.of({name: text}).value(name)
    assert taken == value
    assert type(taken) is KINDS[name]


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_is_taken(name: str) -> None:
    for choice in KNOBS[name].choices:
        assert Experiment.of({name: choice}).value(name) == choice


def beyond(name: str, value: float, way: float) -> float:
    """The next value of the knob's kind, up (way inf) or down (-inf)."""
    if KINDS[name] is int:
        return int(value) + (1 if way > 0 else -1)
    return nextafter(value, way)


@pytest.mark.parametrize("name", NUMBERS)
def test_bounds_hold_at_both_ends(name: str) -> None:
    knob = KNOBS[name]
    assert knob.low is not None or knob.above is not None, "every number has a lower end"
    inside, outside = [], []
    if knob.low is not None:
        inside.append(knob.low)
        outside.append(beyond(name, knob.low, -inf))
    if knob.above is not None:
        inside.append(beyond(name, knob.above, inf))
        outside.append(knob.above)
    if knob.high is not None:
        inside.append(knob.high)
        outside.append(beyond(name, knob.high, inf))
    for value in inside:
        assert Experiment.of({name: value}).value(name) == value
    for value in [*outside, -1e300 if KINDS[name] is float else -(2**70)]:
        problem = the_problem({name: value})
        assert problem.startswith(f"{name} is ")
        assert problem.endswith(f", but must be {right(name)}")


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in KNOBS if name[:-1] not in KNOBS])
def test_an_unknown_knob_names_the_nearest(name: str) -> None:
    wrong = name[:-1]
    near = [name, f"{wrong}2", "width"]  # of several that are as near, any will do
    assert the_problem({wrong: 1}) in [
        f'there is no knob "{wrong}"; did you mean "{other}"?' for other in near
    ]


@pytest.mark.parametrize("name", [name for name in KNOBS if "-" in name])
def test_a_knob_has_one_spelling(name: str) -> None:
    wrong = name.replace("-", "_")
    assert f'did you mean "{name}"?' in the_problem({wrong: DEFAULTS[name]})


def test_an_unknown_knob_like_none_says_who_names_them_all() -> None:
    assert the_problem({"qqqqqq": 1}).endswith('no knob "qqqqqq"; gradsim list knobs names all')


@pytest.mark.parametrize("name", CHOICES)
def test_an_unknown_choice_names_the_nearest(name: str) -> None:
    for choice in KNOBS[name].choices:
        wrong = f"{choice[:1]}x{choice[1:]}"
        problem = the_problem({name: wrong})
        assert problem.startswith(f'{name} is "{wrong}", but must be one of ')
        assert all(other in problem for other in KNOBS[name].choices)
        assert f'did you mean "{choice}"?' in problem
    assert "did you mean" not in the_problem({name: "qqqqqq"})


@pytest.mark.parametrize("name", KNOBS)
@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_no_number_and_no_name(name: str, value: bool) -> None:
    problem = the_problem({name: value})
    assert problem == f"{name} is {str(value).lower()}, but must be {right(name)}"


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [nan, inf, -inf, "nan", "inf", "-inf", "NaN", "1e999"])
def test_numbers_are_finite(name: str, value: Any) -> None:
    assert f"but must be {right(name)}" in the_problem({name: value})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [None, "", "three", [1], {"a": 1}, "0x10"])
def test_numbers_are_numbers(name: str, value: Any) -> None:
    assert f"but must be {right(name)}" in the_problem({name: value})


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind is int])
@pytest.mark.parametrize("value", [2.5, "2.5"])
def test_whole_numbers_are_whole(name: str, value: Any) -> None:
    assert f"but must be {right(name)}" in the_problem({name: value})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("digits", [40, 400, 5000])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_of_many_digits(name: str, digits: int, sign: int) -> None:
    high = KNOBS[name].high
    if high is None and digits == 40 and sign == 1:
        return
    assert f"but must be {right(name)}" in the_problem({name: sign * 10**digits})


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("value", [None, 3, 0.5, ["relu"]])
def test_choices_are_names(name: str, value: Any) -> None:
    assert f"but must be {right(name)}" in the_problem({name: value})


def test_a_key_that_is_no_name() -> None:
    """As a file may have it: `1: 2`."""
    assert "1" in the_problem({1: 2})


def test_all_problems_are_told_at_once() -> None:
    problems = refused(
        {
            "activation": "rleu",
            "depth": 0,
            "widht": 3,
            "learning-rate": nan,
            "clip-threshold": 0,
            "batch-size": True,
            "seed": 4,
        },
        where="my.toml",
    )
    assert len(problems) == 6
    for name in ("activation", "depth", "widht", "learning-rate", "clip-threshold", "batch-size"):
        assert sum(name in problem.split(",")[0] for problem in problems) == 1, name
    assert all(problem.startswith("my.toml: ") for problem in problems)


# -- what does not fit together -----------------------------------------------------------------


@pytest.fixture
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Any op or parameter made is a failure, and so is much memory."""

    def made(*args: object) -> None:
        raise AssertionError("the network was being built")

    monkeypatch.setattr(building, "ParameterStore", made)
    load_data(Experiment.of({}))
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def cannot_be_built(declared: Experiment) -> str:
    """The sentence with which building it, and a session on it, are both refused."""
    with pytest.raises(InputError) as caught:
        build(declared, load_data(declared))
    with pytest.raises(InputError) as caught_again:
        Session(declared)
    assert caught.value.problems == caught_again.value.problems
    (problem,) = caught.value.problems
    return problem


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("dtype", KNOBS["dtype"].choices)
@pytest.mark.parametrize("batch_size", [1, 64, 1000])
def test_too_large_for_memory(dtype: str, batch_size: int) -> None:
    problem = cannot_be_built(
        experiment(depth=1000, width=1024, batch_size=batch_size, dtype=dtype)
    )
    assert "depth 1000" in problem
    assert "width 1024" in problem
    assert dtype in problem
    assert "4 GiB" in problem


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize(
    "name", [n for n, kind in NORMALIZATIONS.items() if kind.smallest_batch > 1]
)
def test_too_few_rows_to_normalize_over(name: str) -> None:
    smallest = NORMALIZATIONS[name].smallest_batch
    problem = cannot_be_built(experiment(normalization=name, batch_size=smallest - 1))
    assert f"normalization {name}" in problem
    assert f"at least {smallest}" in problem


@pytest.mark.usefixtures("nothing_is_built")
def test_more_rows_in_a_batch_than_there_are() -> None:
    rows = len(load_data(Experiment.of({})).inputs)
    problem = cannot_be_built(experiment(batch_size=rows + 1))
    assert f"from 1 to {rows}" in problem


def test_one_unit_in_one_row_is_no_group() -> None:
    """As PyTorch has it."""
    lonely = {"normalization": "group", "width": 1, "depth": 2}
    check(experiment(**lonely, batch_size=2), toy_data(3, 2))
    with pytest.raises(InputError, match="one unit and one row in layer 1"):
        check(experiment(**lonely, batch_size=1), toy_data(3, 2))


def test_as_many_rows_in_a_batch_as_there_are() -> None:
    data = toy_data(3, 2)
    check(experiment(batch_size=len(data.inputs), depth=1, width=2), data)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_for_classes_needs_classes(name: str) -> None:
    declared, regression = experiment(loss=name, batch_size=4), toy_data(3, 0)
    if not LOSSES[name].needs_classes:
        check(declared, regression)
        return
    with pytest.raises(InputError, match=f"loss {name} needs classes"):
        check(declared, regression)


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"normalization": "batch", "skip": "residual", "clip": "global-norm"},
        {"optimizer": "adam", "batch_size": 2, "activation": "relu"},
        {"dtype": "float32", "batch_size": 500, "normalization": "batch", "skip": "residual"},
    ],
    ids=str,
)
def test_memory_is_counted_in_full(knobs: dict[str, Any]) -> None:
    """What a network and a training step take is no more than was counted, and not far less."""
    declared = experiment(depth=12, width=96, **({"batch_size": 64} | knobs))
    data = load_data(declared)
    inputs = data.inputs[: declared.batch_size].astype(declared.dtype)
    tracemalloc.start()
    training = training_of(declared, data)
    for _ in training_step(training, inputs, data.targets[: declared.batch_size], 0):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    counted = memory(declared, wire(declared, data.features, data.outputs, 0))
    assert peak < counted + 2**20
    assert counted < 4 * peak
    assert counted < MEMORY_BOUND


@pytest.mark.parametrize("dtype", KNOBS["dtype"].choices)
@pytest.mark.parametrize(
    "knobs",
    [
        {"initializer_gain": 1e300},
        {"initializer_gain": 1e300, "initializer": "normal", "initializer_std": 1e300},
        {"initializer_gain": 1e-300},
        {"learning_rate": 1e300},
        {"learning_rate": 1e300, "optimizer": "adam"},
        {"loss_factor": 1e300},
        {"loss_factor": 1e-300},
        {"clip": "global-norm", "clip_threshold": 1e300},
        {"clip": "global-norm", "clip_threshold": 1e-300},
        {"clip": "value", "clip_threshold": 1e300, "loss_factor": 1e300},
    ],
    ids=str,
)
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_any_finite_number_gives_a_run_and_no_complaint(
    knobs: dict[str, Any], dtype: str, normalization: str
) -> None:
    """Overflow is a result: not an exception, and (as warnings are errors here) not a warning."""
    for activation in ("relu", "sigmoid"):
        session = Session(
            experiment(
                activation=activation, normalization=normalization, dtype=dtype,
                depth=3, width=4, batch_size=8, **knobs,
            )
        )  # fmt: skip
        for _ in range(2):
            session.held_out_accuracy()
            record = session.look()
            assert record.loss is not None
            assert record.layers is not None
            assert record.layers.shape[1] == 4
            for _ in range(6):
                session.do(Advance(Grain.STEP))
        assert np.all(session.network().parameters.values.dtype == dtype)
