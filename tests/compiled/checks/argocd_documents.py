"""What Argo CD itself is given: the cluster's Application and AppProject, and settings, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.compiled import said
from tests.compiled.compare import differences
from tests.compiled.tree import Object, Tree

_FACE = "argocd/"
_HEALTH = Path(__file__).resolve().parents[3] / "components" / "argocd" / "health"
_CUSTOMIZED = "resource.customizations.health."
# Where Argo CD finds the cluster that it runs in.
_HERE = "https://kubernetes.default.svc"


def argocd_is_told_what_the_inventory_says(tree: Tree) -> list[str]:
    """Three documents, and in each every key; the AppProject allows what the manifests have, and nothing else."""
    there = {path: entries for path, entries in tree.documents.items() if path.startswith(_FACE)}
    wanted = {
        f"{_FACE}application.yml": [_application(tree.parameters)],
        f"{_FACE}project.yml": [_project(tree)],
        f"{_FACE}argocd-cm.yml": [_settings(tree)],
    }
    for project in there.get(f"{_FACE}project.yml", ()):
        # A sentence for people.
        if "description" in project.get("spec", {}):
            spec = {key: value for key, value in project["spec"].items() if key != "description"}
            there[f"{_FACE}project.yml"] = [{**project, "spec": spec}]
    return list(differences(there, wanted, "Argo CD"))


def _document(parameters: Mapping[str, Any], kind: str, spec: dict[str, Any]) -> Object:
    home = parameters["platform"]["argocd"]["namespace"]
    metadata = {"name": parameters["cluster"]["name"], "namespace": home}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def _application(parameters: Mapping[str, Any]) -> Object:
    """Without a finalizer: who deletes it keeps the objects."""
    name, argocd, git = parameters["cluster"]["name"], parameters["platform"]["argocd"], parameters["repository"]
    retry = argocd["retry"]
    backoff = {
        "duration": f"{retry['first_wait']}s",
        "factor": retry["factor"],
        "maxDuration": f"{retry['longest_wait']}s",
    }
    spec = {
        "project": name,
        "source": {
            "repoURL": git["url"],
            "targetRevision": git["revision"],
            "path": f"compiled/{name}/manifests",
        },
        "destination": {"server": _HERE, "namespace": parameters["cluster"]["namespace"]},
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
            "syncOptions": argocd["sync_options"],
            "retry": {
                "limit": retry["limit"],
                "backoff": backoff,
                # A key that older releases do not know.
                **({"refresh": True} if retry["refresh"] else {}),
            },
        },
        "revisionHistoryLimit": argocd["revision_history"],
    }
    return _document(parameters, "Application", spec)


def _project(tree: Tree) -> Object:
    inside: list[Object] = []
    across: list[Object] = []
    for _, entry in (*tree.manifests, *tree.own):
        metadata = entry["metadata"]
        one = {"group": entry["apiVersion"].rpartition("/")[0], "kind": entry["kind"]}
        # Argo CD allows single objects by name since 3.3.
        if "namespace" not in metadata and _release(tree) >= (3, 3):
            one["name"] = metadata["name"]
        found = inside if "namespace" in metadata else across
        if one not in found:
            found.append(one)
    home = tree.parameters["cluster"]["namespace"]
    compiled = said.namespaces(tree.parameters)
    brought = {entry["metadata"].get("namespace") for _, entry in tree.own} - {None, *compiled}
    spaces = [home, *sorted(compiled - {home}), *sorted(brought)]
    spec = {
        "sourceRepos": [tree.parameters["repository"]["url"]],
        "destinations": [{"server": _HERE, "namespace": name} for name in spaces],
        "clusterResourceWhitelist": sorted(across, key=lambda one: list(one.values())),
        "namespaceResourceWhitelist": sorted(inside, key=lambda one: list(one.values())),
    }
    return _document(tree.parameters, "AppProject", spec)


def _release(tree: Tree) -> tuple[int, ...]:
    return tuple(int(part) for part in tree.parameters["platform"]["argocd"]["version"].lstrip("v").split("."))


def _settings(tree: Tree) -> Object:
    """The platform's, and health checks, in a file each: of Applications, and of kinds that Argo CD does not know."""
    custom = {
        f"{entry['spec']['group']}_{entry['spec']['names']['kind']}"
        for entry in tree.of_kind("CustomResourceDefinition")
    }
    # A VerneMQ object may come by hand where the inventory has no brokers.
    checks = {"argoproj.io_Application", "vernemq.com_VerneMQ", *custom}
    argocd = tree.parameters["platform"]["argocd"]
    # Nothing that concerns what an Argo CD of others manages besides.
    alone = argocd.get("existing", False)
    checks -= {"argoproj.io_Application"} if alone else set()
    scripts = {
        f"{_CUSTOMIZED}{kind}": (_HEALTH / f"{kind.rpartition('_')[2].lower()}.lua").read_text("utf-8")
        for kind in checks
    }
    metadata = {"name": "argocd-cm", "namespace": argocd["namespace"]}
    data = scripts if alone else {**argocd["settings"], **scripts}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


CHECKS = (argocd_is_told_what_the_inventory_says,)
