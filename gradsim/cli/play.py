"""`gradsim play`: a scenario in the app, or its frames as text."""

import click

from gradsim.cli.looks import given, look_options
from gradsim.cli.size import size as read_size
from gradsim.cli.terminal import has_terminal
from gradsim.cli.threads import one_thread
from gradsim.errors import InputError

DEFAULT_SIZE = "100x30"


@click.command(short_help="Play a scenario in the app, or as frames of text.")
@click.argument("scenario", metavar="FILE|NAME")
@click.option("--headless", is_flag=True, help="Write the frames as text; needs no terminal.")
@click.option(
    "--size",
    metavar="WIDTHxHEIGHT",
    help=f"Size of the frames, with --headless. Default: {DEFAULT_SIZE}.",
)
@look_options
def play(
    scenario: str,
    headless: bool,
    size: str | None,
    theme: str | None,
    markers: str | None,
    reduced_motion: bool,
    low_bandwidth: bool,
    memory: str | None,
) -> None:
    """Play a scenario: a file, or the name of one that comes with gradsim."""
    if size is not None and not headless:
        raise InputError("--size goes with --headless only: in a terminal its own size counts")
    width, height = read_size(size or DEFAULT_SIZE, DEFAULT_SIZE)

    from gradsim.scenario.shelf import find  # noqa: PLC0415

    found = find(scenario)
    if headless:
        from gradsim.tui.headless import frames  # noqa: PLC0415

        with one_thread():
            for number, frame in enumerate(
                frames(found, width, height, markers or "braille"), start=1
            ):
                rule = "-" if markers == "ascii" else "─"
                click.echo(f"{rule * 2} frame {number} ".ljust(width, rule))
                click.echo(frame)
        return
    if not has_terminal():
        raise InputError("there is no terminal to play in: add --headless for frames of text")

    from gradsim.tui.opening import open_scenario  # noqa: PLC0415

    with one_thread():
        open_scenario(found, **given(theme, markers, reduced_motion, low_bandwidth, memory))
