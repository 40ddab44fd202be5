"""What is on screen is explained where it stands; a first start says what to press."""

import pytest
from driving import LARGE, MIDDLE, SMALL, SameFrame, advance, app, press, running, text
from textual.events import MouseMove

from gradsim.tui.canvas import Canvas
from gradsim.tui.terms import TermsScreen
from gradsim.tui.views import VIEWS


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frame_of_the_terms(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = app(depth=3, width=4)
    async with running(it, size) as pilot:
        advance(it, 2)
        await press(pilot, "f1")
        same_frame(f"terms-{size[0]}x{size[1]}", await text(pilot))
        await press(pilot, "f1")
        assert not isinstance(it.screen, TermsScreen)


async def test_each_view_has_its_own_terms() -> None:
    it = app(depth=3, width=4)
    async with running(it, (120, 70)) as pilot:
        advance(it, 2)
        for view in VIEWS:
            await press(pilot, view.KEY)
            await text(pilot)
            await press(pilot, "f1")
            screen = await text(pilot)
            assert ("activation slope" in screen) == (view.NAME == "why")
            await press(pilot, "escape")
            assert it.settings.view == view.NAME


async def test_the_mouse_over_a_term_explains_it() -> None:
    it = app(depth=3, width=4)
    async with running(it, SMALL) as pilot:
        advance(it, 2)
        rows = (await text(pilot)).splitlines()
        y = next(k for k, row in enumerate(rows) if "grad W" in row)
        line = it.query_one("#layer", Canvas)
        await pilot._post_mouse_events([MouseMove], offset=(rows[y].index("grad W"), y), button=0)
        await pilot.pause(0)
        assert "dL/dW" in str(line.tooltip)
        await pilot._post_mouse_events([MouseMove], offset=(1, y), button=0)
        await pilot.pause(0)
        assert line.tooltip is None


@pytest.mark.parametrize("size", [(60, 18), SMALL, LARGE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_a_first_start_says_what_to_press_until_something_is_done(
    size: tuple[int, int],
) -> None:
    it = app(playing=True)
    async with running(it, size) as pilot:
        it.advance(1.0)
        screen = await text(pilot)
        for words in ("play, pause", "switch a part", "watch a lesson", "explain this"):
            assert words in screen
        await press(pilot, "space")
        assert "watch a lesson" not in await text(pilot)


async def test_a_first_start_gives_way_to_what_comes_to_be_seen() -> None:
    it = app(playing=True, depth=2, width=4)
    async with running(it, MIDDLE) as pilot:
        advance(it, 12)
        assert "watch a lesson" not in await text(pilot)
