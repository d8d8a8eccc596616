"""Kubernetes' own JSON schemas, strict: unknown fields are errors, and so is an unknown kind.

They are the ones that the package kubernetes-validate bundles; its code, which lets
a kind without a schema pass with a warning, is not used. No version of it has all
releases, so `make` installs one for each lock of requirements/schemas/.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

SCHEMAS = Path(sys.prefix) / "schemas"
_STABILITY = re.compile(r"^v(\d+)(?:(alpha|beta)(\d+))?$")


def kind_of(found: dict[str, Any]) -> tuple[str, str, str]:
    """(group, version, kind) of an object; the core group is ""."""
    group, _, version = found.get("apiVersion", "").rpartition("/")
    return group, version, found.get("kind", "")


@lru_cache
def _bundle(release: str) -> dict[str, Any]:
    """All schemas of a release in one: older ones call their parts `definitions`, newer ones `$defs`."""
    folder = SCHEMAS / release / "kubernetes_validate" / "kubernetes-json-schema" / f"v{release}-local-strict"
    text = (folder / "_definitions.json").read_text("utf-8")
    return json.loads(text)


def _parts(release: str) -> str:
    return "$defs" if "$defs" in _bundle(release) else "definitions"


@lru_cache
def _names(release: str) -> dict[tuple[str, str, str], str]:
    """(group, version, kind) -> name of the definition."""
    return {
        (entry["group"], entry["version"], entry["kind"]): name
        for name, schema in _bundle(release)[_parts(release)].items()
        for entry in schema.get("x-kubernetes-group-version-kind", ())
    }


@lru_cache
def validator(release: str, group: str, version: str, kind: str) -> Validator | None:
    """The validator of a kind in a release such as 1.17.0; None where the release has no such kind."""
    name = _names(release).get((group, version, kind))
    if name is None:
        return None
    bundle, parts = _bundle(release), _parts(release)
    dialect = validator_for(bundle, default=Draft4Validator)
    return dialect({"$ref": f"#/{parts}/{name}", parts: bundle[parts]})


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
