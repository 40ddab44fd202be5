"""Quantities that are named by their path in the JSON: `ledger.parts.weights`, `history.loss.12`.

In a pattern `N` stands for a number: an index in a list, counted from 0.
"""

from collections.abc import Iterator

from gradsim.experiment.experiment import KINDS, KNOBS
from gradsim.insight.ledger import Part as LedgerPart
from gradsim.scenario.quantity_table import QUANTITIES, SHARE, Part, Quantity

NUMBER = "N"
"""Stands for a number in a pattern."""


def pattern_of(path: str) -> str:
    """A path with each number in it as `N`."""
    return ".".join(NUMBER if key.isdecimal() else key for key in path.split("."))


def _number(about: str, unit: str = "", formula: str = "") -> Quantity:
    return Quantity(Part.PATH, about, unit, formula)


def _words(about: str) -> Quantity:
    return Quantity(Part.PATH, about, words=True)


_LEDGER = {
    "ledger.decades": _number(
        "change of the gradient's norm from the last hidden layer's output to layer 1's input",
        "decades",
        "log10(norm behind / norm before)",
    ),
    "ledger.sentence": _words("the ledger in a sentence"),
    **{
        f"ledger.parts.{part}": _number(f"what of `ledger.decades` comes from {part}", "decades")
        for part in LedgerPart
    },
    "ledger.blocks.N.first": _words("the block's first layer, a number or output"),
    "ledger.blocks.N.last": _words("the block's last layer"),
    "ledger.blocks.N.norm_in": _number("norm of the gradient that comes back to the block"),
    "ledger.blocks.N.norm_out": _number("norm of the gradient that it hands on, to the input"),
    "ledger.blocks.N.decades": _number("what the block does to the norm", "decades"),
    "ledger.blocks.N.sentence": _words("the block in a sentence"),
    "ledger.blocks.N.paths.N.name": _words("a path through the block: main, skip, ..."),
    "ledger.blocks.N.paths.N.share": _number(
        "what the path brings of the whole", SHARE, "<path, total> / <total, total>"
    ),
    "ledger.blocks.N.paths.N.decades": _number("what the path does to the norm", "decades"),
    "ledger.blocks.N.paths.N.ops.N.layer": _words("the layer that an op is of"),
    "ledger.blocks.N.paths.N.ops.N.op": _words("the op's name"),
    "ledger.blocks.N.paths.N.ops.N.part": _words("the part of the ledger that it counts for"),
    "ledger.blocks.N.paths.N.ops.N.decades": _number("what the op does to the norm", "decades"),
}
"""Block 0 is the head; the blocks go from there back to layer 1."""

_THEORY = {
    "theory.reason": _words("why there is no theory; empty where there is one"),
    "theory.sentence": _words("the theory in a sentence"),
    "theory.at_initialization": _number("1 at the untouched start, else 0", "0 or 1"),
    "theory.numbers_of": _words("of which layer the numbers of one layer are"),
    "theory.source": _words("where the theory is from"),
    "theory.layers.N.layer": _words("the layer of this row, a number or output"),
    "theory.layers.N.decades": _number(
        "predicted log10 of `delta_norm` over that of the last hidden layer", "decades"
    ),
    "theory.layers.N.deviation": _number("its standard deviation over networks", "decades"),
}


def _clip_advice() -> Iterator[tuple[str, Quantity]]:
    plain = {
        "steps": ("steps that the advice rests on", "steps"),
        "not_finite": ("of these steps, how many had a norm that is not finite", "steps"),
        "quantiles.N": ("so many percent of the gradient norms were at most this", ""),
        "grad_norm": ("the gradient norm now", ""),
        "learning_rate": ("the learning rate now", ""),
        "clip_coefficient": ("what clipping leaves of the gradient now", SHARE),
        "effective_learning_rate": ("learning rate times `clip_coefficient`", ""),
        "thresholds.N.rate": ("share of the steps at which this threshold would fire", SHARE),
        "thresholds.N.fired": ("steps at which this threshold would have fired", "steps"),
    }
    for name, (about, unit) in plain.items():
        yield f"clip_advice.{name}", _number(about, unit)
    turns = {
        "threshold": ("the threshold", ""),
        "left": ("what it would leave of the norm now", SHARE),
        "angle": ("by how much it would turn the gradient now", "degrees"),
    }
    places = {
        "thresholds.N.by_norm": "clipping by norm",
        "thresholds.N.by_value": "clipping by value to the same norm",
        "halved_by_value": "clipping by value that halves the norm",
    }
    for place, kind in places.items():
        for name, (about, unit) in turns.items():
            yield f"clip_advice.{place}.{name}", _number(f"{kind}: {about}", unit)
    yield "clip_advice.sentences.N", _words("the advice in sentences")


