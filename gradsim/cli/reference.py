"""`gradsim reference`: the reference page, written from the declarations."""

from collections.abc import Iterable, Sequence

import click

from gradsim.cli.knobs import shown
from gradsim.cli.listing import LISTS
from gradsim.cli.markdown import code, codes, table
from gradsim.cli.reference_scenarios import quantities, scenarios


@click.command(short_help="Write the reference page, as Markdown.")
def reference() -> None:
    """Write every knob, choice, scenario step and quantity to stdout, as Markdown.

    It is made from the declarations; docs/reference.md is what this prints.
    """
    click.echo(page(), nl=False)


def page() -> str:
    """The whole page."""
    parts = [
        "# Reference",
        "Written by `gradsim reference` from the declarations in the code: to change this page, "
        "change them, and run `gradsim reference > docs/reference.md`.",
        "## Knobs",
        "Each is an option (`gradsim run --depth 10`), a setting (`--set depth=10`), a key of "
        "`[experiment]` and of `set` in a scenario, and a row of the panel in the app. `key` is "
        "pressed in the app for the next value, and for the one before it with shift, or as said.",
        _knobs(),
        "### What a switch keeps",
        "What setting a knob does to a network in training.",
        _effects(),
        "## Choices",
        *(part for what in _CHOICES for part in _choices(what)),
        *_small_choices(),
        "## Scenarios",
        *scenarios(),
        "## Quantities",
        *quantities(),
        "## Conditions",
        "What `gradsim run --until` and the key `b` in the app stop at: an event by its name, or "
        f"a quantity of the run or of a layer that crosses a value, such as {_condition_forms()}.",
        _conditions(),
        "## Settings",
        "How the app looks and behaves: keys of `settings.toml`, which is where `gradsim locate` "
        "says, and rows of the panel that `,` opens.",
        _settings(),
        'A table `[keys]` there gives other keys to what is done, by its name: `play = "p"`, or '
        '`map.measure = "f5"` for a key of a view; several stand behind commas.',
        _key_names(),
        "## Notes",
        "What a verdict may add, each with layers, numbers and the ledger's reason.",
        _notes(),
        "## The report",
        "What `gradsim run --json` prints. What is not a number or infinite is null there.",
        *_report(),
        "## One weight",
        "What `gradsim weight --json` prints.",
        _weight(),
        "## The state file",
        "What `gradsim run --save state.npz` writes, `--load` reads, and `gradsim export` carries "
        "to PyTorch. Layer 3 stands for any layer; a name is there only where the network has the "
        "part. All arrays are of one moment: the parameters before an update, the next batch, its "
        "loss, and the gradients that the update would use.",
        _state(),
    ]
    return "\n\n".join(parts) + "\n"


_CHOICES = (
    "activations", "initializers", "normalizations", "skips", "clips", "optimizers", "schedules",
    "losses", "data",
)  # fmt: skip


def _knobs() -> str:
    from gradsim.experiment.experiment import DEFAULTS, KINDS, KNOBS, right  # noqa: PLC0415

    words = {int: "whole number", float: "number", str: "text"}
    return table(
        ("knob", "what it is", "type", "may be", "default", "a switch", "key"),
        (
            (
                code(name),
                knob.help,
                "choice" if knob.choices else words[KINDS[name]],
                right(name).removeprefix("one of "),
                code(shown(DEFAULTS[name])),
                knob.effect.name.lower(),
                _keys(knob.key, knob.key_back),
            )
            for name, knob in KNOBS.items()
        ),
    )


def _keys(key: str, back: str) -> str:
    return " ".join(code(k) for k in (key, back) if k)


def _effects() -> str:
    from gradsim.experiment.knobs import Effect  # noqa: PLC0415

    return table(("a switch", "does"), ((e.name.lower(), str(e)) for e in Effect))


def _choices(what: str) -> Sequence[str]:
    about, listed = LISTS[what]
    head, *rows = listed()
    named = [(code(row[0]), *map(_code_if_formula, head[1:], row[1:])) for row in rows]
    torch = _in_torch(what)
    if torch:
        head = (*head, "in PyTorch")
        named = [(*row, code(torch[old[0]]) if torch.get(old[0]) else "-")
                 for row, old in zip(named, rows, strict=True)]  # fmt: skip
    return f"### {what.capitalize()}", f"{about[0].upper()}{about[1:]}.", table(head, named)


def _in_torch(what: str) -> dict[str, str]:
    """How PyTorch says it, for each part that says so."""
    from gradsim.experiment.experiment import PARTS  # noqa: PLC0415

    parts = PARTS.get(what.removesuffix("es" if what == "losses" else "s"), {})
    said = {name: getattr(part, "torch", "") for name, part in parts.items()}
    return {name: text.replace("\n", " ") for name, text in said.items() if text}


def _small_choices() -> Iterable[str]:
    from gradsim.experiment.experiment import KNOBS, PARTS  # noqa: PLC0415

    for name, knob in KNOBS.items():
        if knob.choices and name not in PARTS and name != "data":
            yield f"### Choices of `{name}`"
            yield f"{knob.help[0].upper()}{knob.help[1:]}."
            yield table(("name", "is"), ((code(n), about) for n, about in knob.choices.items()))


def _code_if_formula(head: str, cell: str) -> str:
    return code(cell) if head in ("formula", "slope") and cell != "-" else cell


def _condition_forms() -> str:
    from gradsim.insight.watch import FORMS  # noqa: PLC0415

    return codes(FORMS.split(", "))


def _conditions() -> str:
    from gradsim.insight.watch import EVENTS  # noqa: PLC0415

    return table(("event", "happens where"), ((code(n), about) for n, about in EVENTS.items()))


def _settings() -> str:
    from gradsim.keeping.preferences import DEFAULTS, PREFERENCES, spelled  # noqa: PLC0415

    return table(
        ("setting", "what it is", "may be", "default"),
        (
            (
                code(name),
                declared.help,
                "; ".join(f"{code(n)}: {about}" for n, about in declared.choices.items())
                or declared.right(),
                code(spelled(DEFAULTS.value(name))),
            )
            for name, declared in PREFERENCES.items()
        ),
    )


def _key_names() -> str:
    head, *rows = LISTS["keys"][1]()
    return table(head, ((code(name), code(key), about) for name, key, about in rows))


def _weight() -> str:
    from gradsim.insight.study import KEYS  # noqa: PLC0415

    return table(("key", "holds"), ((code(key), about) for key, about in KEYS.items()))


def _notes() -> str:
    from gradsim.insight.verdict import KINDS  # noqa: PLC0415

    return table(("kind", "says"), ((code(str(n)), about) for n, about in KINDS.items()))


def _state() -> str:
    from gradsim.simulation.state import NAMES  # noqa: PLC0415

    rows = ((code(name), shape, about) for name, (shape, about) in NAMES.items())
    return table(("name", "shape", "holds"), rows)


def _report() -> Iterable[str]:
    from gradsim.insight import compare, report  # noqa: PLC0415
    from gradsim.insight.verdict import Shape  # noqa: PLC0415

    yield table(("key", "holds"), ((code(key), about) for key, about in report.KEYS.items()))
    yield f"The schema is `{report.SCHEMA}`. A shape is one of {codes(Shape)}."
    yield (
        f"`gradsim compare` and `gradsim run --vary` print `{compare.SCHEMA}`: `steps`, `knobs` "
        "(the names of those that differ), and `runs`, each with `name`, `knobs`, `oscillation`, "
        "`decades` (by how many the gradient of each layer is larger than in the first run, at the "
        f"end), and at `start` and `end` {codes(compare.STATE_COLUMNS)}."
    )
