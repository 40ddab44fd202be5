"""A scenario in the app: narration, pause, next, back, speed, and taking over."""

from collections.abc import Callable

import numpy as np
import pytest
from textual.pilot import Pilot

from gradsim.scenario.player import Player
from gradsim.scenario.reading import parse
from gradsim.tui.app import GradsimApp
from gradsim.tui.headless import frames
from gradsim.tui.playback import Playback
from gradsim.tui.screen_text import screen_text

TEXT = """
title = "a test"

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
say = "Now it learns a little."

[[steps]]
run = { steps = 12 }

[[steps]]
set = { activation = "tanh" }

[[steps]]
run = { steps = 5 }

[[steps]]
expect = { quantity = "loss", below = 100.0 }

[[steps]]
say = "That was all."
"""

SameFrame = Callable[[str, str], None]


def playing() -> GradsimApp:
    playback = Playback(Player(parse(TEXT, "test.toml")))
    return GradsimApp(playback.player.session, live=False, playback=playback)


def playback_of(it: GradsimApp) -> Playback:
    assert it.driver.playback is not None
    return it.driver.playback


async def text(pilot: Pilot[None]) -> str:
    await pilot.pause(0)
    return screen_text(pilot.app)


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause(0)


def wait_until(it: GradsimApp, done: Callable[[], bool]) -> float:
    """Let time pass in frames; the seconds it took."""
    for ticks in range(3000):
        if done():
            return ticks / 30
        it.advance(1 / 30)
    raise AssertionError("it never came to that")


async def test_it_says_waits_and_goes_on_by_itself_to_the_end() -> None:
    it = playing()
    async with it.run_test(size=(80, 24)) as pilot:
        it.advance()
        assert "First we look at one pass." in await text(pilot)
        assert it.session.cursor == (0, 0)
        reading = wait_until(it, lambda: it.session.cursor.op > 0)
        assert 1.5 < reading < 6
        ops = len(it.session.run.records[0].plan) - 5  # all but clip and four updates
        watched = wait_until(it, lambda: "learns a little" in playback_of(it).narration)
        assert watched == pytest.approx(ops / 30, abs=1.0)
        wait_until(it, lambda: it.driver.concluded)
        screen = await text(pilot)
        assert "the scenario is over" in screen
        assert "That was all." in screen
        assert it.session.cursor == (17, 0)
        assert it.session.experiment.activation == "tanh"
        assert not it.driver.playing


async def test_the_wave_is_shown_going_through_at_the_speed_chosen() -> None:
    it = playing()
    async with it.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter")
        it.advance()
        await press(pilot, "enter")
        it.advance(0.1)
        seen = set()
        for _ in range(40):
            it.advance(1 / 30)
            seen.add(it.session.cursor.op)
        assert len(seen) > 12


async def test_space_pauses_and_enter_goes_on() -> None:
    it = playing()
    async with it.run_test(size=(80, 24)) as pilot:
        it.advance()
        await press(pilot, "space")
        for _ in range(300):
            it.advance(1.0)
        assert it.session.cursor == (0, 0)
        assert "First we look" in await text(pilot)
        await press(pilot, "enter")
        wait_until(it, lambda: it.session.cursor.op > 0)


async def test_back_is_really_back_to_the_bit() -> None:
    it = playing()
    async with it.run_test(size=(80, 24)) as pilot:
        wait_until(it, lambda: "learns a little" in playback_of(it).narration)
        values = it.session.network().parameters.values.copy()
        wait_until(it, lambda: "That was all" in playback_of(it).narration)
        end = it.session.network().parameters.values.copy()
        assert not np.array_equal(values, end)
        await press(pilot, "backspace")
        it.advance(0.0)
        assert it.session.experiment.activation == "sigmoid"
        np.testing.assert_array_equal(it.session.network().parameters.values, values)
        assert playback_of(it).player.results == []
        wait_until(it, lambda: it.driver.concluded)
        np.testing.assert_array_equal(it.session.network().parameters.values, end)
        assert len(playback_of(it).player.results) == 1


async def test_taking_over_and_returning() -> None:
    reference = playing()
    async with reference.run_test(size=(80, 24)):
        wait_until(reference, lambda: reference.driver.concluded)
        end = reference.session.network().parameters.values.copy()
    it = playing()
    async with it.run_test(size=(80, 24)) as pilot:
        wait_until(it, lambda: it.session.cursor.step == 12)
        await press(pilot, "i")
        screen = await text(pilot)
        assert "You have taken over" in screen
        assert it.session.experiment.initializer == "he-normal"
        await press(pilot, "pagedown", "pagedown", "a")
        for _ in range(100):
            it.advance(1.0)
        assert not it.driver.concluded
        await press(pilot, "enter")
        assert it.session.experiment.initializer == "glorot-normal"
        wait_until(it, lambda: it.driver.concluded)
        assert it.session.cursor == (17, 0)
        np.testing.assert_array_equal(it.session.network().parameters.values, end)


async def test_moving_within_the_scenarios_run_is_undone_on_return() -> None:
    it = playing()
    async with it.run_test(size=(80, 24)) as pilot:
        wait_until(it, lambda: "learns a little" in playback_of(it).narration)
        where = it.session.cursor
        await press(pilot, "pagedown", "pagedown", "left")
        assert it.session.cursor != where
        await press(pilot, "enter")
        it.advance(0.0)
        wait_until(it, lambda: it.driver.concluded)
        assert it.session.cursor == (17, 0)


