"""A layer as pictures: bars, axes, saturation under the curve, and pages at every size."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from gradsim.experiment.experiment import Experiment
from gradsim.insight.layer import LayerStudy, capture, studying
from gradsim.insight.tally import Tally, tallying
from gradsim.insight.weight import whole
from gradsim.nn.network import LayerName
from gradsim.simulation.session import Session
from gradsim.view.function import function
from gradsim.view.histogram import axis, bars, facts, histogram, titled
from gradsim.view.layer import layer, layout, words
from gradsim.view.lines import Line, length, plain
from gradsim.view.pages import Piece, draw, pages, rows, together

SIZES = [(1, 1), (20, 5), (56, 8), (76, 13), (116, 28), (196, 48), (296, 80)]


def tally_of(*values: float) -> Tally:
    return whole(tallying(np.array(values, np.float64)))


def study_of(layer: LayerName = 2, time: int | None = None, **knobs: Any) -> LayerStudy:
    settings = {name.replace("_", "-"): value for name, value in knobs.items()}
    session = Session(Experiment.of({"depth": 3, "width": 16, "batch-size": 16} | settings))
    return whole(studying(capture(whole(session.going_to_gradients()), 0, layer, time)))


def shown(tally: Tally, width: int, height: int, **how: Any) -> list[str]:
    lines = histogram([("x", "value")], tally, "live", width, height, **how)
    assert len(lines) == height
    assert all(length(line) == width for line in lines)
    return plain(lines).splitlines()


def test_bars_by_hand() -> None:
    counts = np.array([0, 1, 1000, 500, 250])
    assert plain(bars(counts, "live", 2, "braille")).splitlines() == ["  █  ", " ▁██▄"]
    assert plain(bars(counts, "live", 2, "ascii")).splitlines() == ["  #  ", " .##:"]
    # More than fits is cut at the top, none at all is no bar.
    assert plain(bars(counts, "live", 1, "braille", top=500)) == " ▁██▄"
    assert plain(bars(np.zeros(3, np.int64), "live", 1, "braille")) == "   "


def test_values_stand_over_their_place_on_the_axis() -> None:
    lines = shown(tally_of(-1.0, -1.0, 0.5, 1.0), 20, 5)
    assert lines[1:3] == ["█" + " " * 19, "█" + " " * 14 + "█" + " " * 3 + "█"]
    assert lines[3] == "-1 ────── 0 ────── 1"
    assert lines[4].startswith("std 0.893  largest 1")
    assert shown(tally_of(0.25, 0.25), 21, 5)[2:4] == [" " * 10 + "█" + " " * 10, axis_of(0.25)]


def axis_of(value: float) -> str:
    return f"─────── {value} ────────"


def test_sizes_stand_by_decade_with_the_sign_as_the_side() -> None:
    lines = shown(tally_of(-1e-9, -0.5, -0.5, 0.0, 0.0, 2e-5), 41, 6, log=True)
    # Nine decades in 20 cells to either side of the zeros, the largest at the ends.
    low = lines[3]
    assert low.index("█") == 0
    assert low[20] == "0"
    assert [k for k, sign in enumerate(low) if sign not in " 0"] == [0, 19, 30]
    assert lines[4].split() == ["-1e0", *lines[4].split()[1:-1], "1e0"]
    assert "-1e-9" in lines[4]
    assert lines[5].startswith("zero 2 (33.3 %)")


def test_what_has_no_place_is_named_and_counted() -> None:
    tally = tally_of(nan, nan, inf, -inf, 0.0, 5e-324, 1.0, *[2.0] * 20)
    line = plain([facts(tally, 80)])
    assert line.startswith("NaN 2 (7.4 %)  ∞ 2 (7.4 %)  zero 1 (3.7 %)  subnormal 1 (3.7 %)  std")
    # Where there is little room the shares go first.
    assert plain([facts(tally, 38)]).startswith("NaN 2  ∞ 2  zero 1  subnormal 1  ")
    assert plain([facts(tally, 20)]).startswith("NaN 2  ∞ 2  zero 1")
    assert "none zero, subnormal or not finite" in plain([facts(tally_of(1.0, 2.0), 100)])
    assert "no entry is a finite number" in "\n".join(shown(tally_of(nan, inf), 30, 6))
    for log in (False, True):
        for values in ([0.0, 0.0], [5e-324], [-1.7e308, 1.7e308], [nan], []):
            for width, height in ((26, 6), (37, 12), (5, 4)):
                shown(tally_of(*values), width, height, log=log, markers="ascii")


def test_labels_of_an_axis_never_touch() -> None:
    assert plain([axis([(0, "-10"), (9, "10"), (3, "0")], 10, "braille")]) == "-10 ─── 10"
    assert plain([axis([(0, "-10"), (14, "10"), (7, "0")], 15, "ascii")]) == "-10 -- 0 --- 10"
    assert plain([axis([(3, "too long")], 4, "braille")]) == "────"


def test_the_scale_is_said_where_there_is_little_room() -> None:
    tally = tally_of(*range(4096))
    wide = plain([titled("delta", "dL/dz", tally, True, 60)])
    assert wide.split("  ")[0] == "delta"
    assert wide.endswith("4,096 entries, log")
    assert plain([titled("weight gradient", "dL/dW", tally, False, 26)]).endswith(" linear")


def test_bars_stand_under_the_curve_and_the_saturated_part_is_marked() -> None:
    found, tally = study_of(activation="hardtanh", initializer_gain=3.0).functions[0]
    lines = plain(function(found, tally, 70, 20)).splitlines()
    zone = next(line for line in lines if "░" in line)
    left = zone.index("│")
    foot = next(line for line in lines if "└" in line)
    assert foot.index("└") == left
    cells = 70 - left - 1
    # hardtanh has no slope beyond -1 and 1, and has it in between.
    free = [k for k, sign in enumerate(zone[left + 1 :]) if sign == " "]
    edges = [(k + 0.5) / cells * 2 * found.reach - found.reach for k in (free[0], free[-1])]
    assert edges == pytest.approx([-1.0, 1.0], abs=2 * found.reach / cells)
    said = plain(function(found, tally, 100, 20))
    assert f"saturated {100 * found.saturated_share:.1f} % (slope below 5% of its largest)" in said
    assert "slope exactly 0" in said


def test_a_relu_is_said_not_to_saturate_and_nan_to_be_none() -> None:
    found, tally = study_of(activation="relu").functions[0]
    assert "it does not saturate" in plain(function(found, tally, 100, 20))
    # Its values are large, the slope is seen all the same.
    large = replace(found, value=found.value * 1e6)
    assert "/ 1.0e6" in plain(function(large, tally, 100, 20))
    found, tally = study_of(3, activation="relu", initializer_gain=1e200).functions[0]
    assert "of 256 entries are NaN or infinite" in plain(function(found, tally, 100, 20))


def test_a_saturated_share_counts_both_sides() -> None:
    found, tally = study_of(activation="tanh", initializer_gain=30.0).functions[0]
    below, above = (n / found.entries for n in found.saturated)
    assert below > 0.3
    assert above > 0.3
    said = plain(function(found, tally, 120, 20))
    assert f": {100 * below:.1f} % below 0, {100 * above:.1f} % above" in said


def test_a_small_share_is_told_with_the_digits_that_its_sides_need() -> None:
    found, tally = study_of(activation="tanh").functions[0]
    few = replace(found, saturated=(3, 4), entries=10_000)
    assert "0.07 % (slope" in plain(function(few, tally, 120, 20))
    assert ": 0.03 % below 0, 0.04 % above" in plain(function(few, tally, 120, 20))


def piece(width: int, height: int, sign: str, **how: Any) -> Piece:
    def lines(w: int, h: int) -> list[Line]:
        return [((sign * w, ""),)] * h

    return Piece((width, height), lines, **how)


def test_rows_are_as_even_as_they_can_be() -> None:
    four = [piece(26, 6, sign) for sign in "abcd"]
    assert [len(row) for row in rows(four, 116)] == [4]
    assert [len(row) for row in rows(four, 100)] == [2, 2]
    assert [len(row) for row in rows(four[:3], 76)] == [1, 2]
    assert [len(row) for row in rows(four, 10)] == [1, 1, 1, 1]
    assert rows([], 76) == []
    assert len(together(tuple(four[:1]), tuple(four[1:3]), 84)) == 1
    assert len(together(tuple(four[:1]), tuple(four[1:3]), 83)) == 2


def test_pages_hold_what_fits_and_each_row_alone_where_one_holds_all() -> None:
    three = [(piece(20, 6, sign),) for sign in "abc"]
    assert pages(three, 12) == [tuple(three[:2]), (three[2],)]
    assert pages(three, 18) == [tuple(three), *((row,) for row in three)]
    assert pages(three[:1], 3) == [(three[0],)]


def test_a_page_is_filled() -> None:
    grown = (piece(4, 2, "a"), piece(4, 2, "b"))
    words = (piece(4, 1, "w", grows=False),)
    assert plain(draw((grown, words), 13, 8)).splitlines() == [
        *["aaaaa   bbbbb"] * 6, " " * 13, "w" * 13,
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("markers", ["braille", "ascii"])
@pytest.mark.parametrize(
    "knobs",
    [
        {"layer": 1},
        {"layer": "output"},
        {"activation": "relu", "initializer_gain": 1e200, "layer": 3},
        {"skip": "dense", "normalization": "batch"},
        {"cell": "lstm", "data": "adding", "loss": "mean-squared-error", "layer": 1, "time": 1,
         "sequence_length": 5},
    ],
    ids=str,
)  # fmt: skip
def test_every_page_fits_at_every_size(
    width: int, height: int, markers: Any, knobs: dict[str, Any]
) -> None:
    study = study_of(**knobs)
    count = len(layout(study, True, width, height - 1, markers))
    for number in (*range(count), -1):
        lines = layer(study, number, True, width, height, markers)
        assert len(lines) == height
        assert {length(line) for line in lines} == {width}


def test_everything_is_on_some_page() -> None:
    study = study_of(1, activation="tanh")
    names = ["tanh", "pre-activation", "activation", "delta", "weight gradient", "W  16 units",
             "gradient of W", "W as pictures", "x phi'(z)", "Layer 1 "]  # fmt: skip
    for width, height in ((76, 13), (116, 28), (196, 48)):
        count = len(layout(study, True, width, height - 1, "braille"))
        text = [plain(layer(study, k, True, width, height, "braille")) for k in range(count)]
        for name in names:
            assert any(name in page for page in text), (name, width)
        assert f"page 1 of {count}" in text[0]
    wide = plain(layer(study, 0, True, 196, 48, "braille"))
    assert all(name in wide for name in names)


def test_words_are_whole_and_the_formula_comes_first() -> None:
    study = study_of(2, skip="residual", normalization="batch", activation="relu")
    [sentence, main, other] = words(study, 76)
    assert len(main) == len(other) == 4
    for height in range(len(sentence) + 4, 20):
        lines = layout(study, True, 76, height, "braille")
        told = [plain(draw(page, 76, height)) for page in lines]
        assert any(plain(sentence[:1]) in page and plain(main) in page for page in told)
        for page in told:
            # A path's name never stands without its formula.
            assert page.count("of the sum of all paths") == page.count("arrives")
    assert plain(draw(layout(study, True, 76, 4, "braille")[3], 76, 4)).startswith("path ")


def test_a_mean_that_only_rounding_leaves_says_so() -> None:
    left = tally_of(0.1, 0.2, -0.3, 1e-18)
    assert left.mean != 0.0
    assert "mean ~0" in shown(left, 60, 10)[-1]
    assert "mean 0 " in shown(tally_of(1.0, -1.0), 60, 10)[-1] + " "
    assert "mean 2.5e-4" in shown(tally_of(1e-3, -5e-4), 60, 10)[-1]
