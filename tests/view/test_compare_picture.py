"""The page of two runs: its words, bars as long as their numbers, lines as wide as asked."""

from math import inf, isnan, nan
from typing import Any

import pytest
from helpers import experiment

from gradsim.insight.side_by_side import SideBySide, side_by_side
from gradsim.simulation.actions import Action, Advance, Grain, Pin, Switch
from gradsim.simulation.session import Session
from gradsim.view.compare import page, words
from gradsim.view.difference import Profiles, bars, profiles, rows
from gradsim.view.frame import Frame, View, frame
from gradsim.view.lane import lane
from gradsim.view.lines import length, plain
from gradsim.view.plot import Markers, sample

LAYERS = lane(experiment(depth=1), 1)


def pair(*actions: Action, **knobs: Any) -> tuple[Frame, SideBySide]:
    session = Session(experiment(**({"depth": 6, "width": 8, "batch_size": 16} | knobs)))
    for action in (Pin(), *actions, Advance(Grain.STEP, 3)):
        session.do(action)
    both = side_by_side(session, 2)
    assert both is not None
    return frame(session, View()), both


RELU = Switch({"activation": "relu", "initializer": "he-normal"})


def made(live: list[float], pinned: list[float], comparable: bool = True) -> Profiles:
    return Profiles([*live, 1.0], [*pinned, 1.0], LAYERS, comparable)


def test_words_say_what_differs_and_both_verdicts() -> None:
    _, both = pair(RELU)
    told = plain(words(both, 118, 9)).splitlines()
    assert told[0].startswith("differs  activation sigmoid → relu, initializer glorot-normal → he")
    assert told[0].endswith("step 2, same batches")
    assert "live" in told[1]
    assert "● HEALTHY" in told[1]
    assert "pinned" in told[2]
    assert "▼ VANISHING" in told[2]
    assert len(told) == 3
    short = plain(words(both, 60, 9)).splitlines()
    assert short[0].rstrip() == "differs  sigmoid → relu, glorot-normal → he-normal"


def test_numbers_are_named_and_notes_follow() -> None:
    _, both = pair(Switch({"learning-rate": 0.5, "seed": 7}))
    told = plain(words(both, 118, 9)).splitlines()
    assert told[0].startswith("differs  learning-rate 0.02 → 0.5, seed 0 → 7")
    assert told[0].endswith("other batches")
    assert told[3].startswith("· another seed")


@pytest.mark.parametrize("markers", ["braille", "ascii"])
@pytest.mark.parametrize("size", [(40, 6), (56, 11), (76, 16), (116, 32), (196, 52)])
def test_every_line_is_as_wide_as_asked(size: tuple[int, int], markers: Any) -> None:
    width, height = size
    for actions, knobs in (([RELU], {}), ([Switch({"depth": 40})], {"initializer_gain": 0.0})):
        shown, both = pair(*actions, **knobs)
        for first in range(4):
            lines = page(shown, both, width, height, markers, first)
            assert len(lines) == height
            assert {length(line) for line in lines} == {width}


def test_narrow_pages_turn_to_the_bars() -> None:
    shown, both = pair(RELU)
    assert "decades" not in plain(page(shown, both, 56, 9, "braille")[3:])
    assert "decades" in plain(page(shown, both, 56, 9, "braille", 1)[3:])
    assert "loss" in plain(page(shown, both, 56, 9, "braille", 2)[3:])


def test_a_bar_is_as_long_as_its_number() -> None:
    found = made([1e-2, 1.0, 1e4], [1.0, 1.0, 1.0])
    drawn = plain(bars(found, 1, 61, 6, "ascii")).splitlines()
    counts = [(line[:24].count("#"), line[24:].count("#")) for line in drawn[1:5]]
    assert [line.split()[:2] for line in drawn[2:5]] == [
        ["layer", "3"], ["▶layer", "2"], ["layer", "1"],
    ]  # fmt: skip
    lengths = [sum(each) for each in counts]
    assert lengths[0] == lengths[2] == 0
    assert lengths[1] == pytest.approx(2 * lengths[3], abs=1)
    assert drawn[2].index("#") > drawn[2].index("|")
    assert drawn[4].index("#") < drawn[4].index("|")
    assert "+4.00" in drawn[2]
    assert "-2.00" in drawn[4]


