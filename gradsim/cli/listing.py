"""`gradsim list`: what can be chosen, each with its formula and its source."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import click

from gradsim.cli.knobs import shown
from gradsim.errors import InputError, nearest

Table: TypeAlias = list[tuple[str, ...]]
"""The heads of the columns, then the rows."""


@click.command("list", short_help="List what can be chosen, with formulas and sources.")
@click.argument("what", metavar="[WHAT]", required=False)
def list_(what: str | None) -> None:
    """List activations, initializers, knobs, scenarios ...; without WHAT: what can be listed."""
    if what is None:
        _print([("what", "holds"), *((name, about) for name, (about, _) in LISTS.items())])
        return
    if what not in LISTS:
        raise InputError(f'there is no list "{what}"; {nearest(what, LISTS)}')
    _print(LISTS[what][1]())


def _print(table: Table) -> None:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _parts(knob: str, registry: Mapping[str, Any]) -> Table:
    from gradsim.experiment.experiment import KNOBS  # noqa: PLC0415

    table: Table = [("name", "formula", "source")]
    for name, formula in KNOBS[knob].choices.items():
        table.append((name, formula, registry[name].source if name in registry else "-"))
    return table


def _activations() -> Table:
    from gradsim.nn.activations import ACTIVATIONS  # noqa: PLC0415

    table: Table = [("name", "formula", "slope", "source")]
    for name, part in ACTIVATIONS.items():
        table.append((name, part.formula, part.slope_formula, part.source))
    return table


def _initializers() -> Table:
    from gradsim.nn.initializers import INITIALIZERS  # noqa: PLC0415

    return _parts("initializer", INITIALIZERS)


def _normalizations() -> Table:
    from gradsim.nn.normalization import NORMALIZATIONS  # noqa: PLC0415

    return _parts("normalization", NORMALIZATIONS)


def _skips() -> Table:
    from gradsim.nn.skips import SKIPS  # noqa: PLC0415

    return _parts("skip", SKIPS)


def _clips() -> Table:
    from gradsim.nn.clipping import CLIPS  # noqa: PLC0415

    return _parts("clip", CLIPS)


def _optimizers() -> Table:
    from gradsim.nn.optimizers import OPTIMIZERS  # noqa: PLC0415

    return _parts("optimizer", OPTIMIZERS)


def _losses() -> Table:
    from gradsim.nn.losses import LOSSES  # noqa: PLC0415

    return _parts("loss", LOSSES)


def _schedules() -> Table:
    from gradsim.nn.schedules import SCHEDULES  # noqa: PLC0415

    return _parts("schedule", SCHEDULES)


def _cells() -> Table:
    from gradsim.nn.cells import CELLS  # noqa: PLC0415

    sources = {
        "rnn": "Elman 1990",
        "gru": "Cho et al. 2014; reset after the product, as in PyTorch",
        "lstm": "Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000",
    }
    return [
        ("name", "formula", "source"),
        *((name, formula, sources.get(name, "-")) for name, formula in CELLS.items()),
    ]


def _data() -> Table:
    from gradsim.experiment.sequences import SEQUENCES  # noqa: PLC0415
    from gradsim.experiment.sources import DATA_SETS  # noqa: PLC0415

    return [
        ("name", "holds", "source"),
        *((name, part.about, part.source) for name, part in (DATA_SETS | SEQUENCES).items()),
    ]


def _knobs() -> Table:
    from gradsim.experiment.experiment import DEFAULTS, KNOBS, right  # noqa: PLC0415

    return [
        ("name", "key", "default", "may be", "what it is"),
        *(
            (name, knob.key, shown(DEFAULTS[name]), right(name).removeprefix("one of "), knob.help)
            for name, knob in KNOBS.items()
        ),
    ]


def _settings() -> Table:
    from gradsim.keeping.preferences import DEFAULTS, PREFERENCES, spelled  # noqa: PLC0415

    return [
        ("name", "default", "may be", "what it is"),
        *(
            (name, spelled(DEFAULTS.value(name)), p.right().removeprefix("one of "), p.help)
            for name, p in PREFERENCES.items()
        ),
    ]


def _keys() -> Table:
    from gradsim.tui.binding import full_name  # noqa: PLC0415
    from gradsim.tui.keymap import Keymap, tables  # noqa: PLC0415

    return [
        ("name", "key", "what it does"),
        *(
            (full_name(table, key), key.shown, key.about)
            for table, keys in tables().items()
            for key in Keymap().now(keys, table)
        ),
    ]


def _scenarios() -> Table:
    from gradsim.scenario.shelf import find, shipped  # noqa: PLC0415

    rows: Iterable[tuple[str, str]] = ((name, find(name).title) for name in shipped())
    return [("name", "title"), *rows]


LISTS: dict[str, tuple[str, Callable[[], Table]]] = {
    "activations": ("functions of a single unit, with their slopes", _activations),
    "initializers": ("distributions of the starting weights", _initializers),
    "normalizations": (
        "what is done to what passes through a layer, or to its weights",
        _normalizations,
    ),
    "skips": ("paths around a block of layers", _skips),
    "clips": ("what is done to gradients before the update", _clips),
    "optimizers": ("how gradients become a change of the weights", _optimizers),
    "losses": ("what training lowers", _losses),
    "schedules": ("how the learning rate changes from step to step", _schedules),
    "cells": ("recurrent cells", _cells),
    "data": ("data sets and sequences to learn from", _data),
    "knobs": ("all settings of an experiment, with their defaults", _knobs),
    "settings": ("how the app looks and behaves; gradsim locate says where they are", _settings),
    "keys": ("keys of the app, by the names they have in the settings file", _keys),
    "scenarios": ("lessons to play and to check", _scenarios),
}
"""What can be listed: a line about it, and the making of its table."""
