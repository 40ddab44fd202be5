"""How the app is driven: the timeline, the mouse, events."""

import numpy as np
import pytest
from driving import LARGE, MIDDLE, SMALL, advance, app, line, press, running, text
from textual.events import MouseMove, MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot

from gradsim.simulation.actions import Switch, Visit
from gradsim.simulation.run import Position
from gradsim.tui.help import HelpScreen
from gradsim.tui.views import VIEWS


async def test_events_are_gone_to_one_by_one_and_named() -> None:
    it = app(depth=4, width=8)
    async with running(it, MIDDLE) as pilot:
        advance(it, 5)
        await press(pilot, "c", "[", "[", "[", "[", "[")
        it.driver.switch(Switch({"clip-threshold": 1e-4}))
        it.advance(0.0)
        advance(it, 5)
        end = it.session.cursor
        await press(pilot, "less_than_sign")
        assert it.session.cursor == (6, 0)
        screen = await text(pilot)
        assert line(screen, "step 5: switched clip none → global-norm")
        assert "the clip fired, gradient norm" in it.driver.message
        assert it.session.switched is not None, "going within a run forgets no switch"
        await press(pilot, "less_than_sign")
        assert it.session.cursor == (0, 0)
        assert "the start of the run: no event comes before it" in await text(pilot)
        await press(pilot, "greater_than_sign")
        assert it.session.cursor == (6, 0)
        await press(pilot, "greater_than_sign")
        assert it.session.cursor == end
        assert "no event comes behind it" in await text(pilot)


async def test_the_timeline_is_in_every_view_and_keys_that_wait_are_one_visit() -> None:
    it = app(depth=3, width=8)
    async with running(it, SMALL) as pilot:
        advance(it, 30)
        await press(pilot, "3")
        shown = line(await text(pilot), "steps 0")
        assert shown.endswith(" 29")
        before = len(it.session.actions)
        for step in (4, 9, 17):
            it.driver.visit(step)
        it.advance(0.0)
        assert it.session.actions[before:] == [Visit(0, Position(18, 0))]
        assert "step 17" in await text(pilot)


def place(screen: str, what: str) -> tuple[int, int]:
    """Column and line of the first cell of a text on screen."""
    for y, row in enumerate(screen.splitlines()):
        if what in row:
            return row.index(what), y
    raise AssertionError(f"{what!r} is not in\n{screen}")


async def click(pilot: Pilot[None], what: str, button: int = 1, right: int = 0) -> None:
    """Press the mouse on a text."""
    x, y = place(await text(pilot), what)
    await pilot.click(offset=(x + right, y), button=button)
    await pilot.pause(0)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_what_is_seen_is_what_the_mouse_presses(size: tuple[int, int]) -> None:
    it = app(depth=12, width=8)
    async with running(it, size) as pilot:
        advance(it, 20)
        await click(pilot, "3 why")
        assert it.settings.view == "why"
        await click(pilot, "1 flow")
        assert it.settings.view == "flow"
        await click(pilot, "a activation", right=4)
        assert it.driver.experiment.activation == "relu"
        await click(pilot, "a activation", button=3)
        assert it.driver.experiment.activation == "sigmoid"
        await click(pilot, "? help", right=2)
        assert isinstance(it.screen, HelpScreen)
        await press(pilot, "escape")
        await click(pilot, "❚❚")
        assert it.driver.playing
        await click(pilot, "▶ 30")
        assert not it.driver.playing
        await click(pilot, "layer 12", right=7)
        assert it.selected == 12
        await click(pilot, "layer 12 ", right=-30)
        assert it.selected < 12
        await click(pilot, " out")
        assert it.selected == 12
        await click(pilot, " out", right=2)
        assert it.selected == 13
        x, y = place(await text(pilot), "steps 0")
        await pilot.click(offset=(x + len("steps 0 "), y))
        assert it.session.cursor == (1, 0)
        await click(pilot, "steps 0", right=len("steps 0 ") + 25)
        middle = it.session.cursor.step
        assert 2 < middle < 20
        assert it.session.switched is not None


async def test_dragging_along_the_timeline_moves_through_the_run() -> None:
    it = app(depth=3, width=8)
    async with running(it, SMALL) as pilot:
        advance(it, 30)
        x, y = place(await text(pilot), "steps 0")
        await pilot.mouse_down(offset=(x + 20, y))
        seen = [it.session.cursor.step]
        for column in (30, 40, 55, 79):
            await pilot._post_mouse_events([MouseMove], offset=(column, y - 5), button=1)
            await pilot.pause(0)
            seen.append(it.session.cursor.step)
        await pilot.mouse_up(offset=(79, y))
        assert seen == sorted(set(seen))
        assert it.session.cursor == (30, 0)
        await pilot._post_mouse_events([MouseMove], offset=(20, y), button=0)
        assert it.session.cursor == (30, 0)


async def test_the_wheel_is_up_and_down() -> None:
    it = app(depth=5, width=8)
    async with running(it, SMALL) as pilot:
        for way, event in ((1, MouseScrollUp), (1, MouseScrollUp), (-1, MouseScrollDown)):
            before = it.selected
            await pilot._post_mouse_events([event], offset=(20, 10), button=0)
            await pilot.pause(0)
            assert it.selected == before + way


@pytest.mark.parametrize("size", [(60, 18), SMALL, LARGE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_a_press_anywhere_breaks_nothing(size: tuple[int, int]) -> None:
    it = app(depth=3, width=4, batch_size=4)
    rng = np.random.default_rng(3)
    async with running(it, size) as pilot:
        advance(it, 2)
        for view in ("flow", *(view.NAME for view in VIEWS)):
            it.action_view(view)
            await text(pilot)
            for _ in range(12):
                at = (int(rng.integers(size[0])), int(rng.integers(size[1] - 1)))  # not on quit
                await pilot.click(offset=at, button=int(rng.choice([1, 2, 3])))
                it.advance(0.05)
                if it.screen is not it.screen_stack[0]:
                    await press(pilot, "escape")
        assert it.is_running


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_a_bar_of_why_selects_its_layer(size: tuple[int, int]) -> None:
    it = app(depth=6, width=8)
    async with running(it, size) as pilot:
        advance(it, 1)
        await press(pilot, "3")
        screen = await text(pilot)
        for layer in (5, 2):
            if f" layer {layer} " in screen:
                await click(pilot, f" layer {layer} ")
                assert it.selected == layer
        await click(pilot, "│  output", right=3)
        assert it.selected == 7
