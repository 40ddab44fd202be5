"""`gradsim serve`: the app in a browser."""

import click

from gradsim.cli.knobs import KnobCommand, declared, set_option, whole
from gradsim.cli.looks import given, look_options
from gradsim.errors import InputError

DEFAULT_PORT = 8000


@click.command(
    cls=KnobCommand,
    short_help="Show the app in a browser, to each visitor by themselves.",
    epilog="Sessions go to the folder that `gradsim locate` names, exports to the current one.",
)
@click.argument("scenario", metavar="[FILE|NAME]", required=False)
@click.option(
    "--port",
    default=str(DEFAULT_PORT),
    metavar="N",
    help=f"Where it listens; 0 takes one that is free. Default: {DEFAULT_PORT}.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="Who can reach it: 127.0.0.1 is this machine only, 0.0.0.0 whoever is in the network. "
    "Default: 127.0.0.1.",
)
@set_option
@look_options
def serve(
    scenario: str | None,
    port: str,
    host: str,
    settings: tuple[str, ...],
    theme: str | None,
    markers: str | None,
    reduced_motion: bool,
    low_bandwidth: bool,
    memory: str | None,
    **knobs: str | None,
) -> None:
    """Show the app in a browser: with these knobs, or playing a scenario to each visitor."""
    number = whole("--port", port, 0, 65535)
    experiment = declared(settings, knobs)
    asked = bool(settings or any(value is not None for value in knobs.values()))
    if scenario is not None and asked:
        raise InputError("a scenario sets its own knobs: leave them out, or leave out the scenario")

    from gradsim.keeping.commands import flags  # noqa: PLC0415
    from gradsim.scenario.shelf import find  # noqa: PLC0415

    arguments = ["play", scenario] if scenario is not None else flags(experiment)
    if scenario is not None:
        find(scenario)
    for name, value in given(theme, markers, reduced_motion, low_bandwidth, memory).items():
        option = f"--{name.replace('_', '-')}"
        arguments += [option] if value is True else [option, str(value)]
    try:
        from gradsim.cli.web.server import serve as serve_app  # noqa: PLC0415
    except ImportError:
        raise InputError(
            "a browser needs a library that is not here: pip install 'gradsim[serve]'"
        ) from None
    serve_app(arguments, host, number)
