"""What people change in a running cluster, on real API servers: accepted, or refused as tests/changes/edits.yml says.

The objects of before are there, bound and placed. Those of after are applied for trial: a server that only tries
refuses what it refuses in earnest, and every change starts from the same cluster.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.changes.compiled import CLUSTERS, Edit, changed_objects, edits, objects, tree
from tests.compiled.tree import Object, name_of
from tests.engines.changes.conftest import apply
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.conftest import Running
from tests.engines.processes import until

# StatefulSet.apps "kafka-server" is invalid, The Service "mongodb" is invalid
_REFUSED = re.compile(r'\b([A-Z]\w+)(?:\.[\w.]+)? "(\S+)" is invalid')


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
    assert changed, "nothing to apply"
    with _namespaces(before, changed):
        refused, others = _tried(before, changed)
        assert (refused, others) == (set(edit.refused), [])
        if edit.first:
            with _after(before, edit, {name_of(one) for one in changed} & refused):
                assert _tried(before, changed) == (set(), []), f"refused even after {edit.first}"


def _tried(running: Running, found: list[Object]) -> tuple[set[str], list[str]]:
    """ "KIND NAME" of what is refused, and what else is said, when the objects are applied without being kept."""
    said = apply(running, found, "--dry-run=server")
    refused = {f"{kind} {name}" for kind, name in _REFUSED.findall("\n".join(said))}
    # A refusal may go on for some lines.
    return refused, said if not refused else []


@contextmanager
def _namespaces(running: Running, found: list[Object]) -> Iterator[None]:
    """New namespaces are there in earnest: an object can only be tried in one that is."""
    known = {one["metadata"]["name"] for one in running.tree.of_kind("Namespace")}
    new = [one for one in found if one["kind"] == "Namespace" and one["metadata"]["name"] not in known]
    if new:
        assert not sync.apply(running.plane, new, *running.options)
    try:
        yield
    finally:
        if new:
            running.plane.kubectl("delete", "--filename=-", input=sync.listed(new))


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
