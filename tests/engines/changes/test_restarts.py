"""Which pods a review says start anew, beside those that do: one change after another on a cluster at work."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from components.review.compare import reviewed
from components.review.side import Compiled
from tests.changes.compiled import CLUSTERS, changed_objects, edits, objects, tree
from tests.compiled.tree import Object, Tree, name_of
from tests.engines.changes.trial import apply
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.conftest import Running
from tests.engines.processes import until

# What has to be done to machines first; here they are as they were.
_MACHINES = ("cluster.nodes", "cluster.group_label", "cluster.namespace", "node_groups")
_KEPT = "Prune=false"


@pytest.mark.parametrize("before", CLUSTERS, indirect=True, scope="session")
def test_pods_start_anew_as_the_review_says(before, request):
    """Each change is made of the one before, so that each way back is one, too; the last is back to the start."""
    assert not before.complaints
    cluster = request.node.callspec.params["before"]
    possible = [
        edit
        for edit in edits()
        if cluster in edit.clusters and not edit.refused and not any(path.startswith(_MACHINES) for path in edit.edit)
    ]
    assert len(possible) > 20
    wrong = []
    now = before.tree
    for name, after in [*((edit.name, tree(cluster, edit.edit)) for edit in possible), ("the way back", before.tree)]:
        found = reviewed(cluster, _side(now), _side(after))
        expected = Counter({each.service: each.pods for each in found.restarts})
        for verdict in found.verdicts:
            if verdict.rule == "account-stays":
                # As its runbook says: without, the Deployment never has a pod again.
                kind, name = verdict.subject.split("/")
                before.plane.kubectl("--namespace", after.cluster.namespace, "delete", kind, name, "--cascade=orphan")
        seen = _replaced(before, now, after)
        if seen != expected:
            wrong.append(f"{name}: the review says {dict(expected)}, and there went {dict(seen)}")
        now = after
    assert not wrong, "\n".join(wrong)


def _side(found: Tree) -> Compiled:
    return Compiled({path: text.encode() for path, text in found.files.items()}, found.cluster)


def _replaced(running: Running, before: Tree, after: Tree) -> Counter[str]:
    """How many pods of each service are others, or gone, once the change has come to rest."""
    old = _pods(running)
    changed = changed_objects(before, after)
    gone = [one for key, one in objects(before).items() if key not in objects(after) and not _is_kept(one)]
    said = apply(running, sorted(changed, key=_wave))
    # A namespace may warn of pods that its new level would refuse: those of before.
    assert not [line for line in said if not line.startswith("Warning: ")]
    if gone:
        running.plane.kubectl("delete", "--filename=-", input=sync.listed(gone))
    sync.await_health(running.plane, [one for one in changed if one["kind"] in _CONTROLLED], "the change")
    # An old pod of a Deployment goes after the new one is ready.
    assert until(lambda: not _ending(running), 60)
    new = _pods(running)
    return Counter(service for uid, service in old.items() if uid not in new)


_CONTROLLED = ("DaemonSet", "Deployment", "StatefulSet")


def _is_kept(found: Object) -> bool:
    return _KEPT in found["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-options", "")


def _wave(found: Object) -> int:
    return int(found["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0))


def _listed(running: Running) -> list[Object]:
    items = json.loads(running.plane.kubectl("get", "pods", "--all-namespaces", "--output=json").stdout)["items"]
    return [pod for pod in items if pod["metadata"].get("ownerReferences")]


def _ending(running: Running) -> list[str]:
    return [name_of({**pod, "kind": "Pod"}) for pod in _listed(running) if "deletionTimestamp" in pod["metadata"]]


def _pods(running: Running) -> dict[str, str]:
    """Uid -> service, of all but what the operator runs beside the brokers, and of Jobs."""
    found = {}
    for pod in _listed(running):
        labels = pod["metadata"]["labels"]
        if pod["metadata"]["ownerReferences"][0]["kind"] != "Job" and labels["app"] != "vmq-bundler":
            found[pod["metadata"]["uid"]] = "vernemq" if labels["app"] == "vernemq" else labels["name"]
    return found
