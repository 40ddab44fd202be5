"""How the app looks, for this time only: options that go before what the settings file says."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

THEMES = ("dark", "light", "contrast", "ansi")
MARKERS = ("braille", "block", "ascii")
"""As the settings have them, which are loaded with the app; a test holds them together."""


def look_options(function: Function) -> Function:
    """The options `--theme`, `--markers`, `--reduced-motion`, `--low-bandwidth`, `--memory`."""
    for option in (
        click.option("--memory", metavar="MIB", help="Memory to rewind with. Default: 384."),
        click.option("--low-bandwidth", is_flag=True, help="Few pictures: for a slow connection."),
        click.option("--reduced-motion", is_flag=True, help="Steps are shown whole, not op by op."),
        click.option("--markers", type=click.Choice(MARKERS), help="What curves are drawn with."),
        click.option("--theme", type=click.Choice(THEMES), help="Colors of the app."),
    ):
        function = option(function)
    return function


def given(
    theme: str | None,
    markers: str | None,
    reduced_motion: bool,
    low_bandwidth: bool,
    memory: str | None,
) -> dict[str, str | bool]:
    """Those that were given, by the names of the settings. Raises InputError for no budget."""
    if memory is not None:
        from gradsim.simulation.budget import budget_of  # noqa: PLC0415

        memory = budget_of(memory, "--memory").text()
    all_ = {
        "theme": theme,
        "markers": markers,
        "reduced_motion": reduced_motion,
        "low_bandwidth": low_bandwidth,
        "memory": memory,
    }
    return {name: value for name, value in all_.items() if value}