async def test_keys_without_a_scenario_say_so() -> None:
    session = playing().session
    it = GradsimApp(session, live=False, playing=False)
    async with it.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter")
        assert "no scenario is playing" in await text(pilot)
        await press(pilot, "backspace")
        assert "no scenario is playing" in await text(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frame_of_a_playing_scenario(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = playing()
    async with it.run_test(size=size) as pilot:
        wait_until(it, lambda: bool(playback_of(it).player.results))
        same_frame(f"scenario-{size[0]}x{size[1]}", await text(pilot))


def test_headless_frames_are_those_of_the_app_and_always_the_same() -> None:
    scenario = parse(TEXT, "test.toml")
    shown = list(frames(scenario, 90, 28))
    assert len(shown) == len(scenario.steps)
    assert all(len(frame.split("\n")) == 28 for frame in shown)
    assert "First we look at one pass." in shown[0]
    assert "✓ loss below 100: " in shown[6]
    assert shown == list(frames(scenario, 90, 28))


CHECKS = """
title = "checks in a row"

[experiment]
depth = 3
width = 8
batch-size = 16

[[steps]]
say = "Before."

[[steps]]
run = { phases = 3 }

[[steps]]
expect = { quantity = "loss", below = 100.0 }

[[steps]]
expect = { quantity = "loss", below = 200.0 }

[[steps]]
expect = { quantity = "loss", below = LIMIT }

[[steps]]
say = "After."
"""


def checking(limit: float) -> GradsimApp:
    playback = Playback(Player(parse(CHECKS.replace("LIMIT", str(limit)), "test.toml")))
    return GradsimApp(playback.player.session, live=False, playback=playback)


async def test_enter_finishes_a_wave_and_then_passes_by_all_checks() -> None:
    it = checking(300.0)
    async with it.run_test(size=(80, 24)) as pilot:
        it.advance()
        await press(pilot, "enter")
        it.advance(0.1)
        assert it.session.cursor.op < 4
        await press(pilot, "enter")
        it.advance(0.0)
        assert it.session.run.records[0].layers is not None
        assert "✓ loss below 100" in await text(pilot)
        await press(pilot, "enter")
        it.advance(0.0)
        screen = await text(pilot)
        assert playback_of(it).narration == "After."
        # The check that came last is still told.
        assert "✓ loss below 300" in screen
        assert len(playback_of(it).player.results) == 3


async def test_enter_does_not_pass_by_a_check_that_fails() -> None:
    it = checking(0.001)
    async with it.run_test(size=(80, 24)) as pilot:
        wait_until(it, lambda: bool(playback_of(it).player.results))
        await press(pilot, "enter")
        it.advance(0.0)
        assert "✗ loss below 0.001" in await text(pilot)
        assert playback_of(it).narration == "Before."
        await press(pilot, "enter")
        it.advance(0.0)
        assert playback_of(it).narration == "After."


async def test_back_after_something_was_done_plays_it_again() -> None:
    it = checking(300.0)
    async with it.run_test(size=(80, 24)) as pilot:
        wait_until(it, lambda: len(playback_of(it).player.results) == 1)
        await press(pilot, "backspace")
        it.advance(0.0)
        assert it.session.cursor == (0, 0)
        assert playback_of(it).narration == "Before."
        wait_until(it, lambda: playback_of(it).narration == "After.")
        await press(pilot, "backspace")
        it.advance(0.0)
        assert playback_of(it).narration == "Before."


async def test_pages_are_turned_back() -> None:
    words = " ".join(f"This is sentence {number}." for number in range(20))
    playback = Playback(Player(parse(TEXT.replace("First we look", words), "test.toml")))
    it = GradsimApp(playback.player.session, live=False, playback=playback)
    async with it.run_test(size=(80, 24)) as pilot:
        it.advance()
        first = playback.narration
        await press(pilot, "enter")
        it.advance(0.0)
        assert playback.narration != first
        assert it.session.cursor == (0, 0)
        await press(pilot, "backspace")
        it.advance(0.0)
        assert playback.narration == first
        assert playback.wait > 1


def test_what_was_shown_comes_back_whole() -> None:
    shows = 'show = { view = "why" }\n\n[[steps]]\nshow = { layer = 2 }'
    player = Player(parse(TEXT.replace('say = "First we look at one pass."', shows), "test.toml"))
    playback = Playback(player)
    playback.seek(4)
    for _ in range(4):
        assert playback.clock(0.0)
        assert not playback.slow()
        for _ in playback.perform():
            pass
    assert playback.look is not None
    assert (playback.look.view, playback.look.layer) == ("why", 2)
    assert playback.narration == "Now it learns a little."
    assert not playback.clock(1.0)


async def test_what_is_measured_is_told_in_the_place_of_an_old_message() -> None:
    it = checking(300.0)
    async with it.run_test(size=(80, 24)) as pilot:
        it.advance()
        await press(pilot, "down")
        assert "this is the first" in await text(pilot)
        wait_until(it, lambda: len(playback_of(it).player.results) == 1)
        it.paint()
        screen = await text(pilot)
        assert "✓ loss below 100" in screen
        assert "this is the first" not in screen


async def test_a_check_is_told_beside_the_words_behind_it_only() -> None:
    it = checking(300.0)
    async with it.run_test(size=(80, 24)) as pilot:
        wait_until(it, lambda: len(playback_of(it).player.results) == 3)
        await press(pilot, "enter")
        it.advance(0.0)
        # It had been read already.
        assert playback_of(it).narration == "After."
        assert "✓" not in await text(pilot)
