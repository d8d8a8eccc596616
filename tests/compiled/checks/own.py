"""Objects that people bring themselves: as their files have them, and nothing that spoils the others."""

from __future__ import annotations

from pathlib import Path

from tests.compiled.tree import OWN, Object, Tree, name_of
from tests.schemas import kubernetes

FILES = Path(__file__).resolve().parents[3] / "inventory" / "files"
# Of fixtures, which bring their own.
FIXTURES = Path(__file__).resolve().parents[2] / "inventory" / "files"


def own_manifests_are_the_inventorys(tree: Tree) -> list[str]:
    """Each listed file is there byte for byte, and no other."""
    there = {path: text for path, text in tree.files.items() if path.startswith(OWN)}
    wanted = {f"{OWN}{name}": _text(name) for name in tree.parameters.get("manifests", ())}
    return [
        f"{path}: differs from inventory/files, or is listed nowhere"
        for path in sorted(there.keys() | wanted.keys())
        if there.get(path) != wanted.get(path)
    ]


def _text(name: str) -> str:
    return next(folder / name for folder in (FILES, FIXTURES) if (folder / name).is_file()).read_text("utf-8")


def own_objects_spoil_no_other(tree: Tree) -> list[str]:
    """No Secret, nothing that is there already, and no pod that a compiled Service would take for one of its own."""
    compiled = {_identity(entry) for _, entry in tree.manifests}
    selectors = [
        (entry["metadata"]["namespace"], entry["spec"]["selector"])
        for entry in tree.of_kind("Service")
        if entry["spec"].get("selector")
    ]
    found = []
    for path, entry in tree.own:
        name, home = f"{path}: {name_of(entry)}", entry["metadata"].get("namespace")
        if entry["kind"] == "Secret":
            found.append(f"{name}: a Secret with its values in Git")
        if _identity(entry) in compiled:
            found.append(f"{name}: is compiled already")
        labels = _labels(entry)
        found += [
            f"{name}: its pods would be taken for those of a compiled Service"
            for namespace, selector in selectors
            if namespace == home and selector.items() <= labels.items()
        ]
    return found


def _labels(entry: Object) -> dict[str, str]:
    template = entry.get("spec", {}).get("template") or {}
    if entry["kind"] == "CronJob":
        template = entry["spec"]["jobTemplate"]["spec"]["template"]
    holder = entry if entry["kind"] == "Pod" else template
    return holder.get("metadata", {}).get("labels", {})


def _identity(entry: Object) -> tuple[str, ...]:
    metadata = entry["metadata"]
    return (*kubernetes.kind_of(entry)[::2], metadata.get("namespace", ""), metadata["name"])


def own_objects_fit_their_schema(tree: Tree) -> list[str]:
    """Those of Kubernetes' own kinds: in a version that the release has, and without a field that it does not know."""
    found = []
    for path, entry in tree.own:
        group, version, kind = kubernetes.kind_of(entry)
        schema = kubernetes.validator(tree.cluster.platform.kubernetes.json_schema, group, version, kind)
        if schema:
            found += [f"{path}: {name_of(entry)}: {error}" for error in kubernetes.errors(schema, entry)]
        elif "." not in group or group.endswith(".k8s.io"):
            found.append(f"{path}: {name_of(entry)}: this release has no {kind} of {entry['apiVersion']}")
    return found


CHECKS = (own_manifests_are_the_inventorys, own_objects_spoil_no_other, own_objects_fit_their_schema)