_FIRST_CAUSE = {
    "first_cause.step": _number("the step at which NaN or infinity began; NaN if none", "steps"),
    "first_cause.op": _number("ops done of that step before it", "ops"),
    "first_cause.phase": _words("its phase: forward, loss, backward, clip or update"),
    "first_cause.layer": _words("its layer, a number or output"),
    "first_cause.path": _words("its path, where there are several"),
    "first_cause.name": _words("the op that made it"),
    "first_cause.what": _words("what was not finite: output, gradient, loss, ..."),
    "first_cause.nans": _number("entries that are NaN", "entries"),
    "first_cause.infinities": _number("entries that are infinite", "entries"),
    "first_cause.size": _number("entries in all", "entries"),
    "first_cause.given.N.name": _words("what the op was given"),
    "first_cause.given.N.norm": _number("its norm"),
    "first_cause.given.N.largest": _number("its largest magnitude"),
    "first_cause.way.N": _words("what led there, in sentences"),
    "first_cause.sentence": _words("the cause in a sentence"),
}

_REST = {
    "schema": _words("name and version of the report's form"),
    "verdict.notes.N.kind": _words("the kind of a note"),
    "verdict.notes.N.layers.N": _number("a layer that a note names"),
    "verdict.notes.N.sentence": _words("a note in a sentence"),
    "verdict.evidence.sentence": _words("the evidence in a sentence"),
    "wiring.N": _words("what skips do where widths differ, in sentences"),
    "memory.budget": _number("memory that may hold the past", "bytes"),
    "memory.tables": _number("memory that holds the numbers of layers at earlier steps", "bytes"),
    "memory.keyframes": _number("memory that holds checkpoints", "bytes"),
    "memory.checkpoints": _number("checkpoints held", "checkpoints"),
    "memory.used": _number("memory in use for the past", "bytes"),
    "layers.N.layer": _words("the layer of this row, a number or output"),
    "layers.N.time": _number("the time step of this row", "time steps"),
}


def _knobs() -> Iterator[tuple[str, Quantity]]:
    for name, knob in KNOBS.items():
        quantity = Quantity(Part.PATH, knob.help, words=KINDS[name] is str)
        yield f"experiment.{name}", quantity
        if knob.per_layer:
            yield f"experiment.layers.N.{name}", quantity
            yield f"experiment.output.{name}", quantity


_STANDS = {
    Part.HISTORY: "history.{}.N",
    Part.LAYERS: "layers.N.{}",
    Part.EVIDENCE: "verdict.evidence.{}",
    Part.VERDICT: "verdict.{}",
    Part.TIME: "time.{}",
    Part.THEORY: "theory.{}",
}


def _long() -> Iterator[tuple[str, Quantity]]:
    """The long names of those that have a short one."""
    for name, q in QUANTITIES.items():
        if q.part in _STANDS:
            path = _STANDS[q.part].format(name)
            yield path, Quantity(Part.PATH, q.about, q.unit, q.formula, q.source, q.is_text)


BY_PATH: dict[str, Quantity] = {
    **_LEDGER,
    **_THEORY,
    **dict(_clip_advice()),
    **_FIRST_CAUSE,
    **_REST,
}
"""Patterns of what has no other name."""

PATHS: dict[str, Quantity] = {**BY_PATH, **dict(_knobs()), **dict(_long())}
"""Every pattern of a path that leads to a number or a text."""
