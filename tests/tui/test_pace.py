"""How often the app draws: nothing stays undrawn, and a slow line is not flooded."""

import pytest

from gradsim.tui.pace import FRAMES_PER_SECOND, Pace


def drawn(pace: Pace, turns: int, fastest: bool = False) -> tuple[int, int]:
    """Pictures and plots in so many turns of the clock, all of them with something new."""
    found = [pace.due(True, at_rest=False, fastest=fastest) for _ in range(turns)]
    return sum(one for one, _ in found), sum(plots for _, plots in found)


def test_pictures_a_second() -> None:
    second = FRAMES_PER_SECOND
    assert drawn(Pace(), second) == (30, 10)
    assert drawn(Pace(), second, fastest=True) == (10, 10)
    slow = Pace()
    slow.sparing = True
    assert drawn(slow, 3 * second) == (6, 1)
    larger = Pace()
    larger.sparing, larger.cells = True, 200 * 60
    assert drawn(larger, 9 * second) == (6, 1), "a picture of more cells costs more"
    assert drawn(Pace(), second) == (30, 10)


@pytest.mark.parametrize("sparing", [False, True])
@pytest.mark.parametrize("fastest", [False, True])
def test_the_last_change_is_drawn(sparing: bool, fastest: bool) -> None:
    pace = Pace()
    pace.sparing = sparing
    found = [pace.due(True, at_rest=False, fastest=fastest) for _ in range(8)]
    found += [pace.due(True, at_rest=True, fastest=fastest)]
    assert found[-1] == (True, True)
    # What moved last, while it still played, is drawn as soon as it has come to rest.
    pace.due(True, at_rest=False, fastest=fastest)
    after = [pace.due(False, at_rest=True, fastest=fastest) for _ in range(2)]
    assert after == [(True, True), (False, False)]


def test_nothing_new_is_not_drawn() -> None:
    pace = Pace()
    assert drawn(pace, 3) == (3, 1)
    assert [pace.due(False, at_rest=False, fastest=False) for _ in range(6)] == [(False, False)] * 6
