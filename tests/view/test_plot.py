"""Charts: what a reader sees at which row and column, and that no number can bring them down."""

import itertools
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from gradsim.view.axes import Floats
from gradsim.view.plot import MARKS, Axis, Curve, Markers, Picture, draw, fit, sample

NAN, INF = math.nan, math.inf
LARGEST = sys.float_info.max
MARKERS: tuple[Markers, ...] = ("braille", "block", "ascii")
STYLES = ("live", "second", "ghost", "pinned", "theory", "threshold")
LAYERS = list(range(1, 21))
VANISHING = [10.0 ** (-2 - 12 * (layer - 1) / 19) for layer in LAYERS]


def cells(picture: Picture) -> Iterator[tuple[int, int, str, str]]:
    """Row, column, sign and role of every cell."""
    for row, runs in enumerate(picture.rows):
        column = 0
        for text, role in runs:
            for sign in text:
                yield row, column, sign, role
                column += 1


def places(picture: Picture, role: str) -> list[tuple[int, int]]:
    """Where a role has signs."""
    return [(row, column) for row, column, sign, each in cells(picture) if each == role != sign]


def marks(picture: Picture) -> dict[tuple[int, int], str]:
    """The marks by row and column."""
    return {(row, column): sign for row, column, sign, role in cells(picture) if role == "mark"}


def side(picture: Picture) -> dict[int, str]:
    """The labels of the y axis by row."""
    ticked = [row for row, _, sign, role in cells(picture) if role == "axis" and sign in "┤+"]
    texts = [
        line.replace("+", "┤").partition("┤")[0].strip() for line in picture.text().split("\n")
    ]
    return {row: texts[row] for row in ticked if texts[row] and "└" not in texts[row]}


def foot(picture: Picture) -> list[str]:
    """The words below the x axis."""
    return picture.text().split("\n")[-1].split()


def canvas(picture: Picture) -> tuple[range, range]:
    """The rows and the columns between the axes."""
    upright = [(row, column) for row, column, sign, _ in cells(picture) if sign in "│┤"]
    rows = [row for row, _ in upright]
    return range(min(rows), max(rows) + 1), range(upright[0][1] + 1, len(list(cells(picture))))


def one(
    y: Sequence[float] | Floats,
    limits: Axis,
    width: int = 60,
    height: int = 14,
    markers: Markers = "braille",
    style: str = "live",
    connect: bool = True,
) -> Picture:
    """One curve over layers numbered from 1."""
    count = max(len(y), 2)
    curve = Curve("it", list(range(1, len(y) + 1)), y, style, connect)
    return draw([curve], Axis(1, count, label="layer"), limits, width, height, markers)


# Numbers that abort a process in plotext: all drawn in another process

