"""Remedies: which changes are tried, in which pairs, how they are ranked; that they are real."""

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest
from executors import Direct
from helpers import experiment
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradsim.errors import InputError
from gradsim.experiment.build import check, load_data
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.insight.remedies.candidates import UNCHANGED, Candidate, pairs, singles, way
from gradsim.insight.remedies.ghost import train_ghost
from gradsim.insight.remedies.pairing import KIN, couples
from gradsim.insight.remedies.ranking import Tried, standings
from gradsim.insight.remedies.search import Plan, Search, Stage
from gradsim.insight.remedies.table import ROWS
from gradsim.insight.trial import Gradient, HeldOut, Outcome, Trial, run_trial
from gradsim.insight.workers import Workers
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session

FEW = 24
SMALL = {"depth": 3, "width": 8, "batch_size": 32, "data": "blobs"}
QUICK = Plan(singles=5, pairs=2, steps=4, leaders=2, further_steps=6, look_every=2)


def ends(search: Search) -> Search:
    """Poll until it is over."""
    while not search.over:
        search.poll()
        search.wait(60.0)
    return search


# Which changes are tried

NUMBERS: dict[str, st.SearchStrategy[Any]] = {
    "depth": st.integers(1, 40),
    "width": st.integers(1, 40),
    "batch-size": st.sampled_from([1, 2, 32, 64]),
    "learning-rate": st.sampled_from([0.0, 1e-4, 0.02, 5.0]),
    "initializer-gain": st.sampled_from([0.0, 0.1, 1.0, 3.0]),
    "loss-factor": st.sampled_from([1e-9, 1.0, 100.0]),
}
CHOICES: dict[str, st.SearchStrategy[Any]] = {
    name: st.sampled_from(sorted(knob.choices))
    for name, knob in KNOBS.items()
    if knob.choices and name not in ("data", "clip-norm")
}
DATA: dict[str, st.SearchStrategy[Any]] = {
    "data": st.sampled_from(["digits", "sine", "wine", "xor"])
}
OWN = st.dictionaries(
    st.sampled_from(["layers.1.activation", "layers.2-3.activation", "layers.1.initializer"]),
    st.sampled_from(["relu", "tanh", "zeros", "constant"]),
    max_size=2,
)
RECURRENT: dict[str, st.SearchStrategy[Any]] = {
    "data": st.sampled_from(["recall", "digits-rows"]),
    "recurrent-layers": st.integers(1, 3),
    "sequence-length": st.sampled_from([1, 9]),
    "batch-size": NUMBERS["batch-size"],
    "width": NUMBERS["width"],
    **{name: CHOICES[name] for name in ("activation", "optimizer", "recurrent-initializer")},
}
CELLS = st.fixed_dictionaries(
    {"cell": st.sampled_from(["rnn", "gru", "lstm"])}, optional=RECURRENT
).map(lambda knobs: (knobs, dict[str, Any]()))
EXPERIMENTS = st.tuples(st.fixed_dictionaries({}, optional=NUMBERS | CHOICES | DATA), OWN)


@given(
    st.one_of(EXPERIMENTS, CELLS),
    st.lists(st.sampled_from([0.0, 1e-9, 0.3, 1e5, inf, nan]), max_size=5),
)
@settings(max_examples=25)
def test_there_are_enough_changes_for_any_experiment(
    drawn: tuple[dict[str, Any], dict[str, Any]], norms: list[float]
) -> None:
    try:
        base = Experiment.of({**drawn[0], **drawn[1]})
        check(base, load_data(base))
    except InputError:
        assume(False)
    found = singles(base.settings(), norms, 99)
    assert len(found) >= FEW
    made = [base.switch(candidate.changes) for candidate in found]
    for candidate, other in zip(found, made, strict=True):
        assert base.differs(other)
        check(other, load_data(other))
        assert candidate.why
    assert len({repr(sorted(other.settings().items())) for other in made}) == len(made)
    assert len({candidate.name for candidate in found}) == len(found)


def test_rows_have_names_of_their_own_and_set_what_there_is() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert {name for two in KIN for name in two} <= set(names)


