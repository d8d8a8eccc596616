"""Manifests of both sides -> the objects that differ, each with its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from .fields import differing
from .types import Identity, ObjectChange

MANIFESTS = "manifests"
_WAVE = "argocd.argoproj.io/sync-wave"
_OPTIONS = "argocd.argoproj.io/sync-options"
# libyaml reads a cluster's manifests in a fifth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[ObjectChange, ...]:
    """Of a cluster's files: by wave, service and identity. An object that moves to another file is the same one."""
    touched = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    old, new = _objects(before, touched), _objects(after, touched)
    found = []
    for identity in old.keys() | new.keys():
        service, one = old.get(identity, ("", None))
        service, other = new.get(identity, (service, None))
        fields = differing(one, other) if one is not None and other is not None else ()
        if fields or one is None or other is None:
            found.append(ObjectChange(identity, service, _wave(other or one or {}), one, other, fields))
    return tuple(sorted(found, key=lambda change: (change.wave, change.service, change.identity)))


def _objects(files: Mapping[str, bytes], names: set[str]) -> dict[Identity, tuple[str, dict[str, Any]]]:
    found = {}
    for name in sorted(names & files.keys()):
        path = PurePosixPath(name)
        if path.parts[0] == MANIFESTS and path.suffix == ".yml":
            for document in _documents(files[name]):
                found[identity(document)] = (path.stem, document)
    return found


def _documents(content: bytes) -> Iterator[dict[str, Any]]:
    for document in yaml.load_all(content, Loader=_LOADER):
        if isinstance(document, dict):
            yield document


def identity(document: Mapping[str, Any]) -> Identity:
    metadata = document["metadata"]
    return Identity(document["kind"], metadata.get("namespace", ""), metadata["name"])


def is_kept(document: Mapping[str, Any]) -> bool:
    """Does Argo CD leave it in the cluster when it goes from Git?"""
    return "Prune=false" in document["metadata"].get("annotations", {}).get(_OPTIONS, "").split(",")


def _wave(document: Mapping[str, Any]) -> int:
    return int(document["metadata"].get("annotations", {}).get(_WAVE, 0))
