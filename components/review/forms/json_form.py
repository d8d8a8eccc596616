"""A review as JSON, for programs. Its shape is that of components/review/types.py; docs/review.schema.json says it."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from enum import IntEnum
from inspect import getdoc
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from ..types import ABSENT, ClusterReview, Level, ObjectChange, Review

#: Goes up when a key goes, or means something else; not when one is added.
VERSION = 1
#: What follows from the fields, and is said for those who only read.
_DERIVED: dict[type, tuple[str, ...]] = {Review: ("level",), ClusterReview: ("level",), ObjectChange: ("how",)}

Schema = dict[str, Any]


def text(review: Review) -> str:
    """One object in ASCII, its keys sorted. A side of a field on which there is none has no key: null is a value."""
    return json.dumps({"version": VERSION, **_plain(review)}, indent=1, sort_keys=True, allow_nan=False) + "\n"


def schema() -> Schema:
    """The JSON Schema of what `text` gives."""
    definitions: Schema = {}
    whole = _of_dataclass(Review, definitions)
    whole["properties"] = {"version": {"const": VERSION, "description": "of this shape"}, **whole["properties"]}
    whole["required"] = ["version", *whole["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What make review says of a change",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def _plain(value: Any) -> Any:
    """Whatever a review holds, of the kinds that JSON has; what manifests may hold beside them (dates) is text."""
    if isinstance(value, Level):
        return value.word
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)] + list(_DERIVED.get(type(value), ()))
        found = {name: getattr(value, name) for name in names}
        return {name: _plain(each) for name, each in found.items() if each is not ABSENT}
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


def _of_dataclass(kind: type, definitions: Schema) -> Schema:
    """Every key of it; one that may hold anything may be absent, too: it is a side of a field."""
    hints = get_type_hints(kind)
    types = {field.name: hints[field.name] for field in fields(kind)}
    types |= {name: get_type_hints(getattr(kind, name).fget)["return"] for name in _DERIVED.get(kind, ())}
    return {
        "type": "object",
        "description": getdoc(kind),
        "properties": {name: _of(each, definitions) for name, each in types.items()},
        "required": [name for name, each in types.items() if each is not Any],
        "additionalProperties": False,
    }


def _of(kind: Any, definitions: Schema) -> Schema:
    """TypeError for a type that this cannot say: one that is new in a review."""
    if kind is Any:
        return {}
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = _of_dataclass(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return {"enum": [each.name.lower() for each in kind]}
    simple = {str: "string", int: "integer", bool: "boolean", NoneType: "null"}
    if kind in simple:
        return {"type": simple[kind]}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return {"anyOf": [_of(each, definitions) for each in arguments]}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object"}
    raise TypeError(f"no JSON Schema is known for {kind}")
