"""`gradsim schema`: what a file may hold, as a JSON Schema for editors."""

import json

import click

from gradsim.errors import InputError, nearest

KINDS = ("scenario",)


@click.command(short_help="Print a JSON Schema, so that editors complete a scenario.")
@click.argument("what", metavar="scenario")
def schema(what: str) -> None:
    """Print the JSON Schema (draft 2020-12) of scenario files, made from their models.

    Saved as scenario.schema.json it is found by Taplo and Even Better TOML through a first line
    `#:schema ./scenario.schema.json` in the file.
    """
    if what not in KINDS:
        raise InputError(f'there is no schema of "{what}"; {nearest(what, KINDS)}')
    from gradsim.scenario.schema import schema as made  # noqa: PLC0415

    click.echo(json.dumps(made(), indent=2, ensure_ascii=False, allow_nan=False))