def test_where_there_is_room_bars_are_taller_and_stand_apart() -> None:
    found = made([1e-2, 1.0, 1e4], [1.0, 1.0, 1.0])
    drawn = plain(bars(found, 1, 61, 14, "ascii")).splitlines()
    assert len(drawn) == 14
    assert [k for k, line in enumerate(drawn) if "#" in line] == [4, 5, 10, 11]
    assert {line.strip() for line in drawn[3:13:3]} == {"|"}
    assert drawn[13].strip() == ""


def test_rows_that_share_a_line_tell_the_farthest() -> None:
    live = [10.0 ** (k % 7 - 3) for k in range(1000)]
    shown = rows(made(live, [1.0] * 1000), 11)
    assert len(shown) == 11
    assert [row.name for row in shown[:2]] == ["output", "901-1000"]
    assert {(row.low, row.high) for row in shown[1:]} == {(-3.0, 3.0)}
    assert abs(shown[1].most) == 3.0
    assert shown[1].first == 900
    assert shown[1].last == 999


def test_what_cannot_be_compared_is_named_and_hides_in_no_group() -> None:
    live = [0.0, 0.0, nan, inf, 1.0]
    pinned = [0.0, 1.0, 1.0, 1.0, 0.0]
    text = plain(bars(made(live, pinned), 0, 60, 9, "braille"))
    for words_of in ("both are 0", "live is 0", "not a number", "infinite", "pinned is 0"):
        assert words_of in text
    grouped = rows(made(live, pinned), 2)
    assert isnan(grouped[1].most)


def test_depths_are_compared_as_far_as_both_reach() -> None:
    _, both = pair(Switch({"depth": 9}))
    shown = rows(profiles(both, 0), 40)
    assert [row.name for row in shown] == ["output", *(f"layer {k}" for k in range(6, 0, -1))]
    assert shown[0].sizes[0] == profiles(both, 0).live[-1]


def test_layers_are_not_compared_with_time_steps() -> None:
    text = plain(bars(made([1.0], [1.0], comparable=False), 0, 60, 5, "braille"))
    assert "Layers and time steps are different things" in text


def test_time_steps_of_two_cells_are_compared() -> None:
    knobs = {"cell": "rnn", "data": "adding", "loss": "mean-squared-error", "sequence_length": 7}
    shown, both = pair(Switch({"cell": "lstm"}), **knobs)
    assert profiles(both, 0).comparable
    assert "time 7" in plain(page(shown, both, 116, 30, "braille"))


@pytest.mark.parametrize("markers", ["braille", "block", "ascii"])
def test_a_run_has_the_sign_that_its_curve_has(markers: Markers) -> None:
    it, both = pair(RELU)
    shown = plain(page(it, both, 116, 32, markers)).splitlines()
    for style, name, told in (("live", "live", shown[1]), ("pinned", "pinned", shown[2])):
        sign = sample(style, markers)
        assert told.startswith(f"{sign} {name}")
        assert f"{sign} {name}" in shown[3], "the legend of the curves"


def test_layers_and_time_steps_are_not_drawn_over_each_other() -> None:
    session = Session(experiment(depth=6, width=8, batch_size=16))
    for action in (Pin(), Advance(Grain.STEP, 2), Switch({"cell": "rnn"}), Advance(Grain.STEP, 1)):
        session.do(action)
    seen = frame(session, View())
    assert seen.ghost is None
    assert seen.pinned is None
    session.do(Switch({"cell": "gru"}))
    assert frame(session, View()).ghost is not None
