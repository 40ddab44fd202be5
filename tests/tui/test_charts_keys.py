"""The keys of the charts of the flow, and two views side by side where there is room."""

from driving import LARGE, MIDDLE, SameFrame, advance, app, line, press, running, text


def labels(screen: str) -> list[str]:
    """The labels of the profile's axis of norms."""
    return [row[2:8] for row in screen.splitlines() if row[2:9].endswith("┤")]


async def test_keys_of_the_charts(same_frame: SameFrame) -> None:
    it = app(depth=12, width=8, batch_size=16)
    async with running(it, MIDDLE) as pilot:
        advance(it, 5)
        await press(pilot, "up", "up")
        first = await text(pilot)
        assert "layer 3  delta" in first
        await press(pilot, "z", "m")
        assert it.driver.message == "layers by size of their gradient"
        same_frame("charts-near-and-sorted-120x40", await text(pilot))
        await press(pilot, "m", "Z", "Z")
        assert it.driver.message == "layers 1 to 12 of 12: that is all"
        await press(pilot, "y")
        assert "norms on a linear axis" in it.driver.message
        await press(pilot, "y", "x")
        assert it.settings.charts.fixed
        fixed = labels(await text(pilot))
        # With the axes as they were, another activation leaves them where they are.
        await press(pilot, "a")
        assert labels(await text(pilot)) == fixed
        await press(pilot, "x")
        assert not it.settings.charts.fixed
        await press(pilot, "3", "y")
        assert "the charts are in the view flow" in it.driver.message


async def test_two_views_side_by_side_where_there_is_room(same_frame: SameFrame) -> None:
    it = app(depth=12)
    async with running(it, LARGE) as pilot:
        advance(it, 3)
        await press(pilot, "up")
        screen = await text(pilot)
        assert "gradient by layer" in screen
        assert "why: what each layer does to the gradient" in screen
        same_frame("side-by-side-200x60", screen)
        await press(pilot, "3")
        assert "gradient by layer" not in await text(pilot)
        assert line(await text(pilot), "▶layer 2")
        await press(pilot, "escape")
        assert await text(pilot) == screen
