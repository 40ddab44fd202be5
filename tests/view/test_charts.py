"""The charts of the flow looked at in other ways: scale, limits, order, section, cursor."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradsim.experiment.experiment import Experiment
from gradsim.numbers import exact
from gradsim.simulation.actions import Advance, Grain, Pin, Visit
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session
from gradsim.view.charts import FEWEST, Charts, ranks
from gradsim.view.frame import Frame, View, frame
from gradsim.view.history import history
from gradsim.view.lines import Line, length, plain
from gradsim.view.plot import Axis, Curve, draw
from gradsim.view.profile import legend, limits, profile


def seen(layer: int = 3, steps: int = 4, **knobs: object) -> Frame:
    settings = {"depth": 12, "width": 6, "batch-size": 8, "data": "blobs", **knobs}
    session = Session(Experiment.of(settings))
    session.do(Advance(Grain.STEP, steps))
    return frame(session, View(layer=layer))


def drawn(it: Frame, charts: Charts, height: int = 20) -> str:
    lines: list[Line] = profile(it, 70, height, "braille", charts)
    assert len(lines) == height
    assert all(length(line) == 70 for line in lines)
    return plain(lines)


@given(st.integers(1, 2000), st.integers(0, 12), st.data())
def test_a_section_holds_the_selected_place(count: int, zoom: int, data: st.DataObject) -> None:
    selected = data.draw(st.integers(1, count))
    first, last = Charts(zoom=zoom).section(count, selected)
    assert 1 <= first <= selected <= last <= count
    assert last - first + 1 == max(-(-count // 2**zoom), min(FEWEST, count))


def test_nearer_ends_where_there_is_no_more_and_farther_at_all() -> None:
    charts = Charts()
    for _ in range(20):
        charts = charts.nearer(1000)
    assert charts.section(1000, 500) == (498, 502)
    assert charts.nearer(1000) == charts
    for _ in range(20):
        charts = charts.farther()
    assert charts == Charts()


@given(st.lists(st.one_of(st.none(), st.floats(0, inf), st.just(nan)), max_size=30))
def test_ranks_are_an_order_from_large_to_small(sizes: list[float | None]) -> None:
    found = ranks(sizes)
    assert sorted(found) == list(range(1, len(sizes) + 1))
    ordered = [sizes[found.index(rank)] for rank in range(1, len(sizes) + 1)]
    known = [size for size in ordered if size is not None and size == size]
    assert known == sorted(known, reverse=True)
    reached = [size is not None for size in ordered]
    assert reached == sorted(reached, reverse=True)


def test_the_cursor_stands_at_the_selected_layer_with_its_exact_values() -> None:
    it = seen(layer=5)
    told = drawn(it, Charts()).splitlines()[-1]
    assert told.startswith("layer 5  ")
    for size in (it.wave.backward[4], it.grad_weight[4]):
        assert size is not None
        assert exact(size) in told
    assert "▲" in drawn(it, Charts())
    # The head has no place in the profile.
    assert "▲" not in drawn(seen(layer=13), Charts())


def test_zoom_shows_a_section_of_the_layers() -> None:
    foot = drawn(seen(layer=6), Charts(zoom=1)).splitlines()[-2]
    assert foot.split()[0] == "3"
    assert foot.split()[-1] == "8"


def test_sorted_by_size_the_curve_descends_and_the_cursor_goes_along() -> None:
    it = seen(layer=1)
    assert "by size 12" in drawn(it, Charts(sorted=True))
    # Under sigmoid the first layer has the least: its cursor is at the right end.
    rows = drawn(it, Charts(sorted=True)).splitlines()
    axis = next(row for row in rows if "▲" in row)
    assert axis.rstrip().endswith("▲")
    assert rows[-1].startswith("layer 1  ")


def test_linear_norms_and_limits_that_stay() -> None:
    it = seen()
    linear = drawn(it, Charts(linear=True))
    # Equal steps on the axis are equal differences, not factors.
    ticks = [float(row.split("┤")[0]) for row in linear.splitlines() if "┤" in row]
    assert np.allclose(np.diff(ticks, 2), 0.0, atol=1e-12)
    fixed = Charts(fixed={"profile": (1e-9, 1e9)})
    assert limits(it, fixed) == (1e-9, 1e9)
    ends = [row.split("┤")[0].strip() for row in drawn(it, fixed).splitlines() if "┤" in row]
    assert float(ends[0]) >= 1e6
    assert float(ends[-1]) <= 1e-6
    low, high = limits(it, Charts())
    assert 0 < low < high < 1e9


def test_the_history_ends_at_the_step_shown() -> None:
    session = Session(Experiment.of({"depth": 3, "width": 4, "data": "blobs"}))
    session.do(Advance(Grain.STEP, 20))
    session.do(Pin())
    session.do(Visit(0, Position(8, 0)))
    shown = frame(session, View())
    assert shown.pinned_history is not None
    assert len(shown.history.loss) == len(shown.pinned_history.loss) == 8
    drawn = plain(history(shown, 50, 12, "braille"))
    assert "step 10" in drawn


@pytest.mark.parametrize("count", [1000, 5000])
def test_no_column_loses_its_smallest_and_largest(count: int) -> None:
    # One layer of a thousand is larger by eight decades, one smaller: both are seen at 80 columns.
    sizes = [1.0] * count
    sizes[count // 3], sizes[2 * count // 3] = 1e8, 1e-8
    curve = Curve("live", [float(k) for k in range(1, count + 1)], sizes, "live")
    picture = draw([curve], Axis(1, count), Axis(1e-9, 1e9, log=True), 80, 24)
    rows = picture.text().splitlines()[:-2]
    canvas = [row[5:] for row in rows]
    assert any(sign not in " ⠤⣀⠒⠉" for sign in canvas[1])
    assert any(sign not in " ⠤⣀⠒⠉" for sign in canvas[-2])


def test_the_signs_of_the_profile_are_all_told_at_the_smallest_size() -> None:
    shown = {"live", "second", "previous", "theory"}
    assert plain([legend(shown, 30, "braille")]).split() == [
        "⠤⠤⠤", "delta", "⠤◆⠤", "W", "⠄⠄⠄", "bef", "×", "th",
    ]  # fmt: skip
