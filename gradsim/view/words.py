"""What is said in words: where the session stands, what the verdict is, what a switch did."""

from collections.abc import Mapping
from math import isfinite, isnan, nan

from gradsim.experiment.experiment import KNOBS
from gradsim.experiment.knobs import Effect
from gradsim.numbers import decades, number, share
from gradsim.simulation.events import Event, Phase
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.switching import Switched
from gradsim.view.frame import Frame
from gradsim.view.key_words import Told, as_it_is
from gradsim.view.lines import (
    Line,
    Run,
    fitted,
    length,
    part_at,
    spread,
    wrapped,
    wrapped_words,
)

BADGES = {
    "vanishing": "▼ VANISHING",
    "exploding": "▲ EXPLODING",
    "healthy": "● HEALTHY",
    "dead": "0 DEAD",
    "not-finite": "? NOT FINITE",
}
"""How each shape is named on screen: never by color alone."""

SHOWN_SWITCHES = ("activation", "initializer", "normalization", "skip", "clip")
"""Knobs that are always on screen with their keys; more follow where there is room."""

MORE_THROUGH_TIME = ("truncation", "clip-threshold", "learning-rate", "width", "seed")

SHOWN_THROUGH_TIME = (
    "cell", "activation", "initializer", "recurrent-initializer", "normalization", "clip",
)  # fmt: skip
"""The same in a recurrent network."""

MORE_SWITCHES = ("clip-threshold", "learning-rate", "depth", "width", "seed")


def header(frame: Frame, width: int) -> Line:
    """Where the session stands: what is trained, which step, which op, how fast."""
    e = frame.experiment
    left: list[Run] = [
        ("gradsim", "title"),
        (f"  {e.data}  {_size(frame)}", "label"),
        (f"  step {frame.begun + frame.step}", "value"),
        (f"  {_place(frame)}", "wave" if frame.event and not frame.finished else "label"),
    ]
    state = "▶" if frame.view.playing else "❚❚"
    busy = "… " if frame.view.busy else ""
    right: list[Run] = [(f"{busy}{state} {frame.view.speed} ", "key")]
    return spread(left, right, width)


def _size(frame: Frame) -> str:
    """`20x64`, or `lstm 2x32, T 50`."""
    e = frame.experiment
    if e.cell == "none":
        return f"{e.depth}x{e.width}"
    layers = f"{e.recurrent_layers}x" if e.recurrent_layers > 1 else ""
    return f"{e.cell} {layers}{e.width}, T {frame.depth}"


def _place(frame: Frame) -> str:
    if frame.finished:
        return "done"
    event = frame.event
    if event is None:
        return "at the start"
    return describe(event)


def describe(event: Event) -> str:
    """An event in a few words: `◀ backward layer 7 sigmoid`."""
    where = f"layer {event.layer}" if isinstance(event.layer, int) else str(event.layer)
    if event.time is not None:
        where = f"time {event.time}"
    path = "" if event.path == "main" else f" ({event.path} path)"
    match event.phase:
        case Phase.FORWARD:
            return f"▶ forward {where} {event.op}{path}"
        case Phase.LOSS:
            return f"● loss {number(event.norm_out)}"
        case Phase.BACKWARD:
            return f"◀ backward {where} {event.op}{path}"
        case Phase.CLIP:
            return f"● {event.op}"
        case Phase.UPDATE:
            return f"● update {where}"


