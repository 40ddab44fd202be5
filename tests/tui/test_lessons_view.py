"""Lessons in the app: the shelf, playing one, leaving it, and finding both as they were."""

from pathlib import Path

import numpy as np
import pytest
from driving import MIDDLE, SMALL, SameFrame, advance, app, line, press, running, settled, text
from textual.pilot import Pilot

from gradsim.experiment.experiment import Experiment
from gradsim.keeping.folders import progress_file
from gradsim.keeping.keeper import Keeper
from gradsim.keeping.progress import Standing, keep, read
from gradsim.scenario.player import Player
from gradsim.scenario.shelf import find, lessons, shipped
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.lessons import Lessons
from gradsim.tui.playback import Playback


async def shelf(it: GradsimApp, pilot: Pilot[None]) -> str:
    """Open the view, and wait until all files have been read."""
    await press(pilot, "0")
    for _ in range(len(shipped()) + 1):
        it.advance(0.0)
    return await text(pilot)


def playback_of(it: GradsimApp) -> Playback:
    assert it.driver.playback is not None
    return it.driver.playback


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frame_of_the_shelf(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = app(depth=3, width=4)
    async with running(it, size) as pilot:
        await shelf(it, pilot)
        await press(pilot, "down", "down", "down")
        screen = await text(pilot)
        same_frame(f"lessons-{size[0]}x{size[1]}", screen)


async def test_every_lesson_is_on_the_shelf() -> None:
    it = app(depth=3, width=4)
    async with running(it, SMALL) as pilot:
        await shelf(it, pilot)
        await press(pilot, *["up"] * len(shipped()))
        for name in lessons():
            assert f"▶ {find(name).title}" in await text(pilot)
            await press(pilot, "down")


async def test_a_lesson_is_played_left_and_gone_on_with() -> None:
    it = app(depth=3, width=4)
    async with running(it, SMALL) as pilot:
        advance(it, 4)
        own = it.session
        values = own.network().parameters.values.copy()
        await shelf(it, pilot)
        assert "there is nothing to leave" in it.panes["lessons"].idle("leave")
        await press(pilot, *["down"] * 3, "enter")
        await settled(pilot)
        assert it.settings.view == "flow"
        assert playback_of(it).player.scenario.name == lessons()[3]
        lesson = it.session
        assert lesson is not own
        it.advance(0.1)
        assert "▌" in await text(pilot)
        for _ in range(30):
            it.advance(2.0)
        await press(pilot, "pagedown", "a")
        assert playback_of(it).taken_over
        done = playback_of(it).player.index
        assert done > 1
        screen = await shelf(it, pilot)
        assert f"now at {done} of" in screen
        await press(pilot, "x")
        await settled(pilot)
        assert it.session is own
        assert it.session.cursor == (4, 0)
        np.testing.assert_array_equal(own.network().parameters.values, values)
        assert line(await text(pilot), "back in your own session")
        screen = await shelf(it, pilot)
        assert f"at {done} of" in screen
        await press(pilot, "enter")
        await settled(pilot)
        assert it.session is lesson
        assert playback_of(it).player.index == done


async def test_the_views_know_nothing_of_the_session_before() -> None:
    it = app(depth=5, width=6)
    async with running(it, MIDDLE) as pilot:
        advance(it, 3)
        await press(pilot, "3")
        assert "▶layer 1" in await text(pilot)
        await shelf(it, pilot)
        await press(pilot, "enter")
        await settled(pilot)
        await press(pilot, "space", "3")
        screen = await text(pilot)
        assert "has not come back yet" in screen
        assert "▶layer 1" not in screen


async def test_claims_are_told_with_what_was_measured() -> None:
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        await shelf(it, pilot)
        await press(pilot, "enter")
        await settled(pilot)
        for _ in range(400):
            it.advance(5.0)
            if playback_of(it).player.results:
                break
        outcome = playback_of(it).player.results[0]
        await shelf(it, pilot)
        screen = await text(pilot)
        assert f"{'✓' if outcome.passed else '✗'} {outcome.sentence}: {outcome.measured}" in screen
        assert "1 held" in screen


async def test_the_mouse_chooses_and_plays() -> None:
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        screen = await shelf(it, pilot)
        title = find(lessons()[2]).title
        rows = screen.splitlines()
        y = next(k for k, row in enumerate(rows) if title in row)
        await pilot.click(offset=(10, y))
        assert f"▶ {title}" in await text(pilot)
        await pilot.click(offset=(10, y))
        await settled(pilot)
        assert playback_of(it).player.scenario.title == title


def test_a_lesson_that_is_over_begins_anew() -> None:
    kept, it = Lessons(), app()
    scenario = find("gates-are-a-road")
    first = kept.enter(scenario, it.driver)
    assert kept.leave(first) is it.driver
    assert kept.enter(scenario, it.driver) is first
    first.concluded = True
    assert kept.leave(first) is it.driver
    assert kept.enter(scenario, it.driver) is not first
    # Opened with a lesson there is no session to go back to.
    assert Lessons().leave(first) is None


def test_the_order_in_which_they_teach_names_those_there_are() -> None:
    assert set(shipped()) == set(lessons())
    orders = [find(name).order for name in lessons()]
    assert None not in orders
    assert len(set(orders)) == len(orders)
    assert lessons()[0] == "one-weight-and-its-slope"


async def test_how_far_one_has_come_is_kept_and_shown_the_next_time(tmp_path: Path) -> None:
    first = find(lessons()[0])
    session = Session(Experiment.of({"depth": 3, "width": 4}))
    it = GradsimApp(session, live=False, keeper=Keeper(session, tmp_path))
    async with running(it, MIDDLE) as pilot:
        await shelf(it, pilot)
        await press(pilot, "enter")
        await settled(pilot)
        for _ in range(8):
            it.advance(5.0)
            await press(pilot, "enter")  # a question would wait for its answer
        done = playback_of(it).player.index
        assert done > 1
    steps = len(first.steps)
    assert read(progress_file()) == {first.name: Standing(done, steps)}
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        assert f"begun, {done} of {steps}" in await shelf(it, pilot)


def test_a_lesson_that_has_ended_is_written_down_at_once_and_once(tmp_path: Path) -> None:
    kept, it, file = Lessons(), app(), tmp_path / "lessons.toml"
    lesson = kept.enter(find("gates-are-a-road"), it.driver)
    assert lesson.playback is not None
    assert kept.keep(lesson, file) == ""
    assert not file.exists()
    lesson.playback.player.index = len(lesson.playback.player.scenario.steps)
    assert kept.keep(lesson, file) == ""
    assert read(file)["gates-are-a-road"].finished
    file.unlink()
    kept.keep(lesson, file)
    assert not file.exists()
    assert "cannot be written" in kept.keep(lesson, tmp_path, over=True)


async def test_a_lesson_left_at_another_time_goes_on_where_it_was() -> None:
    name = lessons()[2]
    of = len(find(name).steps)
    keep(progress_file(), {name: Standing(9, of), lessons()[1]: Standing(of, of, True)})
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        await shelf(it, pilot)
        pane = it.panes["lessons"]
        assert pane.idle("resume")
        await press(pilot, "down")
        assert pane.idle("resume")  # it was played to its end
        await press(pilot, "down")
        assert f"begun, 9 of {of}" in await text(pilot)
        assert not pane.idle("resume")
        await press(pilot, "c")
        await settled(pilot)
        for _ in range(40):
            it.advance(0.0)
        playback = playback_of(it)
        assert playback.player.index == 9
        assert playback.narration
        assert it.driver.playing
        # It is the same as if it had been watched up to there.
        watched = Player(find(name))
        for _ in range(9):
            watched.do_next()
        assert it.session.cursor == watched.session.cursor
        assert [r.value for r in playback.player.results] == [r.value for r in watched.results]
        await press(pilot, "backspace")
        it.advance(0.0)
        assert playback.player.index < 9


async def test_the_list_opens_at_the_lesson_on_screen_and_at_the_next_when_it_is_over() -> None:
    scenario = find(lessons()[4])
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        it.play_lesson(scenario)
        await settled(pilot)
        screen = await shelf(it, pilot)
        assert f"▶ {scenario.title}" in screen
        it.driver.concluded = True
        await press(pilot, "1", "0")
        assert f"▶ {find(lessons()[5]).title}" in await text(pilot)


async def test_a_lesson_waits_while_the_list_is_open_and_goes_on_after_it() -> None:
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        it.play_lesson(find(lessons()[4]))
        await settled(pilot)
        it.advance(0.1)
        await shelf(it, pilot)
        index = playback_of(it).player.index
        for _ in range(40):
            it.advance(5.0)
        # Else what it shows next would take the list away.
        assert it.settings.view == "lessons"
        assert playback_of(it).player.index == index
        await press(pilot, "1")
        for _ in range(10):
            it.advance(5.0)
        assert playback_of(it).player.index > index
        # A lesson that was paused by hand stays so.
        await press(pilot, "space", "0", "1")
        assert not it.driver.playing
