"""How far a scenario has come, in as much room as there is."""

from gradsim.view.lines import length
from gradsim.view.played import Played, progress


def text(played: Played, room: int) -> str:
    return "".join(words for words, _ in progress(played, room))


def test_the_bar_grows_with_the_steps() -> None:
    assert text(Played(0, 12), 40) == "╌" * 12 + " step 0 of 12"
    assert text(Played(6, 12), 40) == "━" * 6 + "╌" * 6 + " step 6 of 12"
    assert text(Played(12, 12), 40) == "━" * 12 + " step 12 of 12"


def test_chapters_are_said_where_there_are_any_and_room_for_them() -> None:
    played = Played(4, 17, 2, 3)
    assert text(played, 60).endswith(" step 4 of 17 · chapter 2 of 3")
    assert text(played, 25) == "━╌╌╌╌╌ step 4 of 17"
    assert text(played, 5) == "4/17"
    assert text(played, 3) == ""
    assert all(length(progress(played, room)) <= room for room in range(60))
