"""Sessions from the command line: from knobs, or from a saved state with some knobs set anew."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradsim.cli.fitting import told
from gradsim.cli.knobs import changes
from gradsim.cli.named import found
from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.experiment.experiment import Experiment
    from gradsim.simulation.session import Session


def opened(
    settings: Sequence[str],
    knobs: Mapping[str, str | None],
    state: str | None,
    memory: str | None = None,
    experiment: str | None = None,
) -> "Session":
    """A session of the experiment asked for, started from the seed or from a state file.

    `experiment` names a file with it, or a scenario; knobs are set anew on it. `memory` is the
    budget for rewinding, in MiB.

    Raises InputError where a knob set with a state would rebuild its network.
    """
    from gradsim.experiment.knobs import Effect  # noqa: PLC0415
    from gradsim.simulation.actions import Switch  # noqa: PLC0415
    from gradsim.simulation.budget import Budget, budget_of  # noqa: PLC0415
    from gradsim.simulation.session import Session  # noqa: PLC0415
    from gradsim.simulation.state import read  # noqa: PLC0415

    if experiment is not None and state is not None:
        raise InputError(f"{state} holds its own experiment: leave out {experiment}, or --load")
    asked = changes(settings, knobs)
    # A report tells of every step: its numbers stay, rather than being computed a second time.
    budget = replace(budget_of(memory, "--memory") if memory else Budget(), steps=sys.maxsize)
    if state is None:
        return Session(asked_for(settings, knobs, experiment), budget=budget)
    if not state:
        raise InputError('--load is "", but must be an .npz file as `gradsim run --save` writes it')
    saved = read(Path(state))
    session = Session(saved.experiment, saved.origin, budget)
    if asked:
        session.do(Switch(asked))
        if session.switched and Effect.REBUILD in session.switched.effects:
            names = ", ".join(session.switched.changes)
            raise InputError(
                f"{state}: {names} cannot be set on a saved state, as it rebuilds the network "
                "from the seed: leave it out, or begin without --load"
            )
    return session


def asked_for(
    settings: Sequence[str], knobs: Mapping[str, str | None], experiment: str | None = None
) -> "Experiment":
    """The experiment of a file or scenario, or the default one, with the options' knobs set anew.

    Raises InputError with a sentence for each that is wrong.
    """
    from gradsim.experiment.experiment import Experiment  # noqa: PLC0415

    asked = changes(settings, knobs)
    base = found(experiment) if experiment is not None else Experiment.of({})
    return told(base.switch(asked), asked)