HOSTILE: dict[str, tuple[list[float], tuple[float, float, bool], str]] = {
    "nan": ([1, NAN, 2], (0, 3, False), "?"),
    "nan-log": ([1, NAN, 2], (0.1, 10, True), "?"),
    "all-nan": ([NAN] * 4, (0, 1, False), "????"),
    "infinity": ([1, INF, 2], (0, 3, False), "∞"),
    "minus-infinity": ([1, -INF, 2], (0, 3, False), "∞"),
    "minus-infinity-log": ([1, -INF, 2], (0.1, 10, True), "∞"),
    "zero-log": ([1, 0, 2], (0.1, 10, True), "0"),
    "minus-zero-log": ([1, -0.0, 2], (0.1, 10, True), "0"),
    "zero": ([1, 0, 2], (0, 3, False), ""),
    "negative-log": ([1, -3, 2], (0.1, 10, True), "−"),
    "subnormal-below": ([1, 1e-320, 2], (0.1, 10, True), "▼"),
    "subnormal-log": ([1e-310, 1e-320, 5e-324], (5e-324, 1e-300, True), ""),
    "subnormal": ([1e-310, 1e-320, 5e-324], (0, 1e-310, False), ""),
    "huge-above": ([1, 1e308, 2], (0, 3, False), "▲"),
    "huge-below": ([1, -1e308, 2], (0, 3, False), "▼"),
    "huge": ([1e308, -1e308, 0], (-LARGEST, LARGEST, False), ""),
    "huge-log": ([1e308, 1, 1e-308], (5e-324, LARGEST, True), ""),
    "empty": ([], (0, 1, False), ""),
    "empty-log": ([], (0.1, 1, True), ""),
    "one-point": ([0.5], (0, 1, False), ""),
    "all-equal": ([3, 3, 3], (2, 4, False), ""),
    "equal-limits": ([3, 3, 3], (3, 3, False), ""),
    "equal-limits-log": ([3, 3, 3], (3, 3, True), ""),
    "equal-limits-missed": ([3, 4, 2], (3, 3, False), "▲▼"),
    "everything": (
        [NAN, INF, -INF, 0, -0.0, 5e-324, 1e-320, 1e308, -1e308, 1, NAN, 1],
        (0.1, 10, True),
        "?∞∞00▼▼▲−?",
    ),
}
DRAW_ALL = """
import json, sys
from gradsim.view.plot import Axis, Curve, draw
for name, (y, (low, high, log), _) in json.load(sys.stdin).items():
    for width, height in ((60, 14), (30, 6), (16, 4)):
        for markers in ("ascii", "block", "braille"):
            for connect in (False, True):
                x = list(range(1, len(y) + 1))
                curve = Curve(name, x, y, "live", connect)
                axes = Axis(1, max(len(y), 1), label="layer"), Axis(low, high, log, "norm")
                rows = draw([curve], *axes, width, height, markers).rows
                print(json.dumps([name, width, height, markers, connect, rows]), flush=True)
"""


