"""Where settings and sessions are: in the platform's own folders, or all in the one named."""

import os
from pathlib import Path

from platformdirs import user_config_path, user_state_path

NAME = "gradsim"

VARIABLE = "GRADSIM_HOME"
"""The environment variable that names one folder for everything; tests and CI set it."""


def settings_file() -> Path:
    """The settings file, whether it is there or not."""
    home = _home()
    folder = home or user_config_path(NAME, appauthor=False)
    return folder / "settings.toml"


def sessions_folder() -> Path:
    """The folder of the sessions that are kept, whether it is there or not."""
    home = _home()
    folder = home or user_state_path(NAME, appauthor=False)
    return folder / "sessions"


def progress_file() -> Path:
    """The file that says how far one has come in the lessons, whether it is there or not."""
    return sessions_folder().with_name("lessons.toml")


def _home() -> Path | None:
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else None
