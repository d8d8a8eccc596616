"""A small scheduler: puts the cluster's pods on its nodes as Kubernetes might, to see where they can end up.

It obeys what is required (node affinity, pod anti-affinity in both directions, taints,
spread constraints, volumes bound to a node, requests) and chooses at random among
the nodes that fit, so that many runs show what any order of events may do. A pod that
finds no room takes that of pods with a lower priority, which then look for another.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from components.cluster.capacity import argocd_request
from components.cluster.quantity import millicores, size
from components.cluster.types import CONTROL_PLANE, Cluster, Node
from tests.compiled.tree import Tree
from tests.compiled.workloads import Workload, workloads

HOST = "kubernetes.io/hostname"
# Of a node without stated hardware: 1,000 cores and 1 TiB.
_PLENTY = 1_000_000, 2**40
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, eq=False)
class Pod:
    """One pod: where it may stand and what it takes (millicores, bytes)."""

    name: str
    workload: Workload
    cpu: int
    memory: int
    bound: tuple[dict[str, Any], ...]  # node selector terms of the volumes of its claims
    priority: int = 0

    @property
    def labels(self) -> dict[str, str]:
        return self.workload.labels

    @cached_property
    def node_terms(self) -> list[dict[str, Any]] | None:
        node = self.workload.spec.get("affinity", {}).get("nodeAffinity", {})
        return node.get(_REQUIRED, {}).get("nodeSelectorTerms")

    @cached_property
    def apart(self) -> list[tuple[str, dict[str, str]]]:
        """(topology key, labels) of each required anti-affinity."""
        terms = self.workload.spec.get("affinity", {}).get("podAntiAffinity", {}).get(_REQUIRED, ())
        return [(term["topologyKey"], term.get("labelSelector", {}).get("matchLabels", {})) for term in terms]


@dataclass(eq=False)
class Machine:
    """One node: its labels, what it can give, and the pods on it."""

    name: str
    group: str
    labels: dict[str, str]
    tainted: bool
    cpu: int
    memory: int
    pods: list[Pod] = field(default_factory=list)

    def room(self, pod: Pod) -> bool:
        return (
            sum(one.cpu for one in self.pods) + pod.cpu <= self.cpu
            and sum(one.memory for one in self.pods) + pod.memory <= self.memory
        )

    def count(self, service: str) -> int:
        return sum(one.workload.service == service for one in self.pods)


def machines(tree: Tree) -> list[Machine]:
    """The cluster's nodes, less what the system, Argo CD and the pods on every node keep."""
    cluster = tree.cluster
    daemons = [one for one in workloads(tree) if one.on_every_node]
    taken = [sum(amounts) for amounts in zip((0, 0), *map(_requests, daemons), strict=True)]
    return [
        Machine(
            node.name,
            node.group,
            {HOST: node.name, cluster.group_label: cluster.groups[node.group].label},
            node.group == CONTROL_PLANE,
            *(there - less for there, less in zip(free(cluster, node), taken, strict=True)),
        )
        for node in cluster.nodes
    ]


def free(cluster: Cluster, node: Node) -> tuple[int, int]:
    """CPU (millicores) and memory (bytes) of a node for dojot's pods; plenty where nobody says what it has."""
    if node.hardware is None:
        return _PLENTY
    group = cluster.groups[node.group]
    return (
        node.hardware.cpu - cluster.reserve.cpu - argocd_request(cluster, group, "cpu"),
        node.hardware.memory - cluster.reserve.memory - argocd_request(cluster, group, "memory"),
    )


def pods(tree: Tree, *, jobs: bool = False) -> list[Pod]:
    """The pods that stay (or, with `jobs`, those that end); those on every node are part of the machines."""
    bound = {
        volume["spec"]["claimRef"]["name"]: volume["spec"]["nodeAffinity"]["required"]
        for volume in tree.of_kind("PersistentVolume")
    }
    values = {one["metadata"]["name"]: one["value"] for one in tree.of_kind("PriorityClass")}
    return [
        pod
        for workload in workloads(tree)
        if workload.runs_on != jobs and not workload.on_every_node
        for pod in _pods(workload, bound, values)
    ]


def _pods(workload: Workload, bound: dict[str, dict[str, Any]], values: dict[str, int]) -> Iterator[Pod]:
    cpu, memory = _requests(workload)
    for number in range(workload.replicas):
        claims = [
            f"{template['metadata']['name']}-{workload.pods}-{number}" for template in workload.claim_templates
        ] + [
            volume["persistentVolumeClaim"]["claimName"]
            for volume in workload.spec.get("volumes", ())
            if "persistentVolumeClaim" in volume
        ]
        yield Pod(
            f"{workload.pods}-{number}",
            workload,
            cpu,
            memory,
            tuple(bound[claim] for claim in claims if claim in bound),
            values.get(workload.spec.get("priorityClassName", ""), 0),
        )