@pytest.fixture(scope="module")
def drawn_elsewhere() -> tuple[int, dict[str, list[Any]]]:
    """The exit code of a process that draws every hostile case, and what it drew until then."""
    run = subprocess.run(
        [sys.executable, "-c", DRAW_ALL],
        input=json.dumps(HOSTILE),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    drawn: dict[str, list[Any]] = {}
    for line in run.stdout.splitlines():
        name, *picture = json.loads(line)
        drawn.setdefault(name, []).append(picture)
    return run.returncode, drawn


def test_no_number_ends_the_process(drawn_elsewhere: tuple[int, dict[str, list[Any]]]) -> None:
    code, drawn = drawn_elsewhere
    assert code == 0, f"ended with {code} in {[*drawn][-1:]}"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_numbers(name: str, drawn_elsewhere: tuple[int, dict[str, list[Any]]]) -> None:
    y, (low, high, log), expected = HOSTILE[name]
    pictures = drawn_elsewhere[1][name]
    assert len(pictures) == 3 * 3 * 2
    for width, height, markers, _, rows in pictures:
        assert len(rows) == height
        assert {sum(cell_len(text) for text, _ in row) for row in rows} == {width}
        if markers == "braille" and width == 60:
            seen = "".join(text for row in rows for text, role in row if role == "mark")
            assert sorted(seen) == sorted(expected)
            fits = [low <= each <= high and (each > 0 or not log) for each in y]
            assert any(role == "live" for row in rows for _, role in row) == any(fits)


# Size


@pytest.mark.parametrize("markers", MARKERS)
def test_every_row_is_as_wide_as_asked(markers: Markers) -> None:
    curves = [
        Curve("pinned", LAYERS, VANISHING[::-1], "pinned"),
        Curve("live", LAYERS, [*VANISHING[:17], NAN, INF, 0.0], "live"),
    ]
    x, y = Axis(1, 20, label="layer"), Axis(1e-14, 1e-2, log=True, label="gradient norm")
    for width, height in itertools.product((0, 1, 9, 15, 16, 17, 23, 30, 61, 120), range(0, 31, 3)):
        picture = draw(curves, x, y, width, height, markers)
        assert len(picture.rows) == height
        assert all(sum(cell_len(text) for text, _ in row) == width for row in picture.rows)
        assert all(text for row in picture.rows for text, _ in row)


@pytest.mark.parametrize(("width", "height"), [(15, 30), (120, 3)])
def test_too_small_says_so(width: int, height: int) -> None:
    assert "too small" in one(VANISHING, Axis(1e-14, 1e-2, log=True), width, height).text()
    assert "too small" not in one(VANISHING, Axis(1e-14, 1e-2, log=True), 16, 4).text()


def test_a_small_chart_can_be_read() -> None:
    picture = one(VANISHING, Axis(*fit([VANISHING], log=True), log=True, label="norm"), 30, 6)
    assert list(side(picture).values()) == ["1e-2", "1e-14"]
    assert len({row for row, _ in places(picture, "live")}) >= 3
    assert foot(picture) == ["1", "5", "10", "layer", "20"]


# Where a value stands


@pytest.mark.parametrize("markers", MARKERS)
def test_a_falling_curve_falls(markers: Markers) -> None:
    picture = one(VANISHING, Axis(1e-14, 1e-2, log=True), 70, 20, markers)
    where = places(picture, "live")
    columns = sorted({column for _, column in where})
    means = [np.mean([row for row, at in where if at == column]) for column in columns]
    assert columns == list(range(columns[0], 70))
    assert all(after >= before for before, after in itertools.pairwise(means))
    assert min(where)[0] == 0
    assert max(where)[0] == 17


@pytest.mark.parametrize("markers", MARKERS)
@pytest.mark.parametrize("height", [6, 7, 12, 25, 40])
@pytest.mark.parametrize("limits", [(1e-14, 1e-2), (1e-9, 1e-7), (1e-300, 1e300), (3e-9, 4e2)])
def test_a_label_stands_in_the_row_of_its_value(
    markers: Markers, height: int, limits: tuple[float, float]
) -> None:
    axis = Axis(*limits, log=True)
    labels = side(one([], axis, 60, height, markers))
    assert len(labels) >= 2
    for row, label in labels.items():
        exponent = label.removeprefix("1e")
        assert label == f"1e{int(exponent)}"
        level = one([float(label)] * 3, axis, 60, height, markers)
        assert {at for at, _ in places(level, "live")} == {row}


def test_a_constant_at_1e_8_stands_beside_its_label() -> None:
    y = [1e-8] * 5
    picture = one(y, Axis(*fit([y], log=True), log=True))
    (row,) = {row for row, _ in places(picture, "live")}
    assert side(picture)[row] == "1e-8"


@pytest.mark.parametrize("limits", [(-4, 4), (0, 1), (0.08, 3.4), (-1e308, 1e308), (0, 3e-7)])
def test_linear_labels_stand_in_the_rows_of_their_values(limits: tuple[float, float]) -> None:
    axis = Axis(*limits)
    labels = side(one([], axis, 60, 16))
    assert len(labels) >= 2
    for row, label in labels.items():
        level = one([float(label)] * 3, axis, 60, 16)
        assert {at for at, _ in places(level, "live")} == {row}


@pytest.mark.parametrize("height", range(4, 40))
def test_labels_of_a_log_axis_are_not_crowded(height: int) -> None:
    rows = sorted(side(one([], Axis(1e-14, 1e-2, log=True), 60, height)))
    assert len(rows) >= 2
    assert all(after - before >= 2 for before, after in itertools.pairwise(rows))


@pytest.mark.parametrize("width", [30, 47, 60, 110])
@pytest.mark.parametrize("count", [2, 7, 20, 64, 1000])
def test_first_and_last_layer_are_labelled_by_whole_numbers(width: int, count: int) -> None:
    picture = one([0.5] * count, Axis(0, 1), width)
    words = [word for word in foot(picture) if word != "layer"]
    assert words[0] == "1"
    assert words[-1] == str(count)
    assert all(word.isdecimal() for word in words)
    assert foot(picture)[-2:] == ["layer", str(count)]
    line = picture.text().split("\n")[-2]
    assert line.endswith("┬")
    assert line.count("┬") == len(words)


def test_the_name_of_an_axis_gives_way_to_its_first_label() -> None:
    axes = Axis(1, 20, label="training step"), Axis(0, 1)
    assert foot(draw([], *axes, 24, 10)) == ["1", "training", "step", "20"]
    assert foot(draw([], *axes, 20, 10)) == ["1", "5", "10", "15", "20"]


def test_a_single_layer_stands_in_the_middle() -> None:
    picture = draw([Curve("it", [1], [0.5], "live")], Axis(1, 1, label="layer"), Axis(0, 1), 41, 9)
    ((row, column),) = places(picture, "live")
    assert foot(picture) == ["layer", "1"]
    assert picture.text().split("\n")[-1][column] == "1"
    assert row == 3


# What has no place on the canvas


@pytest.mark.parametrize("markers", MARKERS)
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (NAN, "nan"),
        (INF, "infinity"),
        (-INF, "minus infinity"),
        (0.0, "zero"),
        (-2.0, "negative"),
        (1e9, "above"),
        (1e-9, "below"),
    ],
)
def test_a_mark_stands_in_its_column_and_breaks_the_line(
    value: float, kind: str, markers: Markers
) -> None:
    y = [1.0] * 9
    y[4] = value
    picture = one(y, Axis(0.1, 10, log=True), 54, 14, markers)
    fine, plain, edge = MARKS[kind]
    left = 54 - 49  # 49 columns: layer n stands 6 columns after layer n - 1
    assert marks(picture) == {
        (0 if edge == "top" else 11, left + 24): plain if markers == "ascii" else fine
    }
    columns = {column - left for _, column in places(picture, "live")}
    assert columns == {*range(19), *range(30, 49)}


