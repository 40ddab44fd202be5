"""The JSON Schema: right files validate, wrong ones do not, and it says no more than the reader."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gradsim.errors import InputError
from gradsim.scenario.reading import parse
from gradsim.scenario.schema import schema
from gradsim.scenario.shelf import shipped
from gradsim.scenario.starter import starter
from gradsim.scenario.steps import STEPS

HEAD = 'title = "t"\n[experiment]\ndepth = 4\nwidth = 8\n'


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def wrong(validator: Draft202012Validator, text: str) -> list[Any]:
    return list(validator.iter_errors(tomllib.loads(text)))


@pytest.mark.parametrize("path", shipped().values(), ids=list(shipped()))
def test_every_shipped_scenario_validates(validator: Draft202012Validator, path: Path) -> None:
    assert wrong(validator, path.read_text(encoding="utf-8")) == []


def test_the_starter_and_every_example_validate(validator: Draft202012Validator) -> None:
    assert wrong(validator, starter("x")) == []
    for kind in STEPS.values():
        text = f"{HEAD}[[steps]]\npin = true\n[[steps]]\n{kind.EXAMPLE}\n"
        assert wrong(validator, text) == []
        parse(text, "f.toml")


RIGHT = (
    "run = { until = 'loss < 1', limit = 3 }",
    "expect = { quantity = 'dead', layers = 'all', below = 1 }",
    "expect = { quantity = 'dead', layer = 'output', below = { quantity = 'loss', factor = 2 } }",
    "expect = { quantity = 'ledger.blocks.2.decades', above = -9 }",
    "expect = { quantity = 'experiment.activation', is = 'sigmoid' }",
    "expect = { quantity = 'notes', excludes = 'saturated' }",
    "expect = { quantity = 'loss', equals = 2.3, tolerance = 0.5 }",
    "set = { activation = 'relu', layers.2.activation = 'tanh', output.initializer = 'he-normal' }",
    "set = { 'layers.2-3.activation' = 'tanh' }",
    "set-layer = { layer = 2, activation = 'inherit' }",
    "show = { layer = 2 }",
)

WRONG = (
    "sya = 'x'",
    "say = ''",
    "say = 3",
    "say = 'x'\npin = true",
    "pin = false",
    "wait = 0",
    "wait = 61",
    "run = { steps = 0 }",
    "run = { steps = 1, ops = 1 }",
    "run = {}",
    "run = { until = 'loss < 1' }",
    "run = { limit = 3 }",
    "run = { steps = 1, until = 'loss < 1', limit = 3 }",
    "back = { until = 'loss < 1', limit = 3 }",
    "show = {}",
    "show = { view = 'wtaerfall' }",
    "ask = { question = 'a', choices = ['a'], answer = 'a', explanation = 'e' }",
    "ask = { question = 'a', choices = ['a', 'b'], answer = 'a' }",
    "set = {}",
    "set = { activation = 'rleu' }",
    "set = { depth = 2.5 }",
    "set = { depht = 2 }",
    "set = { learning-rate = -1 }",
    "set-layer = { layer = 2 }",
    "set-layer = { activation = 'relu' }",
    "set-layer = { layer = 2, depth = 3 }",
    "expect = { quantity = 'los', below = 1 }",
    "expect = { quantity = 'ledger.decade', below = 1 }",
    "expect = { quantity = 'loss' }",
    "expect = { quantity = 'loss', below = 1, above = 0 }",
    "expect = { quantity = 'loss', below = 1, tolerance = 0.1 }",
    "expect = { quantity = 'loss', below = 'x' }",
    "expect = { quantity = 'loss', below = 1, layer = 2 }",
    "expect = { quantity = 'loss', is = 'low' }",
    "expect = { quantity = 'shape', is = 'vanished' }",
    "expect = { quantity = 'shape', below = 1 }",
    "expect = { quantity = 'notes', includes = 'dead' }",
    "expect = { quantity = 'dead', below = 1 }",
    "expect = { quantity = 'dead', layer = 0, below = 1 }",
    "expect = { quantity = 'dead', layer = 1, layers = 'all', below = 1 }",
    "expect = { quantity = 'dead', layers = '1..3', below = 1 }",
    "expect = { quantity = 'dead', layers = 'all', aggregate = 'maxi', below = 1 }",
    "expect = { quantity = 'loss', run = 'other', below = 1 }",
    "expect = { quantity = 'loss', below = { quantity = 'dead' } }",
    "expect = { quantity = 'loss', below = { quantity = 'shape' } }",
    "expect = { quantity = 'loss', below = { quantity = 'loss', factr = 2 } }",
)


@pytest.mark.parametrize("step", RIGHT)
def test_right_steps_validate(validator: Draft202012Validator, step: str) -> None:
    text = f"{HEAD}[[steps]]\n{step}\n"
    assert wrong(validator, text) == []
    parse(text, "f.toml")


@pytest.mark.parametrize("step", WRONG)
def test_wrong_steps_do_not(validator: Draft202012Validator, step: str) -> None:
    text = f"{HEAD}[[steps]]\n{step}\n"
    assert wrong(validator, text)
    with pytest.raises(InputError):
        parse(text, "f.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[[steps]]\npin = true\n",
        'title = "t"\n',
        'title = "t"\nsteps = []\n',
        'title = "t"\ntitel = "x"\n[[steps]]\npin = true\n',
        'title = "t"\norder = -1\n[[steps]]\npin = true\n',
        'title = "t"\nminutes = 0\n[[steps]]\npin = true\n',
        'title = "t"\n[control]\nwhy = "w"\n[[steps]]\npin = true\n',
        'title = "t"\n[control]\nhold = {}\n[[steps]]\npin = true\n',
        'title = "t"\n[experiment]\nwidht = 3\n[[steps]]\npin = true\n',
    ],
)
def test_wrong_files_do_not(validator: Draft202012Validator, text: str) -> None:
    assert wrong(validator, text)
    with pytest.raises(InputError):
        parse(text, "f.toml")


def test_every_step_and_key_is_explained_where_an_editor_shows_it() -> None:
    made = schema()
    for name, table in made["$defs"].items():
        for key, rules in table.get("properties", {}).items():
            assert rules is False or rules.get("description"), (name, key)
