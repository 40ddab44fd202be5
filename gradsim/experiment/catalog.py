"""The catalog of knobs, made from the declaration and the parts' own settings."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic.fields import FieldInfo

from gradsim.experiment.declaration import PARTS, Declared
from gradsim.experiment.knobs import Knob
from gradsim.nn.settings import Setting


def kebab(field_name: str) -> str:
    """The public name of a knob: `learning_rate` is `learning-rate`."""
    return field_name.replace("_", "-")


def _declared() -> dict[str, Knob]:
    return {
        kebab(name): next(item for item in info.metadata if isinstance(item, Knob))
        for name, info in Declared.model_fields.items()
    }


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

FIELDS: dict[str, Any] = {
    name.replace("-", "_"): (type(setting.default), setting.default)
    for name, setting in SETTINGS.items()
}
"""The settings of the parts as fields of a model."""


def _field(name: str) -> FieldInfo:
    return Declared.model_fields[name.replace("-", "_")]


def _kind(name: str) -> type:
    return cast(type, _field(name).annotation)


KINDS: dict[str, type] = {
    name: type(SETTINGS[name].default) if name in SETTINGS else _kind(name) for name in KNOBS
}
"""The type of every knob's value: str, int or float."""

DEFAULTS: dict[str, Any] = {
    name: SETTINGS[name].default if name in SETTINGS else _field(name).default for name in KNOBS
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
