"""What a step reaches for: the knobs it sets, the layers it names, and whether they are there.

It looks at tables as they were read, since a file may be wrong in other places too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.insight.watch import parsed
from gradsim.scenario.expecting import COMPARISONS
from gradsim.scenario.limits import MOST
from gradsim.scenario.lines import Place
from gradsim.scenario.steps import OfLayers


def changed(step: Mapping[str, Any], layers: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The key of a step that sets knobs, and what it sets by full names."""
    if isinstance(step.get("set"), dict):
        yield "set", step["set"]
    try:
        yield "set-layer", OfLayers.model_validate(step.get("set-layer")).settings(layers)
    except ValidationError:
        return


def misplaced(
    step: Mapping[str, Any], experiment: Experiment, pinned: bool, control: bool
) -> Iterator[tuple[Place, str]]:
    """Layers that are not there, and a pinned run where none has been pinned: key and sentence."""
    last = experiment.hidden_layers
    which = f"the depth {'of the control ' if control else ''}here"
    for keys, table in _tables(step):
        if table.get("run") == "pinned":
            if not pinned:
                yield (*keys, "run"), 'is "pinned", but no step before it has pin = true'
            continue
        layer = table.get("layer")
        if isinstance(layer, int) and layer > last:
            right = f'a whole number from 1 to {last}, {which}, or "output"'
            yield (*keys, "layer"), f"is {layer}, but must be {right}"
        span = table.get("layers")
        if isinstance(span, str) and (wrong := _beyond(span, last)):
            yield (*keys, "layers"), f'is "{span}", but {wrong}: there are layers 1 to {last}'
    until = _table(step.get("run")).get("until")
    if isinstance(until, str) and experiment.cell == "none":
        wrong = _wrong(until, last)
        # What is wrong at any depth has been said already.
        if wrong and not _wrong(until, MOST):
            yield ("run", "until"), f"is no condition here: {wrong}"


def _wrong(until: str, layers: int) -> str:
    try:
        parsed(until, layers)
    except InputError as error:
        return error.problems[0]
    return ""


def _beyond(span: str, last: int) -> str:
    first, dash, end = span.partition("-")
    if not first.isdecimal():
        return ""
    if dash and end.isdecimal() and int(end) < int(first):
        return "its first number must be the smaller one"
    largest = max(int(first), int(end) if end.isdecimal() else 0)
    return f"the depth is {last}" if largest > last else ""


def _tables(step: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Every table of a step that may name a layer or a run."""
    expect = _table(step.get("expect"))
    yield ("expect",), expect
    for key in COMPARISONS:
        yield ("expect", key), _table(expect.get(key))
    yield ("show",), _table(step.get("show"))


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
