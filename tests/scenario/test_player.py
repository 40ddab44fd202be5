"""The player: the same as the session's own actions, in slices, with knobs held where asked."""

from math import isnan

import numpy as np
import pytest

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.scenario.check import check, check_control
from gradsim.scenario.player import Player, flowing
from gradsim.scenario.reading import parse
from gradsim.simulation.actions import Advance, Back, Grain, Pin, Switch
from gradsim.simulation.session import Session

SMALL = 'title = "t"\n[experiment]\ndepth = 3\nwidth = 5\nbatch-size = 16\n'

STEPS = """
[[steps]]
say = '''
One
two.

Three.
'''
[[steps]]
run = { phases = 3 }
[[steps]]
pin = true
[[steps]]
run = { steps = 4 }
[[steps]]
back = { steps = 2 }
[[steps]]
expect = { quantity = "step", equals = 3 }
[[steps]]
set = { activation = "relu", initializer = "he-normal" }
[[steps]]
run = { steps = 3 }
[[steps]]
say = "Four."
[[steps]]
expect = { quantity = "step", equals = 4 }
"""


def player(steps: str = STEPS, head: str = SMALL) -> Player:
    return Player(parse(head + steps, "f.toml"))


def finish(playing: Player) -> Player:
    while not playing.finished:
        playing.do_next()
    return playing


def test_a_scenario_is_the_actions_it_names() -> None:
    played = finish(player())
    own = Session(Experiment.of({"depth": 3, "width": 5, "batch-size": 16}))
    for action in (
        Advance(Grain.PHASE, 3),
        Pin(),
        Advance(Grain.STEP, 4),
        Back(Grain.STEP, 2),
        Switch({"activation": "relu", "initializer": "he-normal"}),
        Advance(Grain.STEP, 3),
    ):
        own.do(action)
    assert played.session.actions == own.actions
    assert played.session.cursor == own.cursor
    np.testing.assert_array_equal(
        played.session.network().parameters.values, own.network().parameters.values
    )
    assert [outcome.value for outcome in played.results] == [3 - 1, 3]
    assert [outcome.passed for outcome in played.results] == [False, False]
    assert [(outcome.step, outcome.line) for outcome in played.results] == [(5, 23), (9, 31)]


def test_narration_stays_until_the_next_and_flows_within_its_paragraphs() -> None:
    playing = player()
    assert playing.narration == ""
    playing.do_next()
    assert playing.narration == "One two.\n\nThree."
    for _ in range(7):
        playing.do_next()
    assert playing.narration == "One two.\n\nThree."
    playing.do_next()
    assert playing.narration == "Four."
    assert flowing("  a\n b\tc \n\n\n d ") == "a b c\n\nd"


def test_a_step_is_done_in_slices_and_counts_when_it_is_whole() -> None:
    playing = player("[[steps]]\nrun = { steps = 2 }\n")
    work = playing.perform_next()
    next(work)
    assert (playing.index, playing.finished) == (0, False)
    slices = 1 + sum(1 for _ in work)
    assert slices >= 2
    assert playing.finished
    assert playing.upcoming is None
    playing.do_next()
    assert playing.index == 1


def test_going_back_to_a_step_takes_back_what_was_said_and_measured() -> None:
    playing = finish(player())
    playing.back_to(8)
    assert (playing.index, playing.finished) == (8, False)
    assert playing.narration == "One two.\n\nThree."
    assert [outcome.step for outcome in playing.results] == [5]
    playing.back_to(5)
    assert playing.results == []
    playing.back_to(0)
    assert (playing.narration, playing.results) == ("", [])
    with pytest.raises(ValueError, match="has not been done"):
        playing.back_to(1)


def test_held_knobs_are_held_throughout() -> None:
    scenario = parse(SMALL + STEPS, "f.toml")
    held = finish(Player(scenario, {"activation": "tanh", "width": 7}))
    e = held.session.experiment
    assert (e.activation, e.width, e.initializer) == ("tanh", 7, "he-normal")
    assert [segment.experiment.activation for segment in held.session.run.segments] == ["tanh"]


def test_a_step_that_turns_out_to_be_impossible_says_where_it_stands() -> None:
    # Reading cannot know that step 0 has the batch of 1 again; playing finds it.
    playing = player(
        "[[steps]]\nrun = { steps = 1 }\n"
        "[[steps]]\nset = { batch-size = 2 }\n"
        "[[steps]]\nrun = { steps = 1 }\n"
        "[[steps]]\nback = { steps = 2 }\n"
        '[[steps]]\nset = { normalization = "batch" }\n',
        SMALL.replace("batch-size = 16", "batch-size = 1"),
    )
    with pytest.raises(InputError) as caught:
        finish(playing)
    (problem,) = caught.value.problems
    assert problem.startswith("f.toml, line 15: step 5: normalization batch needs a batch-size")
    assert playing.index == 4


WILD = (
    SMALL.replace("depth", "activation = 'relu'\nlearning-rate = 1e120\ndepth")
    + "[control]\nhold = { learning-rate = 0.01 }\n"
    + "[[steps]]\nrun = { steps = 5 }\n"
    + '[[steps]]\nexpect = { quantity = "loss", at-least = 0 }\n'
    + '[[steps]]\nexpect = { quantity = "loss", below = 1e300 }\n'
    + '[[steps]]\nexpect = { quantity = "loss", finite = false }\n'
    + '[[steps]]\nexpect = { quantity = "shape", is = "not-finite" }\n'
)


def test_training_that_leaves_the_number_range_is_data() -> None:
    result = check(parse(WILD, "f.toml"))
    values = [outcome.value for outcome in result.outcomes[:3]]
    assert all(isinstance(value, float) and isnan(value) for value in values)
    assert [outcome.passed for outcome in result.outcomes] == [False, False, True, True]
    assert [outcome.measured for outcome in result.outcomes] == ["NaN"] * 3 + ["not-finite"]
    assert len(result.failed) == 2


def test_the_control_is_the_scenario_without_its_cure() -> None:
    scenario = parse(WILD, "f.toml")
    control = check_control(scenario)
    assert control is not None
    assert control.hold == {"learning-rate": 0.01}
    assert [outcome.passed for outcome in control.outcomes] == [True, True, False, False]
    assert check_control(parse(SMALL + STEPS, "f.toml")) is None
