"""The waterfall: what is kept of past steps, the scale, the window, and the picture."""

from math import inf, nan

import numpy as np
import pytest
from helpers import experiment
from hypothesis import given
from hypothesis import strategies as st

from gradsim.simulation.actions import Advance, Back, Grain, Switch, Undo
from gradsim.simulation.measure import LAYER_COLUMNS, StepRecord
from gradsim.simulation.records import Records
from gradsim.simulation.run import Position, Run
from gradsim.simulation.session import Session
from gradsim.view import waterfall_past
from gradsim.view.lane import lane
from gradsim.view.lines import Line, length, plain
from gradsim.view.waterfall import Picture, draw
from gradsim.view.waterfall_layout import WIDEST, Layout, Window, fit, look_at
from gradsim.view.waterfall_past import RATIO, Columns, Numbers, Past, Pasts
from gradsim.view.waterfall_scale import (
    ODD,
    SIGNS,
    SUBNORMAL,
    UNKNOWN,
    ZERO,
    Scale,
    codes,
    following,
    legend,
)

TINY = float(np.finfo("float64").tiny)


@pytest.fixture
def few_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waterfall_past, "FEWEST", 8)
    monkeypatch.setattr(waterfall_past, "MOST", 8)
    monkeypatch.setattr(waterfall_past, "NARROW", 1)


def table(places: int, rng: np.random.Generator) -> Numbers:
    sizes = 10.0 ** rng.uniform(-300, 300, (len(LAYER_COLUMNS), places))
    sizes[rng.random(sizes.shape) < 0.05] = 0.0
    sizes[rng.random(sizes.shape) < 0.02] = inf
    sizes[rng.random(sizes.shape) < 0.02] = nan
    return np.asarray(sizes)


def filled(steps: int, places: int = 5, seed: int = 0) -> Run:
    run, rng = Session(experiment(depth=places - 1, width=2)).run, np.random.default_rng(seed)
    for step in range(steps):
        record = StepRecord(step, None, complete=True, layers=table(places, rng))
        run.records.append(record)
    run.cursor = Position(steps, 0)
    return run


def brute(run: Run, name: str, first: int, count: int, span: int) -> tuple[Numbers, Numbers]:
    """Smallest and largest of each column, from all records at once."""
    low, high = [], []
    for column in range(first, first + count):
        own = run.records[column * span : (column + 1) * span]
        sizes = np.array([record.column(name) for record in own])
        low.append(np.fmin.reduce(sizes))
        high.append(np.maximum.reduce(sizes))
    return np.array(low), np.array(high)


def taken(past: Past, steps: int | None = None) -> Past:
    """Taken in to the end, or up to a step."""
    end = past.run.end().step if steps is None else steps
    past.take(lambda: past.seen < end)
    return past


