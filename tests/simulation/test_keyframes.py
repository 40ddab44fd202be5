"""Which states are kept: within the budget, and such that who goes back finds them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.simulation import machine
from gradsim.simulation.actions import Advance, Back, Grain, Pin, Switch, Undo, Visit
from gradsim.simulation.budget import MIB, Budget, budget_of
from gradsim.simulation.keyframes import EVERY_SMALL, FEW, Checkpoint, Keyframes
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session
from gradsim.simulation.stepper import Done, ops

SIZE = 800


def checkpoint(step: int) -> Checkpoint:
    """A checkpoint of SIZE bytes that knows its step."""
    return Checkpoint(0, np.full(SIZE // 8, float(step)), {}, np.zeros(0), 0)


def trained(keyframes: Keyframes, steps: int) -> None:
    """Offer every step of a training in its order."""
    for step in range(steps + 1):
        keyframes.focus = step
        keyframes.offer(step, partial(checkpoint, step))


def held(keyframes: Keyframes) -> int:
    return sum({id(c): c.size() for c in keyframes.all()}.values())


@pytest.mark.parametrize("room", [4, 20, 45, 200])
def test_the_budget_holds_at_every_step(room: int) -> None:
    keyframes = Keyframes(room * SIZE)
    for step in range(500):
        keyframes.focus = step
        keyframes.offer(step, partial(checkpoint, step))
        assert held(keyframes) <= max(room, 4) * SIZE
        assert keyframes.has(step)
    assert keyframes.has(0) == (room >= FEW)


def test_a_kept_checkpoint_is_that_of_its_step() -> None:
    keyframes = Keyframes(45 * SIZE)
    trained(keyframes, 300)
    for step in range(301):
        found = keyframes.latest(step)
        assert found is not None
        assert found[0] <= step
        assert found[1].values[0] == found[0]


@pytest.mark.parametrize(("room", "longest"), [(14, 100), (18, 64), (45, 31)])
def test_on_the_way_back_a_few_replayed_steps_at_each_are_enough(
    room: int, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest has been replayed ahead, even where a run of 1,000 steps has few checkpoints."""
    e = Experiment.of({"depth": 2, "width": 4, "batch-size": 8, "optimizer": "adam"})
    session = Session(e)
    size = 3 * session.network().parameters.values.nbytes  # Adam keeps two vectors beside them
    session.remember(Budget(room * size * 4 // 3 + 100))
    session.do(Advance(Grain.STEP, 1000))
    replayed: list[int] = []

    def counted(*given: Any) -> Iterator[Done]:
        replayed[-1] += 1
        yield from ops(*given)

    monkeypatch.setattr(machine, "ops", counted)
    for step in range(999, -1, -1):
        replayed.append(0)
        session.do(Back(Grain.STEP))
        session.network()
        assert session.cursor == (step, 0)
        assert held(session.run.keyframes) <= session.budget.keyframes
    assert sorted(replayed)[950] <= 3
    assert max(replayed) <= longest


def test_stepping_back_through_a_long_run_makes_the_same_bits() -> None:
    """With room for few states, so that most of them have to be replayed ahead."""
    e = Experiment.of({"depth": 3, "width": 16, "batch-size": 8, "normalization": "batch"})
    session = Session(e, budget=Budget(40 * 4 * 12_000))
    wanted = [session.network().parameters.values.copy()]
    for _ in range(150):
        session.do(Advance(Grain.STEP))
        wanted.append(session.network().parameters.values.copy())
    memory = session.memory
    assert 0 < memory.checkpoints < 100
    assert memory.used <= memory.budget
    for _ in range(150):
        session.do(Back(Grain.STEP))
        values = session.network().parameters.values
        assert values.tobytes() == wanted[session.cursor.step].tobytes()
    for step in (140, 3, 77, 150, 0, 149):
        session.do(Visit(0, Position(step, 0)))
        assert session.network().parameters.values.tobytes() == wanted[step].tobytes()
    assert session.memory.used <= memory.budget


def test_runs_that_were_left_share_the_budget() -> None:
    session = Session(Experiment.of({"depth": 2, "width": 16}), budget=Budget(8 * MIB))
    for number in range(8):
        session.do(Advance(Grain.STEP, 30))
        session.do(Switch({"learning-rate": 0.01 + 0.01 * number}))
        assert session.memory.used <= session.memory.budget
    session.do(Visit(1, Position(10, 0)))
    assert session.cursor == (10, 0)


@pytest.mark.parametrize("text", ["", "-1", "0", "15", "1.5", "many", "99999999999"])
def test_a_budget_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--memory is .* MiB from 16"):
        budget_of(text, "--memory")


def test_a_session_computes_with_one_thread_whatever_was_set_before() -> None:
    """As in a notebook, where NumPy has been loaded long before."""
    session = Session(Experiment.of({"depth": 2, "width": 16}))
    with threadpool_limits(2):
        session.do(Advance(Grain.STEP))
        blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        assert 1 in {pool["num_threads"] for pool in blas}


def test_a_pinned_run_has_its_share_of_the_budget() -> None:
    e = Experiment.of({"depth": 2, "width": 16, "optimizer": "adam"})
    session = Session(e, budget=Budget(2 * MIB))
    session.do(Pin())
    session.do(Switch({"activation": "relu"}))
    session.do(Advance(Grain.STEP, 120))
    assert session.pinned is not None
    assert session.memory.used <= session.memory.budget
    live, pinned = session.run.keyframes, session.pinned.run.keyframes
    assert live.budget == pinned.budget == session.budget.keyframes // 2
    session.do(Undo())
    session.do(Pin())
    assert session.run.keyframes.budget == session.budget.keyframes
    session.do(Advance(Grain.STEP, 150))
    assert session.memory.used <= session.memory.budget


def test_with_less_memory_the_same_bits_from_fewer_checkpoints() -> None:
    session = Session(Experiment.of({"depth": 3, "width": 16}), budget=Budget(8 * MIB))
    session.do(Advance(Grain.STEP, 60))
    wanted, before = session.network().parameters.values.copy(), session.memory
    session.remember(Budget(MIB // 4))
    assert session.memory.checkpoints < before.checkpoints
    assert session.memory.keyframes <= session.budget.keyframes
    session.do(Back(Grain.STEP, 30))
    session.do(Advance(Grain.STEP, 30))
    assert session.network().parameters.values.tobytes() == wanted.tobytes()


def test_where_training_goes_on_a_state_is_kept_every_few_steps() -> None:
    keyframes, made = Keyframes(45 * SIZE), []

    def make(step: int) -> Checkpoint:
        made.append(step)
        return checkpoint(step)

    for step in range(200):
        keyframes.focus = step
        keyframes.offer(step, partial(make, step), new=True)
    assert made == list(range(0, 200, EVERY_SMALL))
