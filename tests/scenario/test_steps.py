"""The steps that teach, and those that go on until something holds: as they play."""

import numpy as np
import pytest

from gradsim.errors import InputError
from gradsim.insight.report import report
from gradsim.scenario.check import check, check_control
from gradsim.scenario.format import Scenario
from gradsim.scenario.player import Player
from gradsim.scenario.reading import parse
from gradsim.scenario.steps import Going, OfLayers, Run
from gradsim.simulation.actions import Advance, Grain, Switch
from gradsim.simulation.session import Session

HEAD = 'title = "t"\n[experiment]\ndepth = 4\nwidth = 8\nbatch-size = 16\n'

ASK = """
[[steps]]
ask = { question = "Up?", choices = ["no", "yes"], answer = "yes", explanation = "It is so." }
"""


def scenario(steps: str, head: str = HEAD) -> Scenario:
    return parse(head + steps, "f.toml")


def played(steps: str, head: str = HEAD) -> Player:
    player = Player(scenario(steps, head))
    while not player.finished:
        player.do_next()
    return player


def expect(body: str) -> str:
    return f"[[steps]]\nexpect = {{ {body} }}\n"


def test_what_only_teaches_changes_no_bit() -> None:
    plain = "[[steps]]\nrun = { steps = 2 }\n"
    teaching = (
        '[[steps]]\nchapter = "One"\n'
        + ASK
        + '[[steps]]\nshow = { view = "layer", layer = 3 }\n'
        + plain
        + "[[steps]]\nwait = 1.5\n"
    )
    one, other = played(plain), played(teaching)
    assert one.session.actions == other.session.actions
    np.testing.assert_array_equal(
        one.session.network().parameters.values, other.session.network().parameters.values
    )


def test_chapter_question_and_look_hold_until_the_next() -> None:
    player = Player(
        scenario(
            '[[steps]]\nchapter = "One"\n'
            + ASK
            + '[[steps]]\nshow = { view = "why" }\n[[steps]]\nchapter = "Two"\n'
        )
    )
    assert (player.chapter, player.question, player.look) == ("", None, None)
    player.do_next()
    assert player.chapter == "One"
    player.do_next()
    assert player.question is not None
    assert player.question.answer == "yes"
    player.do_next()
    assert player.question is None
    assert player.look is not None
    assert player.look.view == "why"
    player.do_next()
    assert player.chapter == "Two"
    player.back_to(2)
    assert player.chapter == "One"
    assert player.question is not None
    assert player.look is None


def test_set_layer_is_a_switch_of_those_layers() -> None:
    player = played('[[steps]]\nset-layer = { layers = "2-last", activation = "relu" }\n')
    assert player.session.actions == [
        Switch({f"layers.{number}.activation": "relu" for number in (2, 3, 4)})
    ]
    own = OfLayers.model_validate({"layer": "output", "initializer-gain": 2.0})
    assert own.settings(4) == {"output.initializer-gain": 2.0}


def test_a_knob_held_is_held_in_every_layer() -> None:
    held = scenario(
        '[control]\nhold = { activation = "tanh" }\n'
        '[[steps]]\nset-layer = { layer = 2, activation = "relu" }\n'
    )
    control = check_control(held)
    assert control is not None
    player = Player(held, control.hold)
    player.do_next()
    assert player.session.experiment.at(2)["activation"] == "tanh"


def until(condition: str, limit: int) -> Player:
    return played(f'[[steps]]\nrun = {{ until = "{condition}", limit = {limit} }}\n')


def test_it_runs_until_a_condition_holds_and_that_is_a_claim() -> None:
    session = Session(scenario(ASK).experiment)
    losses = []
    for _ in range(30):
        losses.append(float(report(session)["history"]["loss"][-1]))
        session.do(Advance(Grain.STEP))
    bound = (min(losses) + losses[0]) / 2
    first = next(step for step, loss in enumerate(losses) if loss < bound)
    assert first > 0
    player = until(f"loss < {bound!r}", 30)
    (outcome,) = player.results
    assert outcome.passed
    assert outcome.value == first == player.session.cursor.step
    assert f"after {first} step" in outcome.measured
    assert player.session.actions == [Advance(Grain.STEP, first)]


def test_a_limit_that_is_reached_is_a_claim_that_fails() -> None:
    player = until("loss < 0.0001", 3)
    (outcome,) = player.results
    assert (outcome.passed, outcome.value, player.session.cursor.step) == (False, 3.0, 3)
    assert outcome.sentence == "loss < 0.0001 within 3 steps"
    assert outcome.line == 7


