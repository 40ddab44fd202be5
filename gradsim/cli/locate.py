"""`gradsim locate`: where settings and sessions are, and where exports go."""

from pathlib import Path

import click

from gradsim.keeping.folders import VARIABLE, progress_file, sessions_folder, settings_file


@click.command(
    short_help="Print where settings and sessions are.",
    epilog=f"The environment variable {VARIABLE} names another folder for settings and sessions.",
)
def locate() -> None:
    """Print where settings and sessions are, and where exports go, whether or not they exist."""
    places = {
        "settings": settings_file(),
        "sessions": sessions_folder(),
        "lessons": progress_file(),
        "exports": Path.cwd(),
    }
    for name, path in places.items():
        click.echo(f"{name.ljust(9)} {path}")
