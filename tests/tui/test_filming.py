"""A scenario filmed in the real app: what is said can be read, runs move, and it is always so."""

from itertools import pairwise

import pytest
from filmed import shown

from gradsim.errors import InputError
from gradsim.keeping.preferences import DEFAULTS
from gradsim.recording.cast import cast
from gradsim.recording.film import Film, Look, Shot, plain
from gradsim.scenario.reading import parse
from gradsim.tui.camera import look
from gradsim.tui.filming import AT_THE_END, TICK, TO_THINK, WATCHED, film

TEXT = """
title = "a test"
about = "Only a test."

[experiment]
depth = 3
width = 8
batch-size = 16
learning-rate = 0.1

[[steps]]
say = "First we look at one pass."

[[steps]]
run = { phases = 3 }

[[steps]]
run = { steps = 12 }

[[steps]]
set = { activation = "tanh" }

[[steps]]
run = { steps = 400 }

[[steps]]
expect = { quantity = "loss", below = 100.0 }

[[steps]]
say = "That was all."
"""


@pytest.fixture(scope="module")
def it() -> Film:
    return film(parse(TEXT, "test.toml"), 90, 28)


def text(shot: Shot) -> str:
    return "\n".join(plain(row) for row in shot.picture)


def when(it: Film, words: str) -> tuple[float, float]:
    """From when to when words are on screen."""
    seen = [(s.seconds, s.seconds + stays) for s, stays in it.lasting() if words in text(s)]
    return seen[0][0], seen[-1][1]


def test_it_begins_with_the_first_words_and_ends_with_the_last(it: Film) -> None:
    assert it.shots[0].seconds == 0.0
    assert "First we look at one pass." in text(it.shots[0])
    assert "That was all." in text(it.shots[-1])
    assert "the scenario is over" not in text(it.shots[-1])
    assert (it.title, it.about) == ("a test", "Only a test.")
    assert all(len(s.picture) == 28 and {len(r) for r in s.picture} == {90} for s in it.shots)


def test_words_stay_as_long_as_they_take_to_read(it: Film) -> None:
    assert it.shots[1].seconds == pytest.approx(1 + 6 * 0.33, abs=2 * TICK)
    begun, over = when(it, "That was all.")
    assert over - begun >= 1 + 3 * 0.33 + AT_THE_END - 2 * TICK
    assert over == it.seconds
    passed, _ = when(it, "✓ loss below 100")
    assert begun - passed >= 2.4


def test_a_watched_run_moves_op_by_op_and_a_long_one_takes_some_seconds(it: Film) -> None:
    watched = [s for s in it.shots if s.caption.startswith("step 1 ")]
    assert len(watched) > 5
    long = [s for s in it.shots if "step 5 of 7" in s.caption or s.caption == "step 4 of 7"][1:]
    assert WATCHED < len(long) < 2 * WATCHED
    assert 4 < long[-1].seconds - long[0].seconds < 8
    gaps = [b.seconds - a.seconds for a, b in pairwise(long)]
    assert max(gaps) <= 2 * TICK


def test_it_is_the_same_each_time_and_a_terminal_shows_it(it: Film) -> None:
    again = film(parse(TEXT, "test.toml"), 90, 28)
    assert again == it
    assert shown(cast(it))[-1] == (it.seconds, it.shots[-1].picture)


def test_rows_that_do_not_change_are_kept_once(it: Film) -> None:
    rows = [row for shot in it.shots for row in shot.picture]
    assert len({id(row) for row in rows}) < len(rows) / 2


def test_progress_is_reported_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    film(parse(TEXT, "t.toml"), 80, 24, report=lambda done, of, _: told.append((done, of)))
    assert told == sorted(told)
    assert told[-1] == (7, 7)


def test_colors_are_those_of_the_theme() -> None:
    light = film(parse(TEXT, "t.toml"), 80, 24, DEFAULTS.having("theme", "light"))
    assert light.paper == "#fbfcfd"
    assert any(cell.look.paper == light.paper for cell in light.shots[0].picture[10])


def test_a_step_that_cannot_be_done_is_said_with_its_place() -> None:
    text = TEXT.replace("set = { activation", "visit = { run = 7 }\n[[steps]]\nset = { activation")
    with pytest.raises(InputError, match=r"t\.toml, line \d+: step 4: "):
        film(parse(text, "t.toml"), 80, 24)


def test_a_look_is_worked_out_from_a_style() -> None:
    from rich.style import Style

    assert look(Style.parse("#102030 on #000000 bold"), None, None) == Look(
        "#102030", "#000000", bold=True
    )
    assert look(Style.parse("reverse"), "#ffffff", "#000000") == Look("#000000", "#ffffff")
    assert look(Style.parse("#808080 dim"), None, "#000000").ink == "#404040"
    assert look(Style.parse("red"), None, None).ink != "#ffffff"


COURSE = """
title = "a course"
[experiment]
depth = 3
width = 8
batch-size = 16
[[steps]]
chapter = "Guess"
[[steps]]
ask = { question = "More?", choices = ["yes", "no"], answer = "no", explanation = "It is less." }
[[steps]]
chapter = "Look"
[[steps]]
show = { view = "layer", layer = 2 }
[[steps]]
wait = 4.0
[[steps]]
run = { until = "loss < 1e-9", limit = 300 }
"""


def test_chapters_have_their_times_and_a_question_waits_before_its_answer() -> None:
    it = film(parse(COURSE, "t.toml"), 80, 24)
    first, second = it.chapters
    assert (first.seconds, first.title, second.title) == (0.0, "Guess", "Look")
    asked, _ = when(it, "More?")
    answered, _ = when(it, "It is less.")
    assert answered - asked == pytest.approx(TO_THINK, abs=2 * TICK)
    assert "Look" in text(it.at(second.seconds))
    layer, _ = when(it, "layer 2 ▶  step 0")
    waits = [s.seconds for s in it.shots if s.seconds > layer + 1]
    assert waits[0] - layer == pytest.approx(4.0, abs=3 * TICK)
