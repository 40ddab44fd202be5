"""One weight: what its picture shows, and what is said of it."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from gradsim.experiment.experiment import Experiment
from gradsim.insight.slope import Differences, Nudge
from gradsim.insight.study import Study, study
from gradsim.insight.weight import Probe, Weight
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session
from gradsim.view.lines import length, plain
from gradsim.view.weight import chart, columns, field, page
from gradsim.view.weight_words import figures, sentences, short, title

WEIGHT = Weight(3, "weight", (5, 7))
SLOPE = Differences(1e-5, -4.1000001e-3, -4.11e-3, -4.09e-3, 1e-11, kink=False)


def made(**changes: Any) -> Study:
    """A study by hand: a parabola with the slope of the gradient at the weight."""
    values = [0.5 + 0.1 * k for k in range(-5, 6)]
    points = [(v, 2.0 - 0.0041 * (v - 0.5) + 0.05 * (v - 0.5) ** 2) for v in values]
    base = Study(
        weight=WEIGHT, step=3, dtype="float64", value=0.5, gradient=-0.0041, loss=2.0,
        nudged=False, nudge=Nudge(0.001, -4.1e-6, -4.099e-6, 2.0 - 4.099e-6, 4.4e-16),
        slope=SLOPE, half_width=0.5, points=points,
    )  # fmt: skip
    return replace(base, **changes)


def said(**changes: Any) -> str:
    return " ".join(sentences(made(**changes)))


def test_what_a_newcomer_reads() -> None:
    assert title(made()) == "layer 3, weight[5, 7]: from input 7 to unit 5"
    assert sentences(made()) == [
        "This weight is 0.500, its gradient -4.10e-3: making it larger by 0.001 should change the "
        "loss by -4.100e-6; it really changes it by -4.099e-6 (0.024 % off).",
        "By differences alone (1e-5 to each side) the slope is -4.1000001e-3: 7 digits agree.",
    ]
    nudge = Nudge(-0.25, 0.001025, 0.004, 2.004, 4.4e-16)
    assert (
        "Made smaller by 0.25 it should change the loss by 1.025e-3; it really changes it by "
        in (said(nudged=True, nudge=nudge))
    )
    assert "(74 % off)" in said(nudge=nudge)


def test_what_a_number_format_cannot_show_is_said() -> None:
    tiny = {"gradient": 3e-14, "slope": None}
    text = said(nudge=Nudge(0.001, 3e-17, 0.0, 2.0, 4.4e-16), **tiny)
    assert "The loss does not change in any digit that float64 holds: 2.0 before and after" in text
    assert "digits end at 4.4e-16" in text
    assert "% off" not in text
    text = said(nudge=Nudge(0.001, 3e-17, -4.4e-16, 2.0, 4.4e-16), **tiny)
    assert "float64 cannot show so little" in text
    assert "what it changes by is rounding" in text
    text = said(dtype="float32", nudge=Nudge(0.001, 4e-6, 4.2e-6, 2.0, 2.4e-7))
    assert "(the same up to rounding)" in text
    assert "in float64, as float32 shows this loss in steps of 2.4e-7) the slope is" in text
    text = said(dtype="float32", nudge=Nudge(0.0, 0.0, 0.0, 2.0, 2.4e-7))
    assert "a nudge as small as that leaves it where it is in float32" in text


def test_odd_slopes_are_said() -> None:
    kink = replace(SLOPE, left=0.0, right=-0.0082, kink=True)
    assert "a kink here: its slope is 0 to the left and -8.200e-3 to the right" in said(slope=kink)
    still = Nudge(0.001, 0.0, 0.0, 2.0, 4.4e-16)
    flat = [(0.0, 2.0), (0.5, 2.0), (1.0, 2.0)]
    zero = Differences(1e-2, 0.0, 0.0, 0.0, 1e-14, kink=False)
    text = said(gradient=0.0, nudge=still, points=flat, slope=zero)
    assert "nothing that this weight does reaches it in this batch" in text
    assert "the slope is 0: every digit agrees" in text
    assert "exactly 0, and yet the loss moves" in said(gradient=0.0, nudge=still)
    coarse = Differences(1e-2, 4e-14, 4e-14, 4e-14, 9e-14, kink=False)
    text = said(gradient=-2e-15, slope=coarse)
    assert "give or take 9.0e-14 by rounding: too coarse to check a gradient" in text
    rough = replace(coarse, central=1.01e-12)
    assert "2 digits agree, as many as rounding leaves" in said(gradient=1.0e-12, slope=rough)
    assert "no digit agrees" in said(gradient=3.0)
    assert "1 digit agrees" in said(gradient=-0.0042, slope=replace(SLOPE, central=-0.0040))


def test_what_is_no_number_is_said() -> None:
    assert sentences(made(loss=nan, value=nan, gradient=nan)) == [
        "This weight is NaN, its gradient NaN.",
        "The loss itself is NaN: there is no slope anywhere.",
    ]
    assert "With that nudge the loss is ∞." in said(nudge=Nudge(1e9, -4e6, inf, inf, 4.4e-16))
    broken = Differences(1e-2, nan, nan, 0.0, 1e-14, kink=False)
    assert "nothing to check the gradient by" in said(slope=broken)
    assert sentences(made(nudge=None, slope=None)) == [
        "This weight is 0.500, its gradient -4.10e-3."
    ]


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (Weight("output", "bias", (2,)), "output, bias[2]: bias of unit 2"),
        (Weight(1, "norm.weight", (2,)), "layer 1, norm.weight[2]: learned scale 2"),
        (Weight(1, "norm.bias", (2,)), "learned shift 2"),
        (Weight(1, "activation.weight", (0,)), "learned slope 0"),
        (Weight(1, "skip.alpha", (0,)), "factor on the main path"),
        (Weight(1, "skip.weight", (2, 3)), "on the skip, from input 3 to unit 2"),
        (Weight(1, "gate.weight", (2, 3)), "of the gate, from input 3 to unit 2"),
        (Weight(1, "gate.bias", (2,)), "gate bias of unit 2"),
    ],
)
def test_every_parameter_has_its_words(weight: Weight, words: str) -> None:
    assert words in title(made(weight=weight))
    noun = {"norm.weight": "scale", "skip.weight": "weight"}.get(weight.parameter)
    assert noun is None or f"This {noun} is" in said(weight=weight)


def test_numbers_keep_the_digits_that_matter() -> None:
    assert [figures(x) for x in (-4.1e-3, 0.5, 123456.0, 0.0, nan, -inf, 900.0, 5e-324)] == [
        "-4.100e-3", "0.5000", "1.235e5", "0", "NaN", "-∞", "900.0", "4.941e-324",
    ]  # fmt: skip
    assert [short(x) for x in (1e-3, 1e-5, 0.31622, 10.0, 1e300, 0.0, inf)] == [
        "0.001", "1e-5", "0.316", "10", "1e300", "0", "∞",
    ]  # fmt: skip


def rows(lines: Any) -> list[str]:
    return plain(lines).splitlines()


def test_the_tangent_touches_the_curve_at_the_weight_and_leaves_it_beyond() -> None:
    drawn = rows(chart(made(), 60, 20, "ascii"))
    assert drawn[0].startswith("*** loss")
    assert "tangent" in drawn[0]
    assert drawn[-1].split()[-2:] == ["weight", "1.0"]
    body = drawn[2:-2]
    columns = list(zip(*body, strict=True))
    # At the ends the tangent is below the parabola; around the weight nothing of it is seen.
    for ends in (columns[8:12], columns[-4:]):
        for column in ends:
            assert "".join(column).find("*") < "".join(column).find("+")
    middle = columns[32:36]
    assert all("+" not in column for column in middle)


def test_a_nudge_is_marked_where_it_is_and_where_it_was_foretold() -> None:
    nudge = Nudge(0.4, -0.00164, 0.00636, 2.00636, 4.4e-16)
    drawn = rows(chart(made(nudged=True, nudge=nudge), 60, 20, "braille"))
    assert "• now  ○ foretold" in drawn[0]
    now = next(row for row in drawn[1:] if "•" in row)
    foretold = next(row for row in drawn[1:] if "○" in row)
    assert now.index("•") == pytest.approx(foretold.index("○"), abs=1)
    assert drawn.index(now) < drawn.index(foretold)
    assert now.index("•") > 45
    assert "•" in plain(chart(made(), 60, 20, "braille"))


def test_a_flat_curve_is_a_line_and_its_rounding_no_landscape() -> None:
    points = [(0.1 * k, 2.0 + 4.4e-16 * (k % 2)) for k in range(11)]
    flat = made(gradient=1e-17, points=points, nudge=Nudge(0.001, 1e-20, 0.0, 2.0, 4.4e-16))
    drawn = rows(chart(flat, 60, 20, "ascii"))
    assert sum("*" in row for row in drawn[1:]) == 1


def test_what_is_not_finite_along_the_curve_is_marked() -> None:
    points = [(0.0, inf), (0.25, 2.1), (0.5, 2.0), (0.75, 2.1), (1.0, nan)]
    drawn = plain(chart(made(points=points), 60, 20, "braille"))
    assert "∞" in drawn
    assert "?" in drawn
    for odd in (
        made(loss=nan, points=[(0.5, nan)], nudge=Nudge(0.1, nan, nan, nan, nan), nudged=True),
        made(value=1e308, half_width=1e308, points=[(1e308, 2.0)]),
        made(gradient=1e300), made(gradient=5e-324), made(gradient=nan), made(gradient=-inf),
        made(points=[(0.5, 2.0)]), made(points=()), made(half_width=1e-300),
        made(points=[(0.0, 1e300), (0.5, 2.0), (1.0, -1e300)]),
    ):  # fmt: skip
        assert len(chart(odd, 60, 20, "braille")) == 20
    assert "has no curve" in plain(chart(made(value=nan), 60, 20, "braille"))


@pytest.mark.parametrize("width", [1, 17, 56, 76, 116, 196])
@pytest.mark.parametrize("height", [1, 2, 5, 9, 17, 33, 53])
@pytest.mark.parametrize("markers", ["braille", "ascii"])
def test_a_page_fills_every_size_exactly(width: int, height: int, markers: Any) -> None:
    array = np.random.default_rng(0).normal(size=(8, 9))
    for one in (
        made(),
        made(nudged=True),
        made(half_width=None, points=(), nudge=None, slope=None),
    ):
        lines = page(one, array, "gradient", 0.001, width, height, markers)
        assert len(lines) == height
        assert all(length(line) == width for line in lines)


def test_a_page_has_all_that_matters_at_eighty_columns() -> None:
    session = Session(Experiment.of({"activation": "tanh"}))
    session.do(Advance(Grain.STEP, 2))
    probe = Probe(session)
    weight = probe.largest(3, "weight")
    found = study(probe, weight, 1e-3)
    shown = plain(page(found, probe.gradients(3, "weight"), "gradient", 1e-3, 76, 17, "braille"))
    for words in (
        f"layer 3, weight[{weight.index[0]}, {weight.index[1]}]", "nudge 0.001", "range ±",
        "gradient ≡=~-0.:+# to ±", "▼", "▶", "tangent", "change of the loss", "This weight is",
        "by 0.001", "By differences alone", "digits agree",
    ):  # fmt: skip
        assert words in shown, words


def test_the_map_points_at_the_weight() -> None:
    matrix = np.zeros((4, 6))
    matrix[2, 3] = -2.5
    drawn = rows(field(matrix, (2, 3), "gradient", 20, 6, "ascii"))
    assert drawn[0].startswith("gradient %=~-0.:+# ")
    assert drawn[1].index("v") == drawn[4].index("%%%") + 1


def test_a_vector_is_laid_out_in_rows() -> None:
    assert [columns((n,)) for n in (1, 2, 10, 12, 13, 64, 100, 128)] == [1, 2, 5, 4, 13, 8, 10, 16]
    assert columns((3, 7)) == 7
    vector = np.array([0.0, 1.0, -1.0, 0.0, 0.0, 1.0])
    drawn = rows(field(vector, (4,), "bias", 14, 6, "braille"))
    assert drawn[1].index("▼") == 6
    assert drawn[2:] == [" 0000####≡≡≡≡ "] * 2 + ["▶00000000#### ", " 00000000#### "]
