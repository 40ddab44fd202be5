"""Bad scenario files: the sentence each gets, with file, line, key, what was found, what fits."""

from pathlib import Path

import pytest

from gradsim.errors import InputError
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.clipping import CLIPS
from gradsim.scenario.reading import LONGEST, parse, read
from gradsim.scenario.steps import Back, Distance, Expect, PinNow, Run, Say, Set, SwapNow
from gradsim.simulation.actions import Grain

HEAD = 'title = "t"\n\n[experiment]\ndepth = 3\nwidth = 4\n\n'
"""Six lines; what a test appends begins on line 7."""

STEP = '[[steps]]\nsay = "hello"\n'


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text, "f.toml")
    return caught.value.problems


def test_a_right_file_becomes_a_scenario_with_every_kind_of_step() -> None:
    scenario = parse(
        HEAD
        + '[control]\nhold = { activation = "sigmoid" }\nwhy = "w"\n\n'
        + STEP
        + '[[steps]]\nset = { activation = "relu" }\n'
        + "[[steps]]\nrun = { layers = 2 }\n"
        + "[[steps]]\nback = { ops = 1 }\n"
        + "[[steps]]\npin = true\n"
        + "[[steps]]\nswap = true\n"
        + '[[steps]]\nexpect = { quantity = "delta_norm", layer = "output", above = 1 }\n',
        "folder/f.toml",
    )
    assert scenario.name == "f"
    assert (scenario.title, scenario.about, scenario.source) == ("t", "", "")
    assert (scenario.experiment.depth, scenario.experiment.width) == (3, 4)
    assert scenario.control is not None
    assert scenario.control.hold == {"activation": "sigmoid"}
    assert [type(step) for step in scenario.steps] == [Say, Set, Run, Back, PinNow, SwapNow, Expect]
    assert scenario.lines == (12, 14, 16, 18, 20, 22, 24)
    run, back = scenario.steps[2], scenario.steps[3]
    assert isinstance(run, Run)
    assert isinstance(back, Back)
    assert (run.run.grain, run.run.count) == (Grain.LAYER, 2)
    assert (back.back.grain, back.back.count) == (Grain.OP, 1)
    assert scenario.place(1) == "folder/f.toml, line 14: step 2"


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (
            '[[steps]]\nsya = "x"\n',
            'f.toml, line 8: step 1: there is no step "sya"; did you mean "say"?',
        ),
        (
            "[[steps]]\n",
            "f.toml, line 7: step 1 is empty, but must have one of "
            "chapter, say, ask, set, set-layer, run, back, pin, swap, show, wait, expect, "
            "undo, redo, again, visit",
        ),
        (
            '[[steps]]\nsay = "x"\npin = true\n',
            "f.toml, line 7: step 1 has say and pin, but a step does one thing: split it",
        ),
        (
            "[[steps]]\nsay = 3\n",
            "f.toml, line 8: step 1: say is 3, "
            "but must be a text, not empty, without control characters",
        ),
        (
            '[[steps]]\nsay = "\\u001b[2J"\n',
            'f.toml, line 8: step 1: say is "\\x1b[2J", '
            "but must be a text, not empty, without control characters",
        ),
        (
            "[[steps]]\nrun = { steps = 0 }\n",
            "f.toml, line 8: step 1: run.steps is 0, but must be a whole number from 1 to 1000000",
        ),
        (
            "[[steps]]\nrun = { steps = 2.5 }\n",
            "f.toml, line 8: step 1: run.steps is 2.5, "
            "but must be a whole number from 1 to 1000000",
        ),
        (
            "[[steps]]\nrun = { steps = true }\n",
            "f.toml, line 8: step 1: run.steps is true, "
            "but must be a whole number from 1 to 1000000",
        ),
        (
            "[[steps]]\nrun = { step = 2 }\n",
            'f.toml, line 8: step 1: run: there is no key "step"; did you mean "steps"?',
        ),
        (
            "[[steps]]\nrun = { ops = 2, steps = 2 }\n",
            "f.toml, line 8: step 1: run has ops and steps, "
            "but must have one of steps, ops, layers, phases, or until with limit",
        ),
        (
            "[[steps]]\nback = {}\n",
            "f.toml, line 8: step 1: back is empty, "
            "but must have one of steps, ops, layers, phases",
        ),
        (
            "[[steps]]\nrun = 10\n",
            "f.toml, line 8: step 1: run is 10, but must be a table such as { steps = 10 }",
        ),
        (
            "[[steps]]\npin = false\n",
            "f.toml, line 8: step 1: pin is false, but must be true",
        ),
        (
            "[[steps]]\nset = {}\n",
            "f.toml, line 8: step 1: set is an empty table, but must be a table of knobs, "
            'such as { activation = "relu" }',
        ),
        (
            '[[steps]]\nset = { activation = "rleu" }\n',
            'f.toml, line 8: step 1: activation is "rleu", '
            f'but must be one of {", ".join(ACTIVATIONS)}; did you mean "relu"?',
        ),
        (
            "[[steps]]\n[steps.set]\nwidth = 5\ndept = 2\n",
            'f.toml, line 10: step 1: there is no knob "dept"; did you mean "depth"?',
        ),
        (
            "[[steps]]\nset = { batch-size = 2000 }\n",
            "f.toml, line 8: step 1: set: batch-size is 2000, "
            "but digits has 1438 rows to train on: it must be a whole number from 1 to 1438",
        ),
        (
            '[[steps]]\nset = { batch-size = 1 }\n[[steps]]\nset = { normalization = "batch" }\n',
            "f.toml, line 10: step 2: set: normalization batch needs a batch-size of at least 2, "
            "but batch-size is 1: one row has no spread to normalize by",
        ),
        (
            '[[steps]]\nexpect = { quantity = "lss", above = 1 }\n',
            'f.toml, line 8: step 1: expect.quantity is "lss", '
            'but must be one of the report\'s; did you mean "loss"?',
        ),
        (
            '[[steps]]\nexpect = { quantity = "loss" }\n',
            "f.toml, line 8: step 1: expect compares nothing; "
            "give one of at-least, at-most, above, below, equals, is, includes, excludes, finite",
        ),
        (
            '[[steps]]\nexpect = { quantity = "loss", above = 1, below = 2 }\n',
            "f.toml, line 8: step 1: expect has above and below, "
            "but must have one comparison: make it two steps",
        ),
        (
            '[[steps]]\n[steps.expect]\nquantity = "loss"\nabove = 1\ntolerance = 0.1\n',
            "f.toml, line 11: step 1: expect.tolerance goes with equals only",
        ),
        (
            '[[steps]]\nexpect = { quantity = "loss", equals = 1, tolerance = -1 }\n',
            "f.toml, line 8: step 1: expect.tolerance is -1, "
            "but must be a share of at least 0, such as 0.01",
        ),
        (
            '[[steps]]\nexpect = { quantity = "loss", above = nan }\n',
            "f.toml, line 8: step 1: expect.above is nan, but must be a finite number, "
            "or a table with another quantity",
        ),
        (
            '[[steps]]\nexpect = { quantity = "loss", is = "low" }\n',
            "f.toml, line 8: step 1: expect.is compares words, but loss is a number: "
            "use at-least or another",
        ),
        (
            '[[steps]]\nexpect = { quantity = "shape", at-least = 1 }\n',
            "f.toml, line 8: step 1: expect.at-least compares numbers, but shape is a word: "
            'use is = "vanishing"',
        ),
        (
            '[[steps]]\nexpect = { quantity = "shape", is = "vanished" }\n',
            'f.toml, line 8: step 1: expect.is is "vanished", but must be one of '
            'vanishing, exploding, healthy, dead, not-finite; did you mean "vanishing"?',
        ),
        (
            '[[steps]]\nexpect = { quantity = "delta_norm", above = 1 }\n',
            "f.toml, line 8: step 1: expect.layer is missing: each layer has its own delta_norm; "
            'give a number or "output", or layers',
        ),
        (
            '[[steps]]\nexpect = { quantity = "loss", layer = 1, above = 1 }\n',
            "f.toml, line 8: step 1: expect.layer must be left out: loss is not one of a layer",
        ),
        (
            '[[steps]]\nexpect = { quantity = "dead", layer = 0, above = 1 }\n',
            "f.toml, line 8: step 1: expect.layer is 0, "
            'but must be a layer\'s number, counted from 1, or "output"',
        ),
        (
            '[[steps]]\nexpect = { quantity = "dead", layer = "head", above = 1 }\n',
            'f.toml, line 8: step 1: expect.layer is "head", '
            'but must be a layer\'s number, counted from 1, or "output"',
        ),
        (
            '[[steps]]\nexpect = { quantity = "dead", layer = 4, above = 1 }\n',
            "f.toml, line 8: step 1: expect.layer is 4, "
            'but must be a whole number from 1 to 3, the depth here, or "output"',
        ),
        (
            "[[steps]]\nset = { depth = 2 }\n"
            '[[steps]]\nexpect = { quantity = "dead", layer = 3, above = 1 }\n',
            "f.toml, line 10: step 2: expect.layer is 3, "
            'but must be a whole number from 1 to 2, the depth here, or "output"',
        ),
        (
            "qqq = 1\n" + STEP,
            'f.toml, line 7: there is no knob "qqq"; gradsim list knobs names all',
        ),
        (
            STEP + "[control]\n",
            "f.toml, line 9: control.hold is missing; it must be a table of knobs, "
            'such as { activation = "relu" }',
        ),
        (
            STEP + '[control]\nhold = { clip = "norm" }\n',
            'f.toml, line 10: control.hold: clip is "norm", '
            f'but must be one of none, {", ".join(CLIPS)}; did you mean "global-norm"?',
        ),
        (
            STEP + "[control]\nhold = { depth = 2 }\n"
            '[[steps]]\nexpect = { quantity = "dead", layer = 3, above = 1 }\n',
            "f.toml, line 12: step 2: expect.layer is 3, "
            'but must be a whole number from 1 to 2, the depth of the control here, or "output"',
        ),
    ],
)
def test_the_sentence_for_a_step(steps: str, sentence: str) -> None:
    found = problems(HEAD + steps)
    assert sentence in found
    assert all(problem.startswith("f.toml") for problem in found)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "",
            [
                "f.toml: title is missing; it must be a line of text, not empty, "
                "without control characters",
                "f.toml: steps is missing; it must be one [[steps]] table or more, "
                'such as say = "text"',
            ],
        ),
        (
            'titel = "x"\n' + STEP,
            [
                "f.toml: title is missing; it must be a line of text, not empty, "
                "without control characters",
                'f.toml, line 1: there is no key "titel"; did you mean "title"?',
            ],
        ),
        (
            'title = "x"\nsteps = []\n',
            [
                "f.toml, line 2: steps is an empty list, but must be one [[steps]] table or more, "
                'such as say = "text"'
            ],
        ),
        (
            'title = "x"\nsteps = [3]\n',
            ["f.toml, line 2: step 1 is 3, but must be a table"],
        ),
        (
            'title = "x"\nexperiment = 3\n' + STEP,
            [
                "f.toml, line 2: experiment is 3, but must be a table of knobs, "
                "such as [experiment] with depth = 20"
            ],
        ),
        (
            'title = "x"\nabout = 1\nsource = "a\\nb"\n' + STEP,
            [
                "f.toml, line 2: about is 1, but must be a text, not empty, "
                "without control characters",
                'f.toml, line 3: source is "a\\nb", but must be a line of text, not empty, '
                "without control characters",
            ],
        ),
        ('title = "x\n', ["f.toml, line 1: not valid TOML: a string does not end on its line"]),
        (
            'title = "x"\n\nsteps = [\n',
            ["f.toml, line 3: not valid TOML: unclosed array"],
        ),
        (
            'title = "x"\ntitle = "y"\n',
            ["f.toml, line 2: not valid TOML: cannot overwrite a value"],
        ),
    ],
)
def test_the_sentences_for_the_top_of_a_file(text: str, sentences: list[str]) -> None:
    # Where tomllib words or places it differently in another Python, the beginning still holds.
    found = problems(text)
    if "not valid TOML" in sentences[0]:
        assert len(found) == 1
        assert found[0].startswith(sentences[0].partition("TOML: ")[0].rpartition(", line")[0])
        assert "not valid TOML" in found[0]
    else:
        assert found == sentences


