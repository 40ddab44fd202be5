"""The real app without a terminal: its frames as text."""

import asyncio
from collections.abc import Iterator

from threadpoolctl import threadpool_limits

from gradsim.keeping.preferences import DEFAULTS
from gradsim.scenario.format import Scenario
from gradsim.scenario.player import Player
from gradsim.scenario.steps import Wait
from gradsim.tui.app import GradsimApp
from gradsim.tui.playback import Playback
from gradsim.tui.screen_text import screen_text


def frames(
    scenario: Scenario, width: int, height: int, markers: str = DEFAULTS.markers
) -> Iterator[str]:
    """The app's frames of a scenario: one for each of its steps and each page that is said.

    A question has two, before and after its answer; waiting has none.
    """
    yield from asyncio.run(_frames(scenario, width, height, markers))


async def _frames(scenario: Scenario, width: int, height: int, markers: str) -> list[str]:
    playback = Playback(Player(scenario))
    app = GradsimApp(
        playback.player.session,
        live=False,
        playback=playback,
        preferences=DEFAULTS.having("markers", markers),
    )
    shown: list[str] = []
    with threadpool_limits(1):
        async with app.run_test(size=(width, height)) as pilot:

            async def show() -> None:
                app.paint()
                await pilot.pause(0)
                while app.arranging:
                    # A view that comes on screen takes its turns until it has its place.
                    await pilot.pause(0)
                if app.background():
                    app.paint()
                    await pilot.pause(0)
                shown.append(screen_text(app))

            while not playback.player.finished:
                step = playback.player.upcoming
                for _ in playback.perform():
                    pass
                if isinstance(step, Wait):
                    continue
                await show()
                while playback.turn_page() or playback.answer():
                    await show()
    return shown