def verdict(frame: Frame, width: int, height: int) -> list[Line]:
    """The shape with its evidence, then the notes, in so many lines."""
    if frame.verdict is None:
        return [
            fitted(
                [
                    (
                        "no verdict yet: it comes when the gradient has reached "
                        f"{frame.lane.noun} 1",
                        "label",
                    )
                ],
                width,
            )
        ]
    shape = frame.verdict.shape
    badge = f" {BADGES[shape]} "
    room = max(1, width - len(badge) - 1)
    sentence = frame.verdict.evidence.sentence
    words = wrapped_words(sentence, "text", room)
    if len(words) > height:
        # What it comes to stands last, behind a colon; the sizes it comes from give way.
        words = wrapped_words(sentence.rpartition(": ")[2], "text", room)
    lines: list[Line] = []
    for index, line in enumerate(words):
        lead = (badge, str(shape)) if index == 0 else (" " * len(badge), "")
        lines.append(fitted((lead, (" ", ""), *line), width))
    if shape == "not-finite":
        lines.append(
            fitted(
                [
                    (frame.view.told("⟨first-cause⟩ "), "key"),
                    ("goes to where it began", "label"),
                ],
                width,
            )
        )
    for note in frame.verdict.notes:
        lines.append(fitted([("· ", "label"), (note.words, "label")], width))
    return (lines + [fitted([], width)] * height)[:height]


def effect(frame: Frame, width: int) -> Line:
    """What the last switch did, in numbers; or the message of the moment."""
    if frame.view.message:
        return fitted([(frame.view.message, "message")], width)
    if frame.switched is None:
        names = SHOWN_SWITCHES if frame.experiment.cell == "none" else SHOWN_THROUGH_TIME
        keys = " ".join(f"⟨knob-{name}⟩" for name in names if KNOBS[name].key)
        hint = f"{keys} switch a part; what it does is said here"
        return fitted([(frame.view.told(hint), "label")], width)
    runs = effect_runs(frame.switched, frame.view.told)
    while len(runs) > 1 and length(runs) > width:
        # What matters most stands first; what does not fit whole is left out: half of a number
        # is another number.
        runs.pop()
    return fitted(runs, width)


def effect_runs(switched: Switched, keys: Told = as_it_is) -> list[Run]:
    """`sigmoid → relu: delta of layer 1 4.0e-14 → 1.5e-4, +9.6 decades; weights kept`."""
    # A choice speaks for itself; a number needs its knob's name.
    changes = ", ".join(
        f"{_label(name)}{_shown(old)} → {_shown(new)}"
        for name, (old, new) in switched.changes.items()
    )
    runs: list[Run] = [(changes, "value")]
    before, after = _first(switched.before), _first(switched.after)
    if _through_time(switched.before) != _through_time(switched.after):
        before = after = None  # two things that cannot be compared
        if _through_time(switched.after) and len(switched.after.places) == 2:
            told = "; only one time step: ⟨knobs⟩, data digits-rows or recall for more"
            runs.append((keys(told), "message"))
    if before is not None and before == after:
        runs.append((": gradients as before", "text"))
        clipped = switched.before.clipped_grad_norm, switched.after.clipped_grad_norm
        if clipped[0] != clipped[1]:
            runs.append(
                (f", norm after clipping {number(clipped[0])} → {number(clipped[1])}", "key")
            )
    elif before is not None and after is not None:
        change = decades(before, after)
        what = _first_name(switched.after)
        runs.append((f": {what} {number(before)} → {number(after)}", "text"))
        if change:
            runs.append((f", {change}", "key"))
    kept = "rebuilt" if Effect.REBUILD in switched.effects else "weights kept"
    runs.append((f"; {kept}", "label"))
    loss = switched.before.loss, switched.after.loss
    runs.append((f"; loss {number(loss[0])} → {number(loss[1])}", "text"))
    return runs


def _first(record: StepRecord) -> float | None:
    """The gradient that arrives at the first layer, or at the first time step of the top one."""
    name = "output_grad_norm" if _through_time(record) else "delta_norm"
    column = record.column(name)
    if column is None:
        return None
    top = max((k for k, (_, time) in enumerate(record.places) if time == 1), default=0)
    return float(column[top])


def _first_name(record: StepRecord) -> str:
    return "state gradient of time step 1" if _through_time(record) else "delta of layer 1"


