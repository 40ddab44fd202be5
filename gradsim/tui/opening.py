"""Opening the app in this terminal, with the settings of the user, and leaving it."""

from threadpoolctl import threadpool_limits

from gradsim.experiment.experiment import Experiment
from gradsim.keeping.folders import settings_file
from gradsim.keeping.settings_file import read
from gradsim.scenario.format import Scenario
from gradsim.scenario.player import Player
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.playback import Playback


def open_app(experiment: Experiment) -> None:
    """Open the app on an experiment, already running."""
    with threadpool_limits(1):
        _run(Session(experiment))


def open_scenario(scenario: Scenario) -> None:
    """Open the app on a scenario, playing."""
    player = Player(scenario)
    with threadpool_limits(1):
        _run(player.session, Playback(player))


def _run(session: Session, playback: Playback | None = None) -> None:
    preferences, problems = read(settings_file())
    app = GradsimApp(session, playback=playback, preferences=preferences)
    app.driver.message = "; ".join(problems)
    app.run()
    if app.return_code:
        raise SystemExit(app.return_code)
