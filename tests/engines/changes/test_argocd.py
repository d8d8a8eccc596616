"""What a review says that a sync does, beside what Argo CD does with it, on a cluster at work.

The edits of tests/changes/edits.yml are commits: one has as many as touch no object in common, and the next one takes
them back, so that the ways back are tried as well. Steps are run when the review says so; where the API server refuses,
what it offers as the way out. Not here: what the operator does with brokers (test_restarts), and _LEFT_OUT.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from components.cluster import InvalidInventory
from components.inventory.refused import Refused
from components.review.types import ClusterReview, ObjectChange
from tests.changes.compiled import Edit, edits, tree
from tests.compiled.tree import Tree
from tests.engines.argocd.application import NotReached, report
from tests.engines.argocd.laboratory import at_work
from tests.engines.argocd.snapshot import HOOK, Key, Snapshot, annotation, protected
from tests.engines.changes.operator import REFUSALS, Operator, written
from tests.engines.changes.pods import ending, pods
from tests.engines.processes import until

CLUSTER = "today"
# Another dojot beside the first, whose sync never ends; a branch that is not there; a control plane that people have to
# move before any step goes on.
_LEFT_OUT = ("another-namespace", "another-revision", "another-address-of-the-control-plane")
_LABELS, _NODES = ("cluster.group_label", "node_groups."), ("cluster.nodes.",)
_TRACKED = "argocd.argoproj.io/tracking-id"
# What the API server and controllers write.
_WRITTEN = ("resourceVersion", "generation", "managedFields", "creationTimestamp", "uid")


@pytest.fixture(scope="module")
def operator(tmp_path_factory) -> Iterator[Operator]:
    """Of the cluster before any change, once it is synced."""
    found, folder = tree(CLUSTER), tmp_path_factory.mktemp("argocd")
    with at_work(found.cluster, written(found, folder / "commit-0"), folder) as laboratory:
        laboratory.synced()
        yield Operator(laboratory, found)


@dataclass
class Batch:
    """Edits of one commit: names, what they edit, what reviews of each alone say, what is compiled then."""

    names: list[str]
    paths: dict[str, Any]
    changes: dict[Key, str]
    says: set[str]
    after: Tree


def test_argocd_does_what_the_review_says(operator, figures, subtests):
    before = operator.tree
    found = batches(operator, [edit for edit in edits() if CLUSTER in edit.clusters and edit.name not in _LEFT_OUT])
    assert sum(len(batch.names) for batch in found) > 40
    figures("edits", sum(len(batch.names) for batch in found))
    figures("commits", 2 * len(found))
    for batch in found:
        for way, after in (("to", batch.after), ("back from", before)):
            with subtests.test(f"{way} {', '.join(batch.names)}"):
                wrong = list(_merged(operator, after, operator.review(after)))
                assert not wrong, "\n".join(wrong)


def batches(operator: Operator, every: list[Edit]) -> list[Batch]:
    """Each edit is in the first with which it has nothing in common, and no effect that neither has alone.

    One that finds no place, and after which all objects are there as before, takes no commit of its own: minutes.
    """
    found: list[Batch] = []
    for edit in every:
        one = Batch([edit.name], dict(edit.edit), *_effects(operator, edit.edit))
        for number, batch in enumerate(found):
            if together := _together(operator, batch, one):
                found[number] = together
                break
        else:
            if edit.refused or set(one.changes.values()) != {"changed"}:
                found.append(one)
    return found


def _together(operator: Operator, batch: Batch, one: Batch) -> Batch | None:
    nested = {
        path
        for path, other in [*product(batch.paths, one.paths), *product(one.paths, batch.paths)]
        if f"{path}.".startswith(f"{other}.")
    }
    paths = batch.paths | one.paths
    # A node that is about to go keeps the old label, and the pods whose volumes it has look for the new one.
    stranded = all(any(path.startswith(some) for path in paths) for some in (_LABELS, _NODES))
    if nested or stranded or batch.changes.keys() & one.changes.keys():
        return None
    with suppress(InvalidInventory, Refused, KeyError):
        both = Batch([*batch.names, *one.names], paths, *_effects(operator, paths))
        if (both.changes, both.says) == (batch.changes | one.changes, batch.says | one.says):
            return both
    return None


def _effects(operator: Operator, paths: Mapping[str, Any]) -> tuple[dict[Key, str], set[str], Tree]:
    after = tree(CLUSTER, paths)
    said = operator.review(after)
    return {_key(each): each.how for each in said.objects}, {each.rule for each in said.verdicts}, after


def _merged(operator: Operator, after: Tree, said: ClusterReview) -> Iterator[str]:
    """What happens otherwise than the review says, once the change is merged and synced."""
    laboratory = operator.laboratory
    operator.knows(after)
    before, old_pods, left = laboratory.snapshot(), pods(laboratory.plane), operator.left(after, said)
    operator.merge(operator.prepare(after, said), after, "A change")
    deleted = yield from _refused(operator, said, before)
    try:
        _synced(operator, said)
    except NotReached as error:
        yield str(error)
    operator.then()
    assert until(lambda: not ending(laboratory.plane), 60)
    new_pods = pods(laboratory.plane)
    yield from _differences(said, {_key(each) for each in left}, deleted, before, laboratory.snapshot())
    gone = Counter(service for uid, service in old_pods.items() if uid not in new_pods)
    brokers = after.cluster.brokers.name
    expected = Counter(each.service for each in said.restarts if each.service != brokers for _ in range(each.pods))
    # With claims, a way out deletes who mounts them.
    users = {name for kind, name, _ in deleted if kind == "Deployment"}
    expected |= Counter(service for service in old_pods.values() if service in users)
    if gone != expected:
        yield f"the review says that pods go: {dict(expected)}, and there went {dict(gone)}"
    operator.finish(said)


def _refused(operator: Operator, said: ClusterReview, before: Snapshot) -> Iterator[str]:
    """Where the review says so the sync stops in the first wave that is refused; returns what the ways out delete."""
    changes = {str(each.identity): each for each in said.objects}
    # What the operator refuses, Argo CD does not see.
    verdicts = {
        each.subject: each
        for each in said.verdicts
        if each.rule in REFUSALS and changes[each.subject].identity.kind != "VerneMQ"
    }
    if not verdicts:
        return set()
    laboratory = operator.laboratory
    found = laboratory.application.wait(lambda found: _has_failed(found, laboratory.revision), "refused")
    results = found["status"]["operationState"]["syncResult"]["resources"]
    failed = {f"{one['kind']}/{one['name']}" for one in results if one.get("status") == "SyncFailed"}
    stops = min(changes[subject].wave for subject in verdicts)
    expected = {subject for subject in verdicts if changes[subject].wave == stops}
    if failed != expected:
        yield f"refused first are {sorted(failed)}, and the review says {sorted(expected)}:\n{report(found)}"
    now = laboratory.snapshot()
    later = {_key(each) for each in said.objects if each.wave > stops}
    if early := {key for key in later if _meant(before.objects.get(key)) != _meant(now.objects.get(key))}:
        yield f"of later waves there were changed {sorted(early)}"
    return set().union(*(operator.way_out(verdict, changes[subject]) for subject, verdict in verdicts.items()))


def _has_failed(application: dict, revision: str) -> bool:
    state = application["status"].get("operationState", {})
    return "Retrying" in state.get("message", "") and state.get("syncResult", {}).get("revision") == revision


def _synced(operator: Operator, said: ClusterReview) -> None:
    laboratory = operator.laboratory
    if any(each.identity.kind != "Job" for each in said.objects):
        laboratory.synced()
        return

    def seen(found: dict) -> bool:
        """Nothing for Argo CD to do: it has seen the commit, and that is all."""
        compared = found["status"]["sync"]
        return (compared["revision"], compared["status"]) == (
            laboratory.revision,
            "Synced",
        ) and "operation" not in found

    laboratory.application.wait(seen, f"Synced at {laboratory.revision[:7]}")


def _differences(
    said: ClusterReview, left: set[Key], deleted: set[Key], before: Snapshot, after: Snapshot
) -> Iterator[str]:
    """What has become of objects otherwise than the review says.

    `left` are those that Argo CD may not delete, `deleted` those that a way out has deleted.
    """
    how: dict[str, set[Key]] = {"added": set(), "removed": set(), "changed": set()}
    for each in said.objects:
        if not annotation(each.before or each.after or {}, HOOK):
            how[each.how].add(_key(each))
    gone = (each for each in said.objects if each.how == "removed")
    stay = left | {_key(each) for each in gone if protected(each.before, "Prune=false")}
    old, new = (_objects(found) for found in (before, after))
    both = old.keys() & new.keys()
    yield from _compared("gone", old.keys() - new.keys(), (how["removed"] - stay) | (deleted - both))
    # Controllers make objects, too: claims of sets.
    made = {key for key in new.keys() - old.keys() if annotation(new[key], _TRACKED)}
    yield from _compared("new", made, how["added"] - old.keys())
    anew = {key for key in both if old[key]["metadata"]["uid"] != new[key]["metadata"]["uid"]}
    yield from _compared("made anew", anew, deleted & both)
    changed = {key for key in both - anew if _meant(old[key]) != _meant(new[key])}
    # What comes may have been left behind, otherwise, by a change of long ago.
    yield from _compared("changed", changed - how["added"], how["changed"] - anew)


def _compared(what: str, seen: set[Key], expected: set[Key]) -> Iterator[str]:
    if seen - expected:
        yield f"{what}, and the review does not say so: {sorted(seen - expected)}"
    if expected - seen:
        yield f"not {what}, and the review says so: {sorted(expected - seen)}"


def _objects(snapshot: Snapshot) -> dict[Key, dict]:
    return {key: found for key, found in snapshot.objects.items() if not annotation(found, HOOK)}


def _key(change: ObjectChange) -> Key:
    return change.identity.kind, change.identity.name, change.identity.namespace


def _meant(found: dict | None) -> dict | None:
    """An object without what the API server and controllers write."""
    if found is None:
        return None
    metadata = {key: value for key, value in found["metadata"].items() if key not in _WRITTEN}
    return {**{key: value for key, value in found.items() if key != "status"}, "metadata": metadata}
