"""Playback that stops where something happens, and the way to where NaN began."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from gradsim.experiment.experiment import Experiment
from gradsim.insight.first_cause import first_cause
from gradsim.insight.watch import parsed
from gradsim.scenario.player import Player
from gradsim.scenario.reading import parse
from gradsim.simulation.actions import Advance, Grain, Visit
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.cause import CauseScreen
from gradsim.tui.driver import SPEEDS, Driver
from gradsim.tui.playback import Playback
from gradsim.tui.screen_text import screen_text
from gradsim.tui.stops import StopScreen

SameFrame = Callable[[str, str], None]

SMALL: dict[str, Any] = {"depth": 3, "width": 8, "batch-size": 16, "activation": "relu"}
BREAKS: dict[str, Any] = {
    "depth": 5, "width": 16, "activation": "relu", "initializer": "he-normal",
    "learning-rate": 100.0,
}  # fmt: skip


def session_of(knobs: dict[str, Any]) -> Session:
    return Session(Experiment.of(knobs))


def losses(steps: int, knobs: dict[str, Any]) -> list[float]:
    session = session_of(knobs)
    session.do(Advance(Grain.STEP, steps))
    return [row.loss or 0.0 for row in session.past()]


def crossing(knobs: dict[str, Any]) -> tuple[str, int]:
    """A condition on the loss, and the step at which it comes to hold first."""
    found = losses(60, knobs)
    limit = sorted(found)[25]
    return f"loss<{limit!r}", next(k for k, loss in enumerate(found) if loss < limit)


def play(driver: Driver, most: int = 5000) -> None:
    """Let the clock run until playback stops by itself."""
    for _ in range(most):
        driver.tick(1 / 30, lambda: True if not driver.fastest else driver.playing)
        if not driver.playing:
            return
    raise AssertionError("playback did not stop")


@pytest.mark.parametrize("notch", [len(SPEEDS), 7, 5])
def test_playback_stops_exactly_where_it_happens(notch: int) -> None:
    text, step = crossing(SMALL)
    driver = Driver(session_of(SMALL))
    driver.notch = notch
    driver.stopping.toggle(parsed(text, 3))
    play(driver)
    assert driver.session.cursor == (step + 1, 0)
    assert driver.message.startswith(f"stopped at step {step}: loss is ")
    driver.playing = True
    driver.tick(0.2, lambda: driver.session.cursor.step < step + 2)
    assert driver.session.cursor > (step + 1, 0), "it goes on from there"


def test_several_are_told_together() -> None:
    driver = Driver(session_of(BREAKS))
    driver.notch = len(SPEEDS)
    for text in ("not-finite", "shape=not-finite", "loss<0"):
        driver.stopping.toggle(parsed(text, 5))
    play(driver)
    assert driver.message.count(";") == 1
    assert "shape is not-finite" in driver.message


def test_by_hand_one_goes_on_and_playback_stops_after_that() -> None:
    text, step = crossing(SMALL)
    driver = Driver(session_of(SMALL), playing=False)
    driver.stopping.toggle(parsed(text, 3))
    driver.stopping.toggle(parsed(f"step>={step + 3}", 3))
    driver.move(Advance(Grain.STEP, step + 2))
    driver.tick(0.0, lambda: True)
    assert driver.session.cursor == (step + 2, 0)
    assert driver.message == ""
    driver.playing, driver.notch = True, len(SPEEDS)
    play(driver)
    assert driver.session.cursor == (step + 4, 0)


SCENARIO = """
title = "a run to stop in"
[experiment]
depth = 3
width = 8
batch-size = 16
activation = "relu"
[[steps]]
run = { steps = 40 }
[[steps]]
say = "It is done."
"""


def test_within_a_scenario_it_stops_and_goes_on_to_the_same_end() -> None:
    text, step = crossing(SMALL)
    playback = Playback(Player(parse(SCENARIO, "test.toml")))
    driver = Driver(playback.player.session, playback=playback)
    driver.stopping.toggle(parsed(text, 3))
    play(driver)
    assert driver.session.cursor == (step + 1, 0)
    assert not driver.busy
    assert not driver.tick(1.0, lambda: True), "it rests"
    driver.stopping.toggle(parsed(text, 3))
    driver.playing = True
    for _ in range(60):
        driver.tick(1.0, lambda: True)
    assert driver.session.cursor == (40, 0)
    assert driver.session.actions == [Advance(Grain.STEP, 40)]


def test_taking_over_while_it_stands_in_a_scenario() -> None:
    text, _ = crossing(SMALL)
    playback = Playback(Player(parse(SCENARIO, "test.toml")))
    driver = Driver(playback.player.session, playback=playback)
    driver.stopping.toggle(parsed(text, 3))
    play(driver)
    driver.move(Advance(Grain.STEP, 2))
    driver.tick(0.0, lambda: True)
    assert driver.session.cursor == (42, 0), "what was begun is done whole, as ever"


# -- with keys -----------------------------------------------------------------------------------


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause(0)


def app(**knobs: Any) -> GradsimApp:
    return GradsimApp(session_of(knobs), live=False, playing=False)


async def test_conditions_by_keys(same_frame: SameFrame) -> None:
    it = app(**SMALL)
    async with it.run_test(size=(80, 24)) as pilot:
        await press(pilot, "b")
        assert isinstance(it.screen, StopScreen)
        await press(pilot, "space", "down", "down", "enter")
        assert [c.text for c in it.driver.stopping.conditions] == ["verdict", "not-finite"]
        await press(pilot, "up", "up", "space", "end", "enter")
        field = it.screen.query_one(Input)
        field.value = "los<1"
        await press(pilot, "enter")
        await pilot.pause()
        assert '"los<1": there is nothing of that name' in screen_text(it)
        field.value = "delta_norm@1 > 1e-6"
        await press(pilot, "enter")
        await pilot.pause()
        assert [c.text for c in it.driver.stopping.conditions] == [
            "not-finite", "delta_norm@1>1e-06",
        ]  # fmt: skip
        same_frame("stops-80x24", screen_text(it))
        await press(pilot, "q")
        assert not isinstance(it.screen, StopScreen)
        await press(pilot, "b")
        rows = it.screen.query_one(OptionList)
        assert rows.option_count == 5, "three events, the one that was typed, and another"
        await press(pilot, "end", "up", "x")
        assert [c.text for c in it.driver.stopping.conditions] == ["not-finite"]
        assert rows.option_count == 4
        await press(pilot, "x")
        assert rows.option_count == 4, "events stay on the list"
        await press(pilot, "escape")
        assert not isinstance(it.screen, StopScreen)


async def test_letters_go_into_the_field() -> None:
    it = app(**SMALL)
    async with it.run_test(size=(60, 18)) as pilot:
        await press(pilot, "b", "end", "enter", *"qbx", "space", "1")
        assert it.screen.query_one(Input).value == "qbx 1"
        await press(pilot, "escape")
        assert isinstance(it.screen, StopScreen)
        assert not it.screen.query_one(Input).display


async def test_a_key_goes_to_where_nan_began(same_frame: SameFrame) -> None:
    it = app(**BREAKS)
    async with it.run_test(size=(100, 30)) as pilot:
        it.driver.request(Advance(Grain.STEP, 12))
        it.advance(0.0)
        found = first_cause(it.session)
        assert found is not None
        await press(pilot, "j")
        plan = it.session.run.records[found.step].plan
        position = found.position(len(plan))
        assert it.session.cursor == position
        assert found.brief in it.driver.message
        assert it.session.actions[-1] == Visit(0, position)
        assert f"step {found.step}" in screen_text(it)
        await press(pilot, "j")
        assert isinstance(it.screen, CauseScreen)
        assert "the gradient norm grew x" in screen_text(it)
        same_frame("cause-100x30", screen_text(it))
        await press(pilot, "j")
        assert not isinstance(it.screen, CauseScreen)
        again = session_of(BREAKS)
        for action in it.session.actions:
            again.do(action)
        assert again.cursor == position


async def test_where_all_is_finite_it_says_so() -> None:
    it = app(**SMALL)
    async with it.run_test(size=(80, 24)) as pilot:
        it.driver.request(Advance(Grain.STEP, 3))
        it.advance(0.0)
        await press(pilot, "j")
        assert it.driver.message.startswith("all is finite up to here")
        assert it.session.cursor == (3, 0)
        assert it.session.actions == [Advance(Grain.STEP, 3)]
        assert not it.driver.busy
