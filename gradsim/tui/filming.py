"""A scenario played in the real app without a terminal, and filmed: what a live play would show.

The clock is moved by hand, so the film is the same each time: no picture depends on how fast the
machine is. What is said stays as long as it does live (a second, and a third of one for each word).
"""

import asyncio
from collections.abc import Callable
from math import ceil, log10

from threadpoolctl import threadpool_limits

from gradsim.errors import InputError
from gradsim.keeping.preferences import DEFAULTS, Preferences
from gradsim.recording.film import Chapter, Film
from gradsim.scenario import steps
from gradsim.scenario.format import Scenario
from gradsim.scenario.player import Player
from gradsim.scenario.steps import Run
from gradsim.tui.app import GradsimApp
from gradsim.tui.camera import Camera
from gradsim.tui.playback import Playback

TICK = 0.08
"""Seconds from one picture to the next where something moves: what a GIF can tell exactly."""

AT_THE_END = 3.0
"""Seconds for which the last picture stays."""

TO_THINK = 5.0
"""Seconds between a question and its answer."""

WATCHED = 50
"""Training steps of a run that get a picture each; of a longer run some share one."""

Report = Callable[[int, int, float], None]
"""Told how many of how many steps are done, and how many seconds the film has."""


def film(
    scenario: Scenario,
    width: int,
    height: int,
    preferences: Preferences = DEFAULTS,
    report: Report = lambda done, of, seconds: None,
) -> Film:
    """Play a scenario to its end and film it. Raises InputError where a step cannot be done."""
    return asyncio.run(_filmed(scenario, width, height, preferences, report))


async def _filmed(
    scenario: Scenario, width: int, height: int, preferences: Preferences, report: Report
) -> Film:
    playback = Playback(Player(scenario), thinking=TO_THINK)
    app = GradsimApp(
        playback.player.session, live=False, playback=playback, preferences=preferences
    )
    of = len(scenario.steps)
    camera = Camera(app)
    chapters: list[Chapter] = []
    clock, moved = 0.0, True
    with threadpool_limits(1):
        async with app.run_test(size=(width, height)) as pilot:
            while not playback.over:
                # Nothing moves while it is read: the time until it goes on passes at once.
                rests = app.driver.still and not moved and playback.wait > TICK
                seconds = playback.wait if rests else TICK
                app.advance(seconds, _some(playback))
                await pilot.pause(0)
                while app.arranging:
                    # A view that comes on screen takes its turns until it has its place.
                    await pilot.pause(0)
                if not (app.driver.playing or app.driver.concluded):
                    raise InputError(app.driver.message)
                clock = round(clock + seconds, 3) if camera.shots else 0.0
                moved = camera.look(clock, f"step {playback.progress}")
                chapters += _begun(scenario, len(chapters), playback.player.index, clock)
                report(playback.player.index, of, clock)
    return Film(
        title=scenario.title,
        width=width,
        height=height,
        shots=camera.shots,
        seconds=clock + AT_THE_END,
        paper=app.current_theme.background or "#000000",
        ink=app.current_theme.foreground or "#ffffff",
        chapters=chapters or [Chapter(0.0, scenario.title)],
        about=scenario.about,
        source=scenario.source,
    )


def _begun(scenario: Scenario, known: int, index: int, clock: float) -> list[Chapter]:
    """The chapters that have begun since so many of them, where so many steps are done."""
    begun = [step for step in scenario.steps[:index] if isinstance(step, steps.Chapter)]
    return [Chapter(clock, step.chapter) for step in begun[known:]]


def _some(playback: Playback) -> Callable[[], bool]:
    """What ends a tick: so many training steps that the run can be watched, however long it is."""
    session, step = playback.player.session, playback.player.upcoming
    begun = session.cursor.step
    count = step.run.count if isinstance(step, Run) and not playback.slow() else 1
    pictures = WATCHED * (1 + log10(max(count / WATCHED, 1)) / 2)
    most = max(1, ceil(count / pictures))
    return lambda: not 0 <= most <= session.cursor.step - begun
