"""`gradsim export`: a saved state as a script for another framework."""

from pathlib import Path

import click

from gradsim.cli.terminal import note
from gradsim.errors import InputError
from gradsim.files import write_whole

TARGETS = ("torch",)


@click.command(short_help="Write a saved state as a PyTorch script.")
@click.argument("state", metavar="STATE.npz")
@click.option("--to", "target", default="torch", metavar="torch", help="What to write it for.")
@click.option("-o", "--output", metavar="FILE", help="Write to this file instead of stdout.")
def export(state: str, target: str, output: str | None) -> None:
    """Write one script that rebuilds the network of a state and loads its parameters.

    STATE.npz comes from `gradsim run --save`. Run in PyTorch, the script computes loss and
    gradients on the batch in the file and compares them with those in the file.
    """
    if output == "":
        raise InputError('--output is "", but must be the name of a file such as network.py')
    if target not in TARGETS:
        raise InputError(f'--to is "{target}", but must be {" or ".join(TARGETS)}')

    from gradsim.experiment.build import load_data  # noqa: PLC0415
    from gradsim.export.torch import script  # noqa: PLC0415
    from gradsim.simulation.state import read, read_arrays  # noqa: PLC0415

    if not state:
        raise InputError('STATE.npz is "", but must be a file as `gradsim run --save` writes it')
    path = Path(state)
    experiment, arrays = read(path).experiment, read_arrays(path)
    if "input" not in arrays or arrays["input"].ndim != 2:
        raise InputError(f"{state}: input is missing; it must be the batch, (batch, features)")
    data = load_data(experiment) if experiment.cell != "none" else None
    text = script(experiment, arrays["input"].shape[1], len(arrays["output.weight"]), state, data)
    if output is None:
        click.echo(text, nl=False)
        return
    write_whole(Path(output), text.encode())
    note(f"wrote {output}: run it with `python {output}` where PyTorch is installed")
