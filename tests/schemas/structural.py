"""Schemas of custom resources: the rules that apiextensions v1 has for them, and a strict form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_FORBIDDEN = (
    "$ref",
    "definitions",
    "dependencies",
    "deprecated",
    "discriminator",
    "id",
    "patternProperties",
    "readOnly",
    "writeOnly",
    "xml",
)
_LOGIC = ("allOf", "anyOf", "oneOf", "not")
_TYPES = {"object", "array", "string", "integer", "number", "boolean"}
# Inside allOf, anyOf, oneOf and not, values may be judged but not described.
_NOT_IN_LOGIC = ("description", "type", "default", "additionalProperties", "nullable")


def problems(schema: dict[str, Any], path: str = "schema") -> Iterator[str]:
    """Breaches of the rules for structural schemas (Kubernetes documentation, "Extend the API")."""
    for key in _FORBIDDEN:
        if key in schema:
            yield f"{path}: {key} is forbidden in a structural schema"
    if schema.get("uniqueItems"):
        yield f"{path}: uniqueItems: true is forbidden in a structural schema"
    either = schema.get("x-kubernetes-int-or-string", False)
    if either:
        if "type" in schema:
            yield f"{path}: x-kubernetes-int-or-string excludes a type"
    elif schema.get("type") not in _TYPES:
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            given = schema.get("type", "missing")
            yield f"{path}: type is {given}; each level states one of {', '.join(sorted(_TYPES))}"
    if "properties" in schema and "additionalProperties" in schema:
        yield f"{path}: properties and additionalProperties exclude each other"
    if schema.get("additionalProperties") is False:
        yield f"{path}: additionalProperties: false is forbidden in a structural schema"
    if schema.get("type") == "array" and not isinstance(schema.get("items"), dict):
        yield f"{path}: an array states one schema for its items"
    yield from _logic(schema, path, either)
    for name, below in _below(schema):
        yield from problems(below, f"{path}.{name}")
    for name in schema.get("required", ()):
        if name not in schema.get("properties", {}):
            yield f"{path}: {name} is required but not described"


def _logic(schema: dict[str, Any], path: str, either: bool) -> Iterator[str]:
    for key in _LOGIC:
        branches = schema.get(key, [])
        for branch in [branches] if isinstance(branches, dict) else branches:
            # The one exception: what x-kubernetes-int-or-string itself writes there.
            if either and branch in ({"type": "integer"}, {"type": "string"}):
                continue
            for word in _NOT_IN_LOGIC:
                if word in branch:
                    yield f"{path}.{key}: {word} is forbidden inside {key}"


def _below(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from schema.get("properties", {}).items()
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield key, schema[key]


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema, refusing what the API server would silently prune."""
    found = dict(schema)
    found.pop("x-kubernetes-int-or-string", None)
    if "properties" in schema:
        found["properties"] = {name: strict(below) for name, below in schema["properties"].items()}
        found["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            found[key] = strict(schema[key])
    return found