def _requests(workload: Workload) -> tuple[int, int]:
    requests = [container.get("resources", {}).get("requests", {}) for container in workload.containers]
    return (
        sum(millicores(entry.get("cpu", 0)) for entry in requests),
        sum(size(entry.get("memory", 0)) for entry in requests),
    )


def schedule(waiting: Iterable[Pod], nodes: list[Machine], chance: random.Random) -> list[Pod]:
    """Puts the pods on the nodes in a random order; returns those that find no place."""
    queue = list(waiting)
    chance.shuffle(queue)
    pending = []
    while queue:
        pod = queue.pop(0)
        fitting = _fitting(pod, nodes) or _preempted(pod, nodes, queue)
        if fitting:
            chance.choice(fitting).pods.append(pod)
        else:
            pending.append(pod)
    return pending


def _preempted(pod: Pod, nodes: list[Machine], queue: list[Pod]) -> list[Machine]:
    """The first node on which it fits once pods of a lower priority have gone back to the queue, as few as it takes."""
    for node in nodes:
        there, lower = list(node.pods), [one for one in node.pods if one.priority < pod.priority]
        node.pods = [one for one in there if one not in lower]
        if _fits(pod, node, nodes):
            for one in sorted(lower, key=lambda one: -one.priority):
                node.pods.append(one)
                if not _fits(pod, node, nodes):
                    node.pods.remove(one)
            queue += [one for one in lower if one not in node.pods]
            return [node]
        node.pods = there
    return []


def _fits(pod: Pod, node: Machine, nodes: list[Machine]) -> bool:
    return node in _fitting(pod, nodes)


def _fitting(pod: Pod, nodes: list[Machine]) -> list[Machine]:
    """What all nodes have to do with it is reckoned once, not for each of them."""
    repelled = set(_repelled(pod, nodes))
    spread = [(rule["topologyKey"], _spread(pod, rule, nodes)) for rule in _rules(pod)]
    return [
        node
        for node in nodes
        if not node.tainted
        and _affine(pod, node)
        and not repelled & node.labels.items()
        and node.room(pod)
        and all(node.labels[key] in admitted for key, admitted in spread)
    ]


def _affine(pod: Pod, node: Machine) -> bool:
    terms = pod.node_terms
    if terms is not None and not any(_matches(term, node) for term in terms):
        return False
    return all(any(_matches(term, node) for term in required["nodeSelectorTerms"]) for required in pod.bound)


def _matches(term: dict[str, Any], node: Machine) -> bool:
    for wanted in term["matchExpressions"]:
        if wanted["operator"] != "In":
            raise NotImplementedError(f"operator {wanted['operator']} of a node selector")
        if node.labels.get(wanted["key"]) not in wanted["values"]:
            return False
    return True


def _repelled(pod: Pod, nodes: list[Machine]) -> Iterator[tuple[str, str]]:
    """Labels of the nodes on which it may not stand: anti-affinity holds for who comes and for who is there."""
    for node in nodes:
        # Pods of one workload are alike.
        for other in {id(one.workload): one for one in node.pods}.values():
            for one, labels in ((pod, other.labels), (other, pod.labels)):
                for key, selector in one.apart:
                    if key in node.labels and selector.items() <= labels.items():
                        yield key, node.labels[key]


_SPREAD_KEYS = {
    "maxSkew",
    "minDomains",
    "topologyKey",
    "whenUnsatisfiable",
    "labelSelector",
    "nodeAffinityPolicy",
    "nodeTaintsPolicy",
}


def _rules(pod: Pod) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pod.workload.spec.get("topologySpreadConstraints", [])
    for rule in found:
        unknown = set(rule) - _SPREAD_KEYS
        policies = (rule.get("nodeAffinityPolicy", "Honor"), rule.get("nodeTaintsPolicy", "Ignore"))
        if unknown or policies != ("Honor", "Ignore") or rule["whenUnsatisfiable"] != "DoNotSchedule":
            raise NotImplementedError(f"spread constraint {rule}")
    return found


def _spread(pod: Pod, rule: dict[str, Any], nodes: list[Machine]) -> set[str]:
    """The values of its key with which a node may have one pod more: a hard constraint, over the nodes that the pod's
    affinity admits; tainted ones count too.
    """
    selector, key = rule["labelSelector"]["matchLabels"], rule["topologyKey"]
    counts = Counter({one.labels[key]: 0 for one in nodes if key in one.labels and _affine(pod, one)})
    for one in nodes:
        if one.labels.get(key) in counts:
            counts[one.labels[key]] += sum(selector.items() <= there.labels.items() for there in one.pods)
    least = 0 if len(counts) < rule.get("minDomains", 1) else min(counts.values(), default=0)
    return {value for value, count in counts.items() if count + 1 - least <= rule["maxSkew"]}
