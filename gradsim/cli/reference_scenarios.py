"""The part of the reference page that is about scenarios: format, steps, quantities."""

from collections.abc import Iterable
from typing import Any, get_args

from gradsim.cli.markdown import code, codes, table


def scenarios() -> Iterable[str]:
    """How a scenario is written: a whole file, then every table, step and key."""
    from gradsim.scenario.expecting import AGGREGATES, COMPARISONS, Expectation, Other  # noqa: PLC0415
    from gradsim.scenario.format import Control, Sheet  # noqa: PLC0415
    from gradsim.scenario.starter import starter  # noqa: PLC0415
    from gradsim.scenario.steps import (  # noqa: PLC0415
        GRAINS,
        STEPS,
        Going,
        Look,
        OfLayers,
        Place,
        Question,
    )

    yield (
        "A scenario is a lesson, a demo and a test in one TOML file. Nothing in it is ever "
        "executed as code. `gradsim new NAME` writes this one:"
    )
    yield f"```toml\n{starter('first').rstrip()}\n```"
    yield (
        "`gradsim check FILE` plays it and says of each expectation what was measured; exit code "
        "1 where one fails, 2 where the file is wrong. `--control` also plays it with the knobs of "
        "`[control]` held throughout: then some expectation must fail. `gradsim play FILE` plays "
        "it in the app, with `--headless` as frames of text. A mistake is told in a sentence with "
        "file, line and key, all mistakes of a file at once. `gradsim schema scenario` prints a "
        "JSON Schema, by which an editor completes and checks it: save that beside the file as "
        "`scenario.schema.json`, and begin the file with `#:schema ./scenario.schema.json`."
    )
    yield "### At the top of a file"
    yield _fields(Sheet)
    yield "### The control"
    yield f"Under `[control]`. {_first_line(Control)}"
    yield _fields(Control)
    yield "### Steps"
    yield "Each `[[steps]]` table has one of these keys; steps are done in their order."
    yield table(
        ("step", "does", "such as"),
        ((code(key), _first_line(kind), code(kind.EXAMPLE)) for key, kind in STEPS.items()),
    )
    yield "### Keys of `ask`"
    yield (
        "In the app it waits for an answer: `↑` `↓` choose, `enter` answers. Text frames and "
        "`gradsim check` show the question with its answer."
    )
    yield _fields(Question)
    yield "### Keys of `run` and `back`"
    yield (
        f"One of {codes(GRAINS)}; `run` may have `until` with `limit` instead, as in "
        '`run = { until = "loss < 0.5", limit = 500 }`. A run of up to two steps is shown op by '
        "op. `back` from inside a step, phase or layer first goes to where that began."
    )
    yield _fields(Going)
    yield "### Keys of `set-layer`"
    yield (
        "`layer` or `layers`, and knobs that a layer can have for itself. A range is "
        '`"3-10"`, `"3-last"` or `"all"`. In `set` and `[experiment]` the same is written '
        "`layers.3-10.activation`, `output.initializer`."
    )
    yield _fields(OfLayers)
    yield "### Keys of `show`"
    yield _fields(Look)
    yield "### Keys of `visit`"
    yield _fields(Place)
    yield "### Keys of `expect`"
    yield (
        f"A quantity and one comparison ({codes(COMPARISONS)}). Words are compared by `is`, "
        "`includes` and `excludes`, numbers by the others. NaN is never above, below or equal to "
        "anything; that a number is NaN or infinite is expected by `finite = false`."
    )
    yield (
        "A number is compared with a number, or with another quantity: "
        '`expect = { quantity = "delta_norm", layer = 1, below = { quantity = "delta_norm", '
        "layer = 20, factor = 1e-6 } }`. Both may be of the run that was pinned: "
        '`expect = { quantity = "loss", below = { quantity = "loss", run = "pinned" } }`. '
        "Of several layers each must be as expected: "
        '`expect = { quantity = "dead", layers = "all", below = 0.5 }`; or an aggregate: '
        '`expect = { quantity = "delta_norm", layers = "all", aggregate = "decades", below = 1 }`.'
    )
    yield (
        "A gradient is that of the next batch at the present weights, so it can be expected at any "
        "moment, also before the first step. Leave room: another processor changes last digits, "
        "and training makes more of them."
    )
    yield _fields(Expectation)
    yield "The quantity to compare with has the same keys but no comparison, and:"
    yield _fields(Other, only=("factor",))
    yield "Aggregates:"
    yield table(("aggregate", "is"), ((code(n), about) for n, about in AGGREGATES.items()))


def quantities() -> Iterable[str]:
    """What can be expected: the short names, then the paths."""
    from gradsim.scenario.quantities import QUANTITIES  # noqa: PLC0415
    from gradsim.scenario.quantity_paths import BY_PATH  # noqa: PLC0415
    from gradsim.scenario.quantity_table import PLACES  # noqa: PLC0415

    yield (
        "What a scenario can expect, by the names of the report. One of a layer needs `layer` (a "
        "number counted from 1, or `output`) or `layers`; in a recurrent network it may have "
        "`time`, a time step (else the first), or `times`. `gradsim explain NAME` says this of "
        "one, and which lessons use it."
    )
    yield table(
        ("quantity", "what it is", "unit", "formula", "of a layer", "in the report"),
        (
            (
                code(name),
                q.about,
                q.unit or "-",
                code(q.formula) if q.formula else "-",
                "yes" if q.per_layer else "-",
                PLACES[q.part],
            )
            for name, q in QUANTITIES.items()
        ),
    )
    yield (
        "Everything else in what `gradsim run --json` and `gradsim diagnose --json` print is named "
        "by its path, as in `ledger.parts.weights` or `history.loss.12`; `N` stands for a number, "
        "an index counted from 0. So are the knobs, `experiment.depth`. Only what is there on "
        "request is left out (`--remedies`, `--details`)."
    )
    yield table(
        ("path", "what it is", "unit"),
        ((code(n), q.about, "a text" if q.is_text else q.unit or "-") for n, q in BY_PATH.items()),
    )


def _fields(model: Any, *, only: tuple[str, ...] = ()) -> str:
    rows = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        if not only or key in only:
            rows.append((code(key), field.description or "", _right(field), _default(field)))
    return table(("key", "means", "may be", "where left out"), rows)


def _default(field: Any) -> str:
    if field.is_required():
        return "must be there"
    default = field.get_default(call_default_factory=True)
    return "-" if default in (None, {}) else code(f"{default}")


def _right(field: Any) -> str:
    """What would be a right value of a key, as the sentences about a wrong one say it."""
    from gradsim.scenario.parts import Right  # noqa: PLC0415

    notes = [*field.metadata, *_notes(field.annotation)]
    return next((note.words for note in notes if isinstance(note, Right)), "")


def _notes(annotation: Any) -> Iterable[Any]:
    yield from getattr(annotation, "__metadata__", ())
    for inner in get_args(annotation):
        yield from _notes(inner)


def _first_line(part: Any) -> str:
    return str(part.__doc__).strip().splitlines()[0]