def test_it_does_not_move_where_it_holds_already() -> None:
    assert until("step >= 0", 5).session.cursor.step == 0
    assert until("delta_norm@4 > 0", 5).session.cursor.step == 0
    assert until("clip", 2).results[0].passed is False


def test_the_grain_of_a_condition_is_a_training_step() -> None:
    going = Going(until="clip", limit=5)
    assert (going.grain, going.count) == (Grain.STEP, 5)
    assert Run(run=Going(ops=3)).run.grain is Grain.OP


def outcomes(steps: str, head: str = HEAD) -> list[bool]:
    return [outcome.passed for outcome in check(scenario(steps, head)).outcomes]


def test_a_range_holds_where_each_of_its_layers_does() -> None:
    session = Session(scenario(ASK).experiment)
    delta = [row["delta_norm"] for row in report(session)["layers"]]
    low, second = sorted(delta[:4])[:2]
    between = (low + second) / 2
    found = check(
        scenario(
            expect(f'quantity = "delta_norm", layers = "all", above = {low / 2!r}')
            + expect(f'quantity = "delta_norm", layers = "all", above = {between!r}')
            + expect(f'quantity = "delta_norm", layers = "2-3", below = {max(delta)!r}')
            + expect(f'quantity = "delta_norm", layers = "all", aggregate = "min", equals = {low}')
        )
    ).outcomes
    assert [outcome.passed for outcome in found] == [True, False, True, True]
    assert found[1].value == low
    assert f"at layer {delta.index(low) + 1}; 1 of 4 do not hold" in found[1].measured
    assert "at 4 places" in found[0].measured


def test_one_quantity_against_another() -> None:
    layer = 'quantity = "delta_norm", layer = 1'
    other = 'quantity = "delta_norm", layer = 4'
    assert outcomes(
        expect(f"{layer}, below = {{ {other} }}")
        + expect(f"{other}, below = {{ {layer} }}")
        + expect(f"{layer}, above = {{ {other}, factor = 1e-9 }}")
    ) == [True, False, True]


def test_the_live_run_against_the_pinned_one() -> None:
    same = expect('quantity = "loss", equals = { quantity = "loss", run = "pinned" }, tolerance=0')
    steps = (
        "[[steps]]\npin = true\n"
        + same
        + "[[steps]]\nset = { learning-rate = 0.5 }\n[[steps]]\nrun = { steps = 3 }\n"
        + same
        + expect('quantity = "learning_rate", run = "pinned", equals = 0.02')
        + expect('quantity = "step", run = "pinned", equals = 3')
    )
    player = played(steps)
    assert [outcome.passed for outcome in player.results] == [True, False, True, True]
    # Looking at it changes neither run.
    plain = played(steps.replace(same, ""))
    assert player.session.actions == plain.session.actions
    assert player.session.pinned is not None
    assert plain.session.pinned is not None
    assert player.session.pinned.run.cursor == plain.session.pinned.run.cursor
    np.testing.assert_array_equal(
        player.session.network().parameters.values, plain.session.network().parameters.values
    )
    alone = Session(scenario(ASK).experiment)
    alone.do(Advance(Grain.STEP, 3))
    with player.session.beside() as beside:
        assert report(beside) == report(alone)


