"""Knobs on the command line: an option for each, made from its declaration, and `--set`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.experiment.experiment import Experiment
    from gradsim.experiment.knobs import Knob

Function = TypeVar("Function", bound=Callable[..., Any])


def set_option(function: Function) -> Function:
    """The option `--set knob=value`, which may stand any number of times."""
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KNOB=VALUE",
        help="Set a knob, as often as you like; later ones win, and a knob's own option wins. "
        "layers.7.activation=relu sets it for one layer.",
    )(function)


def knob_options() -> list[click.Parameter]:
    """An option for every knob. Imports NumPy, as the choices come from the parts themselves."""
    from gradsim.experiment.experiment import DEFAULTS, KINDS, KNOBS  # noqa: PLC0415

    return [
        click.Option(
            [f"--{name}"],
            metavar=_metavar(knob, KINDS[name]),
            help=f"{knob.help[0].upper()}{knob.help[1:]}. Default: {shown(DEFAULTS[name])}.",
        )
        for name, knob in KNOBS.items()
    ]


def _metavar(knob: "Knob", kind: type) -> str:
    if knob.choices:
        return "|".join([*knob.choices, *(["PATH"] if knob.also else [])])
    return {int: "INTEGER", float: "NUMBER"}.get(kind, "TEXT")


def shown(default: Any) -> str:
    """A knob's default in words."""
    return str(default) or '""'


class KnobCommand(click.Command):
    """A command that takes every knob as an option; they are loaded when it is called."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own options, then the knobs."""
        return [*super().get_params(ctx), *knob_options()]


def declared(settings: Sequence[str], knobs: Mapping[str, str | None]) -> "Experiment":
    """The experiment that `--set` and the knobs' own options ask for.

    Raises InputError with a sentence for each that is wrong.
    """
    from gradsim.cli.fitting import told  # noqa: PLC0415
    from gradsim.experiment.experiment import Experiment  # noqa: PLC0415

    asked = changes(settings, knobs)
    return told(Experiment.of(asked), asked)


def changes(settings: Sequence[str], knobs: Mapping[str, str | None]) -> dict[str, str]:
    """The knobs that `--set` and the knobs' own options set, each right by itself.

    Raises InputError with a sentence for each that is wrong.
    """
    from gradsim.experiment.experiment import Experiment, kebab  # noqa: PLC0415

    problems: list[str] = []
    values: dict[str, str] = {}

    def take(name: str, value: str, where: str) -> None:
        if "." in name:  # whether a layer exists depends on the depth: all together, later
            values[name] = value
            return
        try:
            Experiment.of({name: value}, where)
        except InputError as error:
            problems.extend(error.problems)
        else:
            values[name] = value

    for text in settings:
        name, equals, value = text.partition("=")
        if equals:
            take(name.strip(), value.strip(), "--set")
        else:
            problems.append(f'--set is "{text}", but must be KNOB=VALUE, such as activation=relu')
    for field, given in knobs.items():
        if given is not None:
            take(kebab(field), given, "")
    if problems:
        raise InputError(problems)
    return values


def whole(option: str, text: str, low: int, high: int) -> int:
    """The value of an option that takes a whole number within bounds."""
    if not (text.strip().isdecimal() and len(text) < 20 and low <= int(text) <= high):
        raise InputError(f'{option} is "{text}", but must be a whole number from {low} to {high}')
    return int(text)
