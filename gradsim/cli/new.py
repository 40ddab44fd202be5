"""`gradsim new`: a scenario to begin with."""

import shlex
from pathlib import Path

import click

from gradsim.errors import InputError

ENDING = ".toml"


@click.command(short_help="Write a commented scenario to begin with.")
@click.argument("name", metavar="NAME")
def new(name: str) -> None:
    """Write NAME.toml: a scenario that is right as it is, with a comment on every part.

    NAME may be a path. A file that is there already is left as it is.
    """
    from gradsim.scenario.starter import starter  # noqa: PLC0415

    path = Path(name if name.endswith(ENDING) else name + ENDING)
    if not path.stem.strip(".") or not path.name.isprintable() or path.name == ENDING:
        raise InputError(f'"{name}" is no name for a file; right is such as first-lesson')
    text = starter(path.stem)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path} is there already: choose another name") from None
    except FileNotFoundError:
        raise InputError(f"{path}: there is no folder {path.parent}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written: {(error.strerror or '').lower()}") from None
    word = shlex.quote(str(path))
    click.echo(f"{path} is written; gradsim check {word} --control holds it against what is so")
