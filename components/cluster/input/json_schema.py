"""The models as JSON Schema: for a second opinion on parameters, and for editors of the inventory's files."""

from __future__ import annotations

import warnings
from typing import Any

from pydantic.json_schema import PydanticJsonSchemaWarning

from .contract import Contract
from .entry import Entry
from .meanings import meanings
from .target import Inventory

Schema = dict[str, Any]

#: Keys of `parameters` that are the tools', not the cluster's.
_OF_THE_TOOLS = ("kapitan", "_reclass_")
#: In place of any value, a file may refer to another one.
_REFERENCE = {"type": "string", "pattern": r"\$\{.+\}"}
#: Before a key: ~ replaces what other files say, = forbids them to say anything.
_PREFIXED = r"^[~=]"


def parameters_schema() -> Schema:
    """What the parameters of a target may be, once all its files are one."""
    closed: Schema = _closed(_without_warnings(Inventory))
    return closed


def files_schema() -> Schema:
    """What a file of targets/ or classes/ may hold: any part of the parameters, and references in place of values."""
    parameters = _part(parameters_schema())
    definitions = parameters.pop("$defs")
    _describe(parameters, definitions)
    parameters["properties"] |= {key: {} for key in _OF_THE_TOOLS}
    names: Schema = {"type": "array", "items": {"type": "string"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A target or class of the inventory",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "classes": {**names, "description": "classes that this file is made of; later ones win over earlier ones"},
            "applications": names,
            "parameters": {**parameters, "description": "what this file sets"},
        },
        "$defs": definitions,
    }


def contract_schema() -> Schema:
    """What a file of contracts/ may hold."""
    schema: Schema = _closed(_without_warnings(Contract))
    _describe(schema, schema["$defs"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What an image needs and does by itself",
        **schema,
    }


def _without_warnings(root: type[Entry]) -> Schema:
    with warnings.catch_warnings():
        # A map that may be missing is an empty one, which is of no interest here.
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        return root.model_json_schema()


def _describe(whole: Schema, definitions: Schema) -> None:
    """Puts the meaning of each key where editors show it."""
    for model, said in meanings().items():
        for key, meaning in said.items():
            if key in (known := definitions.get(model, whole).get("properties", {})):
                known[key] = {**known[key], "description": meaning}


def _closed(node: Any) -> Any:
    """Maps whose keys have a form hold no others; no titles, no defaults."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {
        key: {name: _closed(inner) for name, inner in value.items()}
        if key in ("properties", "$defs")
        else _closed(value)
        for key, value in node.items()
        if key not in ("title", "default")
    }
    # Alternatives that are told apart by their keys; those of an entry's keys are one of several indeed.
    if "properties" not in found and "oneOf" in found:
        found["anyOf"] = found.pop("oneOf")
    if patterns := found.pop("patternProperties", None):
        ((pattern, value),) = patterns.items()
        found["propertyNames"] = {**found.get("propertyNames", {}), "pattern": pattern}
        found["additionalProperties"] = value
    return found


def _part(node: Any) -> Any:
    """As `node`, but any key may be missing, be prefixed, or have a reference for its value."""
    if isinstance(node, list):
        return [_part(item) for item in node]
    if not isinstance(node, dict):
        return node
    wholes = ("required", "minProperties", "minItems", "oneOf", "if", "then", "else")
    is_entry = "properties" in node or "additionalProperties" in node
    found: Schema = {}
    for key, value in node.items():
        if key in wholes and is_entry:
            continue
        if key == "propertyNames":
            found[key] = {"anyOf": [value, {"pattern": _PREFIXED}]}
        elif key == "properties":
            found[key] = {name: _or_reference(_part(inner)) for name, inner in value.items()}
        elif key == "$defs":
            found[key] = {name: _part(inner) for name, inner in value.items()}
        elif key in ("additionalProperties", "items") and isinstance(value, dict):
            found[key] = _or_reference(_part(value))
        else:
            found[key] = _part(value)
    if "properties" in found:
        found["patternProperties"] = {_PREFIXED: {}}
    return found


def _or_reference(shape: Schema) -> Schema:
    return {"anyOf": [shape, _REFERENCE]}
