"""Opening the app in this terminal, with the settings of the user; leaving it, and coming back."""

import signal
from asyncio import get_running_loop
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Any

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.keeping.files import short
from gradsim.keeping.folders import progress_file, sessions_folder, settings_file
from gradsim.keeping.keeper import Keeper
from gradsim.keeping.settings_file import read
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session
from gradsim.simulation.threads import hold_one_thread
from gradsim.tui.app import GradsimApp
from gradsim.tui.keymap import keymap

if TYPE_CHECKING:
    from gradsim.keeping.sessions import Report
    from gradsim.scenario.format import Scenario
    from gradsim.tui.playback import Playback


def open_app(
    experiment: Experiment,
    steps: int = 0,
    *,
    offered: bool = False,
    said: str = "",
    **looks: str | bool,
) -> None:
    """Open the app on an experiment, already running; with `steps` it stands behind so many.

    With `offered` a line says that the last session is kept, if there is one; `said` is a line to
    begin with. `looks` are settings for this time only.
    """

    def begin(app: GradsimApp) -> None:
        app.driver.message = said
        if steps:
            app.driver.move(Advance(Grain.STEP, steps))
        if offered and sessions_folder().is_dir():
            from gradsim.keeping.sessions import latest  # noqa: PLC0415
            from gradsim.tui.kept import offer  # noqa: PLC0415

            app.driver.message = offer(latest(sessions_folder()), app.keymap.of("sessions"))

    hold_one_thread()
    _run(Session(experiment), begin, looks=looks)


def open_kept(path: Path, *, replay: bool, report: "Report") -> None:
    """Open the app on a session that was kept, or on a saved state. Raises InputError."""
    from gradsim.keeping.sessions import open_file  # noqa: PLC0415

    hold_one_thread()
    opened = open_file(path, replay=replay, report=report)
    _run(opened.session, _paused(opened.said), source=path, past=opened.text)


def open_scenario(scenario: "Scenario", **looks: str | bool) -> None:
    """Open the app on a scenario, playing; `looks` are settings for this time only."""
    from gradsim.scenario.player import Player  # noqa: PLC0415
    from gradsim.tui.playback import Playback  # noqa: PLC0415

    player = Player(scenario)
    hold_one_thread()
    _run(player.session, partial(_offer_to_go_on, scenario), Playback(player), looks=looks)


def _offer_to_go_on(scenario: "Scenario", app: GradsimApp) -> None:
    """Say so where the lesson was left halfway at another time."""
    from gradsim.keeping import progress  # noqa: PLC0415

    known = progress.read(progress_file()).get(scenario.name)
    if known and known.left_at(len(scenario.steps)):
        app.driver.message = (
            f"{known.words} at another time: ⟨open-lessons⟩, then ⟨lessons.resume⟩ goes on there"
        )


def _paused(said: str) -> Callable[[GradsimApp], None]:
    def begin(app: GradsimApp) -> None:
        app.driver.playing, app.driver.message = False, said

    return begin


def _run(
    session: Session,
    begin: Callable[[GradsimApp], None],
    playback: "Playback | None" = None,
    source: Path | None = None,
    looks: Mapping[str, Any] = MappingProxyType({}),
    past: str = "",
) -> None:
    """Run the app, and the next one as long as another session is wanted.

    `source` is the file that the session is from, if it is from one; `past` is its text, where all
    that the session has done stands in it.
    """
    while True:
        preferences, problems = read(settings_file())
        preferences = replace(preferences, **looks)
        session.remember(preferences.budget())
        keeper = Keeper(session, sessions_folder(), source, past=past)
        app = GradsimApp(session, playback=playback, preferences=preferences, keeper=keeper)
        begin(app)
        problems += keymap(preferences.keys, short(settings_file()))[1]
        if problems:
            app.driver.message = "; ".join(problems)
        with _ended_by_signals(app) as got:
            try:
                app.run()
            finally:
                got.over = True
                keeper.close()
        if app.wanted is None:
            break
        from gradsim.keeping.sessions import open_file  # noqa: PLC0415

        try:
            opened = open_file(app.wanted)
            session, said, source = opened.session, opened.said, app.wanted
            past = opened.text
        except InputError as error:
            said, past = error.problems[0], keeper.written()
        begin, playback = _paused(said), None
    if got.hung_up:
        raise SystemExit(HUNG_UP)
    if app.is_web:
        return  # what is printed would go to the browser, which has closed
    from gradsim.keeping.commands import app_command  # noqa: PLC0415

    if keeper.problem:
        print(keeper.problem)
    elif again := app_command(session, keeper.file if keeper.is_written else None):
        print(f"this state again: {again}")
    if app.return_code:
        raise SystemExit(app.return_code)


HUNG_UP = 129
"""The exit code where the terminal was closed: 128 and the number of the signal."""


class _Signals:
    """What has come of signals while an app was open."""

    hung_up = False
    """Whether the terminal was closed: then nothing can be said any more."""
    over = False
    """Whether the app has ended: what is left to do is then done in peace."""


@contextmanager
def _ended_by_signals(app: GradsimApp) -> Iterator[_Signals]:
    """While this holds a signal that would kill the process ends the app instead."""
    got = _Signals()

    def end(number: int, _frame: FrameType | None) -> None:
        got.hung_up = got.hung_up or number not in ends
        try:
            loop = get_running_loop()
        except RuntimeError:
            if not got.over:
                raise SystemExit(128 + number) from None
        else:
            # The loop may be asleep, and the app is not to be touched in the middle of anything.
            loop.call_soon_threadsafe(app.exit)

    ends = (signal.SIGTERM, signal.SIGINT)
    names = ("SIGTERM", "SIGINT", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield got
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
