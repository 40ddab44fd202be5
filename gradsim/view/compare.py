"""Two runs side by side: what differs, both verdicts, both profiles, the difference by layer."""

from collections.abc import Sequence

from gradsim.experiment.experiment import KNOBS
from gradsim.insight.side_by_side import Side, SideBySide
from gradsim.numbers import number, share
from gradsim.view.difference import Profiles, bars, profiles, told
from gradsim.view.frame import Frame
from gradsim.view.history import available, chart
from gradsim.view.key_words import Told, as_it_is
from gradsim.view.lines import Line, Run, beside, fitted, length, spread, wrapped, wrapped_words
from gradsim.view.plot import Axis, Curve, Markers, draw, fit, sample
from gradsim.view.words import BADGES

PROFILE, DIFFERENCE = "profile", "difference"
"""Pictures of this page beside the charts of the history."""

COLUMNS = 70
"""Width from which the bars stand beside the other pictures."""

SMALLEST = 6
"""Lines below which a second picture is not worth drawing."""

GAP = 3


def page(
    frame: Frame, both: SideBySide, width: int, height: int, markers: Markers, first: int = 0
) -> list[Line]:
    """Words above, pictures below: exactly `height` lines. `first` turns the pictures around."""
    head = words(both, width, max(3, height - 2 * SMALLEST), markers)
    found = profiles(both, frame.lane.level or 0)
    room = height - len(head)
    blank = [fitted([], width)]
    if width < COLUMNS:
        lines = [*head, *_stack(frame, found, width, room, markers, first, apart=False)]
        return (lines + blank * height)[:height]
    right = width * 42 // 100
    left = width - right - GAP
    pictures = _stack(frame, found, left, room, markers, first, apart=True)
    lines = [*head, *beside(pictures, bars(found, frame.selected(), right, room, markers))]
    return (lines + blank * height)[:height]


def words(both: SideBySide, width: int, height: int, markers: Markers = "braille") -> list[Line]:
    """The knobs that differ, then each run with its verdict, then notes; at most `height`."""
    lines = [
        _knobs(both, width),
        _run("live", both.live, width, markers),
        _run("pinned", both.pinned, width, markers),
    ]
    for note in both.notes:
        lines += wrapped_words(f"· {note}", "message", width)
    return lines[:height]


def _knobs(both: SideBySide, width: int) -> Line:
    """`activation sigmoid → relu`: from the pinned run to the live one; shorter where need be."""
    step = f"step {both.live.run.begun + both.live.record.step}"
    batches = "same batches" if both.same_batches else "other batches"
    role = "label" if both.same_batches else "message"
    line: list[Run] = []
    for named, right in ((True, f"{step}, {batches}"), (False, f"{step}, {batches}"), (False, "")):
        line = [("differs", "title")]
        for index, (name, (old, new)) in enumerate(both.differing.items()):
            # A choice speaks for itself; a number needs its knob's name.
            label = name if named or not KNOBS[name.rpartition(".")[2]].choices else ""
            line.append((", " if index else "  ", "label"))
            line.append((f"{label} ".lstrip(), "label"))
            line.append((f"{_value(name, old)} → {_value(name, new)}", "value"))
        if not both.differing:
            line.append(("  nothing: both are the same experiment", "label"))
        if length(line) + len(right) + 2 <= width:
            return spread(line, [(right, role)], width)
    return fitted(line, width)


def _value(name: str, value: object) -> str:
    knob = KNOBS[name.rpartition(".")[2]]
    if isinstance(value, float):
        return number(value)
    return "none" if value == "" and not knob.choices else str(value)


def _run(name: str, side: Side, width: int, markers: Markers) -> Line:
    """`── live  ● HEALTHY  loss 0.31  held-out 91 %  over all layers -0.3 decades`."""
    shape = side.verdict.shape
    parts: list[list[Run]] = [
        [
            (f"{sample(name, markers)} ", name),
            (f"{name:<7}", "value"),
            (f" {BADGES[shape]:^13}", shape),
        ],
        [("loss ", "label"), (f"{number(side.record.loss):<8}", "value")],
    ]
    if side.record.held_out_accuracy is not None:
        held_out = share(side.record.held_out_accuracy)
        parts.append([("held-out ", "label"), (f"{held_out:<7}", "value")])
    over = "time steps" if side.experiment.cell != "none" else "layers"
    change = f"{told(side.verdict.evidence.reach_decades)} decades"
    parts.append([(f"over all {over} ", "label"), (change, "value")])
    return wrapped(parts, width)[0]


# -- pictures ----------------------------------------------------------------------------------


def pictures(frame: Frame, apart: bool) -> list[str]:
    """The names of all pictures, in the order in which they find room; the bars may be apart."""
    history = [name for name in available(frame) if name != "gradient"]
    return [PROFILE, *([] if apart else [DIFFERENCE]), *history]


def _stack(
    frame: Frame,
    found: Profiles,
    width: int,
    height: int,
    markers: Markers,
    first: int,
    *,
    apart: bool,
) -> list[Line]:
    """As many pictures as fit, one under the other."""
    names = pictures(frame, apart)
    count = max(1, min(len(names), height // SMALLEST))
    lines: list[Line] = []
    for index in range(count):
        name = names[(first + index) % len(names)]
        rows = (height - len(lines)) // (count - index)
        if index == 0 and count > 1:
            rows = min(height - SMALLEST * (count - 1), rows + rows // 3)
        if name == PROFILE:
            lines += _profile(found, width, rows, markers)
        elif name == DIFFERENCE:
            lines += bars(found, frame.selected(), width, rows, markers)
        else:
            lines += chart(frame, name, width, rows, markers)
    return lines


def _profile(found: Profiles, width: int, height: int, markers: Markers) -> list[Line]:
    curves = [
        Curve(name, [k + 1.0 for k in range(len(sizes) - 1)], list(sizes[:-1]), name)
        for name, sizes in (("pinned", found.pinned), ("live", found.live))
    ]
    places = Axis(1.0, float(max(1, *(len(curve.x) for curve in curves))), label=found.lane.short)
    low, high = fit([curve.y for curve in curves], log=True)
    title: list[Run] = [(f"{found.lane.what} gradient  ", "label")]
    for name, gap in (("live", "  "), ("pinned", "")):
        title += [(f"{sample(name, markers)} ", name), (f"{name}{gap}", "label")]
    picture = draw(curves, places, Axis(low, high, log=True), width, height - 1, markers)
    return [fitted(title, width), *picture.rows]


NOT_PINNED = (
    "Two runs side by side, step by step on the same batches. Pin this one, switch something, and "
    "play: both go on.",
    (("pin", "pin this run"),),
)
NOT_SWITCHED = (
    "The live run is still the pinned one. Switch something: then there are two.",
    (("knob-activation", "activation"), ("knob-initializer", "initializer"),
     ("knob-normalization", "normalization"), ("knob-skip", "skip"), ("knobs", "any knob")),
)  # fmt: skip
NOT_BACK_YET = (
    "The gradient of this step has not come back yet.",
    (("play", "play"), ("move-step", "one step")),
)


def waiting(
    words: str, keys: Sequence[tuple[str, str]], width: int, height: int, told: Told = as_it_is
) -> list[Line]:
    """Why there are not two runs to be seen, and which keys help: names of what they do."""
    parts: list[list[Run]] = [[(told(f"⟨{name}⟩ "), "key"), (what, "label")] for name, what in keys]
    lines = [*wrapped_words(words, "text", width), fitted([], width), *wrapped(parts, width)]
    return (lines + [fitted([], width)] * height)[:height]