def test_notes_are_words_that_are_included_or_not() -> None:
    included = expect('quantity = "notes", includes = "saturated"')
    excluded = expect('quantity = "notes", excludes = "saturated"')
    assert outcomes(included + excluded) == [False, True]


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (
            'ask = { question = "?", choices = ["yes", "no"], answer = "yess", explanation = "e" }',
            'step 1: ask.answer is "yess", but must be one of the choices, word by word; '
            'did you mean "yes"?',
        ),
        (
            'ask = { question = "?", choices = ["yes"], answer = "yes", explanation = "e" }',
            'step 1: ask.choices is a list of 1, but must be 2 to 6 texts, such as ["yes", "no"]',
        ),
        (
            'ask = { question = "?", choices = ["a", "a"], answer = "a", explanation = "e" }',
            "step 1: ask.choices must differ from each other",
        ),
        (
            'ask = { question = "?", choices = ["a", "b"], answer = "a", explain = "e" }',
            'step 1: ask: there is no key "explain"; did you mean "explanation"?',
        ),
        (
            'show = { view = "wtaerfall" }',
            'step 1: show.view is "wtaerfall", but must be one of flow, layer, why, weight, '
            'waterfall, compare, data, remedies, map; did you mean "waterfall"?',
        ),
        ("show = {}", "step 1: show is empty, but must have one of view, layer, time"),
        ("show = { layer = 9 }", "step 1: show.layer is 9, but must be a whole number from 1 to 4"),
        ("wait = 0", "step 1: wait is 0, but must be seconds, more than 0 and at most 60"),
        ('chapter = ""', 'step 1: chapter is "", but must be a line of text'),
        (
            "set-layer = { layer = 2 }",
            'step 1: set-layer sets no knob; right is such as activation = "relu"',
        ),
        (
            'set-layer = { activation = "relu" }',
            'step 1: set-layer names no layer; give layer = 3, layer = "output" or layers',
        ),
        (
            'set-layer = { layer = 2, activaton = "relu" }',
            'step 1: layers.2.activaton: there is no "activaton"; did you mean "activation"?',
        ),
        (
            'set-layer = { layer = 7, activation = "relu" }',
            "step 1: layers.7.activation is set, but depth is 4: there are layers 1 to 4",
        ),
        (
            'run = { until = "loss < 1" }',
            "step 1: run.limit is missing: it must say how many training steps it may take at the "
            "most, such as limit = 500",
        ),
        ("run = { limit = 3 }", "step 1: run.limit goes with until only"),
        (
            'run = { until = "los < 1", limit = 3 }',
            'step 1: run.until is no condition: "los < 1": there is nothing of that name to stop '
            'at; did you mean "loss"?',
        ),
        (
            'run = { until = "delta_norm@9 < 1", limit = 3 }',
            'step 1: run.until is no condition here: "delta_norm@9 < 1": there is no layer 9; '
            "right are delta_norm@1 to delta_norm@4, and delta_norm@output",
        ),
        (
            'expect = { quantity = "dead", layers = "3-9", below = 1 }',
            'step 1: expect.layers is "3-9", but the depth is 4: there are layers 1 to 4',
        ),
        (
            'expect = { quantity = "dead", layers = "3-2", below = 1 }',
            'step 1: expect.layers is "3-2", but its first number must be the smaller one: there '
            "are layers 1 to 4",
        ),
        (
            'expect = { quantity = "dead", layers = "1..3", below = 1 }',
            'step 1: expect.layers is "1..3", but must be a range such as "3-10" or "3-last", '
            'or "all"',
        ),
        (
            'expect = { quantity = "dead", layers = "all", aggregate = "maxi", below = 1 }',
            'step 1: expect.aggregate is "maxi", but must be one of min, max, mean, median, '
            'geometric-mean, sum, decades; did you mean "max"?',
        ),
        (
            'expect = { quantity = "loss", aggregate = "max", below = 1 }',
            "step 1: expect.aggregate is of several: give layers, or times",
        ),
        (
            'expect = { quantity = "loss", below = { quantity = "los" } }',
            'step 1: expect.below.quantity is "los", but must be one of the report\'s; '
            'did you mean "loss"?',
        ),
        (
            'expect = { quantity = "loss", below = { quantity = "loss", factr = 2 } }',
            'step 1: expect.below: there is no key "factr"; did you mean "factor"?',
        ),
        (
            'expect = { quantity = "loss", below = { quantity = "dead", layers = "all" } }',
            "step 1: expect.below.aggregate is missing: to compare with, one value is needed",
        ),
        (
            'expect = { quantity = "loss", below = { quantity = "dead", layer = 8 } }',
            "step 1: expect.below.layer is 8, but must be a whole number from 1 to 4",
        ),
        (
            'expect = { quantity = "loss", run = "pinned", below = 1 }',
            'step 1: expect.run is "pinned", but no step before it has pin = true',
        ),
        (
            'expect = { quantity = "loss", run = "pined", below = 1 }',
            'step 1: expect.run is "pined", but must be one of live, pinned; '
            'did you mean "pinned"?',
        ),
        (
            'expect = { quantity = "notes", includes = "dead" }',
            'step 1: expect.includes is "dead", but must be one of saturated, dead-units',
        ),
    ],
)
def test_the_sentence_for_a_step_that_is_wrong(step: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(f"[[steps]]\n{step}\n")
    found = caught.value.problems
    assert any(problem.startswith(f"f.toml, line 7: {sentence}") for problem in found), found


def test_a_pinned_run_that_was_let_go_of_is_told_when_it_is_played() -> None:
    steps = "[[steps]]\npin = true\n" * 2 + expect('quantity = "loss", run = "pinned", below = 9')
    with pytest.raises(InputError, match=r"f\.toml, line 11: step 3: no run is pinned here"):
        played(steps)


def test_what_stands_in_a_course() -> None:
    found = scenario(ASK, 'part = "Vanishing"\norder = 3\nminutes = 2.5\n' + HEAD)
    assert (found.part, found.order, found.minutes) == ("Vanishing", 3, 2.5)