def test_a_change_takes_back_what_layers_have_of_their_own() -> None:
    base = experiment(depth=3, **{"layers.2.activation": "softplus", "layers.3.width": 5})
    found = {c.name: c for c in singles(base.settings(), [], 99)}
    after = base.switch(found["relu"].changes)
    assert [after.at(k)["activation"] for k in (1, 2, 3)] == ["relu"] * 3
    assert after.at(3)["width"] == 5
    assert base.switch(found["all layers alike"].changes) == experiment(depth=3)
    # Fewer layers would leave a layer's own value without its layer.
    assert "half the layers" not in found


def test_what_is_sick_is_put_back() -> None:
    base = experiment(
        scaling="raw", loss_factor=1e-6, initializer_gain=3.0, dtype="float32", bias_std=2.0,
        clip="value", skip="residual", schedule="cosine",
    )  # fmt: skip
    found = {c.name: c.changes for c in singles(base.settings(), [], FEW)}
    for name, changes in {
        "scaling standardized": {"scaling": "standardized"},
        "loss-factor 1": {"loss-factor": 1.0},
        "gain 1": {"initializer-gain": 1.0},
        "float64": {"dtype": "float64"},
        "bias-std 0": {"bias-std": 0.0},
        "no clipping": {"clip": "none"},
        "no skips": {"skip": "none"},
        "constant rate": {"schedule": "constant"},
    }.items():
        assert found[name] == changes


def test_clipping_goes_by_the_norms_that_were_measured() -> None:
    norms = [nan, inf, *(float(k) for k in range(100, 0, -1))]
    found = {c.name: c.changes for c in singles(experiment().settings(), norms, 99)}
    assert found["clip"] == {"clip": "global-norm", "clip-threshold": 11.0}
    found = {c.name: c.changes for c in singles(experiment().settings(), [nan, 0.0], 99)}
    assert "clip" not in found


def test_optimizers_of_another_kind_come_with_a_rate_of_their_own() -> None:
    found = {c.name: c.changes for c in singles(experiment().settings(), [], 99)}
    assert found["adam"] == {"optimizer": "adam", "learning-rate": 0.001}
    assert found["momentum"] == {"optimizer": "momentum"}
    base = experiment(optimizer="adam", learning_rate=0.0005)
    found = {c.name: c.changes for c in singles(base.settings(), [], 99)}
    assert found["momentum"] == {"optimizer": "momentum", "learning-rate": 0.02}
    assert found["rate x 0.1"] == {"learning-rate": 5e-5}


def test_fewer_layers_of_their_own_widths() -> None:
    found = {c.name: c for c in singles(experiment(widths="9,8,7,6").settings(), [], 99)}
    after = experiment(widths="9,8,7,6").switch(found["half the layers"].changes)
    assert (after.value("widths"), after.depth) == ("9,8", 2)


