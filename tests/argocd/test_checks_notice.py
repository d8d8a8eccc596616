"""Each check fails when what it guards is broken."""

from __future__ import annotations

import copy

import pytest

from tests.argocd import checks
from tests.argocd.checks import SYNC_OPTIONS
from tests.platforms import each_platform


def _spec(name, change):
    def apply(documents, manifests):
        change(documents[name]["spec"])

    return apply


def _unprotect(kind):
    def apply(documents, manifests):
        found = [entry for entry in manifests if entry["kind"] == kind]
        if not found:
            pytest.skip(f"a cluster without a {kind}")
        found[0]["metadata"]["annotations"].pop(SYNC_OPTIONS)

    return apply


def _annotate(option):
    def apply(documents, manifests):
        manifests[0]["metadata"].setdefault("annotations", {})[SYNC_OPTIONS] = option

    return apply


def _elsewhere(documents, manifests):
    next(entry for entry in manifests if entry["kind"] == "Service")["metadata"]["namespace"] = "kube-system"


def _new_kind(documents, manifests):
    manifests.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "dojot"}})


def _finalizer(documents, manifests):
    documents["application.yml"]["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]


def _no_health(documents, manifests):
    if not any(entry["kind"] == "VerneMQ" for entry in manifests):
        pytest.skip("a cluster without a custom kind")
    documents["argocd-cm.yml"]["data"].popitem()


BREAKS = [
    (checks.documents_fit_their_schema, _spec("application.yml", lambda spec: spec["syncPolicy"].update(autmated={}))),
    (
        checks.documents_fit_their_schema,
        _spec("application.yml", lambda spec: spec["syncPolicy"]["automated"].update(prune=False)),
    ),
    (checks.documents_fit_their_schema, _spec("project.yml", lambda spec: spec.update(sourceRepos=["*"]))),
    (
        checks.documents_fit_their_schema,
        _spec("project.yml", lambda spec: spec["destinations"][0].update(namespace="*")),
    ),
    (
        checks.documents_fit_their_schema,
        _spec("project.yml", lambda spec: spec["clusterResourceWhitelist"].append({"group": "*", "kind": "*"})),
    ),
    (checks.documents_fit_their_schema, _finalizer),
    (checks.project_allows_exactly_the_kinds_used, _new_kind),
    (
        checks.project_allows_exactly_the_kinds_used,
        _spec("project.yml", lambda spec: spec["namespaceResourceWhitelist"].append({"group": "", "kind": "Secret"})),
    ),
    (
        checks.project_allows_exactly_the_kinds_used,
        _spec("project.yml", lambda spec: spec["clusterResourceWhitelist"].pop()),
    ),
    (checks.project_allows_exactly_the_namespaces_used, _elsewhere),
    (
        checks.application_stays_inside_its_project,
        _spec("application.yml", lambda spec: spec.update(project="default")),
    ),
    (
        checks.application_stays_inside_its_project,
        _spec("application.yml", lambda spec: spec["source"].update(repoURL="https://git.example.org/other.git")),
    ),
    (
        checks.application_stays_inside_its_project,
        _spec("application.yml", lambda spec: spec["destination"].update(namespace="default")),
    ),
    (
        checks.application_follows_the_clusters_folder,
        _spec("application.yml", lambda spec: spec["source"].update(path="compiled")),
    ),
    (
        checks.only_options_that_the_release_knows,
        _spec("application.yml", lambda spec: spec["syncPolicy"]["syncOptions"].append("NoSuchOption=true")),
    ),
    (checks.only_options_that_the_release_knows, _annotate("Prune=false,NoSuchOption=true")),
    (checks.nothing_deletes_data, _finalizer),
    (checks.nothing_deletes_data, _unprotect("Namespace")),
    (checks.nothing_deletes_data, _unprotect("PersistentVolume")),
    (checks.nothing_deletes_data, _unprotect("CustomResourceDefinition")),
    (checks.every_custom_kind_has_a_health_check, _no_health),
]


@each_platform
@pytest.mark.parametrize(
    ("check", "broken"), BREAKS, ids=[f"{number}-{check.__name__}" for number, (check, _) in enumerate(BREAKS)]
)
def test_check_notices(check, broken, cluster, documents, manifests):
    documents, manifests = copy.deepcopy(documents), copy.deepcopy(manifests)
    check(cluster, documents, manifests)
    broken(documents, manifests)
    with pytest.raises(AssertionError):
        check(cluster, documents, manifests)


def test_every_check_has_a_break():
    assert {check for check, _ in BREAKS} == set(checks.CHECKS)
