"""Who runs where: affinity, numbers, and what the scheduler can make of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.compiled import reckoned, said
from tests.compiled.scheduler import HOST, Machine, Pod, machines, pods, schedule
from tests.compiled.tree import Object, Tree, name_of
from tests.compiled.workloads import Workload, workloads

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
# Each is one random order of pods and of choices among fitting nodes.
_SEEDS = range(20)
# Ways around an affinity.
_BYPASSES = ("nodeName", "nodeSelector", "tolerations", "hostNetwork")


def pods_stay_in_their_group(tree: Tree) -> list[str]:
    """Every pod requires its service's group, and nothing gets around it."""
    found = []
    for workload in workloads(tree):
        if workload.on_every_node:
            if {"operator": "Exists"} not in workload.spec.get("tolerations", ()):
                found.append(f"{workload}: a taint keeps it from a node")
            continue
        key, label = tree.parameters["cluster"]["group_label"], group_label(tree, workload)
        node = workload.spec.get("affinity", {}).get("nodeAffinity", {})
        terms = node.get(_REQUIRED, {}).get("nodeSelectorTerms", [])
        wanted = {"key": key, "operator": "In", "values": [label]}
        # Terms are alternatives, expressions add up: each term must have the group.
        if not terms or any(wanted not in term.get("matchExpressions", ()) for term in terms):
            found.append(f"{workload}: no required node affinity to {key} = {label}")
        found += [f"{workload}: {word} gets around the node affinity" for word in _BYPASSES if workload.spec.get(word)]
    return found


def group_label(tree: Tree, workload: Workload) -> str:
    """The label value of the nodes that the inventory gives to a service."""
    return tree.parameters["node_groups"][tree.parameters["services"][workload.service]["group"]]["label"]


def brokers_stand_apart(tree: Tree) -> list[str]:
    """No node ever carries two brokers."""
    found = []
    for workload in workloads(tree):
        if workload.kind != "VerneMQ":
            continue
        terms = workload.spec.get("affinity", {}).get("podAntiAffinity", {}).get(_REQUIRED, [])
        if not any(
            term.get("topologyKey") == HOST
            and len(term.get("labelSelector", {}).get("matchLabels", {})) > 0
            and term["labelSelector"]["matchLabels"].items() <= workload.labels.items()
            for term in terms
        ):
            found.append(f"{workload}: no required anti-affinity between brokers on {HOST}")
    return found


def replicas_follow_the_scale(tree: Tree) -> list[str]:
    """As many pods of each service as the device count, or the explicit number, asks for."""
    running = Counter()
    for workload in workloads(tree):
        if workload.runs_on:
            running[workload.service] += workload.replicas
    return [
        f"{service}: {running[service]} pods, but the inventory asks for {wanted}"
        for service, wanted in expected_replicas(tree).items()
        if running[service] != wanted
    ] + [
        f"{service}: not a service of the inventory"
        for service in running
        if service not in tree.parameters["services"]
    ]


def expected_replicas(tree: Tree) -> dict[str, int]:
    """Service -> pods."""
    return {name: reckoned.replicas(tree.parameters, name) for name in tree.parameters["services"]}


def distances_are_between_equals(tree: Tree) -> list[str]:
    """What a pod keeps its distance from, or is spread among, are the pods with all its labels: no more, no fewer."""
    found = []
    for workload in workloads(tree):
        apart = workload.spec.get("affinity", {}).get("podAntiAffinity", {}).get(_REQUIRED, [])
        for term in [*apart, *workload.spec.get("topologySpreadConstraints", ())]:
            others = term.get("labelSelector")
            if others != {"matchLabels": workload.labels}:
                found.append(f"{workload}: keeps its distance from {others}, its own labels are {workload.labels}")
    return found


def every_order_gives_each_node_its_share(tree: Tree) -> list[str]:
    """However the scheduler proceeds: nothing waits, nothing strays, every broker has its bridges beside it."""
    found: list[str] = []
    for seed in _SEEDS:
        nodes = machines(tree)
        pending = schedule(pods(tree), nodes, random.Random(seed))
        found += _unplaced(pending) + _misplaced(tree, nodes)
    return _once(found)


def a_node_that_joins_late_gets_its_share(tree: Tree) -> list[str]:
    """A node that is missing at first leaves its share waiting for it, and nothing else."""
    found: list[str] = []
    for late in _workers(tree):
        nodes = machines(tree)
        absent = next(node for node in nodes if node.name == late)
        present = [node for node in nodes if node is not absent]
        chance = random.Random(late)
        waiting = schedule(pods(tree), present, chance)
        found += [
            f"without {late}, {pod.name} of another group waits" for pod in waiting if _group(tree, pod) != absent.group
        ]
        pending = schedule(waiting, nodes, chance)
        found += _unplaced(pending) + _misplaced(tree, nodes)
    return _once(found)


def every_node_can_be_drained(tree: Tree) -> list[str]:
    """Disruption budgets let every pod of a node go, and only that node's group has to wait for it."""
    found: list[str] = []
    for name in _workers(tree):
        nodes, chance = machines(tree), random.Random(name)
        if schedule(pods(tree), nodes, chance):
            return []  # said by another check
        everyone = [pod for node in nodes for pod in node.pods]
        drained = next(node for node in nodes if node.name == name)
        others = [node for node in nodes if node is not drained]
        waiting: list[Pod] = []
        for pod in list(drained.pods):
            refusal = _refusal(tree, pod, everyone, waiting)
            if refusal:
                found.append(f"drain of {name}: {pod.name} may not be evicted: {refusal}")
                continue
            drained.pods.remove(pod)
            waiting = schedule([*waiting, pod], others, chance)
        found += [
            f"drain of {name}: {pod.name} of another group waits"
            for pod in waiting
            if _group(tree, pod) != drained.group
        ]
        left = schedule(waiting, nodes, chance)
        found += [f"after the drain of {name}: {problem}" for problem in _unplaced(left) + _misplaced(tree, nodes)]
    return _once(found)