def test_all_problems_of_a_file_are_told_at_once_in_the_order_of_its_lines() -> None:
    text = """\
title = ""
colour = "red"

[experiment]
depth = 0
activation = "rleu"

[[steps]]
run = { steps = 0 }

[[steps]]
expect = { quantity = "nothing" }

[[steps]]
set = { width = "wide", learning-rat = 1 }

[[steps]]
hush = true
"""
    found = problems(text)
    lines = [1, 2, 5, 6, 9, 12, 12, 15, 15, 18]
    assert [int(p.split("line ")[1].split(":")[0]) for p in found] == lines
    for part in (
        'title is "", but must be',
        'there is no key "colour"; ',
        "depth is 0, but must be a whole number from 1 to 10000",
        'activation is "rleu"',
        "step 1: run.steps is 0",
        "step 2: expect compares nothing",
        'step 2: expect.quantity is "nothing"',
        'step 3: width is "wide", but must be a whole number from 1 to 1024',
        'step 3: there is no knob "learning-rat"; did you mean "learning-rate"?',
        'step 4: there is no step "hush"',
    ):
        assert sum(part in problem for problem in found) == 1, part


def test_an_experiment_that_cannot_be_built_is_found_before_it_is_played() -> None:
    text = 'title = "t"\n[experiment]\ndepth = 1000\nwidth = 1024\n' + STEP
    (found,) = problems(text)
    assert found.startswith("f.toml, line 2: a network of depth 1000 and width 1024")