def _through_time(record: StepRecord) -> bool:
    return any(time is not None for _, time in record.places[:1])


def _label(name: str) -> str:
    """A knob's name before its value; none where the value says by itself what it is of."""
    return "" if name in KNOBS and KNOBS[name].choices else f"{name} "


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def switches(frame: Frame, width: int, height: int) -> list[Line]:
    """Every switch with its key and its value."""
    names = shown_switches(frame, width, height)
    lines = wrapped([_switch(frame, name) for name in names], width)
    return (lines + [fitted([], width)] * height)[:height]


def switch_at(frame: Frame, width: int, height: int, x: int, y: int) -> str | None:
    """The knob whose switch is at a place; None where there is none."""
    names = shown_switches(frame, width, height)
    index = part_at([_switch(frame, name) for name in names], width, x, y)
    return None if index is None else names[index]


def shown_switches(frame: Frame, width: int, height: int) -> list[str]:
    """The knobs that there is room for: some always, more where they fit."""
    e = frame.experiment
    names = list(SHOWN_SWITCHES if e.cell == "none" else SHOWN_THROUGH_TIME)
    least = len(names)
    names += MORE_SWITCHES if e.cell == "none" else MORE_THROUGH_TIME
    while len(names) > least and len(wrapped([_switch(frame, n) for n in names], width)) > height:
        # What does nothing now gives way first.
        idle = [name for name in names[least:] if not e.in_use(name)]
        names.remove(idle[-1] if idle else names[-1])
    return names


def _switch(frame: Frame, name: str) -> list[Run]:
    e = frame.experiment
    value = e.value(name)
    off = value == "none"
    keys = _keys(name, frame.view.told)
    if not e.in_use(name):
        return [(f"{keys}{name} ({_shown(value)})", "quiet")]
    return [
        (keys, "key"),
        (f"{name} ", "label"),
        (_shown(value), "quiet" if off else "value"),
    ]


def _keys(name: str, told: Told) -> str:
    """The key of a knob; before it the one that goes back, unless that is the same with shift."""
    if not KNOBS[name].key:
        return " "
    on, back = told(f"⟨knob-{name}⟩"), told(f"⟨knob-{name}-back⟩")
    return f"{on} " if back == on.upper() else f"{back} {on} "


def layer(frame: Frame, width: int) -> Line:
    """The numbers of the selected layer."""
    n = frame.layer_numbers
    lane = frame.lane
    name = "output" if frame.layer == "output" else f"{lane.noun} {frame.layer}"
    if lane.levels > 1 and frame.layer != "output":
        name += f" of layer {lane.level}"
    here = lane.level if lane.level and frame.layer != "output" else frame.layer
    own = [o for o in frame.experiment.overrides if o.layer == here]
    told: list[Run] = [(name, "selected")]
    if own:
        told.append((f" ({', '.join(_shown(o.value) for o in own)})", "value"))
    if not n:
        return fitted([*told, ("  no numbers yet", "label")], width)
    state = [("state gradient", number(n.get("output_grad_norm")))] if lane.level else []
    facts = [
        *state,
        ("delta", number(n.get("delta_norm"))),
        ("grad W", number(n.get("grad_weight_norm"))),
        ("W", number(n.get("weight_norm"))),
        ("update/W", number(_update_ratio(n))),
        ("saturated", share(n.get("saturated"))),
        ("dead", share(n.get("dead"))),
    ]
    parts: list[list[Run]] = [told]
    parts += [[(f"{label} ", "label"), (value, "value")] for label, value in facts]
    return wrapped(parts, width)[0]


def _update_ratio(n: Mapping[str, float]) -> float | None:
    """None before the first update, where there is no number because there is nothing yet."""
    ratio = n.get("update_ratio", nan)
    nothing_yet = isnan(ratio) and isnan(n.get("update_norm", nan))
    return None if nothing_yet and isfinite(n.get("weight_norm", nan)) else ratio
