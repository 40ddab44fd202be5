"""The command line that brings a state back: flags where they suffice, else the session's file."""

import shlex
from pathlib import Path

from gradsim.experiment.experiment import DEFAULTS, Experiment
from gradsim.keeping.files import short
from gradsim.simulation.session import Session

MOST_STEPS = 500
"""Training steps up to which the app is told to make them again, rather than to open a file."""


def flags(experiment: Experiment) -> list[str]:
    """The options that declare an experiment: only what is not as it comes."""
    out = []
    for name, value in experiment.settings().items():
        if "." in name:
            out += ["--set", f"{name}={value}"]
        elif value != DEFAULTS[name]:
            out += [f"--{name}", str(value)]
    return out


def run_command(session: Session) -> str:
    """`gradsim run ... --steps N`, which computes the state at the cursor without a picture.

    Empty where knobs were switched on the way there, or it started from a saved state.
    """
    if not _straight(session):
        return ""
    steps = ["--steps", str(session.cursor.step)]
    return shlex.join(["gradsim", "run", *flags(session.experiment), *steps])


def app_command(session: Session, path: Path | None) -> str:
    """The command that opens the app on this state: by flags, or from the file it is kept in.

    Empty where flags do not suffice, and there is no file.
    """
    step = session.cursor.step
    if not _straight(session) or step > MOST_STEPS:
        return open_command(path) if path else ""
    steps = ["--steps", str(step)] if step else []
    return shlex.join(["gradsim", *flags(session.experiment), *steps])


def open_command(path: Path) -> str:
    """The command that opens a session's file."""
    called = short(path)
    # A quoted `~` would not be the home folder.
    plain = called.startswith("~/") and shlex.quote(called[2:]) == called[2:]
    return f"gradsim open {called if plain else shlex.quote(str(path))}"


def _straight(session: Session) -> bool:
    """Whether the state is that of one experiment, trained from its seed."""
    run = session.run
    switched = [s for s in run.segments if 0 < s.start <= session.cursor.step]
    return run.origin is None and not switched