def test_an_experiment_that_only_the_control_cannot_build_is_found_too() -> None:
    text = (
        HEAD
        + "[control]\nhold = { batch-size = 1 }\n"
        + STEP
        + '[[steps]]\nset = { normalization = "batch" }\n'
    )
    (found,) = problems(text)
    assert found.startswith("f.toml, line 12: step 2: set: normalization batch needs")
    assert found.endswith("with the knobs of the control held")


def test_after_going_back_an_earlier_experiment_may_hold_so_nothing_is_refused() -> None:
    # Batch normalization is gone again after the way back, and so one row is enough.
    scenario = parse(
        HEAD + "[[steps]]\nrun = { steps = 2 }\n"
        '[[steps]]\nset = { normalization = "batch" }\n'
        "[[steps]]\nrun = { steps = 1 }\n"
        "[[steps]]\nback = { steps = 2 }\n"
        "[[steps]]\nset = { batch-size = 1 }\n",
        "f.toml",
    )
    assert len(scenario.steps) == 5


def test_a_distance_built_by_hand_is_validated_as_well() -> None:
    with pytest.raises(ValueError, match="must have one of"):
        Distance(steps=1, ops=1)


# -- files --------------------------------------------------------------------------------------


def file_problem(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(path)
    (problem,) = caught.value.problems
    return problem


def test_a_missing_file(tmp_path: Path) -> None:
    assert file_problem(tmp_path / "no.toml") == f"{tmp_path / 'no.toml'}: there is no such file"


def test_a_directory(tmp_path: Path) -> None:
    assert file_problem(tmp_path) == f"{tmp_path} is a directory; a scenario is a TOML file"


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(b'title = "x"\n# caf\xe9\n')
    assert file_problem(path) == f"{path}, line 2: byte 0xe9 is not UTF-8; save the file in UTF-8"


def test_a_file_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(b"#" * (LONGEST + 1))
    assert file_problem(path) == f"{path} is longer than a scenario may be: 1024 KiB"


def test_a_file_nested_without_end(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text("a = " + "[" * 100_000, encoding="utf-8")
    assert "not valid TOML" in file_problem(path)


def test_a_number_too_long_to_be_one() -> None:
    (found,) = problems("a = " + "9" * 5000)
    assert "f.toml is not valid TOML" in found


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD + STEP).replace("\n", "\r\n").encode())
    assert read(path).lines == (8,)
