"""The line of every key in a TOML text, against tomllib and against texts written to confuse."""

import tomllib
from typing import Any

import pytest

from gradsim.scenario.lines import Place, line_numbers, line_of
from gradsim.scenario.shelf import shipped

CONFUSING = '''\
# [[steps]] in a comment
title = "a \\" [[steps]] # no comment" # a comment with "quotes
about = """
[[steps]]
say = "not a key"
""""
literal = \'\'\'
[experiment]
\\\'\'\'
date = 1979-05-27 07:32:00
list = [ # one
  1, "]", [2,
  3], { a = 1, b.c = 2 },
]

[experiment]
depth = 3
"quoted key" = 1

[[steps]]
run.steps = 1

[[steps]]
  [steps.set] # inner
  width = 4

[[ steps ]]
set = { activation = "relu", depth = 5 }

[a.b]
c = 1
[[d.e]]
f = 1
[[d.e]]
f = 2
[d.e.g]
h = 3
'''


def test_a_confusing_text() -> None:
    lines = line_numbers(CONFUSING)
    expected: dict[Place, int] = {
        ("title",): 2,
        ("about",): 3,
        ("literal",): 7,
        ("date",): 10,
        ("list",): 11,
        ("list", 0): 12,
        ("list", 2, 1): 13,
        ("list", 3, "b", "c"): 13,
        ("experiment",): 16,
        ("experiment", "depth"): 17,
        ("experiment", "quoted key"): 18,
        ("steps",): 20,
        ("steps", 0): 20,
        ("steps", 0, "run", "steps"): 21,
        ("steps", 1): 23,
        ("steps", 1, "set"): 24,
        ("steps", 1, "set", "width"): 25,
        ("steps", 2, "set", "depth"): 28,
        ("a",): 30,
        ("a", "b", "c"): 31,
        ("d", "e", 0, "f"): 33,
        ("d", "e", 1, "f"): 35,
        ("d", "e", 1, "g", "h"): 37,
    }
    assert {place: lines.get(place) for place in expected} == expected


def places(value: Any, place: Place = ()) -> list[Place]:
    inner: list[Place] = [place] if place else []
    if isinstance(value, dict):
        for key, item in value.items():
            inner += places(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            inner += places(item, (*place, index))
    return inner


@pytest.mark.parametrize("text", [CONFUSING, *(p.read_text("utf-8") for p in shipped().values())])
def test_every_place_that_tomllib_finds_has_a_line_and_no_other(text: str) -> None:
    lines = line_numbers(text)
    assert set(lines) == set(places(tomllib.loads(text)))
    source = text.splitlines()
    for place, line in lines.items():
        if isinstance(place[-1], str):
            assert place[-1] in source[line - 1]


def test_what_is_not_in_the_text_stands_where_the_table_around_it_stands() -> None:
    lines = line_numbers("[a]\nb = 1\n")
    assert line_of(lines, ("a", "c", "d")) == 1
    assert line_of(lines, ("z",)) is None
