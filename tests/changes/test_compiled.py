"""The list of changes, without an engine: each compiles into something else, and what it says of refusals is so."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.changes.compiled import CLUSTERS, changed_objects, compiled, edits, objects, tree
from tests.compiled.tree import Object, Tree

# Of a set's spec, what a server lets change (apps/v1, ValidateStatefulSetUpdate).
_OF_SETS = {"replicas", "template", "updateStrategy"}


@pytest.fixture(scope="module")
def before():
    return {cluster: tree(cluster) for cluster in CLUSTERS}


def test_names_are_distinct():
    assert set(Counter(edit.name for edit in edits()).values()) == {1}


@pytest.mark.parametrize("edit", edits(), ids=str)
def test_refused_is_what_no_server_changes(edit, before):
    cluster = edit.clusters[-1]
    old, after = before[cluster], tree(cluster, edit.edit)
    assert after.files != old.files
    # What is new may be refused as well: a NodePort is taken.
    new = {f"{kind} {name}" for kind, _, name in objects(after).keys() - objects(old).keys()}
    assert _refused(old, after) == set(edit.refused) - new


def test_another_directory_under_the_old_name_would_be_refused(before):
    """The volumes are what this change is about, and they are looked at."""
    after = tree("today", {"services.mongodb.volumes.mongodb-volume.host_path": "/mnt/data/mongo"})
    (volume,) = (one for one in changed_objects(before["today"], after) if one["kind"] == "PersistentVolume")
    volume["metadata"]["name"] = next(
        one["metadata"]["name"]
        for one in before["today"].of_kind("PersistentVolume")
        if one["spec"]["claimRef"] == volume["spec"]["claimRef"]
    )
    assert _refused(before["today"], after) == {f"PersistentVolume {volume['metadata']['name']}"}


def _refused(old: Tree, after: Tree) -> set[str]:
    """Kind and name of objects that are in both, and not alike in what never changes."""
    was, now = objects(old), objects(after)
    return {f"{key[0]} {key[2]}" for key in was.keys() & now.keys() if _forever(was[key]) != _forever(now[key])}


def _forever(found: Object) -> Any:
    """What an API server keeps of an object whatever is applied later: the reason of a refusal, where it differs."""
    spec = found.get("spec", {})
    match found["kind"]:
        case "StatefulSet":
            return {key: value for key, value in spec.items() if key not in _OF_SETS}
        case "Deployment" | "DaemonSet":
            return spec["selector"]
        case "PersistentVolume":
            return spec["local"], spec["nodeAffinity"], spec["volumeMode"]
        case "PersistentVolumeClaim":
            return spec
        case "Service":
            return spec.get("clusterIP")
        case "RoleBinding" | "ClusterRoleBinding":
            return found["roleRef"]
        case "PriorityClass":
            return found["value"]
        case "StorageClass":
            return found["provisioner"], found["reclaimPolicy"], found["volumeBindingMode"]
    return None


def test_what_is_taken_out_has_to_be_there():
    with pytest.raises(KeyError, match="verne-9"):
        tree("guide", {"cluster.nodes.verne-9": None})
    found = tree("guide", next(edit.edit for edit in edits() if edit.name == "another-machine-for-a-broker"))
    assert "verne-3" not in found.parameters["cluster"]["nodes"]


def test_files_are_those_of_the_tree(before):
    assert compiled("guide") == {path: text.encode() for path, text in before["guide"].files.items()}
