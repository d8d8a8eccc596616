"""Kubernetes' own JSON schemas, strict: unknown fields are errors, and so is an unknown kind.

They are the ones that the package kubernetes-validate bundles; its code, which lets
a kind without a schema pass with a warning, is not used.
"""

from __future__ import annotations

import importlib.util
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError

_STABILITY = re.compile(r"^v(\d+)(?:(alpha|beta)(\d+))?$")


def kind_of(found: dict[str, Any]) -> tuple[str, str, str]:
    """(group, version, kind) of an object; the core group is ""."""
    group, _, version = found.get("apiVersion", "").rpartition("/")
    return group, version, found.get("kind", "")


@lru_cache
def _definitions(release: str) -> dict[str, Any]:
    package = importlib.util.find_spec("kubernetes_validate")
    folder = Path(next(iter(package.submodule_search_locations))) / "kubernetes-json-schema"
    text = (folder / f"v{release}-local-strict" / "_definitions.json").read_text("utf-8")
    return json.loads(text)["definitions"]


@lru_cache
def _names(release: str) -> dict[tuple[str, str, str], str]:
    """(group, version, kind) -> name of the definition."""
    return {
        (entry["group"], entry["version"], entry["kind"]): name
        for name, schema in _definitions(release).items()
        for entry in schema.get("x-kubernetes-group-version-kind", ())
    }


@lru_cache
def validator(release: str, group: str, version: str, kind: str) -> Draft4Validator | None:
    """The validator of a kind in a release such as 1.17.0; None where the release has no such kind."""
    name = _names(release).get((group, version, kind))
    if name is None:
        return None
    return Draft4Validator({"$ref": f"#/definitions/{name}", "definitions": _definitions(release)})


@lru_cache
def newest(release: str, kind: str) -> tuple[str, str]:
    """The (group, version) in which a release offers a kind at its most stable; ("", "") if it does not."""
    offered = [(group, version) for group, version, name in _names(release) if name == kind]
    return max(offered, key=lambda entry: (_rank(entry[1]), entry[0]), default=("", ""))


def _rank(version: str) -> tuple[int, int, int]:
    number, stage, step = _STABILITY.match(version).groups()
    return ({None: 2, "beta": 1, "alpha": 0}[stage], int(number), int(step or 0))


def errors(schema: Any, found: Any) -> Iterator[str]:
    """What a validator finds wrong, one line each: where, and what."""
    for error in schema.iter_errors(found):
        yield f"{_where(error)}: {_what(error)}"


def _where(error: ValidationError) -> str:
    return ".".join(str(step) for step in error.absolute_path) or "(top)"


def _what(error: ValidationError) -> str:
    return error.message if len(error.message) <= 200 else f"{error.message[:197]}..."
