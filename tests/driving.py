"""Shared by the tests of the app: the real app, driven by keys with a clock moved by hand."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from textual.pilot import Pilot

from gradsim.experiment.experiment import Experiment
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.screen_text import screen_text

SMALL = (80, 24)
MIDDLE = (120, 40)
LARGE = (200, 60)

SameFrame = Callable[[str, str], None]


def app(playing: bool = False, **knobs: Any) -> GradsimApp:
    settings = {name.replace("_", "-"): value for name, value in knobs.items()}
    return GradsimApp(Session(Experiment.of(settings)), live=False, playing=playing)


def running(
    it: GradsimApp, size: tuple[int, int] = SMALL
) -> AbstractAsyncContextManager[Pilot[None]]:
    return it.run_test(size=size)


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause(0)


def advance(it: GradsimApp, steps: int) -> None:
    it.driver.request(Advance(Grain.STEP, steps))
    it.advance(0.0)


async def settled(pilot: Pilot[None]) -> None:
    """Until another session has come on screen."""
    for _ in range(20):
        await pilot.pause(0)


async def text(pilot: Pilot[None]) -> str:
    await pilot.pause(0)
    # On a busy machine it takes more than one turn until a new view has found its place.
    for _ in range(100):
        if isinstance(pilot.app, GradsimApp) and pilot.app.arranging:
            await pilot.pause(0)
    await pilot.pause(0)
    return screen_text(pilot.app)


async def seen(it: GradsimApp, pilot: Pilot[None], *keys: str) -> str:
    """The screen after some keys, when all that they ask for has been worked out."""
    await press(pilot, *keys)
    it.advance(0.0)
    return await text(pilot)


def line(screen: str, start: str) -> str:
    """The one line whose text, within the frame, starts so."""
    lines = [row.strip("│ ").strip() for row in screen.splitlines()]
    found = [row for row in lines if row.startswith(start)]
    assert len(found) == 1, f"{start!r} is in {len(found)} lines of\n{screen}"
    return found[0]
