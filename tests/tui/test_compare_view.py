"""The view "compare": two runs in lockstep, swapped and let go of by key."""

import pytest
from driving import MIDDLE, SMALL, SameFrame, advance, app, line, press, running, text

from gradsim.scenario.player import Player
from gradsim.scenario.reading import parse
from gradsim.tui.app import GradsimApp
from gradsim.tui.playback import Playback


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_compare(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = app(batch_size=32)
    async with running(it, size) as pilot:
        await press(pilot, "6")
        assert "Two runs side by side" in await text(pilot)
        advance(it, 4)
        await press(pilot, "p")
        assert "still the pinned one" in await text(pilot)
        await press(pilot, "a", "i")
        advance(it, 12)
        await press(pilot, "up", "up")
        same_frame(f"compare-{size[0]}x{size[1]}", await text(pilot))


async def test_both_go_on_and_back() -> None:
    it = app(depth=4, width=8)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "pagedown", "p", "l", "pagedown", "pagedown", "6")
        first = await text(pilot)
        assert "step 2, same batches" in first
        await press(pilot, "pagedown")
        second = await text(pilot)
        assert "step 3, same batches" in second
        assert line(first, "⠄○⠄ pinned") != line(second, "⠄○⠄ pinned")
        await press(pilot, "pageup")
        assert line(await text(pilot), "⠄○⠄ pinned") == line(first, "⠄○⠄ pinned")


async def test_swap_and_unpin() -> None:
    it = app(depth=4, width=8)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "6", "x")
        assert "no run is pinned" in await text(pilot)
        await press(pilot, "pagedown", "p", "a", "pagedown", "x")
        screen = await text(pilot)
        assert "swapped: run 0 is the live one now" in screen
        assert "→ sigmoid" in screen
        assert it.session.experiment.activation == "sigmoid"
        await press(pilot, "x")
        assert it.session.experiment.activation != "sigmoid"
        await press(pilot, "p")
        assert it.session.pinned is None
        assert "Two runs side by side" in await text(pilot)


async def test_other_pictures() -> None:
    it = app(depth=4, width=8)
    async with running(it, SMALL) as pilot:
        await press(pilot, "pagedown", "p", "a", "pagedown", "6")
        assert "activation gradient" in await text(pilot)
        await press(pilot, "h", "h")
        screen = await text(pilot)
        assert "⠤⠤⠤ held-out" in screen


async def test_the_pinned_curve_of_the_flow_goes_on() -> None:
    it = app(depth=4, width=8)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "pagedown", "p", "a", "pagedown", "pagedown", "pagedown")
        assert it.session.pinned is not None
        records = it.session.pinned.run.records
        assert len(records) == it.session.cursor.step + 1
        assert f"pinned {records[3].loss:.3g}" in await text(pilot)


async def test_a_swap_takes_over_from_a_scenario() -> None:
    source = """
title = "two runs"
[experiment]
depth = 3
width = 8
[[steps]]
pin = true
[[steps]]
set = { activation = "relu" }
[[steps]]
say = "Look at both of the curves for as long as you like, and then at the loss."
[[steps]]
swap = true
[[steps]]
expect = { quantity = "loss", below = 100.0 }
"""
    playback = Playback(Player(parse(source, "test.toml")))
    it = GradsimApp(playback.player.session, live=False, playback=playback)
    async with running(it, MIDDLE) as pilot:
        for _ in range(40):
            it.advance(0.1)
        await press(pilot, "6", "x")
        assert playback.taken_over
        assert it.session.experiment.activation == "sigmoid"
        await press(pilot, "enter")
        for _ in range(20):
            it.advance(0.5)
        # Back where it was left, with the run pinned that was pinned there, it could swap itself.
        assert it.session.experiment.activation == "sigmoid"
        assert playback.over
        assert all(outcome.passed for outcome in playback.player.results)


async def test_keys_that_need_two_runs_are_in_brackets_until_there_are_two() -> None:
    it = app(depth=4, width=8)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "pagedown", "6")
        assert "(x swap)(h picture)" in await text(pilot)
        await press(pilot, "h")
        assert "nothing to draw beside" in await text(pilot)
        await press(pilot, "p", "x")
        assert "the live run is the pinned one" in await text(pilot)
        await press(pilot, "a")
        assert "x swap  h picture" in await text(pilot)
