"""The JSON Schema of a scenario file, made from the models: editors complete and check by it."""

from collections.abc import Iterable, Mapping
from typing import Any

from gradsim.scenario.expecting import COMPARISONS, IN_WORDS, KNOWN
from gradsim.scenario.format import Sheet
from gradsim.scenario.parts import Part
from gradsim.scenario.quantities import QUANTITIES
from gradsim.scenario.quantity_paths import NUMBER, PATHS
from gradsim.scenario.schema_knobs import knobs, of_layer
from gradsim.scenario.steps import GRAINS, STEPS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> Schema:
    """The schema, draft 2020-12, as plain values."""
    sheet, known = _plain(Sheet)
    steps: Schema = {}
    for key, kind in STEPS.items():
        part, more = _plain(kind)
        known |= more
        steps[key] = part["properties"][key] | {"description": part["description"]}
    steps["set"] = _knobs(steps["set"])
    known["Knobs"] = knobs()
    known["Step"] = {
        "type": "object",
        "description": "One of the kinds of steps, by its key.",
        "properties": steps,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    own = known["OfLayers"]
    own["properties"] |= of_layer()
    own["additionalProperties"] = False
    hold = known["Control"]["properties"]
    hold["hold"] = _knobs(hold["hold"])
    for name in ("Expectation", "Other"):
        place = known[name]["properties"]
        place["quantity"] = {"description": place["quantity"]["description"]} | _quantity()
    for name, rules in _rules().items():
        known[name] |= rules
    top = sheet["properties"]
    top["experiment"] = _knobs(top["experiment"]) | {"minProperties": 0}
    top["steps"]["items"] = {"$ref": "#/$defs/Step"}
    return {"$schema": DIALECT, **sheet, "title": "A gradsim scenario", "$defs": known}


def _plain(model: type[Part]) -> tuple[Schema, dict[str, Schema]]:
    """The schema of a model, and of the models in it by name, without what TOML has no use for."""
    cleaned = _cleaned(model.model_json_schema(by_alias=True))
    known: dict[str, Schema] = cleaned.pop("$defs", {})
    return cleaned, known


def _cleaned(found: Any) -> Any:
    """Without titles, and without null, which TOML does not have."""
    if isinstance(found, list):
        return [_cleaned(item) for item in found]
    if not isinstance(found, dict):
        return found
    out = {
        key: _cleaned(value)
        for key, value in found.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "default" and value in (None, {}))
    }
    if "anyOf" in out:
        kinds = [kind for kind in out.pop("anyOf") if kind != {"type": "null"}]
        out |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return out


def _knobs(place: Mapping[str, Any]) -> Schema:
    return {
        "$ref": "#/$defs/Knobs",
        "description": place["description"],
        "minProperties": 1,
    }


def _quantity() -> Schema:
    """The names with what they are; for a path, a pattern, since there are numbers in it."""
    forms = (path.replace(".", r"\.") for path in PATHS)
    numbered = (form.replace(rf"\.{NUMBER}", r"\.[0-9]+") for form in forms)
    named = [{"const": name, "description": q.about} for name, q in QUANTITIES.items()]
    return {
        "type": "string",
        "anyOf": [*named, {"pattern": f"^({'|'.join(numbered)})$"}],
    }


def _rules() -> dict[str, Schema]:
    """What keys of a table go together, which the models say in code."""
    distances: list[Schema] = [{"required": [grain]} for grain in GRAINS]
    apart = [{"not": {"required": [key, f"{key}s"]}} for key in ("layer", "time")]
    of_layers = [name for name, q in QUANTITIES.items() if q.per_layer]
    others = [name for name in [*QUANTITIES] if name not in of_layers]
    texts = [name for name, q in QUANTITIES.items() if q.is_text]
    numbers = [name for name in QUANTITIES if name not in texts]
    places = (
        _where(of_layers, {"anyOf": [{"required": ["layer"]}, {"required": ["layers"]}]}),
        _where(others, _without("layer", "layers", "time", "times", "aggregate")),
    )
    words = (_where([name], _one_of(KNOWN[name])) for name in texts)
    return {
        "Distance": {"oneOf": distances},
        "Going": {"oneOf": [*distances, {"required": ["until", "limit"]}]},
        "Look": {"minProperties": 1},
        "OfLayers": {
            "oneOf": [{"required": ["layer"]}, {"required": ["layers"]}],
            "minProperties": 2,
        },
        "Other": {"allOf": [*apart, *places, {"not": _where_named(texts)}]},
        "Expectation": {
            "oneOf": [{"required": [key]} for key in COMPARISONS],
            "dependentRequired": {"tolerance": ["equals"]},
            "allOf": [
                *apart,
                *places,
                _where(texts, _without(*(key for key in COMPARISONS if key not in IN_WORDS))),
                _where(numbers, _without(*IN_WORDS)),
                *words,
            ],
        },
    }


def _where(names: Iterable[str], then: Schema) -> Schema:
    return {"if": _where_named(names), "then": then}


def _where_named(names: Iterable[str]) -> Schema:
    return {"properties": {"quantity": {"enum": list(names)}}}


def _one_of(words: Iterable[str]) -> Schema:
    return {"properties": {key: {"enum": [str(word) for word in words]} for key in IN_WORDS}}


def _without(*keys: str) -> Schema:
    return {"properties": dict.fromkeys(keys, False)}
