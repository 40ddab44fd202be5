"""`gradsim reference`: the reference page, written from the declarations."""

from collections.abc import Iterable, Sequence
from typing import Any

import click

from gradsim.cli.knobs import shown
from gradsim.cli.listing import LISTS


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
        *_scenarios(),
        "## Quantities",
        "What a scenario can expect, by the names of the report. One of a layer needs `layer`: a "
        "number counted from 1, or `output`; in a recurrent network it may have `time`, a time "
        "step (else the first).",
        _quantities(),
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
    return _table(
        ("knob", "what it is", "type", "may be", "default", "a switch", "key"),
        (
            (
                _code(name),
                knob.help,
                "choice" if knob.choices else words[KINDS[name]],
                right(name).removeprefix("one of "),
                _code(shown(DEFAULTS[name])),
                knob.effect.name.lower(),
                _keys(knob.key, knob.key_back),
            )
            for name, knob in KNOBS.items()
        ),
    )


def _keys(key: str, back: str) -> str:
    return " ".join(_code(k) for k in (key, back) if k)


def _effects() -> str:
    from gradsim.experiment.knobs import Effect  # noqa: PLC0415

    return _table(("a switch", "does"), ((e.name.lower(), str(e)) for e in Effect))


def _choices(what: str) -> Sequence[str]:
    about, table = LISTS[what]
    head, *rows = table()
    named = [(_code(row[0]), *map(_code_if_formula, head[1:], row[1:])) for row in rows]
    torch = _in_torch(what)
    if torch:
        head = (*head, "in PyTorch")
        named = [(*row, _code(torch[old[0]]) if torch.get(old[0]) else "-")
                 for row, old in zip(named, rows, strict=True)]  # fmt: skip
    return f"### {what.capitalize()}", f"{about[0].upper()}{about[1:]}.", _table(head, named)


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
            yield _table(("name", "is"), ((_code(n), about) for n, about in knob.choices.items()))


def _code_if_formula(head: str, cell: str) -> str:
    return _code(cell) if head in ("formula", "slope") and cell != "-" else cell


def _scenarios() -> Iterable[str]:
    from gradsim.scenario.expecting import COMPARISONS, Expectation  # noqa: PLC0415
    from gradsim.scenario.format import Control, Sheet  # noqa: PLC0415
    from gradsim.scenario.steps import STEPS  # noqa: PLC0415

    yield "A TOML file. At its top:"
    yield _fields(Sheet, {"steps": "what is done, in its order"})
    yield "Under `[control]`: " + _first_line(Control)
    yield _fields(Control, {})
    yield "Each `[[steps]]` table has one of these keys:"
    yield _table(
        ("step", "does", "is"),
        ((_code(key), _first_line(kind), _right(kind, key)) for key, kind in STEPS.items()),
    )
    yield (
        "In `expect` stand a quantity and one comparison ("
        + ", ".join(_code(key) for key in COMPARISONS)
        + "):"
    )
    yield _fields(Expectation, {})


def _fields(model: Any, more: dict[str, str]) -> str:
    rows = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        rows.append((_code(key), more.get(key, _right(model, key)), _default(field)))
    return _table(("key", "is", "where left out"), rows)


def _default(field: Any) -> str:
    if field.is_required():
        return "must be there"
    default = field.get_default(call_default_factory=True)
    return "-" if default in (None, {}) else _code(f"{default}")


def _right(model: Any, key: str) -> str:
    """What would be a right value of a key, as the sentences about a wrong one say it."""
    from typing import get_args  # noqa: PLC0415

    from gradsim.scenario.parts import Right  # noqa: PLC0415

    field = next(f for name, f in model.model_fields.items() if (f.alias or name) == key)
    kinds = (field.annotation, *get_args(field.annotation))
    notes = [*field.metadata, *(n for kind in kinds for n in getattr(kind, "__metadata__", ()))]
    return next((note.words for note in notes if isinstance(note, Right)), "")


def _first_line(part: Any) -> str:
    return str(part.__doc__).strip().splitlines()[0]


def _quantities() -> str:
    from gradsim.scenario.quantities import QUANTITIES, Part  # noqa: PLC0415

    places = {
        Part.HISTORY: "`history`, its last entry",
        Part.TOP: "top",
        Part.LAYERS: "`layers`",
        Part.EVIDENCE: "`verdict.evidence`",
        Part.VERDICT: "`verdict`",
        Part.NOTES: "`verdict.notes`, their `kind`",
        Part.TIME: "`time`, in a recurrent network",
        Part.THEORY: "`theory`",
    }
    return _table(
        ("quantity", "what it is", "unit", "in the report"),
        ((_code(n), q.about, q.unit or "-", places[q.part]) for n, q in QUANTITIES.items()),
    )


def _condition_forms() -> str:
    from gradsim.insight.watch import FORMS  # noqa: PLC0415

    return _codes(FORMS.split(", "))


def _conditions() -> str:
    from gradsim.insight.watch import EVENTS  # noqa: PLC0415

    return _table(("event", "happens where"), ((_code(n), about) for n, about in EVENTS.items()))


def _settings() -> str:
    from gradsim.keeping.preferences import DEFAULTS, PREFERENCES, spelled  # noqa: PLC0415

    return _table(
        ("setting", "what it is", "may be", "default"),
        (
            (
                _code(name),
                declared.help,
                "; ".join(f"{_code(n)}: {about}" for n, about in declared.choices.items())
                or declared.right(),
                _code(spelled(DEFAULTS.value(name))),
            )
            for name, declared in PREFERENCES.items()
        ),
    )


def _key_names() -> str:
    head, *rows = LISTS["keys"][1]()
    return _table(head, ((_code(name), _code(key), about) for name, key, about in rows))


def _weight() -> str:
    from gradsim.insight.study import KEYS  # noqa: PLC0415

    return _table(("key", "holds"), ((_code(key), about) for key, about in KEYS.items()))


def _notes() -> str:
    from gradsim.insight.verdict import KINDS  # noqa: PLC0415

    return _table(("kind", "says"), ((_code(str(n)), about) for n, about in KINDS.items()))


def _state() -> str:
    from gradsim.simulation.state import NAMES  # noqa: PLC0415

    rows = ((_code(name), shape, about) for name, (shape, about) in NAMES.items())
    return _table(("name", "shape", "holds"), rows)


def _report() -> Iterable[str]:
    from gradsim.insight import compare, report  # noqa: PLC0415
    from gradsim.insight.verdict import Shape  # noqa: PLC0415

    yield _table(("key", "holds"), ((_code(key), about) for key, about in report.KEYS.items()))
    yield f"The schema is `{report.SCHEMA}`. A shape is one of {_codes(Shape)}."
    yield (
        f"`gradsim compare` and `gradsim run --vary` print `{compare.SCHEMA}`: `steps`, `knobs` "
        "(the names of those that differ), and `runs`, each with `name`, `knobs`, `oscillation`, "
        "`decades` (by how many the gradient of each layer is larger than in the first run, at the "
        f"end), and at `start` and `end` {_codes(compare.STATE_COLUMNS)}."
    )


def _codes(names: Iterable[str]) -> str:
    return ", ".join(_code(str(name)) for name in names)


def _code(text: str) -> str:
    # A bar must not end the cell of a table, and a backtick not the code.
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
