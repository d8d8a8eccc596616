"""The JSON Schema of an inventory.

The schema is written in schema/*.yml: shapes (`common`, `parts`), the keys of a
container, a service and the whole target, and the platform's. Unknown keys are
refused everywhere.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path as FilePath
from typing import Any

import yaml

from .finding import Finding
from .keywords import InventoryValidator
from .verdicts import Written, nowhere, verdicts

_FOLDER = FilePath(__file__).parent / "schema"
_SIDECAR_KEYS = (
    "image",
    "command",
    "args",
    "env",
    "ports",
    "readiness",
    "liveness",
    "secret_files",
    "resources",
    "security",
)
_JOB_KEYS = ("image", "command", "args", "env", "files", "secret_files", "uses", "resources", "security")


def _read(name: str) -> dict[str, Any]:
    with (_FOLDER / f"{name}.yml").open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=yaml.CSafeLoader)


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}


@cache
def _validator() -> InventoryValidator:
    container = _read("container")
    schema = _read("cluster")
    when = {"enum": ["before", "after"], "description": "before or after"}
    shapes = {
        **_read("common"),
        **_read("parts"),
        "service": _closed(
            {**container, **_read("service")},
            ["title", "kind", "group", "replicas", "image", "resources", "security"],
        ),
        "sidecar": _closed({key: container[key] for key in _SIDECAR_KEYS}, ["image", "resources", "security"]),
        "job": _closed({"when": when, **{key: container[key] for key in _JOB_KEYS}}, ["when", "command"]),
        "platform": _platform(),
        "monitoring": _read("monitoring"),
    }
    return InventoryValidator(_inlined(schema, shapes))


def _inlined(node: Any, shapes: dict[str, Any]) -> Any:
    """`node` with every $ref replaced by the shape it names: following them takes a third of the time.

    What stands beside a $ref (a description of its own) wins over the shape's.
    """
    if isinstance(node, list):
        return [_inlined(item, shapes) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _inlined({**shapes[node["$ref"].removeprefix("#/$defs/")], **beside}, shapes)
    return {key: _inlined(value, shapes) for key, value in node.items()}


def _platform() -> dict[str, Any]:
    parts = {**_read("platform"), **_read("platform-haproxy-argocd")}
    return _closed(parts, sorted(parts))


def findings(parameters: dict[str, Any], written: Written = nowhere) -> list[Finding]:
    """Every place where `parameters` differ from the schema; empty when none does."""
    return verdicts(_validator().iter_errors(parameters), parameters, written)