@pytest.mark.parametrize("span", [1, 2, 4, 8, 32, 128])
@pytest.mark.usefixtures("few_blocks")
def test_a_column_has_the_smallest_and_the_largest_of_all_its_steps(span: int) -> None:
    run = filled(117)
    past = Past(run, "delta_norm")
    records, run.records = list(run.records), Records()
    # As they come, a few at a time, with a picture in between.
    for step in range(0, 117, 13):
        for record in records[step : step + 13]:
            run.records.append(record)
        taken(past)
        past.columns(0, 0, -(-len(run.records) // span), span, len(run.records))
    assert past.stride == 16
    for quantity, name in enumerate(past.names):
        for first in (0, 1):
            count = max(1, -(-117 // span) - first)
            seen = past.columns(quantity, first, count, span, 117)
            low, high = brute(run, name, first, count, span) if first * span < 117 else (
                np.full((1, 5), nan), np.full((1, 5), -inf)
            )  # fmt: skip
            np.testing.assert_array_equal(seen.low, low)
            np.testing.assert_array_equal(seen.high, high)


def test_a_step_not_taken_in_yet_is_seen_if_it_is_among_the_last() -> None:
    run = filled(70)
    past = taken(Past(run, "delta_norm"), 64)
    low, high = brute(run, "delta_norm", 0, 35, 2)
    seen = past.columns(0, 0, 35, 2, 70)
    np.testing.assert_array_equal(seen.high, high)
    np.testing.assert_array_equal(seen.low, low)


def test_tables_that_were_let_go_of() -> None:
    run = filled(40)
    for record in run.records[:10]:
        record.layers = None
    past = taken(Past(run, "delta_norm"))
    seen = past.columns(0, 0, 40, 1, 40)
    assert seen.kept.tolist() == [0] * 10 + [1] * 30
    assert np.isneginf(seen.high[:10]).all()
    assert np.isnan(seen.low[:10]).all()
    # What has been taken in is known for good; what comes back by replay is seen.
    run.records[20].layers = None
    back = run.records[3].layers = table(5, np.random.default_rng(9))
    again = past.columns(0, 0, 40, 1, 40)
    assert again.kept[20] == 1
    np.testing.assert_array_equal(again.high[20], seen.high[20])
    np.testing.assert_array_equal(again.high[3], back[0])
    assert past.at(0, 4) is None
    np.testing.assert_array_equal(past.at(0, 20), seen.high[20])
    assert past.columns(0, 0, 5, 8, 40).kept.tolist() == [1, 6, 8, 8, 8]


def test_an_update_is_not_seen_before_it_is_made() -> None:
    session = Session(experiment(depth=3, width=4))
    session.do(Advance(Grain.STEP))
    session.do(Advance(Grain.PHASE, 3))
    past = taken(Past(session.run, "delta_norm"))
    assert past.columns(0, 0, 2, 1, 2).kept.tolist() == [1, 1]
    assert past.columns(RATIO, 0, 2, 1, 2).kept.tolist() == [1, 0]
    session.do(Advance(Grain.STEP))
    taken(past)
    assert past.columns(RATIO, 0, 2, 1, 2).kept.tolist() == [1, 1]


@pytest.mark.usefixtures("few_blocks")
def test_runs_that_fork_share_their_past_and_nothing_else() -> None:
    session, pasts = Session(experiment(depth=3, width=4)), Pasts()
    session.do(Advance(Grain.STEP, 37))
    taken(pasts.of(session, "delta_norm"))
    session.do(Back(Grain.STEP, 16))
    session.do(Switch({"activation": "relu"}))
    forked = pasts.of(session, "delta_norm")
    assert forked.seen == 16, "whole blocks of 8 steps before the fork at 21"
    session.do(Advance(Grain.STEP, 9))
    session.do(Undo())
    for _ in range(2):
        past = taken(pasts.of(session, "delta_norm"))
        run, end = session.run, session.run.end().step
        assert past.run is run
        low, high = brute(run, "delta_norm", 0, -(-end // 8), 8)
        seen = past.columns(0, 0, -(-end // 8), 8, end)
        np.testing.assert_array_equal(seen.high, high)
        np.testing.assert_array_equal(seen.low, low)
        session.run = session.runs[1]
    session.do(Switch({"depth": 5}))
    session.do(Advance(Grain.STEP, 2))
    rebuilt = taken(pasts.of(session, "delta_norm"))
    assert rebuilt.columns(0, 0, 2, 1, 2).low.shape == (2, 6)


# -- scale ----------------------------------------------------------------------------------------


def test_every_size_has_its_own_look() -> None:
    sizes = np.array([1e-300, 1e-8, 1e-2, 1e300, 0.0, 1e-310, inf, nan])
    scale = following(sizes, sizes, TINY, None)
    assert scale is not None
    seen = codes(sizes, sizes, largest=True, scale=scale, tiny=TINY)
    assert len(set(seen.tolist())) == len(sizes) - 1, "1e-8 and 1e-2 are near, among so many"
    assert seen[0] < seen[1] <= seen[2] < seen[3] < len(SIGNS)
    assert [ODD[code][0] for code in seen[4:].tolist()] == ["0", "~", "∞", "?"]
    assert ODD[int(codes(np.array([nan]), np.array([-inf]), True, scale, TINY)[0])][2] == "not kept"


def test_a_cell_shows_its_largest_or_its_smallest_and_what_is_not_finite_first() -> None:
    scale = Scale(-8.0, 1.0)
    low, high = np.array([0.0, 1e-6, 1e-6, 1e-6]), np.array([1e-3, 1e-2, inf, nan])
    largest = codes(low, high, largest=True, scale=scale, tiny=TINY).tolist()
    smallest = codes(low, high, largest=False, scale=scale, tiny=TINY).tolist()
    assert largest[:2] == [5, 6]
    assert smallest[:2] == [ZERO, 2]
    assert largest[2:] == smallest[2:]


def test_a_level_begins_at_its_power_of_ten() -> None:
    sizes = np.array([0.99e-3, 1e-3, 9.9e-3, 1e-2])
    scale = Scale(-5.0, 1.0)
    assert codes(sizes, sizes, True, scale, TINY).tolist() == [1, 2, 2, 3]
    said = "".join(text for text, _ in legend(scale, frozenset({UNKNOWN}), 120))
    assert said.startswith("1e-5 . 1e-4 : 1e-3 - 0.01 = 0.1")
    assert said.endswith("@ 1e5  1 decade a sign  / not kept")


def test_float32_is_subnormal_long_before_float64() -> None:
    size = np.array([1e-40])
    scale = Scale(-45.0, 1.0)
    tiny = float(np.finfo("float32").tiny)
    assert codes(size, size, True, scale, tiny).tolist() == [SUBNORMAL]
    assert codes(size, size, True, scale, TINY).tolist() == [5]


sizes_of = st.floats(min_value=5e-324, allow_infinity=False)


@given(sizes_of, sizes_of)
def test_a_scale_holds_what_it_is_made_for(one: float, other: float) -> None:
    scale = Scale.around(min(one, other), max(one, other))
    assert scale.holds(np.array([one, other]))
    assert legend(scale, frozenset(), 80)


def test_a_scale_stays_as_long_as_it_serves() -> None:
    sizes = np.array([2e-6, 3e-3])
    before = following(sizes, sizes, TINY, None)
    wider = np.array([0.5e-6, 3e-3])
    assert following(wider, wider, TINY, before) is before
    far = np.array([1e-30, 3e-3])
    assert following(far, far, TINY, before) is not before
    assert following(np.array([0.0, nan]), np.array([0.0, inf]), TINY, before) is None


# -- window and picture ---------------------------------------------------------------------------


@given(
    end=st.integers(1, 200_000),
    zoom=st.integers(WIDEST, 18),
    across=st.integers(1, 300),
    first=st.integers(-5, 300_000),
    part=st.floats(0, 1),
)
def test_the_step_of_the_cursor_is_always_in_the_window(
    end: int, zoom: int, across: int, first: int, part: float
) -> None:
    step = min(int(part * end), end - 1)
    window = look_at(end, zoom, across, first, step)
    assert window.count >= 1
    assert window.count * window.cells <= max(across, window.cells)
    assert step in window.steps_of(step // window.span)
    assert window.cell_of(step) is not None
    assert (window.first + window.count - 1) * window.span < end


def test_the_whole_run_is_in_view_as_near_as_it_fits() -> None:
    assert fit(1, 100) == WIDEST
    assert fit(25, 100) == -2
    assert fit(26, 100) == -1
    assert fit(100, 100) == 0
    assert fit(101, 100) == 1
    assert fit(100_000, 80) == 11
    window = look_at(100_000, fit(100_000, 80), 80, 0, 99_999)
    assert (window.first, window.count) == (0, 49)


def picture(
    places: int,
    steps: int,
    size: tuple[int, int],
    cursor: int | None = None,
    here: int | None = None,
    selected: int = 0,
) -> Picture:
    """Sizes that fall by a decade from each place to the next; the session is at the last step."""
    width, height = size
    layout = Layout.of(places, width, height)
    window = look_at(steps, fit(steps, layout.across), layout.across, 0, steps - 1)
    falling = 10.0 ** -np.arange(places, dtype=np.float64)[::-1].clip(0, 200)
    sizes = np.tile(falling, (window.count, 1))
    known = Columns(sizes, sizes, np.full(window.count, window.span))
    scale, last = following(sizes, sizes, TINY, None), steps - 1
    cursor, here = (last if step is None else step for step in (cursor, here))
    return Picture("layer", window, known, scale, True, TINY, selected, cursor, here)


@pytest.mark.parametrize("places", [2, 21, 1001])
@pytest.mark.parametrize("steps", [1, 60, 5000])
@pytest.mark.parametrize("size", [(20, 5), (76, 13), (116, 27), (196, 47)])
def test_the_picture_fills_its_room(places: int, steps: int, size: tuple[int, int]) -> None:
    lines = draw(picture(places, steps, size), *size)
    assert len(lines) == size[1]
    assert {length(line) for line in lines} == {size[0]}
    ascii_lines = draw(picture(places, steps, size), *size, "ascii")
    assert plain(ascii_lines).isascii()


def cells_of(lines: list[Line], name: str) -> str:
    """The signs of the line that bears this name."""
    return next(row for row in plain(lines).splitlines() if row[1:].split()[:1] == [name])[8:]


def test_the_output_is_on_top_and_the_newest_step_at_the_right() -> None:
    it = picture(5, 100, (120, 20))
    it.sizes.low[-1], it.sizes.high[-1] = 0.0, 0.0
    lines = draw(it, 120, 20)
    rows = [row for row in plain(lines).splitlines() if row[8:9] in SIGNS and row[8:9]]
    assert [row[1:8].strip() for row in rows if row[1:8].strip()][:5] == ["out", "4", "3", "2", "1"]
    assert cells_of(lines, "2").rstrip()[-1] == "0"
    numbers = next(row for row in plain(lines).splitlines() if row.startswith("step"))
    assert numbers[8 + 50 :].startswith("50"), "under the column of step 50"


def test_the_cursor_and_the_session_have_signs_of_their_own() -> None:
    lines = draw(picture(5, 100, (120, 20), cursor=30, here=70, selected=2), 120, 20)
    row = next(r for r in plain(lines).splitlines() if "▲" in r)
    assert (row.index("▲"), row.index("●")) == (8 + 30, 8 + 70)
    marked = [line for line in lines if any(role == "cursor" for _, role in line)]
    assert plain(marked)[0:9].split()[0] == "▶"
    assert {"3"} == {name for name in plain(marked[:2]).split() if name.isdigit()}


def test_what_the_mouse_points_at_is_what_is_drawn_there() -> None:
    layout, window = Layout.of(21, 76, 13), Window(4, 50, 2, 1, 107)
    assert layout.places_of(layout.blocks - 1)[-1] == 20
    top = layout.pointed(window, layout.gutter, 2)
    assert top == (layout.places_of(layout.blocks - 1)[0], 8)
    assert layout.pointed(window, layout.gutter - 1, 2) is None
    assert layout.pointed(window, layout.gutter + 50, 2) is None
    assert layout.pointed(window, layout.gutter, 1) is None
    below = 2 + layout.lines
    assert layout.pointed(window, layout.gutter, below) is None
    assert layout.pointed(window, layout.gutter + 3, below - 1) == (0, 14)


def test_time_steps_of_every_level_are_columns_of_the_table() -> None:
    declared = experiment(
        cell="rnn", data="adding", loss="mean-squared-error", width=4, recurrent_layers=2,
        sequence_length=6,
    )  # fmt: skip
    session = Session(declared)
    session.do(Advance(Grain.STEP, 3))
    for level in (1, 2):
        shown = lane(declared, session.run.data.steps, level)
        past = taken(Pasts().of(session, shown.size))
        sizes = past.columns(0, 0, 3, 1, 3).high[:, list(shown.columns)]
        for step, record in enumerate(session.run.records[:3]):
            assert record.layers is not None
            norms = record.layers[LAYER_COLUMNS.index("output_grad_norm")]
            places = [(level, time) for time in range(1, 7)]
            wanted = [norms[record.places.index(place)] for place in places]
            assert sizes[step, :-1].tolist() == wanted
