"""The catalog of knobs, made from the declaration and the parts' own settings."""

from collections.abc import Mapping
from typing import Any

from gradsim.experiment.declaration import PARTS, Declared
from gradsim.experiment.knobs import Knob
from gradsim.nn.settings import Setting


def kebab(field_name: str) -> str:
    """The public name of a knob: `learning_rate` is `learning-rate`."""
    return field_name.replace("_", "-")


def _declared() -> dict[str, Knob]:
    # A field is `depth: Annotated[int, Knob(...)] = 20`.
    return {kebab(name): kind.__metadata__[0] for name, kind in Declared.__annotations__.items()}


def _with_settings(declared: Mapping[str, Knob]) -> tuple[dict[str, Knob], dict[str, Setting]]:
    """The knobs, each followed by the settings of the parts that it chooses among."""
    knobs: dict[str, Knob] = {}
    settings: dict[str, Setting] = {}
    for name, knob in declared.items():
        knobs[name] = knob
        parts = PARTS.get(name, {})
        own = {setting.name: setting for part in parts.values() for setting in part.settings}
        for setting in own.values():
            users = tuple(n for n, part in parts.items() if setting in part.settings)
            knobs[setting.name] = Knob.of_setting(setting, name, users, knob.per_layer)
        settings |= own
    return knobs, settings


KNOBS, SETTINGS = _with_settings(_declared())
"""Every knob by its public name, in the order of declaration; and the settings among them."""


def field_of(name: str) -> str:
    """The name of a knob in Python: `learning-rate` is `learning_rate`."""
    return name.replace("-", "_")


KINDS: dict[str, type] = {
    name: type(SETTINGS[name].default)
    if name in SETTINGS
    else Declared.__annotations__[field_of(name)].__origin__
    for name in KNOBS
}
"""The type of every knob's value: str, int or float."""

DEFAULTS: dict[str, Any] = {
    name: SETTINGS[name].default if name in SETTINGS else getattr(Declared, field_of(name))
    for name in KNOBS
}
"""The value of every knob where nothing is said."""


def part_of(knob: str) -> str:
    """The knob that this one is a setting of, or itself."""
    needed = KNOBS[knob].used_with
    return needed[0] if needed and knob in SETTINGS else knob


def right(name: str) -> str:
    """What would be a right value of this knob, in words."""
    knob = name.rpartition(".")[2]
    return KNOBS[knob].right(KINDS[knob])
