"""What Argo CD may not delete any more once its project is that of after the change."""

from __future__ import annotations

import json

import pytest

from components.review.machines import left
from components.review.objects import identity
from components.review.types import ObjectChange

BEFORE = {
    "destinations": [{"namespace": "dojot"}, {"namespace": "watching"}],
    "clusterResourceWhitelist": [{"group": "rbac", "kind": "ClusterRole", "name": "old"}],
    "namespaceResourceWhitelist": [{"group": "", "kind": "Service"}, {"group": "apps", "kind": "Deployment"}],
}
NEW = {"clusterResourceWhitelist": [{"group": "rbac", "kind": "ClusterRole", "name": "new"}]}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "auth", "namespace": "watching"}}
ROLE = {"apiVersion": "rbac/v1", "kind": "ClusterRole", "metadata": {"name": "old"}}


def _files(**lists) -> dict[str, bytes]:
    return {"argocd/project.yml": json.dumps({"spec": BEFORE | lists}).encode()}


def _left(document, **lists) -> bool:
    gone = ObjectChange(identity(document), "auth", 0, document, None, ())
    return left(_files(), _files(**lists), [gone]) == (gone,)


@pytest.mark.parametrize(
    ("document", "lists"),
    [
        pytest.param(ROLE, NEW, id="name"),
        pytest.param(SERVICE, NEW | {"destinations": [{"namespace": "dojot"}]}, id="namespace"),
        pytest.param(SERVICE, NEW | {"namespaceResourceWhitelist": [{"group": "apps", "kind": "Service"}]}, id="kind"),
    ],
)
def test_what_a_project_with_something_new_lacks_stays(document, lists):
    assert _left(document, **lists)


def test_where_nothing_is_new_the_step_comes_after_the_sync():
    assert not _left(ROLE, clusterResourceWhitelist=[])


def test_what_it_still_allows_goes():
    assert not _left(SERVICE, **NEW)
    every = {"clusterResourceWhitelist": [{"group": "rbac", "kind": "ClusterRole"}]}
    assert not _left(ROLE, **every)


def test_what_is_never_deleted_is_told_elsewhere():
    kept = {**ROLE, "metadata": {"name": "old", "annotations": {"argocd.argoproj.io/sync-options": "Prune=false"}}}
    assert not _left(kept, **NEW)
