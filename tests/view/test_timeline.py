"""The timeline: no event is lost in fewer columns than steps, and each column leads to its step."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradsim.insight.milestones import CLIP, KINDS, SWITCH, Log
from gradsim.insight.verdict import Shape
from gradsim.view.frame import Timeline
from gradsim.view.timeline import GLYPHS, ROLES, line, step_at, steps_of, track

LEAD = "steps 0 "


def text(shown: Timeline, step: int, width: int) -> str:
    return "".join(part for part, _ in line(shown, step, width))


def test_each_kind_has_a_sign_and_a_role_of_its_own() -> None:
    assert set(GLYPHS) == set(ROLES) == set(KINDS)
    assert len(set(GLYPHS.values())) == len(set(ROLES.values())) == len(KINDS)


@given(last=st.integers(0, 10**6), cells=st.integers(1, 200))
def test_the_cells_share_all_steps_out(last: int, cells: int) -> None:
    parts = [steps_of(cell, cells, last + 1) for cell in range(cells)]
    assert parts[0][0] == 0
    assert parts[-1][1] == last
    assert all(one[1] + 1 == other[0] for one, other in pairwise(parts))


@given(st.data())
def test_a_single_event_among_100_000_steps_is_seen_and_reached(data: st.DataObject) -> None:
    last = data.draw(st.integers(0, 100_000))
    step = data.draw(st.integers(0, last))
    kind = data.draw(st.sampled_from(list(KINDS)))
    width = data.draw(st.integers(30, 220))
    log = Log()
    log.steps[kind] = [step]
    log.stretches = [step] if kind == CLIP else []
    shown = Timeline(last, log, ())
    away = 0 if step > last // 2 else last
    drawn = text(shown, away, width)
    assert len(drawn) == width
    at = [x for x, sign in enumerate(drawn) if sign == GLYPHS[kind] and x >= len(LEAD)]
    if step * track(shown, width) // (max(last, 10) + 1) != away * track(shown, width) // (
        max(last, 10) + 1
    ):
        assert step_at(shown, width, at[0]) == step


def test_of_several_in_one_column_the_most_important_shows() -> None:
    log = Log()
    log.steps[CLIP], log.stretches = [500], [501]
    log.steps[SWITCH], log.steps[Shape.NOT_FINITE] = [502], [503]
    drawn = text(Timeline(100_000, log, ()), 90_000, 80)
    assert drawn.count("?") == 1
    assert not {"◆", "┬"} & set(drawn)


def test_done_known_open_and_the_cursor_look_different() -> None:
    drawn = text(Timeline(4, Log(), ()), 2, 60)
    track_of = drawn[len(LEAD) :]
    assert track_of.lstrip("━")[0] == "█"
    assert set(track_of.split("█")[1].split(" ")[0]) == {"─", "╌"}
    assert drawn.rstrip().endswith(" 10")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_clicks_lead_to_every_end(width: int) -> None:
    shown = Timeline(5000, Log(), ())
    assert step_at(shown, width, 0) == 0
    assert step_at(shown, width, 10**6) >= 5000 - 5000 // track(shown, width) - 1
    seen = [step_at(shown, width, x) for x in range(width)]
    assert seen == sorted(seen)


def test_clipping_that_goes_on_is_a_line_with_ticks() -> None:
    log = Log()
    log.steps[CLIP], log.stretches = [2], [7]
    drawn = text(Timeline(20, log, ()), 20, 60)
    assert drawn.count("┬") == 1
    assert drawn.count("┯") > 5


def test_what_happened_at_the_step_is_said_where_there_is_room() -> None:
    shown = Timeline(20, Log(), ("switched clip none → value",))
    assert "switched clip" in text(shown, 3, 120)
    assert len(text(shown, 3, 80)) == 80


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_it_is_as_wide_as_the_screen(width: int) -> None:
    log = Log()
    assert text(Timeline(20, log, ()), 3, width).endswith(" 20")
    log.steps[SWITCH] = [2]
    drawn = text(Timeline(20, log, ()), 3, width)
    assert drawn.endswith("switch" if width >= 100 else " 20")
    assert len(drawn) == width