@given(EXPERIMENTS, EXPERIMENTS)
@settings(max_examples=40)
def test_the_way_from_any_experiment_to_any_other(
    one: tuple[dict[str, Any], dict[str, Any]], other: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    try:
        base, wanted = (Experiment.of({**common, **own}) for common, own in (one, other))
    except InputError:
        assume(False)
    # A layer's own value cannot be taken back together with its layer.
    assume(all(isinstance(o.layer, str) or o.layer <= wanted.hidden_layers for o in base.overrides))
    assert base.switch(way(base, wanted)) == wanted


def test_a_value_that_every_layer_has_already_is_no_change() -> None:
    own = {f"layers.{k}.activation": "relu" for k in (1, 2, 3)}
    found = {c.name for c in singles(experiment(depth=3, **own).settings(), [], 99)}
    assert "relu" not in found
    assert {"tanh", "all layers alike"} <= found
    base = experiment(depth=3, **{"layers.1.activation": "sigmoid"})
    assert "all layers alike" not in {c.name for c in singles(base.settings(), [], 99)}


def test_a_cell_has_remedies_of_its_own_and_none_that_do_nothing_to_it() -> None:
    base = experiment(cell="lstm", data="recall")
    found = {c.name: c.changes for c in singles(base.settings(), [], 99)}
    assert {"gru", "orthogonal over time", "radius 1", "forget-bias 1"} <= set(found)
    assert not {"lstm", "relu", "tanh", "half the layers", "batch norm"} & set(found)
    base = experiment(cell="rnn", data="recall", recurrent_layers=4)
    found = {c.name: c.changes for c in singles(base.settings(), [], 99)}
    assert found["lstm"] == {"cell": "lstm", "forget-bias": 1.0}
    assert found["half the layers"] == {"recurrent-layers": 2}
    assert "relu" in found
    deep = {c.name for c in singles(experiment().settings(), [], 99)}
    assert not {"lstm", "gru", "identity over time", "radius 1"} & deep


@pytest.mark.parametrize(
    "knobs",
    [
        SMALL,
        SMALL | {"activation": "relu", "widths": "8,6,4", "scaling": "raw"},
        {"cell": "rnn", "data": "recall", "sequence_length": 3, "width": 4},
        {"cell": "lstm", "data": "recall", "sequence_length": 3, "width": 4},
    ],
)
def test_whatever_is_offered_can_be_trained(knobs: dict[str, Any]) -> None:
    base = experiment(**knobs)
    for candidate in singles(base.settings(), [1.0], 99):
        made = base.switch(candidate.changes)
        assert run_trial(Trial(made.settings(), 1)).losses, candidate.name
        assert train_ghost(made.settings(), 1).steps


@pytest.mark.parametrize(
    "knobs",
    [
        SMALL | {"normalization": "batch"},
        {"cell": "gru", "data": "recall", "sequence_length": 5, "recurrent_layers": 2, "width": 8},
    ],
)
def test_a_ghost_is_the_gradient_of_a_session_at_every_step(knobs: dict[str, Any]) -> None:
    base = experiment(**knobs)
    ghost = pickle.loads(pickle.dumps(train_ghost(base.settings(), 3)))
    assert ghost.experiment == base
    session = Session(base)
    session.do(Advance(Grain.STEP, 3))
    for record, sizes in zip(session.past(), ghost.steps, strict=True):
        column = record.column("delta_norm" if base.cell == "none" else "output_grad_norm")
        assert column is not None
        assert sizes == pytest.approx(list(column), rel=1e-12)


# Pairs


def plain(name: str, **changes: Any) -> Candidate:
    return Candidate(name, {k.replace("_", "-"): v for k, v in changes.items()}, "", (name,))


def test_kin_come_first_and_then_the_best_with_the_best() -> None:
    best = [
        plain("tanh", activation="tanh"),
        plain("batch norm", normalization="batch"),
        plain("relu", activation="relu"),
        plain("adam", optimizer="adam", learning_rate=0.001),
        plain("he-normal", initializer="he-normal"),
        plain("rate x 3", learning_rate=0.06),
    ]
    names = [(one.name, other.name) for one, other in couples(best)]
    assert names[:5] == [
        ("relu", "he-normal"),
        ("tanh", "batch norm"),
        ("tanh", "adam"),
        ("batch norm", "relu"),
        ("tanh", "he-normal"),
    ]
    assert ("tanh", "relu") not in names
    assert ("adam", "rate x 3") not in names
    assert len({frozenset(two) for two in names}) == len(names)


def test_a_pair_makes_both_changes_or_is_none() -> None:
    base = experiment(batch_size=1)
    relu, batch = plain("relu", activation="relu"), plain("batch", normalization="batch")
    layer = plain("layer", normalization="layer")
    found = pairs(base.settings(), [(relu, batch), (relu, layer)], 10)
    assert [pair.name for pair in found] == ["relu + layer"]
    assert found[0].changes == {"activation": "relu", "normalization": "layer"}
    assert found[0].parts == ("relu", "layer")
    assert pairs(base.settings(), [(relu, layer)] * 3, 2)[1:]


# Ranking


def outcome(accuracy: float | None, loss: float, end: float = 1.0, steps: int = 4) -> Outcome:
    gradient = Gradient("healthy", -1.0, 0.0, 1.0)
    looks = (HeldOut(steps, loss, accuracy),) * 3
    return Outcome(
        (2.0,) * (steps - 1) + (end,), (1.0,) * steps, looks, gradient, gradient, 0.1, 1.0
    )


def tried(name: str, *outcomes: Outcome, further: tuple[Outcome, ...] = ()) -> Tried:
    return Tried(plain(name), outcomes, further)


AS_IT_IS = tried("unchanged", outcome(0.1, 2.3), further=(outcome(0.2, 2.2),))


def order(*rows: Tried) -> list[str]:
    return [row.tried.candidate.name for row in standings(rows, AS_IT_IS)]


def test_ranked_by_mean_accuracy_then_by_loss() -> None:
    rows = (
        tried("b", outcome(0.8, 1.0), outcome(0.6, 1.0)),
        tried("a", outcome(0.7, 3.0), outcome(0.9, 3.0)),
        tried("c", outcome(0.7, 1.5), outcome(0.7, 1.5)),
    )
    assert order(*rows) == ["a", "b", "c"]


def test_without_classes_ranked_by_loss() -> None:
    rows = (tried("a", outcome(None, 0.5)), tried("b", outcome(None, 0.1)))
    ranked = standings(rows, tried("unchanged", outcome(None, 0.9)))
    assert [row.tried.candidate.name for row in ranked] == ["b", "a"]
    assert ranked[0].accuracy is ranked[0].gain is None
    assert ranked[0].loss_gain == pytest.approx(0.8)


@pytest.mark.parametrize("lost", [nan, inf])
def test_what_lost_its_numbers_stands_last(lost: float) -> None:
    rows = (
        tried("lost on one seed", outcome(0.99, 0.1), outcome(0.9, lost, end=lost)),
        tried("lost at once", outcome(0.0, lost, end=lost, steps=2)),
        tried("poor", outcome(0.0, 9.0)),
        tried("lost late", outcome(0.0, lost, end=lost, steps=9)),
    )
    assert order(*rows) == ["poor", "lost late", "lost on one seed", "lost at once"]


def test_the_last_round_counts_more_and_is_compared_with_as_many_steps() -> None:
    led = tried("led", outcome(0.7, 1.0), further=(outcome(0.6, 1.1, steps=9),))
    ranked = standings((tried("other", outcome(0.69, 0.9)), led), AS_IT_IS)
    assert [row.rank for row in ranked] == [1, 2]
    assert ranked[0].tried is led
    assert ranked[0].gain == pytest.approx(0.4)
    assert ranked[1].gain == pytest.approx(0.59)
    assert (ranked[0].steps, ranked[1].steps) == (9, 4)


def test_losses_are_compared_without_the_plain_factor() -> None:
    scaled = replace(outcome(0.5, 1e-6), loss_unit=1e-6)
    rows = standings((tried("scaled", scaled),), AS_IT_IS)
    assert rows[0].loss == pytest.approx(1.0)


def test_cost_is_the_time_of_a_step_against_the_unchanged_run() -> None:
    slow = replace(outcome(0.5, 1.0), seconds=0.3)
    rows = standings((tried("slow", slow, replace(slow, seconds=9.0)),), AS_IT_IS)
    assert rows[0].cost == pytest.approx(3.0)


# The search


def test_every_candidate_is_tried_on_the_same_seeds_and_batches() -> None:
    asked: list[Trial] = []

    class Listening(Direct):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            asked.extend(arg for arg in args if isinstance(arg, Trial))
            return super().submit(fn, *args, **kwargs)

    base = experiment(seed=7, **SMALL)
    search = ends(Search(base, Listening(), QUICK))
    assert search.stage is Stage.DONE
    assert search.done == search.expected == len(asked) == 2 * (1 + 5 + 2) + 2 * 3
    assert (search.seeds, search.further_seeds) == ((7, 8), (9, 10))
    first, further = asked[:16], asked[16:]
    assert {trial.steps for trial in first} == {4}
    assert {trial.steps for trial in further} == {6}
    assert sorted(trial.settings["seed"] for trial in first) == [7] * 8 + [8] * 8
    assert sorted(trial.settings["seed"] for trial in further) == [9] * 3 + [10] * 3
    for row in search.ranked():
        for own, seed in zip(row.tried.outcomes, search.seeds, strict=True):
            wanted = base.switch({**row.tried.candidate.changes, "seed": seed})
            again = run_trial(Trial(wanted.settings(), 4, (2,)))
            assert replace(again, seconds=0.0) == replace(own, seconds=0.0)


def test_the_unchanged_run_and_the_leaders_go_on() -> None:
    search = ends(Search(experiment(**SMALL), Direct(), QUICK))
    ranked, unchanged = search.ranked(), search.unchanged
    assert [bool(row.tried.further) for row in ranked] == [True] * 2 + [False] * 5
    assert unchanged is not None
    assert unchanged.tried.further
    assert unchanged.gain == unchanged.rank == 0
    assert unchanged.cost == 1.0
    assert [row.rank for row in ranked] == list(range(1, 8))
    pairs_made = [row for row in ranked if len(row.tried.candidate.parts) == 2]
    assert len(pairs_made) == 2


def test_the_highest_seed_is_followed_by_the_first() -> None:
    search = Search(experiment(seed=2**63 - 1, **SMALL), Direct(), QUICK)
    assert search.seeds == (2**63 - 1, 0)


def test_a_stopped_search_keeps_what_it_found() -> None:
    calls = 0

    class Counting(Direct):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            nonlocal calls
            calls += 1
            return super().submit(fn, *args, **kwargs)

    search = Search(experiment(**SMALL), Counting(), QUICK)
    while len(search.ranked()) < 2:
        search.poll()
    search.stop()
    known, before = search.ranked(), calls
    assert search.stage is Stage.STOPPED
    assert not search.poll()
    assert calls == before
    assert search.ranked() == known
    search.stop()
    assert search.over


class Dying(Direct):
    """Breaks at the call of this number, as a pool does whose process dies."""

    def __init__(self, at: int, submitting: bool) -> None:
        self.left, self.submitting = at, submitting

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.left -= 1
        if self.left > 0:
            return super().submit(fn, *args, **kwargs)
        if self.submitting:
            raise BrokenProcessPool("gone")
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool("gone"))
        return future


