"""The glossary: it knows every term that the panels show, and finds it where it stands."""

import re

import pytest
from helpers import experiment

from gradsim.insight.verdict import Shape
from gradsim.simulation.actions import Advance, Grain, Pin, Switch
from gradsim.simulation.session import Session
from gradsim.view import history, profile, words
from gradsim.view.frame import View, frame
from gradsim.view.glossary import TERMS, term, term_at, terms_in
from gradsim.view.lines import Line

ORDINARY = {"of", "layer"}
"""Words of the panels that mean what they mean anywhere."""


def labels(lines: list[Line]) -> set[str]:
    return {text.strip() for line in lines for text, role in line if role == "label"} - {""}


@pytest.mark.parametrize("knobs", [{}, {"cell": "lstm", "data": "adding"}], ids=["deep", "time"])
def test_every_label_of_the_layer_line_the_legend_and_the_charts_is_a_term(
    knobs: dict[str, str],
) -> None:
    settings = {"depth": 4, "width": 6, "batch_size": 8} | knobs
    if knobs:
        settings |= {"loss": "mean-squared-error", "sequence_length": 6}
    session = Session(experiment(**settings))
    session.do(Advance(Grain.STEP, 3))
    session.do(Pin())
    session.do(Switch({"clip": "global-norm"}))
    session.do(Advance(Grain.STEP, 2))
    shown = frame(session, View())
    seen = labels([words.layer(shown, 200)])
    for width in (34, 60, 120):  # a narrower legend is cut
        seen |= labels([profile.profile(shown, width, 20, "braille")[0]])
    for name in ("loss", "gradient"):
        seen |= labels([history.chart(shown, name, 120, 10, "braille", only=True)[0]])
    for word in sorted(seen - ORDINARY):
        if not re.fullmatch(r"[\d.e-]*", word):
            assert term(word), f"{word!r} is not in the glossary"


def test_every_name_of_the_legend_is_a_term() -> None:
    short = {"th", "rem", "last"}
    names = {name for entry in profile.LEGEND for name in entry[1:]} - short
    assert [name for name in sorted(names) if not term(name)] == []


def test_every_verdict_is_a_term() -> None:
    assert all(term(str(shape).replace("-", " ")) for shape in Shape)


def test_names_are_of_one_term_and_words_are_one_line() -> None:
    names = [name.lower() for entry in TERMS for name in entry.names]
    assert len(names) == len(set(names))
    assert all(len(entry.words) <= 90 and "\n" not in entry.text for entry in TERMS)


def test_a_term_is_found_under_each_of_its_columns_and_nowhere_else() -> None:
    line = " layer 1  delta 3.8e-14  grad W 6.3e-13  W 7.87  update/W 1.4e-15  VANISHING"
    names = [entry.names[0] if (entry := term_at(line, x)) else "" for x in range(len(line))]
    at = line.index("delta")
    assert names[at : at + 5] == ["delta"] * 5
    assert names[at - 1] == names[at + 5] == ""
    assert names[line.index("grad W") + 5] == "grad W"
    assert names[line.index("  W 7") + 2] == "W"
    assert names[line.index("update/W") + 7] == "update/W"
    assert names[line.index("VANISHING")] == "vanishing"
    assert term_at("a word", 2) is None
    assert term_at("deltas", 1) is None


def test_knobs_and_their_choices_are_terms_with_the_declared_formula() -> None:
    line = " a activation sigmoid  i initializer glorot-normal"
    found = terms_in([line])
    assert [entry.names[0] for entry in found] == [
        "activation", "sigmoid", "initializer", "glorot-normal",
    ]  # fmt: skip
    assert "e^-x" in found[1].formula or "exp" in found[1].formula
