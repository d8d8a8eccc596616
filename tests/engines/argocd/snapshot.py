"""All objects of the kinds that the project allows, and what became of them between two looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.engines.kubernetes.control_plane import ControlPlane

#: Kind, name and namespace ("" for an object of the whole cluster). No two of the project's kinds share a name.
Key = tuple[str, str, str]
HOOK = "argocd.argoproj.io/hook"
OPTIONS = "argocd.argoproj.io/sync-options"


def key(found: dict[str, Any]) -> Key:
    return found["kind"], found["metadata"]["name"], found["metadata"].get("namespace", "")


def annotation(found: dict[str, Any], name: str) -> str:
    return found["metadata"].get("annotations", {}).get(name, "")


def manifests(folder: Path) -> dict[Key, dict[str, Any]]:
    """The objects of a compiled folder of manifests that stay in the cluster: no hooks."""
    documents = [
        found for path in sorted(folder.glob("*.yml")) for found in yaml.safe_load_all(path.read_text("utf-8")) if found
    ]
    return {key(found): found for found in documents if not annotation(found, HOOK)}


def protected(found: dict[str, Any], option: str) -> bool:
    """Is it annotated with this sync option, such as Prune=false?"""
    return option in annotation(found, OPTIONS).split(",")


class Snapshot:
    """The objects at one moment, by key."""

    def __init__(self, plane: ControlPlane, project: dict[str, Any]) -> None:
        spec = project["spec"]
        kinds = {
            f"{entry['kind']}.{entry['group']}" if entry["group"] else entry["kind"]
            for entry in (*spec["clusterResourceWhitelist"], *spec["namespaceResourceWhitelist"])
        }
        named = ",".join(sorted(kinds))
        self.objects: dict[Key, dict[str, Any]] = {}
        for entry in spec["destinations"]:
            listed = plane.kubectl("--namespace", entry["namespace"], "get", named, "--output=json").stdout
            for found in json.loads(listed)["items"]:
                self.objects[key(found)] = found

    def versions(self) -> dict[Key, str]:
        """Key -> what changes with every write to the object and nothing else; without hooks, which every sync runs."""
        return {
            name: f"{found['metadata']['uid']} {found['metadata']['resourceVersion']}"
            for name, found in self.objects.items()
            if not annotation(found, HOOK)
        }

    def changed(self, later: Snapshot) -> set[Key]:
        """The objects that were written, made or deleted until the later snapshot."""
        before, after = self.versions(), later.versions()
        return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def differing(old: dict[Key, dict[str, Any]], new: dict[Key, dict[str, Any]]) -> set[Key]:
    """Objects of either that are not the same in both."""
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
