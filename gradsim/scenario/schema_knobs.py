"""The part of the JSON Schema that says what knobs may be, made from their declarations."""

from typing import Any

from gradsim.experiment.experiment import DEFAULTS, KINDS, KNOBS
from gradsim.experiment.layered import INHERIT

Schema = dict[str, Any]

_OF_HEAD = ("initializer", "initializer-gain", "bias-std")
"""Knobs that the head can have for itself."""


def knobs() -> Schema:
    """A table of knobs, with tables for the values of single layers."""
    own = {"type": "object", "properties": of_layer(), "additionalProperties": False}
    head = {name: rules for name, rules in of_layer().items() if name in _OF_HEAD}
    return {
        "type": "object",
        "description": "Knobs with their values.",
        "properties": {
            **{name: _knob(name) | {"default": DEFAULTS[name]} for name in KNOBS},
            "layers": {
                "type": "object",
                "description": "Values of single layers, by number or range: layers.3-5.width.",
                "patternProperties": {"^[0-9]+(-[0-9]+)?$": own},
                "additionalProperties": False,
            },
            "output": {
                "type": "object",
                "description": "How the head starts.",
                "properties": head,
                "additionalProperties": False,
            },
        },
        "patternProperties": {r"^(layers\.[0-9]+(-[0-9]+)?|output)\.[a-z-]+$": {}},
        "additionalProperties": False,
    }


def of_layer() -> dict[str, Schema]:
    """The knobs that a layer can have for itself."""
    return {
        name: {"anyOf": [_knob(name), {"const": INHERIT}], "description": knob.help}
        for name, knob in KNOBS.items()
        if knob.per_layer
    }


def _knob(name: str) -> Schema:
    knob, kind = KNOBS[name], KINDS[name]
    about = {"description": knob.help}
    if knob.choices:
        known: Schema = {"enum": list(knob.choices)}
        # Numbers and names of files are right too where a knob says so.
        return about | ({"anyOf": [known, {}]} if knob.also else known)
    if kind is str:
        return about | {"type": ["string", "number"]}
    bounds = {"minimum": knob.low, "maximum": knob.high, "exclusiveMinimum": knob.above}
    number = {"type": "integer" if kind is int else "number"}
    return about | number | {key: bound for key, bound in bounds.items() if bound is not None}
