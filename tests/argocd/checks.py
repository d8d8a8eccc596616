"""What must hold between a cluster, its manifests and what Argo CD is given.

Each check takes the Cluster, {file name: document} of the Argo CD face and the
list of all manifest objects, and fails an assertion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from components.cluster.types import Cluster

Documents = Mapping[str, dict[str, Any]]
Objects = list[dict[str, Any]]
SCHEMAS = Path(__file__).resolve().parents[1] / "schemas" / "argocd"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
# Deleting one of these takes data along.
PROTECTED = {"Namespace", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition"}


def documents_fit_their_schema(cluster: Cluster, documents: Documents, manifests: Objects) -> None:
    for name, document in documents.items():
        schema = yaml.safe_load((SCHEMAS / name).read_text("utf-8"))
        found = [error.message for error in Draft202012Validator(schema).iter_errors(document)]
        assert not found, f"{name}: {found}"


def project_allows_exactly_the_kinds_used(cluster: Cluster, documents: Documents, manifests: Objects) -> None:
    spec = documents["project.yml"]["spec"]
    used: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for found in manifests:
        group = found["apiVersion"].rpartition("/")[0]
        used["namespace" in found["metadata"]].add((group, found["kind"]))
    assert _kinds(spec["clusterResourceWhitelist"]) == used[False]
    assert _kinds(spec["namespaceResourceWhitelist"]) == used[True]


def project_allows_exactly_the_namespaces_used(cluster: Cluster, documents: Documents, manifests: Objects) -> None:
    used = {found["metadata"]["namespace"] for found in manifests if "namespace" in found["metadata"]}
    allowed = {entry["namespace"] for entry in documents["project.yml"]["spec"]["destinations"]}
    assert allowed == used == {cluster.namespace, *(service.namespace for service in cluster.services)}


def application_stays_inside_its_project(cluster: Cluster, documents: Documents, manifests: Objects) -> None:
    project, application = documents["project.yml"], documents["application.yml"]
    assert application["spec"]["project"] == project["metadata"]["name"]
    assert application["spec"]["source"]["repoURL"] in project["spec"]["sourceRepos"]
    assert application["spec"]["destination"] in project["spec"]["destinations"]
    places = {document["metadata"]["namespace"] for document in documents.values()}
    assert places == {cluster.platform.argocd.namespace}


def application_follows_the_clusters_folder(cluster: Cluster, documents: Documents, manifests: Objects) -> None:
    application = documents["application.yml"]
    assert application["metadata"]["name"] == cluster.name
    source = application["spec"]["source"]
    assert source["path"] == f"compiled/{cluster.name}/manifests"
    assert source["targetRevision"] == cluster.git.revision


def only_options_that_the_release_knows(cluster: Cluster, documents: Documents, manifests: Objects) -> None:
    known = set(cluster.platform.argocd.known_sync_options)
    unknown = {option for option in _options(documents, manifests) if option.partition("=")[0] not in known}
    assert not unknown, f"Argo CD {cluster.platform.argocd.version} does not know {sorted(unknown)}"


def nothing_deletes_data(cluster: Cluster, documents: Documents, manifests: Objects) -> None:
    """Pruning spares what holds data; deleting the Application leaves its objects."""
    assert "finalizers" not in documents["application.yml"]["metadata"]
    for found in manifests:
        if found["kind"] in PROTECTED:
            options = _annotated(found)
            assert "Prune=false" in options, f"{found['kind']} {found['metadata']['name']}"
            if "Delete" in cluster.platform.argocd.known_sync_options:
                assert "Delete=false" in options, f"{found['kind']} {found['metadata']['name']}"


def every_custom_kind_has_a_health_check(cluster: Cluster, documents: Documents, manifests: Objects) -> None:
    checked = {key.removeprefix("resource.customizations.health.") for key in documents["argocd-cm.yml"]["data"]}
    custom = {
        f"{found['spec']['group']}_{found['spec']['names']['kind']}"
        for found in manifests
        if found["kind"] == "CustomResourceDefinition"
    }
    assert custom <= checked and "argoproj.io_Application" in checked


def _kinds(entries: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(entry["group"], entry["kind"]) for entry in entries}


def _annotated(found: dict[str, Any]) -> list[str]:
    text = found["metadata"].get("annotations", {}).get(SYNC_OPTIONS, "")
    return [option for option in text.split(",") if option]


def _options(documents: Documents, manifests: Objects) -> Iterator[str]:
    yield from documents["application.yml"]["spec"]["syncPolicy"]["syncOptions"]
    for found in manifests:
        yield from _annotated(found)


CHECKS = (
    documents_fit_their_schema,
    project_allows_exactly_the_kinds_used,
    project_allows_exactly_the_namespaces_used,
    application_stays_inside_its_project,
    application_follows_the_clusters_folder,
    only_options_that_the_release_knows,
    nothing_deletes_data,
    every_custom_kind_has_a_health_check,
)
