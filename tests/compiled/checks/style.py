"""The text and the identity of objects: nothing empty, nothing shared, nothing twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import yaml

from tests.compiled.tree import OWN, Object, Tree, name_of

# What may look like an anchor or an alias; only a parser can tell.
_SUSPECT = re.compile(r"(?m)(?:^|[:\-\[{,])\s*[&*]\w")
_TIME = re.compile(r"\b20\d\d-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d")
# Empty on purpose: an emptyDir without options, all pods, nobody, no plugins.
_MAY_BE_EMPTY = {
    "emptyDir",
    "spec.podSelector",
    "spec.ingress",
    "spec.config.plugins",
}
# Kinds without a namespace, of those that this project uses.
CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "StorageClass",
}
_IMAGE = re.compile(r"^[\w.\-/:]+?:(?P<tag>[\w][\w.\-]*)(?:@sha256:[0-9a-f]{64})?$")


def no_anchors(tree: Tree) -> list[str]:
    """YAML anchors hide that two places are one; readers and diffs do not expect them."""
    found = []
    for path, text in tree.files.items():
        if not path.endswith((".yml", ".yaml")) or path.startswith(OWN) or not _SUSPECT.search(text):
            continue
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if getattr(event, "anchor", None):
                found.append(f"{path}:{event.start_mark.line + 1}: the YAML anchor or alias {event.anchor}")
    return found


def no_timestamps(tree: Tree) -> list[str]:
    """The same inventory gives the same bytes tomorrow."""
    made = {path: text for path, text in tree.files.items() if not path.startswith(OWN)}
    found = [f"{path}: the time {match.group()}" for path, text in made.items() for match in _TIME.finditer(text)]
    for path, entry in tree.objects:
        found += [
            f"{path}: {name_of(entry)}: {where} is a time" for where, value in _walk(entry) if isinstance(value, date)
        ]
    return found


def no_empty_fields(tree: Tree) -> list[str]:
    """A field that says nothing is left out, or the API server's answer differs from Git for ever."""
    return [
        f"{path}: {name_of(entry)}: {where} is empty ({value!r})"
        for path, entry in tree.objects
        for where, value in _walk(entry)
        if (value is None or value == {} or value == []) and not _may_be_empty(where)
    ]


def _may_be_empty(where: str) -> bool:
    return where in _MAY_BE_EMPTY or where.rpartition(".")[2] in _MAY_BE_EMPTY


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _walk(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _walk(below, f"{path}[{number}]")


def identities_are_unique(tree: Tree) -> list[str]:
    """Two manifests of one object overwrite each other."""
    seen: dict[tuple, str] = {}
    found = []
    for path, entry in tree.objects:
        if path.startswith("bootstrap/"):
            continue  # for the reviewer's eye: the script carries and applies the same objects
        key = _identity(entry)
        if key in seen:
            found.append(f"{path}: {name_of(entry)} is also in {seen[key]}")
        seen.setdefault(key, path)
    return found


def _identity(found: Object) -> tuple:
    metadata = found["metadata"]
    return found["apiVersion"].rpartition("/")[0], found["kind"], metadata.get("namespace"), metadata["name"]


def namespaces_are_stated(tree: Tree) -> list[str]:
    """Each namespaced object says where it lives: in its service's namespace, else the cluster's."""
    found = []
    for path, entry in tree.objects:
        stated = entry["metadata"].get("namespace")
        if entry["kind"] in CLUSTER_SCOPED:
            if stated:
                found.append(f"{path}: {name_of(entry)}: this kind has no namespace, but {stated} is stated")
        elif not stated:
            found.append(f"{path}: {name_of(entry)}: metadata.namespace is missing")
        elif path.startswith("manifests/") and path != "manifests/namespace.yml":
            service = path.removeprefix("manifests/").removesuffix(".yml")
            own = tree.parameters["services"].get(service, {}).get("namespace", tree.parameters["cluster"]["namespace"])
            if stated != own:
                found.append(f"{path}: {name_of(entry)}: metadata.namespace is {stated}, not {own}")
    return found


CHECKS = (no_anchors, no_timestamps, no_empty_fields, identities_are_unique, namespaces_are_stated)
