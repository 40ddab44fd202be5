"""Conditions to stop at: an event, or a quantity that crosses a value. Parsed from text."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import nan

from gradsim.errors import InputError, nearest
from gradsim.experiment.experiment import Experiment
from gradsim.insight.oscillation import WINDOW, oscillation
from gradsim.insight.recurrence import ABOUT as THROUGH_TIME
from gradsim.insight.report import HISTORY_COLUMNS, LAYER_NUMBERS
from gradsim.insight.verdict import Shape, looked_at
from gradsim.nn.network import LayerName
from gradsim.numbers import number
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.run import Run

EVENTS: dict[str, str] = {
    "verdict": "the verdict changes",
    "clip": "clipping fires, and did not at the step before",
    "not-finite": "loss, gradients or weights are NaN or infinite",
}
"""Conditions that are no comparison, each with what must happen."""

EVIDENCE = ("first_delta_norm", "last_delta_norm", "reach", "reach_decades", "slope")
OVER_STEPS = ("oscillation", "clip_fired_share")

QUANTITIES: tuple[str, ...] = (*HISTORY_COLUMNS, *OVER_STEPS, *LAYER_NUMBERS, *EVIDENCE, "shape")
"""What can be compared: every quantity of the report, by its name there."""

FORMS = "verdict, clip, not-finite, loss<1, delta_norm@1>1e-6, shape=healthy"
"""One of each kind."""

_SIGNS = {"below": "<", "above": ">", "at most": "<=", "at least": ">=", "is": "="}
_WORDS = {sign: words for words, sign in _SIGNS.items()}

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}

_FORM = re.compile(
    r"(?P<name>[a-z_]+)"
    r"(?:\s*@\s*(?P<at>\w+)|\s+of\s+(?:the\s+|layer\s+)*(?P<of>\w+))?"
    r"\s*(?P<sign><=|>=|<|>|=|below\b|above\b|at most\b|at least\b|is\b)"
    r"\s*(?P<value>\S+)"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """An event by its name, or a comparison: quantity (of a layer), sign, value."""

    name: str
    layer: LayerName | None = None
    sign: str = ""
    value: float | str = nan

    @property
    def text(self) -> str:
        """As it is typed: `clip`, `loss<1`, `delta_norm@1>1e-06`."""
        if not self.sign:
            return self.name
        at = "" if self.layer is None else f"@{self.layer}"
        value = self.value if isinstance(self.value, str) else f"{self.value:g}"
        return f"{self.name}{at}{self.sign}{value}"

    @property
    def words(self) -> str:
        """In words: `delta_norm of layer 1 above 1.0e-6`."""
        if not self.sign:
            return EVENTS[self.name]
        value = self.value if isinstance(self.value, str) else number(self.value)
        return f"{self.name}{_of(self.layer)} {_WORDS[self.sign]} {value}"


def _of(layer: LayerName | None) -> str:
    if layer is None:
        return ""
    return " of the output" if layer == "output" else f" of layer {layer}"


def parsed(text: str, depth: int) -> Condition:
    """The condition that was typed, for a network of this depth; raises InputError."""
    shown = f'"{text.strip()[:40]}"'
    plain = " ".join(text.strip().lower().split())
    if plain.replace(" ", "-") in EVENTS:
        return Condition(plain.replace(" ", "-"))
    match = _FORM.fullmatch(plain)
    name = match["name"] if match else re.split(r"[^a-z_-]", plain, maxsplit=1)[0]
    if name not in QUANTITIES and name not in EVENTS:
        hint = nearest(name, [*EVENTS, *QUANTITIES]) if name else ""
        if not hint.startswith("did"):
            hint = f"right are such as {FORMS}"
        if name in THROUGH_TIME:
            raise InputError(
                f"{shown}: {name} is worked out for a report, not at every step; right are such "
                f"as {FORMS}"
            )
        raise InputError(f"{shown}: there is nothing of that name to stop at; {hint}")
    if not match or name in EVENTS:
        raise InputError(f"{shown} is no condition; right are such as {FORMS}")
    layer = _layer(name, match["at"] or match["of"], depth, shown)
    sign = _SIGNS.get(match["sign"], match["sign"])
    return Condition(name, layer, sign, _value(name, sign, match["value"], shown))


def _layer(name: str, word: str | None, depth: int, shown: str) -> LayerName | None:
    if name not in LAYER_NUMBERS:
        if word:
            raise InputError(f"{shown}: {name} is of the whole network, not of a layer")
        return None
    if word == "output":
        return "output"
    if word and word.isdecimal() and 1 <= int(word) <= depth:
        return int(word)
    which = f"there is no layer {word}" if word else f"{name} is that of a layer"
    raise InputError(f"{shown}: {which}; right are {name}@1 to {name}@{depth}, and {name}@output")


def _value(name: str, sign: str, word: str, shown: str) -> float | str:
    shapes = [str(shape) for shape in Shape]
    if name == "shape":
        if sign == "=" and word in shapes:
            return word
        raise InputError(f"{shown}: right is shape= and one of {', '.join(shapes)}")
    if sign == "=":
        raise InputError(f"{shown}: {name} is a number: right are < > <= >=")
    try:
        return float(word)
    except ValueError:
        raise InputError(
            f"{shown}: {word} is no number; right is such as {name}{sign}0.5"
        ) from None


class Watch:
    """Conditions that are watched for, step by step."""

    def __init__(self, conditions: Iterable[Condition] = ()) -> None:
        self.conditions: list[Condition] = list(conditions)
        self._fired = (-1, -1, 0)
        """A run, a step of it, and at how many steps up to that clipping fired."""

    def toggle(self, condition: Condition) -> bool:
        """Watch for it, or no longer; whether it is watched for now."""
        if condition in self.conditions:
            self.conditions.remove(condition)
            return False
        self.conditions.append(condition)
        return True

    def happened(self, run: Run, step: int) -> list[str]:
        """What has come to be at a step of a run, whose gradients are known: a sentence for each.

        A comparison counts where it holds and did not at the step before; at step 0 where it
        holds. So whatever has been stopped at does not stop again at once.
        """
        fired = 0
        if any(condition.name == "clip_fired_share" for condition in self.conditions):
            fired = self._count(run, step)
        now = _Moment(run, step, fired)
        before = _Moment(run, step - 1, fired - run.records[step].fired) if step else None
        return [
            said for condition in self.conditions if (said := _happened(condition, now, before))
        ]

    def _count(self, run: Run, step: int) -> int:
        number_, known, fired = self._fired
        if (number_, known + 1) == (run.number, step):
            fired += run.records[step].fired
        elif (number_, known) != (run.number, step):
            fired = run.records.fired(step + 1)
        self._fired = (run.number, step, fired)
        return fired


def _happened(condition: Condition, now: "_Moment", before: "_Moment | None") -> str:
    match condition.name:
        case "verdict":
            return _verdict(now, before)
        case "clip":
            record = now.record
            if not record.fired or (before and before.record.fired):
                return ""
            norms = f"{number(record.grad_norm)} → {number(record.clipped_grad_norm)}"
            return f"clipping fires, gradient norm {norms}"
        case "not-finite":
            shape, sentence = now.judged()
            was = before is not None and before.judged()[0] == Shape.NOT_FINITE
            return sentence if shape == Shape.NOT_FINITE and not was else ""
    value = now.value(condition)
    if not _holds(condition, value) or (before and _holds(condition, before.value(condition))):
        return ""
    shown = value if isinstance(value, str) else number(value)
    return f"{condition.name}{_of(condition.layer)} is {shown}: {condition.words}"


def holding(condition: Condition, run: Run, step: int) -> tuple[bool, str]:
    """Whether a condition holds at a step whose gradients are known, and what is measured there.

    An event holds where it happens.
    """
    now = _Moment(run, step, run.records.fired(step + 1))
    if not condition.sign:
        before = _Moment(run, step - 1, 0) if step else None
        said = _happened(condition, now, before)
        return bool(said), said or "nothing of it"
    value = now.value(condition)
    return _holds(condition, value), value if isinstance(value, str) else number(value)


def _verdict(now: "_Moment", before: "_Moment | None") -> str:
    was, shape = before.judged()[0] if before else "", now.judged()[0]
    return f"verdict {was} → {shape}" if was and shape and was != shape else ""


def _holds(condition: Condition, value: float | str) -> bool:
    """NaN is never above or below anything."""
    if isinstance(value, str) or isinstance(condition.value, str):
        return value == condition.value
    return _COMPARE[condition.sign](value, condition.value)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A step of a run whose numbers are asked for one by one, so that only those are worked out."""

    run: Run
    step: int
    fired: int
    """Steps up to this one at which clipping fired, where anyone asks."""

    @property
    def record(self) -> StepRecord:
        return self.run.records[self.step]

    @property
    def experiment(self) -> Experiment:
        return self.run.experiment_at(self.step)

    def judged(self) -> tuple[str, str]:
        """The shape and its sentence; nothing where the layer table was let go of."""
        if self.record.layers is None:
            return "", ""
        shape, evidence = looked_at(self.record, self.experiment)
        return str(shape), evidence.sentence

    def value(self, condition: Condition) -> float | str:
        """A quantity; NaN where it is not known."""
        name, record = condition.name, self.record
        if name == "clip_fired":
            return float(record.fired)
        if name in HISTORY_COLUMNS:
            found = getattr(record, name)
            return nan if found is None else float(found)
        if name in OVER_STEPS:
            return self._over_steps(name)
        if name in LAYER_NUMBERS:
            return self._of_layer(name, condition.layer)
        if name == "shape":
            return self.judged()[0]
        if record.layers is None:
            return nan
        return float(getattr(looked_at(record, self.experiment)[1], name))

    def _over_steps(self, name: str) -> float:
        if name == "clip_fired_share":
            return self.fired / (self.step + 1)
        # Only the first loss counts, and those of the window.
        begin = max(1, self.step - WINDOW)
        late: Sequence[StepRecord] = self.run.records[begin : self.step + 1]
        return oscillation([self.run.records[0].loss, *(row.loss for row in late)])

    def _of_layer(self, name: str, layer: LayerName | None) -> float:
        record = self.record
        if name.startswith("update") and not record.complete and self.step:
            record = self.run.records[self.step - 1]
        column = record.column(name)
        if column is None:
            return nan
        index = len(column) - 1 if layer == "output" else int(layer or 1) - 1
        if layer != "output" and index >= len(column) - 1:
            return nan
        return float(column[index])
