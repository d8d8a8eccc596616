"""Which pods a review says start anew, beside those that do: one change after another on a cluster at work."""

from __future__ import annotations

from collections import Counter

import pytest

from components.review.compare import reviewed
from tests.changes.compiled import CLUSTERS, changed_objects, edits, objects, side_of, tree
from tests.compiled.tree import Object, Tree
from tests.engines.changes.pods import ending, pods
from tests.engines.changes.trial import apply
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.conftest import Running
from tests.engines.processes import until

# What has to be done to machines first; here they are as they were.
_MACHINES = ("classes", "cluster.nodes", "cluster.group_label", "cluster.namespace", "node_groups")
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
        found = reviewed(cluster, side_of(now), side_of(after))
        expected = Counter(each.service for each in found.restarts for _ in range(each.pods))
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


def _replaced(running: Running, before: Tree, after: Tree) -> Counter[str]:
    """How many pods of each service are others, or gone, once the change has come to rest."""
    old = pods(running.plane)
    changed = changed_objects(before, after)
    gone = [one for key, one in objects(before).items() if key not in objects(after) and not _is_kept(one)]
    said = apply(running, sorted(changed, key=_wave))
    # A namespace may warn of pods that its new level would refuse: those of before.
    assert not [line for line in said if not line.startswith("Warning: ")]
    if gone:
        running.plane.kubectl("delete", "--filename=-", input=sync.listed(gone))
    sync.await_health(running.plane, [one for one in changed if one["kind"] in _CONTROLLED], "the change")
    # An old pod of a Deployment goes after the new one is ready.
    assert until(lambda: not ending(running.plane), 60)
    new = pods(running.plane)
    return Counter(service for uid, service in old.items() if uid not in new)


_CONTROLLED = ("DaemonSet", "Deployment", "StatefulSet")


def _is_kept(found: Object) -> bool:
    return _KEPT in found["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-options", "")


def _wave(found: Object) -> int:
    return int(found["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0))
