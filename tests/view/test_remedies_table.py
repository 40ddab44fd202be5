"""The table of remedies: every number in its place, every width, and what has no number."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest
from executors import Direct
from helpers import experiment

from gradsim.insight.remedies.candidates import Candidate
from gradsim.insight.remedies.ranking import Tried, standings
from gradsim.insight.remedies.search import Plan, Search
from gradsim.insight.trial import Gradient, HeldOut, Outcome
from gradsim.view.lines import length, plain
from gradsim.view.remedies import (
    _row,
    against,
    curve,
    details,
    head,
    progress,
    sparkline,
    table,
    tried_words,
)

QUICK = Plan(singles=3, pairs=1, steps=4, leaders=1, further_steps=6, look_every=2)


def searched(**knobs: Any) -> Search:
    knobs = {"depth": 3, "width": 8, "batch_size": 32, "data": "blobs"} | knobs
    search = Search(experiment(**knobs), Direct(), QUICK)
    while not search.over:
        search.poll()
    return search


def tried(*losses: float, unit: float = 1.0, accuracy: float | None = 0.5) -> Tried:
    gradient = Gradient("healthy", -1.0, 0.0, 1.0)
    looks = (HeldOut(len(losses), losses[-1], accuracy),)
    outcome = Outcome(losses, losses, looks, gradient, gradient, 0.1, unit)
    return Tried(Candidate("relu", {"activation": "relu"}, "why not", ("relu",)), (outcome,))


@pytest.mark.parametrize("width", [60, 80, 101, 200])
def test_every_line_is_as_wide_as_it_should_be(width: int) -> None:
    search = searched()
    lines = [
        head(search, width),
        progress(search, width),
        *(row.line for row in table(search, width, 0)),
    ]
    assert {length(line) for line in lines} == {width}
    for line in details(search, search.ranked()[0], width):
        assert length(line) == width


def test_the_unchanged_run_first_and_then_round_by_round() -> None:
    search = searched()
    rows = table(search, 80, cursor=2)
    text = [plain([row.line]) for row in rows]
    assert [row.candidate for row in rows] == [None, None, 0, None, None, 1, 2, 3]
    assert text[0].split()[:2] == ["–", "unchanged"]
    assert "after 6 steps, seeds 2 and 3" in text[1]
    assert "after 4 steps, seeds 0 and 1" in text[3]
    assert text[4].split()[:2] == ["–", "unchanged"]
    first, unchanged = search.unchanged_first, search.unchanged
    assert first is not None
    assert unchanged is not None
    assert (first.steps, unchanged.steps) == (4, 6)
    assert [line.startswith("▶") for line in text] == [False] * 6 + [True, False]
    assert tried_words(search) == (
        "3 single changes and 1 pair, each 4 steps on seeds 0 and 1, same batches; "
        "the best then 6 steps on seeds 2 and 3"
    )


def test_nothing_is_shown_before_the_unchanged_run_is_known() -> None:
    search = Search(experiment(), Direct(), QUICK)
    assert table(search, 80) == []
    assert plain([progress(search, 80)]).startswith("▕░░░")
    assert "0 of 14 trials: the experiment as it is" in plain([progress(search, 80)])
    assert "100%" in plain([progress(searched(), 80)])


def test_a_regression_has_no_share_that_is_right() -> None:
    search = searched(data="sine", loss="mean-squared-error")
    first = plain([table(search, 80)[0].line]).split()
    assert first[:2] == ["–", "unchanged"]
    assert search.unchanged is not None
    assert float(first[2]) == pytest.approx(search.unchanged.loss, rel=0.01)
    assert "held out: loss reach decades" in plain([head(search, 80)])
    assert {length(row.line) for row in table(search, 80)} == {80}
    assert "held-out accuracy" not in against(search.ranked()[0])


def test_what_a_change_is_and_what_came_of_it() -> None:
    search = searched()
    standing = search.ranked()[0]
    words = " ".join(plain(details(search, standing, 200)).split())
    for name, value in standing.tried.candidate.changes.items():
        assert f"{name} " in words
        assert f"→ {value}" in words
    assert standing.tried.candidate.why in words
    assert "points, loss " in against(standing)


def test_a_loss_curve_falls_from_the_full_height_and_keeps_its_losses_apart() -> None:
    falling = tried(*(8.0 - k for k in range(8)))
    assert sparkline(falling, 8.0, 8) == "█▇▆▅▄▃▂▁"
    assert sparkline(falling, 8.0, 4) == "█▆▄▂"
    assert sparkline(falling, 2.0, 4) == "███▆"
    assert sparkline(tried(1.0, 0.5), 1.0, 6) == "███▄▄▄"
    assert sparkline(tried(0.0), 0.0, 2) == "▁▁"
    assert sparkline(tried(1e308, 0.0), 1e-9, 2) == "█▁"


def test_losses_that_are_no_numbers_are_signs() -> None:
    assert sparkline(tried(8.0, inf, nan, nan), 8.0, 4) == "█∞??"
    ranked = standings([tried(8.0, nan)], tried(8.0, 7.0))
    assert against(ranked[0]) == "it did not end with numbers"


def test_a_curve_is_the_mean_over_seeds_without_the_plain_factor() -> None:
    one = tried(4e-6, 2e-6, unit=1e-6)
    two = replace(one, outcomes=(*one.outcomes, *tried(2.0, 0.0).outcomes))
    assert curve(two) == pytest.approx([3.0, 1.0])


def test_what_is_dead_has_no_reach_and_heads_say_whose_loss_it_is() -> None:
    # Without weights nothing arrives anywhere, at the start or at the end.
    search = searched(activation="relu", initializer="zeros")
    first = plain([table(search, 100)[0].line])
    assert "dead → dead" in first
    assert "NaN" not in first
    for width in (60, 80, 200):
        named = plain([head(search, width)])
        assert "held out: right     loss reach decades" in named
        # Each number stands under the end of its head.
        end = named.index("loss") + len("loss")
        assert plain([table(search, width)[0].line])[:end].rstrip()[-1].isdigit()


def test_a_reach_of_nothing_over_nothing_is_none() -> None:
    for shape, said in (("healthy", "– → –"), ("not-finite", "NaN → NaN")):
        odd = tried(1.0)
        gradient = Gradient(shape, nan, nan, 1.0)
        outcome = replace(odd.outcomes[0], start=gradient, end=gradient)
        (only,) = standings([replace(odd, outcomes=(outcome,))], odd)
        assert said in plain(
            [
                _row(
                    only,
                    1.0,
                    80,
                    (("right", 8), ("loss", 8), ("reach", 13), ("time", 6)),
                    marked=False,
                )
            ]
        )