def _refusal(tree: Tree, pod: Pod, everyone: list[Pod], waiting: list[Pod]) -> str:
    """Why the API server would refuse to evict the pod now; "" if it would not."""
    budgets = [budget for budget in tree.of_kind("PodDisruptionBudget") if _selects(budget, pod)]
    if len(budgets) > 1:
        return f"{len(budgets)} budgets select it"
    for budget in budgets:
        members = [one for one in everyone if _selects(budget, one)]
        healthy = len(members) - sum(_selects(budget, one) for one in waiting)
        spec = budget["spec"]
        if "maxUnavailable" in spec:
            needed = len(members) - _amount(spec["maxUnavailable"], len(members))
        else:
            needed = _amount(spec["minAvailable"], len(members))
        if healthy - 1 < needed:
            return f"{budget['metadata']['name']} wants {needed} of {len(members)} pods"
    return ""


def _amount(value: Any, whole: int) -> int:
    """A number, or a percentage rounded up as the disruption controller does."""
    return value if isinstance(value, int) else -(-whole * int(value.rstrip("%")) // 100)


def _selects(budget: Object, pod: Pod) -> bool:
    return budget["spec"]["selector"]["matchLabels"].items() <= pod.labels.items()


def jobs_find_room(tree: Tree) -> list[str]:
    """With everything running, each job still fits on a node of its group."""
    nodes = machines(tree)
    schedule(pods(tree), nodes, random.Random(0))
    found = []
    for job in pods(tree, jobs=True):
        if schedule([job], nodes, random.Random(0)):
            found.append(f"{job.workload}: no room on any node of its group")
        for node in nodes:
            if job in node.pods:
                node.pods.remove(job)
    return found


def updates_find_room(tree: Tree) -> list[str]:
    """A rolling update starts the new pod before it stops the old one: without room for both it waits for ever."""
    nodes = machines(tree)
    schedule(pods(tree), nodes, random.Random(0))
    found, seen = [], set()
    for pod in pods(tree):
        workload = pod.workload
        if workload.kind != "Deployment" or workload.name in seen:
            continue
        seen.add(workload.name)
        strategy = workload.found["spec"].get("strategy", {})
        rolling = strategy.get("rollingUpdate", {})
        may_stop_one = _rounded_down(rolling.get("maxUnavailable", "25%"), workload.replicas) > 0
        if strategy.get("type", "RollingUpdate") != "RollingUpdate" or may_stop_one:
            continue
        if schedule([pod], nodes, random.Random(0)):
            found.append(f"{workload}: no room for the new pod of a rolling update beside the old one")
        for node in nodes:
            if pod in node.pods:
                node.pods.remove(pod)
    return found


def _rounded_down(value: Any, whole: int) -> int:
    return value if isinstance(value, int) else whole * int(value.rstrip("%")) // 100


def budgets_select_pods(tree: Tree) -> list[str]:
    """A budget guards somebody, and every service with several pods has one."""
    budgets = tree.of_kind("PodDisruptionBudget")
    everyone = pods(tree)
    found = [
        f"{name_of(budget)}: selects no pod" for budget in budgets if not any(_selects(budget, pod) for pod in everyone)
    ]
    for service, wanted in expected_replicas(tree).items():
        members = [pod for pod in everyone if pod.workload.service == service]
        # No drain evicts the pods of a DaemonSet.
        if (
            wanted > 1
            and tree.parameters["services"][service]["kind"] != "DaemonSet"
            and not all(any(_selects(budget, pod) for budget in budgets) for pod in members)
        ):
            found.append(f"{service}: {wanted} pods without a disruption budget")
    return found


def _workers(tree: Tree) -> Iterator[str]:
    for name, node in tree.parameters["cluster"]["nodes"].items():
        if node["group"] != "control-plane":
            yield name


def _group(tree: Tree, pod: Pod) -> str:
    return tree.parameters["services"][pod.workload.service]["group"]


def _unplaced(pending: list[Pod]) -> list[str]:
    return [f"{pod.name} finds no node" for pod in pending]


def _misplaced(tree: Tree, nodes: list[Machine]) -> list[str]:
    """Each node's pods against the inventory's words: group, one_per_node, spread_evenly."""
    found = []
    wanted = expected_replicas(tree)
    for service, entry in tree.parameters["services"].items():
        if entry["kind"] == "DaemonSet":
            continue
        home = [node for node in nodes if node.group == entry["group"]]
        found += [
            f"{service} stands on {node.name}, which is not of group {entry['group']}"
            for node in nodes
            if node not in home and node.count(service)
        ]
        if said.apart(tree.parameters, entry, wanted[service]):
            found += [
                f"{node.name} has {node.count(service)} pods of {service}, and no two may share a node"
                for node in home
                if node.count(service) > 1
            ]
        if entry.get("one_per_node") or entry.get("spread_evenly"):
            share = wanted[service] // len(home)
            found += [
                f"{node.name} has {node.count(service)} pods of {service} instead of {share}"
                for node in home
                if node.count(service) != share
            ]
    return found


def _once(problems: list[str]) -> list[str]:
    return list(dict.fromkeys(problems))


CHECKS = (
    pods_stay_in_their_group,
    brokers_stand_apart,
    distances_are_between_equals,
    replicas_follow_the_scale,
    every_order_gives_each_node_its_share,
    a_node_that_joins_late_gets_its_share,
    every_node_can_be_drained,
    jobs_find_room,
    updates_find_room,
    budgets_select_pods,
)
