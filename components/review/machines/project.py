"""What Argo CD's project of a cluster allows. Argo CD does not read it from Git, but from the step that brings it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import yaml

from components.review.objects import is_kept
from components.review.types import ObjectChange

FILE = "argocd/project.yml"
_LISTS = ("destinations", "clusterResourceWhitelist", "namespaceResourceWhitelist")

#: The list of the project's spec, and the pairs of one entry.
Allowed = tuple[str, tuple[tuple[str, str], ...]]


def allowed(files: Mapping[str, bytes]) -> frozenset[Allowed]:
    """Of a cluster's files; nothing where there is no project, or none that can be read."""
    return _entries(files.get(FILE, b""))


@lru_cache(maxsize=8)
def _entries(content: bytes) -> frozenset[Allowed]:
    found: Any = yaml.safe_load(content) or {}
    spec = found.get("spec", {})
    return frozenset((name, tuple(sorted(entry.items()))) for name in _LISTS for entry in spec.get(name, ()))


def only_narrower(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> bool:
    """Does it take away, and add nothing? Then Argo CD needs the former one until it has deleted what goes."""
    return allowed(after) < allowed(before)


def left(
    before: Mapping[str, bytes], after: Mapping[str, bytes], changes: Iterable[ObjectChange]
) -> tuple[ObjectChange, ...]:
    """Objects that go, but that Argo CD may not delete: one with something new has to be there before the merge."""
    if not allowed(after) - allowed(before):
        return ()
    gone = (found for found in changes if found.before and found.how == "removed" and not is_kept(found.before))
    return tuple(found for found in gone if not _allows(after, found.before or {}))


def _allows(files: Mapping[str, bytes], found: Mapping[str, Any]) -> bool:
    """Entries without a name allow all names."""
    group, kind = found.get("apiVersion", "").rpartition("/")[0], found["kind"]
    namespace = found["metadata"].get("namespace")
    entries = [(name, dict(entry)) for name, entry in allowed(files)]
    if namespace and not any(name == "destinations" and entry["namespace"] == namespace for name, entry in entries):
        return False
    own = "namespaceResourceWhitelist" if namespace else "clusterResourceWhitelist"
    return any(
        name == own
        and (entry["group"], entry["kind"]) == (group, kind)
        and entry.get("name", found["metadata"]["name"]) == found["metadata"]["name"]
        for name, entry in entries
    )