@pytest.mark.parametrize("submitting", [True, False])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 8, 17])
def test_a_dead_worker_ends_the_search_with_a_sentence(at: int, submitting: bool) -> None:
    search = ends(Search(experiment(**SMALL), Dying(at, submitting), QUICK))
    assert search.stage is Stage.STOPPED
    assert "a worker process came to an unexpected end" in search.problem
    assert (search.unchanged is None) == (at <= 2)


class Refusing(Direct):
    """Cannot train what is called by the names of these activations."""

    def __init__(self, error: Exception, *activations: str) -> None:
        self.error, self.activations = error, activations

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if isinstance(args[0], Trial) and args[0].settings["activation"] in self.activations:
            future: Future[Any] = Future()
            future.set_exception(self.error)
            return future
        return super().submit(fn, *args, **kwargs)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "there was not enough memory for it"),
        (InputError("it is too large"), "it is too large"),
        (FileNotFoundError(2, "No such file or directory", "my.csv"), "my.csv: no such file"),
    ],
)
def test_what_cannot_be_trained_is_left_out(error: Exception, words: str) -> None:
    base = experiment(**SMALL)
    search = ends(Search(base, Refusing(error, "relu"), QUICK))
    assert search.stage is Stage.DONE
    assert search.done == search.expected
    assert words in search.left_out["relu"]
    assert all("relu" not in row.tried.candidate.parts for row in search.ranked())
    assert search.ranked()


def test_where_the_experiment_itself_cannot_be_trained_there_is_a_sentence() -> None:
    search = ends(Search(experiment(**SMALL), Refusing(MemoryError(), "sigmoid"), QUICK))
    assert search.problem == "there was not enough memory for it"
    assert search.ranked() == ()
    assert search.unchanged is None


def test_processes_find_what_a_single_one_does() -> None:
    base = experiment(**SMALL)
    with Workers(2) as workers:
        search = ends(Search(base, workers, QUICK))
    assert search.stage is Stage.DONE
    here = ends(Search(base, Direct(), QUICK))

    def timeless(search: Search) -> dict[str, list[Outcome]]:
        return {
            row.tried.candidate.name: [
                replace(o, seconds=0.0) for o in (*row.tried.outcomes, *row.tried.further)
            ]
            for row in search.ranked()
        }

    assert timeless(search) == timeless(here)
    assert UNCHANGED.name not in timeless(search)


def test_any_executor_will_do() -> None:
    executor: Executor = Direct()
    assert ends(Search(experiment(**SMALL), executor, replace(QUICK, leaders=0))).ranked()