def test_a_value_between_two_gaps_is_seen() -> None:
    picture = one([NAN, 1.0, NAN], Axis(0, 2))
    ((row, column),) = places(picture, "live")
    assert picture.text().split("\n")[row][column] == "•"


def test_only_a_log_axis_marks_zero_and_negative() -> None:
    assert not marks(one([0.0, -1.0, 1.0], Axis(-2, 2)))
    assert len(marks(one([0.0, -1.0, 1.0], Axis(0.1, 2, log=True)))) == 2


def test_points_beside_the_chart_are_not_drawn() -> None:
    curve = Curve("it", [-5, 0.9, 20.1, NAN, INF], [1, NAN, INF, 1, 1], "live")
    picture = draw([curve], Axis(1, 20), Axis(0, 2), 40, 10)
    assert not places(picture, "live")
    assert not marks(picture)


# Many points


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("at", [0, 1, 777, 50_000, 99_999])
def test_a_spike_is_not_lost(style: str, at: int) -> None:
    y = np.ones(100_000)
    y[at] = 99.0
    curve = Curve("loss", np.arange(100_000, dtype=np.float64), y, style)
    picture = draw([curve], Axis(0, 99_999), Axis(0, 100), 104, 14)
    top = [column for row, column in places(picture, style) if row == 0]
    left = 104 - 100
    assert len(top) == 1
    assert abs(top[0] - left - at / 1000) <= 1


def test_many_points_reach_plotext_as_two_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    import plotext

    sent: list[int] = []
    signal = plotext.figure.signal

    def counted(x: list[float], y: list[float], marker: str) -> Any:
        sent.append(len(x))
        return signal(x, y, marker=marker)

    monkeypatch.setattr(plotext.figure, "signal", counted)
    noise = np.random.default_rng(0).standard_normal(100_000)
    for connect in (True, False):
        one(noise, Axis(-5, 5), 60, 14, connect=connect)
    assert len(sent) == 2
    assert sent[0] <= 2 * 60 + 2
    assert sent[1] <= 60 * 14


def test_a_level_line_of_many_points_reaches_both_ends() -> None:
    picture = one([1.0] * 9_999, Axis(0, 2))
    (line,) = (text for row in picture.rows for text, role in row if role == "live")
    assert set(line) == {line[0]}
    assert len(line) == 60 - len("1┤")


