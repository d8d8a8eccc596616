"""Whoever brings a change to a cluster with Argo CD: steps that a review names, the merge, ways out that it offers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from components.cluster.quantity import size
from components.review.compare import reviewed
from components.review.machines import left
from components.review.types import ClusterReview, ObjectChange, Verdict
from tests.changes.compiled import side_of
from tests.compiled.tree import Tree
from tests.engines.argocd.installation import Installation
from tests.engines.argocd.laboratory import Laboratory
from tests.engines.argocd.snapshot import Key
from tests.engines.kubernetes.nodes import node_object

#: Rules that say that the API server refuses an object.
REFUSALS = ("immutable-field", "nodeport-taken")
#: Steps of the control plane that Argo CD, or where pods stand, depends on, in order; the others are about machines and
#: containers, which are simulated here. No edit brings another Argo CD.
_STEPS: dict[str, Callable[[Installation], object]] = {
    "labels": lambda installation: installation.bootstrap("labels"),
    "argocd": Installation.allow,
}
_COMMAND = re.compile(r"kubectl ((?:-n \S+ )?delete \w+ [\w.-]+(?: --cascade=orphan)?)")
_THEN = re.compile(r"then kubectl (-n \S+ delete pod [\w.-]+)")


class Operator:
    """At the control plane of a laboratory that runs `tree`; one change follows the other."""

    def __init__(self, laboratory: Laboratory, tree: Tree) -> None:
        self.laboratory, self.tree = laboratory, tree
        self._commits = 0
        self._then: list[list[str]] = []

    def review(self, after: Tree) -> ClusterReview:
        return reviewed(after.cluster.name, side_of(self.tree), side_of(after))

    def left(self, after: Tree, said: ClusterReview) -> tuple[ObjectChange, ...]:
        """Objects that the review says Argo CD may not delete; it names the first of them."""
        found = left(side_of(self.tree).files, side_of(after).files, said.objects)
        assert bool(found) == any(each.rule == "project-forbids" for each in said.verdicts)
        return found

    def knows(self, after: Tree) -> None:
        """Snapshots have what the projects of both sides allow."""
        self.laboratory.project = _both(self.laboratory.project, yaml.safe_load(after.files["argocd/project.yml"]))

    def prepare(self, after: Tree, said: ClusterReview) -> Path:
        """Before the merge: machines that come, and steps that the review names. The folder that is to be merged."""
        self._commits += 1
        folder = written(after, self.laboratory.folder / f"commit-{self._commits}")
        self._join(after)
        self.laboratory.application.installation.brings(folder)
        self._run(said, before_merge=True)
        return folder

    def merge(self, folder: Path, after: Tree, message: str) -> None:
        """Argo CD is told to look at once."""
        self.laboratory.commit(folder, message)
        self.tree = after
        refresh = {"argocd.argoproj.io/refresh": "hard"}
        self.laboratory.application.patch({"metadata": {"annotations": refresh}})

    def finish(self, said: ClusterReview) -> None:
        """After the merge, once the sync is through. Volumes that nobody has go: another claim could take them."""
        self._run(said, before_merge=False)
        gone = {each.identity.name for each in said.objects if each.how == "removed"}
        volumes = json.loads(self.laboratory.plane.kubectl("get", "pv", "--output=json").stdout)["items"]
        for volume in volumes:
            if volume["metadata"]["name"] in gone and volume["status"]["phase"] != "Bound":
                self.laboratory.plane.kubectl("delete", "pv", volume["metadata"]["name"])

    def _run(self, said: ClusterReview, before_merge: bool) -> None:
        installation = self.laboratory.application.installation
        due = {each.step for each in said.steps if each.before_merge is before_merge}
        for step in sorted(due & _STEPS.keys(), key=list(_STEPS).index):
            _STEPS[step](installation)

    def way_out(self, verdict: Verdict, change: ObjectChange) -> set[Key]:
        """Do what the review says for an object that is refused; what it deletes."""
        found = change.identity
        kubectl = self.laboratory.plane.kubectl
        if found.kind == "PersistentVolumeClaim":
            return self._anew(change)
        # A class has no command of its own: docs/switches.md has it.
        command = _COMMAND.search(verdict.runbook)
        words = command[1].split() if command else ["delete", found.kind.lower(), found.name]
        kubectl(*words)
        if then := _THEN.search(verdict.runbook):
            self._then.append(then[1].split())
        return {(found.kind, found.name, found.namespace)}

    def then(self) -> None:
        """What the ways out take once the sync is through: pods that their new set cannot change."""
        for words in self._then:
            *where, pod = words
            self.laboratory.plane.kubectl(*words)
            name = pod.rpartition("-")[0]
            self.laboratory.plane.kubectl(*where[:2], "rollout", "status", f"statefulset/{name}", "--timeout=60s")
        self._then.clear()

    def _anew(self, change: ObjectChange) -> set[Key]:
        """A claim, with the Deployment that mounts it and the PersistentVolume that it has."""
        claim, kubectl = change.identity, self.laboratory.plane.kubectl
        listed = kubectl("--namespace", claim.namespace, "get", "deployments", "--output=json").stdout
        (user,) = (
            one["metadata"]["name"]
            for one in json.loads(listed)["items"]
            if claim.name in _claims(one["spec"]["template"]["spec"])
        )
        there = kubectl("--namespace", claim.namespace, "get", "pvc", claim.name, "--output=json").stdout
        volume = json.loads(there)["spec"]["volumeName"]
        kubectl("--namespace", claim.namespace, "delete", "deployment", user)
        kubectl("--namespace", claim.namespace, "delete", "pvc", claim.name)
        kubectl("delete", "pv", volume)
        return {
            ("Deployment", user, claim.namespace),
            (claim.kind, claim.name, claim.namespace),
            ("PersistentVolume", volume, ""),
        }

    def _join(self, after: Tree) -> None:
        """Nodes come or grow, and leave only after all changes: pods with volumes have nowhere else to go."""
        kubectl = self.laboratory.plane.kubectl
        there = {
            found["metadata"]["name"]: found["status"]["capacity"]
            for found in json.loads(kubectl("get", "nodes", "--output=json").stdout)["items"]
        }
        wanted = [node_object(after.cluster, node) for node in after.cluster.nodes]
        if new := [node for node in wanted if node["metadata"]["name"] not in there]:
            kubectl("create", "--filename=-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": new}))
        for node in wanted:
            name, capacity = node["metadata"]["name"], node["status"]["capacity"]
            # Somebody has put in what the inventory says that it has. Nobody takes it out again.
            if name in there and size(there[name]["memory"]) < size(capacity["memory"]):
                change = {"status": {"capacity": capacity, "allocatable": node["status"]["allocatable"]}}
                words = ("--subresource=status", "--type=merge", f"--patch={json.dumps(change)}")
                kubectl("patch", "node", name, *words)


def written(found: Tree, folder: Path) -> Path:
    """What is compiled, as the cluster's folder in this one."""
    compiled = folder / found.cluster.name
    for path, text in found.files.items():
        (compiled / path).parent.mkdir(parents=True, exist_ok=True)
        (compiled / path).write_text(text, "utf-8")
    return compiled


def _claims(pod: dict) -> Iterator[str]:
    for volume in pod.get("volumes", []):
        yield volume.get("persistentVolumeClaim", {}).get("claimName", "")


def _both(old: dict, new: dict) -> dict:
    """What either project allows: nothing of either is to be overlooked."""
    names = ("clusterResourceWhitelist", "namespaceResourceWhitelist", "destinations")
    was, now = old["spec"], new["spec"]
    both = {name: [*was[name], *(one for one in now[name] if one not in was[name])] for name in names}
    return {**new, "spec": {**now, **both}}
