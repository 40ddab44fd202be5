"""Experiments by a word of the command line: a file, a scenario, knobs, or one with knobs on it."""

from typing import TYPE_CHECKING

from gradsim.cli.comparison import inline
from gradsim.cli.fitting import told
from gradsim.errors import InputError, nearest

if TYPE_CHECKING:
    from gradsim.experiment.experiment import Experiment


def found(name: str) -> "Experiment":
    """The experiment that a word of the command line stands for; raises InputError."""
    from gradsim.experiment.experiment import Experiment  # noqa: PLC0415
    from gradsim.scenario.shelf import ALL, find_experiment, shipped  # noqa: PLC0415

    if name == "default":
        return Experiment.of({})
    if _is_named(name):
        return find_experiment(name)
    first, comma, knobs = name.partition(",")
    if comma and "=" not in first:
        return _anew(found(first), knobs, name)
    if comma or "=" in name:
        return _anew(Experiment.of({}), name, name)
    raise InputError(
        f"{name}: this is no file, no scenario, and no knobs such as activation=relu; "
        f"{nearest(name, ['default', *shipped()], ALL)}"
    )


def _anew(base: "Experiment", knobs: str, name: str) -> "Experiment":
    """The experiment with the knobs of `activation=relu,depth=10` set anew."""
    asked = inline(knobs, name)
    try:
        return told(base.switch(asked), asked)
    except InputError as error:
        raise InputError([f"{name}: {sentence}" for sentence in error.problems]) from None


def _is_named(name: str) -> bool:
    """Whether there is a file of this path, or a scenario of this name."""
    from gradsim.scenario.shelf import ENDING, is_there, shipped  # noqa: PLC0415

    return is_there(name) or name.removesuffix(ENDING) in shipped()


def are_knobs_alone(name: str) -> bool:
    """Whether it is knobs, set on the default experiment."""
    return "=" in name.partition(",")[0] and not _is_named(name)
