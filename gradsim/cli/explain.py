"""`gradsim explain`: what a quantity is, with its formula, unit and source, and who uses it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.scenario.quantities import Quantity

WIDTH = 10
"""Cells of the words before each line."""


@click.command(short_help="Say what a quantity is: formula, unit, source, lessons.")
@click.argument("name", required=False)
def explain(name: str | None) -> None:
    """Say what a quantity of the report is, by its name there; without NAME: list them all.

    Each can be expected in a scenario by this name.
    """
    from gradsim.scenario.quantities import nearest_name, quantity_of  # noqa: PLC0415

    if name is None:
        click.echo("\n".join(_listed()))
        return
    quantity = quantity_of(name)
    if quantity is None:
        about = _knob(name)
        if not about:
            raise InputError(f'there is no quantity "{name}"; {nearest_name(name)}')
        click.echo(about)
        return
    click.echo("\n".join([name, *_lines(name, quantity)]))


def _listed() -> Iterator[str]:
    from gradsim.scenario.quantities import QUANTITIES  # noqa: PLC0415
    from gradsim.scenario.quantity_paths import BY_PATH  # noqa: PLC0415

    wide = max(map(len, BY_PATH))
    for name, quantity in QUANTITIES.items():
        yield f"{name.ljust(wide)}  {quantity.about}".rstrip()
    yield ""
    yield "By their path in the JSON; N stands for a number, an index counted from 0:"
    for name, quantity in BY_PATH.items():
        yield f"{name.ljust(wide)}  {quantity.about}"
    yield f"{'experiment.KNOB'.ljust(wide)}  a knob's value; gradsim list knobs names them"


def _lines(name: str, quantity: "Quantity") -> Iterator[str]:
    from gradsim.scenario.quantity_table import PLACES  # noqa: PLC0415
    from gradsim.scenario.uses import lessons_with  # noqa: PLC0415

    where = "a layer: needs layer or layers" if quantity.per_layer else "the whole network"
    used = lessons_with(name)
    facts = {
        "what": quantity.about,
        "of": where,
        "unit": "a text" if quantity.is_text and not quantity.unit else quantity.unit,
        "formula": quantity.formula,
        "source": quantity.source,
        "report": PLACES[quantity.part],
        "expect": _example(name, quantity),
        "lessons": ", ".join(used) if used else "none yet",
    }
    for head, words in facts.items():
        if words:
            yield f"  {head.ljust(WIDTH)}{words}"


def _example(name: str, quantity: "Quantity") -> str:
    if name == "notes":
        side = 'includes = "dead-units"'
    elif name == "shape":
        side = 'is = "vanishing"'
    else:
        side = 'is = "text"' if quantity.is_text else "below = 1"
    layer = "layer = 1, " if quantity.per_layer else ""
    return f'expect = {{ quantity = "{name}", {layer}{side} }}'


def _knob(name: str) -> str:
    """What a knob is, for one who asks for that; nothing where there is none of that name."""
    from gradsim.experiment.experiment import KNOBS, right  # noqa: PLC0415

    if name not in KNOBS:
        return ""
    return (
        f"{name} is a knob, no quantity: {KNOBS[name].help}; it may be {right(name)}. Its value "
        f"can be expected as experiment.{name}"
    )
