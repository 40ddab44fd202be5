"""How the app is driven: the timeline, the mouse, events."""

from driving import MIDDLE, SMALL, advance, app, line, press, running, text

from gradsim.simulation.actions import Switch, Visit


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
        assert it.session.actions[before:] == [Visit(0, (18, 0))]  # type: ignore[arg-type]
        assert "step 17" in await text(pilot)