def test_a_gap_among_many_points_is_not_bridged() -> None:
    y = np.ones(10_000)
    y[4000:6000] = NAN
    picture = one(y, Axis(0, 2), 102, 14)
    columns = {column for _, column in places(picture, "live")}
    assert not columns & set(range(45, 60))
    assert columns > {*range(5, 40), *range(65, 102)}


# Which curve is which


@pytest.mark.parametrize("markers", MARKERS)
@pytest.mark.parametrize("shape", [[1.0, 1.0], VANISHING])
def test_styles_differ_without_colour(markers: Markers, shape: list[float]) -> None:
    axis = Axis(*fit([shape], log=True), log=True)
    looks = [one(shape, axis, markers=markers, style=style).text() for style in (*STYLES, "other")]
    assert len(set(looks)) == len(looks)
    samples = [sample(style, markers) for style in (*STYLES, "other")]
    assert len(set(samples)) == len(samples)
    assert {cell_len(each) for each in samples} == {3}


def test_a_dotted_curve_passes_the_cells_of_a_solid_one() -> None:
    limits = Axis(1e-14, 1e-2, log=True)
    solid, dotted = (one(VANISHING, limits, style=style) for style in ("live", "ghost"))
    assert places(solid, "live") == places(dotted, "ghost")
    assert "\u2800" not in dotted.text()  # braille without a dot


def test_points_that_are_not_joined_are_signs() -> None:
    picture = one([1.0, 2.0, 1.0], Axis(0, 3), connect=False, style="pinned")
    assert len(places(picture, "pinned")) == 3
    assert picture.text().count("○") == 3
    assert "○" in sample("pinned", connect=False)


@pytest.mark.parametrize("markers", MARKERS)
def test_signs_of_theory_lie_on_the_live_line(markers: Markers) -> None:
    x, y = Axis(1, 20), Axis(0, 2)
    signs = Curve("theory", [2, 10, 18], [1, 1, 1], "theory", connect=False)
    drawn = draw([signs, Curve("live", [1, 20], [1, 1], "live")], x, y, 40, 9, markers)
    roles = [role for *_, role in cells(drawn)]
    assert roles.count("theory") == 3
    assert roles.count("live") > 20


@pytest.mark.parametrize("markers", MARKERS)
def test_live_covers_all_and_later_covers_earlier(markers: Markers) -> None:
    names = ("live", "pinned", "ghost")
    level = [Curve(name, [1, 20], [1, 1], name) for name in names]
    x, y = Axis(1, 20), Axis(0, 2)
    assert {role for *_, role in cells(draw(level, x, y, 40, 9, markers))} & {*names} == {"live"}
    without = {role for *_, role in cells(draw(level[1:], x, y, 40, 9, markers))}
    assert without & {*names} == {"ghost"}


def test_ascii_is_ascii_and_block_has_no_braille() -> None:
    y = [*VANISHING[:12], NAN, INF, -INF, 0.0, -1.0, 1e9, 1e-30, 1e-3]
    curves = [Curve(style, LAYERS, y, style) for style in STYLES]
    x, limits = Axis(1, 20, label="layer"), Axis(1e-14, 1e-2, log=True, label="norm")
    assert draw(curves, x, limits, 60, 14, "ascii").text().isascii()
    for style in STYLES:
        block = draw([Curve(style, LAYERS, y, style)], x, limits, 60, 14, "block").text()
        assert not any("\u2800" <= sign <= "\u28ff" for sign in block)


# The same always


