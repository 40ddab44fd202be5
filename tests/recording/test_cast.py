"""A cast shows in a terminal exactly what was filmed."""

import json

from filmed import LOUD, ON_GREEN, PLAIN, film, row, shown
from hypothesis import given
from hypothesis import strategies as st

from gradsim.recording.cast import cast, changes
from gradsim.recording.film import Picture, Row

WIDTH = 16
LOOKS = st.sampled_from([PLAIN, LOUD, ON_GREEN, LOUD._replace(italic=True)])


@st.composite
def rows(draw: st.DrawFn) -> Row:
    out: Row = ()
    while len(out) < WIDTH:
        text = draw(st.sampled_from(["a", "b", "  ", "漢", "────", "longer words"]))
        part = row(text, draw(LOOKS), 0)
        out += part if len(out) + len(part) <= WIDTH else row("x" * (WIDTH - len(out)), PLAIN, 0)
    return out


PICTURES = st.lists(st.tuples(rows(), rows(), rows()), min_size=1, max_size=6)


@given(PICTURES)
def test_a_terminal_shows_what_was_filmed(pictures: list[Picture]) -> None:
    it = film(pictures)
    seen = shown(cast(it))
    for shot in it.shots:
        assert [picture for seconds, picture in seen if seconds <= shot.seconds][-1] == shot.picture
    assert seen[-1] == (it.seconds, it.shots[-1].picture)


def test_only_what_changed_is_sent() -> None:
    before, after = row("step 1, and much that stays", width=40), row("step 2", width=40)
    after = after[:6] + before[6:]
    assert changes(before, after) == [(5, 6)]
    far = after[:30] + row("x")[:1] + after[31:]
    assert changes(before, far) == [(5, 6), (30, 31)]
    lines = cast(film([(before,), (after,)])).decode().splitlines()
    sent = [json.loads(line)[2] for line in lines[1:] if json.loads(line)[1] == "o"]
    assert sent[1].endswith("2")
    assert "step" not in sent[1]


def test_header_says_size_title_and_length_and_chapters_are_marks() -> None:
    it = film([(row("one"),), (row("two"),)])
    header, *events = (json.loads(line) for line in cast(it).decode().splitlines())
    assert (header["version"], header["width"], header["height"]) == (2, 12, 1)
    assert (header["title"], header["duration"]) == (it.title, 1.0)
    assert [event for event in events if event[1] == "m"] == [
        [0.0, "m", "one"],
        [0.5, "m", "</script> two"],
    ]
    assert [event[0] for event in events] == sorted(event[0] for event in events)
