"""The map's engine: its axes, its order, its cells, and the executors that measure them."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from itertools import pairwise
from math import inf, isclose, isnan
from typing import Any

import pytest
from executors import Direct
from helpers import experiment
from hypothesis import given
from hypothesis import strategies as st

from gradsim.errors import InputError
from gradsim.experiment.experiment import KINDS, KNOBS, Experiment
from gradsim.insight.map.around import around, candidates
from gradsim.insight.map.axes import Axis, read_axis
from gradsim.insight.map.cells import Cell, Task, measure
from gradsim.insight.map.order import coarse_to_fine, stand_in
from gradsim.insight.map.plan import Plan, plan
from gradsim.insight.map.survey import Survey
from gradsim.insight.report import report
from gradsim.insight.trial import Trial, run_trial
from gradsim.insight.workers import Workers
from gradsim.simulation.session import Session

SMALL = {"depth": 4, "width": 6, "activation": "tanh", "batch_size": 8}


def declared(x: str, y: str, value: str = "slope", steps: int | None = None, **knobs: Any) -> Plan:
    base = experiment(**{**SMALL, **knobs})
    return plan(base, read_axis(x, "--x"), read_axis(y, "--y"), value, steps)


def surveyed(found: Plan, executor: Executor) -> Survey:
    survey = Survey(found, executor)
    for _ in survey.run():
        pass
    return survey


# -- axes ---------------------------------------------------------------------------------------


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(2, 60), st.booleans())
def test_numbers_in_equal_steps_or_factors(one: float, other: float, count: int, log: bool) -> None:
    low, high = sorted((one, other))
    text = f"initializer-gain={low!r}:{high!r}:{count}{':log' if log else ''}"
    if low == high or (log and low == 0):
        with pytest.raises(InputError):
            read_axis(text, "--x")
        return
    values = read_axis(text, "--x").values
    assert (values[0], values[-1]) == (low, high)
    assert all(a < b for a, b in pairwise(values))
    if len(values) < count:  # more values than there are numbers between the ends
        assert isclose(low, high, rel_tol=1e-12) or high < 1e-300
    elif not log:
        assert all(isclose(b - a, (high - low) / (count - 1), abs_tol=1e-9 * high)
                   for a, b in pairwise(values))  # fmt: skip
    elif low > 1e-300:
        factors = [b / a for a, b in pairwise(values)]
        assert max(factors) == pytest.approx(min(factors), rel=1e-9)


@given(st.integers(1, 1000), st.integers(1, 1000), st.integers(2, 200), st.booleans())
def test_whole_numbers_are_rounded_and_each_is_taken_once(
    one: int, other: int, count: int, log: bool
) -> None:
    low, high = sorted((one, other))
    if low == high:
        high += 1 if high < 1000 else 0
        low -= 1 if low == high else 0
    values = read_axis(f"depth={low}:{high}:{count}{':log' if log else ''}", "--y").values
    assert (values[0], values[-1]) == (low, high)
    assert all(type(value) is int for value in values)
    assert all(a < b for a, b in pairwise(values))
    assert len(values) <= min(count, high - low + 1)
    if not log:
        assert len(values) == min(count, high - low + 1)


def test_a_seed_keeps_all_its_digits() -> None:
    largest = 2**63 - 1
    assert read_axis(f"seed=0:{largest}:3", "--x").values == (0, 2**62, largest)


@given(st.lists(st.sampled_from(["sigmoid", "tanh", "relu", "gelu"]), min_size=1))
def test_choices_are_taken_as_they_are_named(names: list[str]) -> None:
    axis = read_axis(f"activation={', '.join(names)}", "--x")
    assert axis.values == tuple(dict.fromkeys(names))
    assert not axis.numeric


@given(st.floats(0, 1), st.booleans())
def test_a_value_is_found_where_it_is_drawn(part: float, log: bool) -> None:
    axis = read_axis(f"learning-rate=0.001:10:9{':log' if log else ''}", "--x")
    place = part * 8
    assert axis.place(axis.between(place)) == pytest.approx(place, abs=1e-6)
    assert axis.place(11.0) is None
    assert axis.place("relu") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("depth", "must be KNOB=LOW:HIGH:COUNT"),
        ("", "must be KNOB=LOW:HIGH:COUNT"),
        ("dept=1:3:2", 'there is no knob "dept"; did you mean "depth"?'),
        ("layers.2.activaton=relu", 'did you mean "activation"?'),
        ("layers.2.depth=1:2:2", "depth is the same for all layers"),
        ("depth=9:3:4", "goes from 9 to 3, but the first must be the smaller one"),
        ("initializer-gain=1:1:4", "goes from 1 to 1"),
        ("initializer-gain=0:1:4:log", "must begin above 0"),
        ("initializer-gain=0:1:4:cubic", "LOW:HIGH:COUNT:log"),
        ("initializer-gain=0:1", "LOW:HIGH:COUNT"),
        ("initializer-gain=a:1:4", '"a", which is no number'),
        ("initializer-gain=nan:1:4", "which is no number"),
        ("initializer-gain=0:inf:4", "which is no number"),
        ("initializer-gain=-1:1:4", "initializer-gain is -1"),
        ("depth=1.5:4:3", "must at a whole number"),
        ("depth=0:4:3", "depth is 0, but must be a whole number from 1 to 10000"),
        ("depth=1:9:1", "whole number from 2 to 10000"),
        ("depth=1:9:99999", "whole number from 2 to 10000"),
        ("depth=1:9:1e3", "whole number from 2 to 10000"),
        ("activation=tanh,reul", 'did you mean "relu"?'),
        ("activation=tanh,,relu", "nothing between two commas"),
        ("widths=8,4", "widths cannot be an axis"),
    ],
)
def test_a_wrong_axis_is_told_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        read_axis(text, "--x")
    assert len(error.value.problems) == 1
    assert error.value.problems[0].startswith("--x")
    assert words in error.value.problems[0]


@pytest.mark.parametrize(
    ("x", "y", "knobs", "words"),
    [
        ("depth=1:3:3", "depth=1:3:3", {}, "--x and --y are both depth"),
        (
            "seed=0:999:1000",
            "depth=1:11:11",
            {},
            "1000 x 11 = 11000 cells, but at most 10000",
        ),
        (
            "leaky-slope=0:1:3",
            "depth=1:3:3",
            {},
            "--x: leaky-slope does nothing here, so it cannot vary: it is for activation leaky-",
        ),
        ("depth=1:3:3", "skip-every=1:3:3", {}, "it is for skip residual"),
        ("depth=3:5:3", "seed=0:3:3", {"widths": "8,4", "depth": 2}, "no cell can be built"),
        ("layers.9.width=4,5", "seed=0:3:3", {}, "there are layers 1 to 4"),
    ],
)
def test_a_map_that_cannot_be_is_told_in_a_sentence(
    x: str, y: str, knobs: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError) as error:
        declared(x, y, **knobs)
    assert words in error.value.problems[0]
    assert len(error.value.problems) == 1


def test_a_knob_that_works_in_part_of_the_map_can_vary() -> None:
    declared("leaky-slope=0:1:3", "activation=tanh,leaky-relu")
    declared("layers.9.width=4,5", "depth=5:9:5")


# -- order --------------------------------------------------------------------------------------


@given(st.integers(1, 70), st.integers(1, 70))
def test_every_cell_once_and_the_coarse_ones_first(columns: int, rows: int) -> None:
    order = coarse_to_fine(columns, rows)
    assert sorted(order) == [(c, r) for c in range(columns) for r in range(rows)]
    assert order[0] == (0, 0)
    coarse = [place for place in order if place[0] % 4 == 0 and place[1] % 4 == 0]
    assert order[: len(coarse)] == coarse


@given(st.integers(1, 20), st.integers(1, 20), st.data())
def test_what_stands_for_a_cell_is_the_corner_of_its_finest_block(
    columns: int, rows: int, data: st.DataObject
) -> None:
    order = coarse_to_fine(columns, rows)
    count = data.draw(st.integers(0, len(order)))
    known = set(order[:count])
    for place in order:
        shown = stand_in(place, known, columns, rows)
        if place in known:
            assert shown == place
        elif shown:
            assert shown in known
            assert shown[0] <= place[0]
            assert shown[1] <= place[1]
        else:
            # Only until the coarsest cells are in, at most two in each direction.
            assert count < 4


# -- cells --------------------------------------------------------------------------------------


def test_a_cell_at_step_0_is_what_a_session_shows() -> None:
    found = declared("initializer-gain=0.5:3:3", "layers.2.activation=relu,sigmoid", width=9)
    cells = surveyed(found, Direct()).cells
    assert len(cells) == 6
    for (column, row), cell in cells.items():
        there = found.base.switch(
            {
                "initializer-gain": (0.5, 1.75, 3.0)[column],
                "layers.2.activation": ("relu", "sigmoid")[row],
            }
        )
        told = report(Session(there))["verdict"]
        assert cell.shape == told["shape"]
        assert cell.slope == told["evidence"]["slope"]
        assert cell.reach_decades == told["evidence"]["reach_decades"]
        assert cell.loss is None
        assert cell.accuracy is None
        assert cell.seconds > 0


def test_a_trained_cell_is_a_trial() -> None:
    found = declared("learning-rate=0.01:1:2:log", "normalization=none,batch", "accuracy", 3)
    cell = surveyed(found, Direct()).cells[1, 1]
    there = found.base.switch({"learning-rate": 1.0, "normalization": "batch"})
    outcome = run_trial(Trial(there.settings(), 3))
    assert (cell.loss, cell.accuracy) == (outcome.held_out_loss, outcome.held_out_accuracy)
    assert (cell.shape, cell.slope) == (outcome.end.shape, outcome.end.slope)


def test_what_cannot_be_built_says_so_and_what_is_not_finite_is_that() -> None:
    task = Task(
        experiment(**SMALL).settings(),
        (
            ((0, 0), {"batch-size": 1, "normalization": "batch"}),
            ((1, 0), {"layers.9.width": 3}),
            ((2, 0), {"activation": "relu", "initializer-gain": 1e200}),
            ((3, 0), {"initializer": "zeros"}),
        ),
        0,
        False,
    )
    batch, layer, huge, dead = measure(task)
    assert "needs a batch-size of at least 2" in batch.reason
    assert "there are layers 1 to 4" in layer.reason
    assert batch.slope is None
    assert huge.shape == "not-finite"
    assert huge.reach_decades is not None
    assert isnan(huge.reach_decades)
    assert dead.shape == "dead"
    assert dead.reason == ""


# -- executors ----------------------------------------------------------------------------------


def values(survey: Survey) -> dict[Any, Any]:
    return {place: (cell.shape, cell.slope) for place, cell in survey.cells.items()}


def test_any_executor_measures_the_same() -> None:
    found = declared("initializer-gain=0.5:3:5", "depth=2:6:3")
    wanted = values(surveyed(found, Direct()))
    assert len(wanted) == 15
    with ThreadPoolExecutor(2) as threads:
        assert values(surveyed(found, threads)) == wanted
    with Workers(2) as workers:
        assert values(surveyed(found, workers)) == wanted


class Slow(Executor):
    """Does what it is asked for only when it is let."""

    def __init__(self) -> None:
        self.asked: list[tuple[Future[Any], Task]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.asked.append((future, args[0]))
        return future

    def do(self) -> None:
        for future, task in self.asked:
            if future.set_running_or_notify_cancel():
                future.set_result(measure(task))
        self.asked = []


def test_poll_never_waits_and_keeps_few_tasks_under_way() -> None:
    found = declared("initializer-gain=0.5:3:6", "depth=1:10:10")
    slow = Slow()
    survey = Survey(found, slow, at_once=3)
    assert survey.poll() == []
    assert survey.poll() == []
    assert len(slow.asked) == 3
    assert survey.seconds_left is None
    slow.do()
    assert len(survey.poll()) == 3
    assert len(slow.asked) == 3
    largest = 0
    while not survey.done:
        largest = max(largest, *(len(task.changes) for _, task in slow.asked))
        slow.do()
        survey.poll()
    assert largest > 1
    assert sorted(survey.cells) == [(c, r) for c in range(6) for r in range(10)]
    assert survey.seconds_left == 0


def test_a_canceled_survey_asks_for_nothing_more() -> None:
    slow = Slow()
    survey = Survey(declared("initializer-gain=0.5:3:6", "depth=2:6:5"), slow, at_once=3)
    survey.poll()
    futures = [future for future, _ in slow.asked]
    survey.cancel()
    assert all(future.cancelled() for future in futures)
    slow.do()
    assert survey.poll() == []
    assert survey.cells == {}


def test_only_what_is_missing_is_measured() -> None:
    found = declared("initializer-gain=0.5:3:4", "depth=2:6:3")
    known = {place: Cell(place, "healthy", inf) for place in coarse_to_fine(4, 3)[:7]}
    slow = Slow()
    survey = Survey(found, slow, known)
    while not survey.done:
        survey.poll()
        asked = {place for _, task in slow.asked for place, _ in task.changes}
        assert asked.isdisjoint(known)
        slow.do()
    assert all(survey.cells[place] is cell for place, cell in known.items())


class Breaking(Slow):
    """Breaks at its second task, and takes nothing any more."""

    def do(self) -> None:
        (first, task), *rest = self.asked
        first.set_result(measure(task))
        for future, _ in rest:
            future.set_exception(BrokenExecutor("gone"))
        self.asked = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.asked and self.asked[0][0].done():
            raise BrokenExecutor("gone")
        return super().submit(fn, *args, **kwargs)


def test_a_pool_that_breaks_is_told_and_what_was_measured_is_kept() -> None:
    survey = Survey(declared("initializer-gain=0.5:3:4", "depth=2:6:3"), Breaking(), at_once=3)
    survey.poll()
    assert isinstance(survey._executor, Breaking)
    survey._executor.do()
    assert [cell.place for cell in survey.poll()] == [(0, 0)]
    with pytest.raises(InputError) as error:
        survey.poll()
    assert "1 of 12 cells are measured" in error.value.problems[0]
    assert list(survey.cells) == [(0, 0)]


def test_axes_are_read_as_they_are_written() -> None:
    assert read_axis("learning-rate=1e-4:1:5:log", "--x").values == pytest.approx(
        (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    )
    assert read_axis("batch-size=64,8,8", "--x") == Axis("batch-size", (64, 8))
    assert read_axis("layers.2-3.width=4:8:3", "--x").values == (4, 6, 8)
    assert read_axis("initializer-gain=1", "--x").words() == "initializer-gain 1"
    assert "0.5 to 3, 40 values" in read_axis("initializer-gain=0.5:3:40", "--x").words()


# -- around an experiment -----------------------------------------------------------------------


@given(st.sampled_from([name for name, kind in KINDS.items() if kind is not str]), st.data())
def test_the_present_value_is_on_its_axis(knob: str, data: st.DataObject) -> None:
    declared = KNOBS[knob]
    low = declared.low if declared.low is not None else (declared.above or 0)
    high = min(declared.high or 1e6, 1e6)
    if KINDS[knob] is int:
        now: Any = data.draw(st.integers(int(low), int(declared.high or 1000)))
    else:
        now = data.draw(st.floats(low, high, exclude_min=declared.above is not None))
    base = Experiment.of({knob: now})
    axis = around(base, knob, 21)
    assert now in axis.values
    assert len(axis.values) <= 21
    assert all(a < b for a, b in pairwise(axis.values))
    for value in axis.values:
        base.switch({knob: value})


def test_what_is_offered_does_something() -> None:
    plain = Experiment.of({})
    assert candidates(plain, trained=False)[:2] == ("initializer-gain", "depth")
    assert not {"learning-rate", "momentum", "leaky-slope"} & {*candidates(plain, trained=False)}
    assert "learning-rate" in candidates(plain, trained=True)
    assert "depth" not in candidates(Experiment.of({"widths": "8,4"}), trained=False)
    adam = Experiment.of({"optimizer": "adam", "activation": "leaky-relu"})
    assert {"adam-beta1", "leaky-slope"} <= {*candidates(adam, trained=True)}
    assert not {"adam-beta1"} & {*candidates(adam, trained=False)}
