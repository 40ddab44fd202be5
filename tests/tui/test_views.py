"""The views of the app, and the way between them."""

import pytest
from driving import MIDDLE, SMALL, SameFrame, advance, app, press, running, text

from gradsim.tui.help import HelpScreen
from gradsim.tui.views import VIEWS


@pytest.mark.parametrize("size", [SMALL, MIDDLE])
async def test_why(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = app(skip="residual-scaled", normalization="batch", activation="relu")
    async with running(it, size) as pilot:
        await press(pilot, "3")
        assert "the gradient has not come back yet" in await text(pilot)
        advance(it, 3)
        await press(pilot, "up", "up")
        same_frame(f"why-{size[0]}x{size[1]}", await text(pilot))


async def test_why_follows_the_step_and_the_selected_layer() -> None:
    it = app(depth=4)
    async with running(it, MIDDLE) as pilot:
        advance(it, 1)
        await press(pilot, "3")
        first = await text(pilot)
        assert "▶layer 1" in first
        await press(pilot, "up")
        assert "▶layer 2" in await text(pilot)
        await press(pilot, "down", "pagedown")
        second = await text(pilot)
        pane = slice(2, 20)
        assert first.splitlines()[pane] != second.splitlines()[pane]
        await press(pilot, "pageup")
        assert first.splitlines()[pane] == (await text(pilot)).splitlines()[pane]


def test_the_tabs_say_what_the_views_say() -> None:
    for entry in VIEWS:
        view = entry.load()
        assert entry[:3] == (view.KEY, view.NAME, view.ABOUT)
        assert entry.BRIEF == view.BRIEF


async def test_tab_goes_around_and_escape_goes_back() -> None:
    it = app(depth=3)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "space", "space")  # no first start any more
        start = await text(pilot)
        names = ["flow", *(view.NAME for view in VIEWS)]
        for name in [*names[1:], "flow"]:
            await press(pilot, "tab")
            assert it.settings.view == name
        assert await text(pilot) == start
        for view in VIEWS:
            await press(pilot, view.KEY)
            assert it.settings.view == view.NAME
            # Switches work in every view.
            before = it.driver.experiment.activation
            await press(pilot, "a")
            assert it.driver.experiment.activation != before
            await press(pilot, "question_mark")
            assert isinstance(it.screen, HelpScreen)
            await press(pilot, "escape")
            assert it.settings.view == view.NAME
            await press(pilot, "escape")
            assert it.settings.view == "flow"


@pytest.mark.parametrize("size", [(60, 18), (61, 21), (80, 24), (300, 90)])
async def test_every_view_stands_any_size(size: tuple[int, int]) -> None:
    it = app(depth=7)
    async with running(it, size) as pilot:
        advance(it, 1)
        for view in VIEWS:
            await press(pilot, view.KEY)
            screen = await text(pilot)
            assert len(screen.splitlines()) <= size[1]
            assert view.load().TITLE[:8] in screen
