"""Where the pods of a running cluster are, and whether that is what the model says."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from components.cluster.placement import shares
from components.cluster.types import CONTROL_PLANE
from tests.compiled.tree import Tree
from tests.compiled.workloads import workloads
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.kubernetes.sync import waiting
from tests.engines.processes import until

Pod = dict[str, Any]
# The name of the node that a pod is on while it is on none.
NOWHERE = ""
# Stands for a service where a pod belongs to none: it is the operator's.
OTHER = "(operator's)"
# Seconds: longest wait for the scheduler, and between two looks.
_PATIENCE, _PAUSE = 60, 0.3


def live(plane: ControlPlane, tree: Tree) -> list[Pod]:
    """The pods of the cluster's namespaces that have not ended and are not on their way out."""
    found = _everywhere(plane, tree, "pods")
    return [
        pod
        for pod in found
        if pod["status"]["phase"] not in ("Succeeded", "Failed") and "deletionTimestamp" not in pod["metadata"]
    ]


def placed(tree: Tree, pods: Iterable[Pod]) -> dict[str, Counter[str]]:
    """Node -> service -> pods. Only nodes with pods; NOWHERE for those that wait."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for pod in pods:
        found[pod["spec"].get("nodeName", NOWHERE)][service_of(tree, pod)] += 1
    return dict(found)


def service_of(tree: Tree, pod: Pod) -> str:
    """Which dojot service a pod belongs to, by its labels; OTHER for none."""
    labels = pod["metadata"].get("labels", {})
    return next((one.service for one in workloads(tree) if one.runs_on and one.labels.items() <= labels.items()), OTHER)


def misplaced(tree: Tree, found: Mapping[str, Counter[str]]) -> list[str]:
    """What is not as the model says: pods of another group, uneven shares, pods that wait."""
    cluster, problems = tree.cluster, []
    for service, number in found.get(NOWHERE, {}).items():
        problems.append(f"{service}: {number} pods wait for a node")
    for node in cluster.nodes:
        here = dict(found.get(node.name, {}))
        for share in shares(cluster, node):
            number = here.pop(share.service.name, 0)
            if number > share.pods or (share.exact and number < share.pods):
                limit = "" if share.exact else "at most "
                problems.append(f"{share.service.name}: {number} pods on {node.name} instead of {limit}{share.pods}")
        for service, number in here.items():
            if service != OTHER or node.group == CONTROL_PLANE:
                problems.append(f"{service}: {number} pods on {node.name}, which is of group {node.group}")
    total: Counter[str] = sum(found.values(), Counter())
    for service in cluster.services:
        if total[service.name] != service.replicas:
            problems.append(f"{service.name}: {total[service.name]} pods instead of {service.replicas}")
    return problems


def misbound(plane: ControlPlane, tree: Tree, pods: Iterable[Pod]) -> list[str]:
    """Volumes that are not bound to the claim they are for, claims without one, pods away from their volume."""
    problems: list[str] = []
    claims = {found["metadata"]["name"]: found for found in _everywhere(plane, tree, "pvc")}
    volumes = {found["metadata"]["name"]: found for found in _get(plane, "get", "pv")}
    homes = {disk.claim: disk.node.name for _, _, disk in tree.cluster.disks}
    for wanted in tree.of_kind("PersistentVolume"):
        name, claim = wanted["metadata"]["name"], wanted["spec"]["claimRef"]["name"]
        volume = volumes[name]
        got = (claims.get(claim, {}).get("spec", {}).get("volumeName"), volume["status"]["phase"])
        if got != (name, "Bound") or volume["spec"]["claimRef"]["name"] != claim:
            problems.append(f"volume {name} is {got[1]}; its claim {claim} has {got[0] or 'no volume'}")
    for claim in claims.keys() ^ homes.keys():
        problems.append(f"claim {claim} is {'not of' if claim in claims else 'missing, but in'} the inventory")
    for pod in pods:
        for claim in _claims(pod):
            if pod["spec"].get("nodeName") != homes.get(claim):
                problems.append(
                    f"{pod['metadata']['name']} is on {pod['spec'].get('nodeName')}, its volume on {homes.get(claim)}"
                )
    return problems


def _claims(pod: Pod) -> list[str]:
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes", ())
        if "persistentVolumeClaim" in volume
    ]


def _everywhere(plane: ControlPlane, tree: Tree, kind: str) -> list[dict[str, Any]]:
    return [
        found for namespace in tree.cluster.namespaces for found in _get(plane, "--namespace", namespace, "get", kind)
    ]


def _get(plane: ControlPlane, *words: str) -> list[dict[str, Any]]:
    return json.loads(plane.kubectl(*words, "--output=json").stdout)["items"]


def settled(plane: ControlPlane, tree: Tree, *, all_run: bool = False) -> dict[str, Counter[str]]:
    """Where the pods are (see `placed`) once each of them runs or the scheduler has found no node for it.

    With `all_run`, once each of them runs: the scheduler tries again some seconds after a node
    has come back. AssertionError with who is left, where that takes too long.
    """
    wanted = sum(service.replicas for service in tree.cluster.services)
    undecided: list[str] = []
    found: dict[str, Counter[str]] = {}

    def decided() -> bool:
        plane.check()
        pods = live(plane, tree)
        undecided[:] = [
            pod["metadata"]["name"]
            for pod in pods
            if not _is(pod, "Ready", "True") and (all_run or not _is(pod, "PodScheduled", "False"))
        ]
        found.clear()
        found.update(placed(tree, pods))
        number = sum(count for services in found.values() for name, count in services.items() if name != OTHER)
        if number != wanted:
            undecided.append(f"{number} pods instead of {wanted}")
        return not undecided

    assert until(decided, _PATIENCE, _PAUSE), (
        f"after {_PATIENCE} s still without a verdict: {', '.join(undecided)}\n{waiting(plane)}"
    )
    return found


def _is(pod: Pod, condition: str, status: str) -> bool:
    return any(one["type"] == condition and one["status"] == status for one in pod["status"].get("conditions", ()))
