"""What the data asks for is chosen where the command line says nothing of it, and is told."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from gradsim.cli.terminal import note
from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.experiment.experiment import Experiment

SMALL = 2**20
"""Bytes of a file that is read for this: one with more rows than a batch is read once, later."""

FOR_NUMBERS = "mean-squared-error"
"""The loss of data with a number to predict."""


def fitted(experiment: "Experiment", given: Collection[str]) -> tuple["Experiment", list[str]]:
    """The experiment with a loss and a batch size that fit its data, and what was chosen.

    Only data that is `given` is looked at, and knobs that are given stay as they are.
    """
    if "data" not in given or {"batch-size", "loss"} <= set(given):
        return experiment, []
    from gradsim.experiment.build import load_data  # noqa: PLC0415
    from gradsim.experiment.own_files import is_file, path_of  # noqa: PLC0415
    from gradsim.nn.losses import LOSSES  # noqa: PLC0415

    if is_file(experiment.data) and not _small(path_of(experiment.data)):
        return experiment, []
    try:
        data = load_data(experiment)
    except InputError:
        return experiment, []  # it is said where the network is built
    rows, name = len(data.inputs), data.name
    changes: dict[str, object] = {}
    said = []
    if "batch-size" not in given and experiment.batch_size > rows:
        changes["batch-size"] = rows
        said.append(f"batch-size is {rows}: {name} has no more rows to train on")
    if "loss" not in given and LOSSES[experiment.loss].needs_classes and not data.classes:
        changes["loss"] = FOR_NUMBERS
        said.append(f"loss is {FOR_NUMBERS}: {name} has a number to predict")
    return (experiment.switch(changes), said) if changes else (experiment, [])


def told(experiment: "Experiment", given: Collection[str]) -> "Experiment":
    """The same, and what was chosen is written to stderr."""
    chosen, said = fitted(experiment, given)
    for sentence in said:
        note(sentence)
    return chosen


def _small(path: Path) -> bool:
    try:
        return path.stat().st_size <= SMALL
    except OSError:
        return False
