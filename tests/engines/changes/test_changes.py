"""What people change in a running cluster, on real API servers: accepted, or refused as tests/changes/edits.yml says.

The objects of before are there, bound and placed. Those of after are applied for trial: a server that only tries
refuses what it refuses in earnest, and every change starts from the same cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.changes.compiled import CLUSTERS, Edit, changed_objects, edits, objects, tree
from tests.compiled.tree import Object, name_of
from tests.engines.changes.trial import apply, namespaces, tried
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.conftest import Running
from tests.engines.processes import until


@pytest.mark.parametrize(
    ("before", "edit"),
    [
        pytest.param(cluster, edit, id=f"{cluster}-{edit}")
        for cluster in CLUSTERS
        for edit in edits()
        if cluster in edit.clusters
    ],
    indirect=["before"],
    # Or each test has a cluster of its own.
    scope="session",
)
def test_a_change(before, edit, request):
    assert not before.complaints
    after = tree(request.node.callspec.params["before"], edit.edit)
    changed = changed_objects(before.tree, after)
    # Some change nothing that Argo CD applies: files of the load balancer, of the bootstrap.
    assert after.files != before.tree.files
    with namespaces(before, changed):
        refused, others = tried(before, changed)
        assert (refused, others) == (set(edit.refused), [])
        if edit.first:
            with _after(before, edit, {name_of(one) for one in changed} & refused):
                assert tried(before, changed) == (set(), []), f"refused even after {edit.first}"


@contextmanager
def _after(running: Running, edit: Edit, names: set[str]) -> Iterator[None]:
    """What people tell kubectl first, in earnest; afterwards the objects are there again."""
    was = [one for one in objects(running.tree).values() if name_of(one) in names]
    assert was
    try:
        for words in edit.first:
            running.plane.kubectl("--namespace", running.tree.cluster.namespace, *words.split())
        yield
    finally:
        assert not apply(running, was)
        sync.await_health(running.plane, was, "what was deleted")


def test_another_directory_waits_until_its_claim_is_deleted(before, request):
    """Two volumes kept for one claim: a bound claim stays with its own; the next of its name has the other one."""
    cluster = request.node.callspec.params["before"]
    root = tree(cluster, {"services.mongodb.volumes.mongodb-volume.host_path": "/mnt/data/elsewhere"})
    (volume,) = (one for one in changed_objects(before.tree, root) if one["kind"] == "PersistentVolume")
    kept = volume["spec"]["claimRef"]
    (old,) = (one for one in before.tree.of_kind("PersistentVolume") if one["spec"]["claimRef"] == kept)
    plane, names = before.plane, [one["metadata"]["name"] for one in (old, volume)]

    def phases() -> list[str]:
        return [_get(before, "pv", name)["status"]["phase"] for name in names]

    assert not sync.apply(plane, [volume], *before.options)
    assert until(lambda: phases()[1:] == ["Available"], 60), phases()
    assert phases()[0] == "Bound" and _get(before, "pvc", kept["name"])["spec"]["volumeName"] == names[0]
    # No pod uses it once it may go, and the set makes both again.
    plane.kubectl("--namespace", kept["namespace"], "delete", "pvc", kept["name"], "--wait=false")
    plane.kubectl("--namespace", kept["namespace"], "delete", "pod", "mongodb-0")
    assert until(lambda: phases() == ["Released", "Bound"], 120), phases()
    assert _get(before, "pvc", kept["name"])["spec"]["volumeName"] == names[1]


def _get(running: Running, kind: str, name: str) -> Object:
    found = running.plane.kubectl(
        "--namespace", running.tree.cluster.namespace, "get", kind, name, "--output=json", check=False
    ).stdout
    return json.loads(found or "{}") or {"spec": {"volumeName": None}, "status": {"phase": None}}