def test_same_input_same_output_whatever_the_terminal_says() -> None:
    program = """
import json, os, sys
sys.path.insert(0, os.getcwd())
from gradsim.view.plot import Axis, Curve, draw
layers = list(range(1, 21))
y = [10.0 ** (-2 - 12 * (layer - 1) / 19) for layer in layers]
axes = Axis(1, 20, label="layer"), Axis(1e-14, 1e-2, True, "norm")
first = draw([Curve("it", layers, y, "live")], *axes, 120, 30)
draw([Curve("it", layers, y, "pinned")], Axis(0, 3), Axis(0, 1), 50, 9, "block")
again = draw([Curve("it", layers, y, "live")], *axes, 120, 30)
assert first == again
print(json.dumps(first.rows))
"""
    curve = Curve("it", LAYERS, VANISHING, "live")
    axes = Axis(1, 20, label="layer"), Axis(1e-14, 1e-2, log=True, label="norm")
    here = json.loads(json.dumps(draw([curve], *axes, 120, 30).rows))
    for changed in (
        {"COLUMNS": "20", "LINES": "5", "NO_COLOR": "1", "TERM": "dumb"},
        {"COLUMNS": "500", "LINES": "200", "FORCE_COLOR": "1", "LC_ALL": "C"},
    ):
        run = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | changed,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert json.loads(run.stdout) == here


def test_plotext_is_not_loaded_before_there_is_a_curve() -> None:
    program = """
import sys
from gradsim.view.plot import Axis, draw
draw([], Axis(0, 1), Axis(0, 1), 40, 10)
sys.exit("plotext" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


# Limits


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0, INF, False, "norm"), 'axis "norm": limits must be finite, not 0 to inf'),
        ((NAN, 1), "axis: limits must be finite, not nan to 1"),
        ((2, 1), "axis: the low limit 2 is above the high 1"),
        ((0, 1, True), "axis: limits of a log axis must be above 0, not 0"),
    ],
)
def test_limits_that_cannot_be_drawn(arguments: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match="limit") as error:
        one([1.0], Axis(*arguments))
    assert str(error.value) == sentence


def test_a_curve_needs_as_many_x_as_y() -> None:
    with pytest.raises(ValueError, match='curve "loss": x has 2 values and y has 1'):
        Curve("loss", [1, 2], [1], "live")


def test_markers_that_are_not_known() -> None:
    unknown: Any = "emoji"
    with pytest.raises(ValueError, match="known are: braille, block, ascii"):
        draw([], Axis(0, 1), Axis(0, 1), 40, 10, unknown)


EXTREMES = [NAN, INF, -INF, 0.0, 5e-324, 1e-320, 3e-8, 1e-8, 1.0, 7e5, 1e308, LARGEST]


@pytest.mark.parametrize("log", [False, True])
def test_fit_holds_every_usable_value(log: bool) -> None:
    signed = [*EXTREMES, *(-each for each in EXTREMES)]
    for values in [[], *itertools.combinations_with_replacement(signed, 2)]:
        low, high = fit([values], log)
        assert math.isfinite(low)
        assert math.isfinite(high)
        assert low < high
        usable = [each for each in values if math.isfinite(each) and (each > 0 or not log)]
        assert all(low <= each <= high for each in usable)
        Axis(low, high, log)


def test_fit_of_a_log_axis_is_whole_decades() -> None:
    for decade in range(-300, 300):
        power = float(f"1e{decade}")
        assert fit([[power]], log=True) == (float(f"1e{decade - 1}"), float(f"1e{decade + 1}"))
        assert fit([[power, 7 * power]], log=True) == (power, float(f"1e{decade + 1}"))
    nearly = [1e-8 * (1 - 1e-12), 1e-2 * (1 + 1e-12)]
    assert fit([nearly], log=True) == (1e-8, 1e-2)
    assert not marks(one(nearly, Axis(1e-8, 1e-2, log=True)))
    assert fit([[3e-8], [2e-3, NAN, 0.0, -5.0]], log=True) == (1e-8, 1e-2)


def test_fit_of_a_linear_axis_leaves_room_but_does_not_cross_zero() -> None:
    assert fit([[1.0, 3.0]], log=False, pad=0.1) == pytest.approx((0.8, 3.2))
    assert fit([[0.0, 3.0]], log=False) == pytest.approx((0.0, 3.15))
    assert fit([[-3.0, -0.1]], log=False)[1] == 0.0
