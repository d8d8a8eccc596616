"""The JSON Schema of an inventory, and its verdicts in an operator's words.

The schema is written in schema/*.yml: shapes (`common`, `parts`), the keys of a
container, a service and the whole target, and the platform's. Unknown keys are
refused everywhere.
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path as FilePath
from typing import Any, Iterator

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from .finding import Finding

_FOLDER = FilePath(__file__).parent / "schema"
_SIDECAR_KEYS = ("image", "command", "args", "env", "ports", "readiness", "liveness", "resources", "security")
_JOB_KEYS = ("image", "command", "args", "env", "files", "uses", "resources", "security")


def _read(name: str) -> dict[str, Any]:
    with (_FOLDER / f"{name}.yml").open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=yaml.CSafeLoader)


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}


@cache
def _validator() -> Draft202012Validator:
    container = _read("container")
    schema = _read("cluster")
    when = {"enum": ["before", "after"], "description": "before or after"}
    schema["$defs"] = {
        **_read("common"),
        **_read("parts"),
        "service": _closed(
            {**container, **_read("service")},
            ["title", "kind", "group", "replicas", "image", "resources", "security"],
        ),
        "sidecar": _closed(
            {key: container[key] for key in _SIDECAR_KEYS}, ["image", "resources", "security"]
        ),
        "job": _closed(
            {"when": when, **{key: container[key] for key in _JOB_KEYS}}, ["when", "command"]
        ),
        "platform": _platform(),
    }
    return Draft202012Validator(schema)


def _platform() -> dict[str, Any]:
    parts = {**_read("platform"), **_read("platform-haproxy-argocd")}
    return _closed(parts, sorted(parts))


def findings(parameters: dict[str, Any]) -> list[Finding]:
    """Every place where `parameters` differ from the schema; empty when none does."""
    return sorted(
        (finding for error in _validator().iter_errors(parameters) for finding in _explain(error)),
        key=lambda finding: finding.path,
    )


def _explain(error: ValidationError) -> Iterator[Finding]:
    path = tuple(str(part) for part in error.absolute_path)
    schema = error.schema
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = schema.get("properties", {})
        for key in error.instance:
            if key not in known:
                yield _unknown_key(path, key, error.instance[key], known)
        return
    if error.validator == "required":
        # jsonschema reports each missing key on its own, named in the message only.
        for key in error.validator_value:
            if key not in error.instance and f"'{key}'" in error.message:
                yield Finding((*path, key), None, "this key is missing", f"Add it: {_wanted(schema, key)}")
        return
    if "propertyNames" in error.absolute_schema_path:
        yield Finding(
            path, error.instance, "this is not a valid name here",
            f"Write {schema.get('description', 'another name')}",
        )
        return
    wanted = schema.get("description") or error.message
    yield Finding(path, error.instance, "this value does not fit", f"Write {wanted}")


def _unknown_key(path: tuple[str, ...], key: str, value: Any, known: dict[str, Any]) -> Finding:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if close:
        way_out = f"Did you mean {close[0]}?"
    else:
        way_out = f"Remove it, or use one of: {', '.join(sorted(known))}"
    return Finding((*path, key), value, "unknown key", way_out)


def _wanted(schema: dict[str, Any], key: str) -> str:
    part = schema.get("properties", {}).get(key, {})
    reference = part.get("$ref", "").rpartition("/")[2]
    resolved = _validator().schema["$defs"].get(reference, part) if reference else part
    return resolved.get("description", "a value of your own")
