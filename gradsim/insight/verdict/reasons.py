"""Reasons: what the ledger says of a note, so that it names not only what happens but which part.

The ledger costs more than a verdict, and needs the network of the step; so a verdict is made
without reasons, and they are added where a ledger is at hand.
"""

from dataclasses import replace
from math import isfinite

from gradsim.insight.ledger import Block, Ledger, Part
from gradsim.insight.verdict.notes import Note, NoteKind

LEAST = 0.005
"""Decades in each layer below which a part is no reason: they would be shown as 0.00."""


def reasoned(note: Note, found: Ledger) -> Note:
    """The note with the ledger's reason; as it is where the ledger has none."""
    return replace(note, reason=_reason(note, found))


def _reason(note: Note, found: Ledger) -> str:
    hidden = [block for block in found.blocks if block.first != "output"]
    match note.kind:
        case NoteKind.SATURATED | NoteKind.DEAD_UNITS if note.layers:
            return _slopes(note, hidden)
        case NoteKind.UNEVEN:
            # From the head back to the layers that are out of line.
            return _debtor([block for block in hidden if int(block.last) >= note.layers[-1]])
        case NoteKind.CLIPPED | NoteKind.ALWAYS_CLIPPED | NoteKind.OSCILLATING:
            return _debtor(hidden) if found.decades > 0 else ""
        case _:
            return _debtor(hidden)


def _debtor(blocks: list[Block]) -> str:
    """`because the activation slope takes 0.60 decades in each layer`: what does the most."""
    broken = next((block for block in blocks if not isfinite(block.decades)), None)
    if broken:
        return f"because {broken.sentence}"
    way = -1.0 if sum(block.decades for block in blocks) < 0 else 1.0
    debts = {part: sum(block.main.of(part) for block in blocks) for part in Part}
    part = max(debts, key=lambda one: way * debts[one])
    each = debts[part] / sum(int(block.last) - int(block.first) + 1 for block in blocks)
    if abs(each) < LEAST:
        return ""
    if blocks[0].axis != "layer":
        return f"because {_THE[part]} {_verb(part, each)} {abs(each):.2f} decades in a time step"
    return f"because {_THE[part]} {_verb(part, each)} {abs(each):.2f} decades in each layer" + (
        "" if blocks[-1].first == 1 else f" from {blocks[0].last} to {blocks[-1].first}"
    )


def _slopes(note: Note, hidden: list[Block]) -> str:
    """What the activation slopes of the note's own layers do, on average."""
    slopes = [
        entry
        for block in hidden
        if block.norm_in > 0.0
        for path in block.paths
        for entry in path.entries
        if entry.part is Part.ACTIVATION and entry.layer in note.layers
    ]
    stopped = next((entry for entry in slopes if not isfinite(entry.decades)), None)
    if stopped:
        return f"and the {stopped.op} of layer {stopped.layer} lets nothing through"
    if not slopes:
        return ""
    mean = sum(entry.decades for entry in slopes) / len(slopes)
    largest = max(entry.largest_slope for entry in slopes)
    return (
        f"which {'takes' if mean < 0 else 'adds'} {abs(mean):.2f} decades in each of them "
        f"(effective slope {10.0**mean:.2g}, largest possible {largest:.4g})"
    )


_THE = {
    Part.WEIGHTS: "the weights",
    Part.ACTIVATION: "the activation slope",
    Part.NORMALIZATION: "the normalization",
    Part.SKIP: "the skip",
    Part.GATES: "the gates",
}


def _verb(part: Part, each: float) -> str:
    verb = "take" if each < 0 else "add"
    return verb if part in (Part.WEIGHTS, Part.GATES) else f"{verb}s"
