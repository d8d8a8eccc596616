"""NetworkPolicies, by what they mean: who may call whom, and nobody else."""

from __future__ import annotations

from typing import Any, Iterator

from tests.compiled.calls import calls
from tests.compiled.exposed import exposed
from tests.compiled.tree import Object, Tree, name_of
from tests.compiled.workloads import Workload, open_ports, selected, workloads


def policies_fit_their_pods(tree: Tree) -> list[str]:
    """A NetworkPolicy names pods and ports that exist, and leaves the way for NodePorts and probes."""
    found = []
    for policy in tree.of_kind("NetworkPolicy"):
        if policy["spec"]["podSelector"] == {}:
            continue  # see namespaces_deny_by_default
        if policy["spec"]["podSelector"]["matchLabels"] in [made["labels"] for _, _, made in _made(tree)]:
            continue  # see made_pods_are_called_by_their_callers
        members = [
            one for one in selected(tree, policy["spec"]["podSelector"])
            if one.namespace == policy["metadata"]["namespace"]
        ]
        if not members:
            found.append(f"{name_of(policy)}: selects no pod")
        for rule in policy["spec"].get("ingress", ()):
            for port in rule.get("ports", ()):
                for workload in members:
                    if (port["port"], port.get("protocol", "TCP")) not in open_ports(workload):
                        found.append(f"{name_of(policy)}: port {port['port']} is not open in {workload}")
            for peer in rule.get("from", ()):
                if "podSelector" in peer and not selected(tree, peer["podSelector"]):
                    found.append(f"{name_of(policy)}: admits pods {peer['podSelector'].get('matchLabels')}, which nobody has")
        for service, name, port in exposed(tree):
            if any(one.service == service for one in members) and not _open_to_all(policy, port["number"]):
                found.append(f"{name_of(policy)}: closes port {port['number']} ({name}), which is exposed by a NodePort")
    return found


def namespaces_deny_by_default(tree: Tree) -> list[str]:
    """In each namespace one policy selects every pod and admits nobody."""
    closed = {
        policy["metadata"]["namespace"] for policy in tree.of_kind("NetworkPolicy")
        if policy["spec"]["podSelector"] == {} and "Ingress" in policy["spec"].get("policyTypes", ())
    }
    found = [
        f"{name_of(policy)}: admits somebody to every pod of its namespace" for policy in tree.of_kind("NetworkPolicy")
        if policy["spec"]["podSelector"] == {} and policy["spec"].get("ingress")
    ]
    namespaces = {entry["metadata"]["name"] for entry in tree.of_kind("Namespace")}
    return found + [f"namespace {name}: no policy denies by default" for name in sorted(namespaces - closed)]


def made_pods_are_called_by_their_callers(tree: Tree) -> list[str]:
    """Pods that a service makes by itself admit those who are to call them, and nobody else."""
    found = []
    for service, name, made in _made(tree):
        policies = [
            policy for policy in tree.of_kind("NetworkPolicy")
            if policy["spec"]["podSelector"].get("matchLabels") == made["labels"]
        ]
        for other in workloads(tree):
            admitted = any(admits(tree, policy, other, made["port"]) for policy in policies)
            if admitted != (other.service in made["callers"] and other.runs_on):
                found.append(f"{name} of {service} {'admit' if admitted else 'do not admit'} {other} to port {made['port']}")
    return found


def _made(tree: Tree) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for service, entry in tree.parameters["services"].items():
        for name, made in entry.get("makes", {}).items():
            yield service, name, made


def users_are_admitted(tree: Tree) -> list[str]:
    """Whoever declares the use of a port passes the policies of its pods, and nobody else does."""
    found = []
    for service, entry in tree.parameters["services"].items():
        for name, port in entry.get("ports", {}).items():
            if not port.get("enabled", True):
                continue
            targets = [one for one in workloads(tree) if one.service == service and one.runs_on]
            users = _users(tree, service, name)
            for target in targets:
                if target.spec.get("hostNetwork"):
                    continue  # beyond any policy
                policies = policies_of(tree, target)
                for other in workloads(tree):
                    admitted = not policies or any(admits(tree, policy, other, port["number"]) for policy in policies)
                    declared = (
                        other.name in users or other.service in users and other.runs_on
                        or "expose" in port or entry.get("peers") and other.service == service and other.runs_on
                    )
                    if declared and not admitted:
                        found.append(f"{other} uses port {port['number']} of {target}, which admits it not")
                    if admitted and not declared:
                        found.append(f"{target}: port {port['number']} admits {other}, which declares no use")
    return found


def _users(tree: Tree, service: str, port: str) -> set[str]:
    """Names of the services and jobs that declare the use of a port: by `uses`, an address or a route of the gateway."""
    found = set()
    for name, entry in tree.parameters["services"].items():
        # A job without an environment of its own has its service's.
        jobs = {job: {"env": entry.get("env", {}), **one} for job, one in entry.get("jobs", {}).items()}
        for user, holder in {name: entry, **jobs}.items():
            call = calls(holder).get(service)
            if call and port in call.ports:
                found.add(user)
    if any(route["port"] == port for route in tree.parameters["services"][service].get("routes", {}).values()):
        found.add(tree.parameters["gateway"]["service"])
    if tree.parameters["services"][service].get("metrics", {}).get("port") == port and "monitoring" in tree.parameters:
        found.add(tree.parameters["monitoring"]["service"])
    return found


def policies_of(tree: Tree, target: Workload) -> list[Object]:
    """The policies that select the pods of a workload."""
    return [
        policy for policy in tree.of_kind("NetworkPolicy")
        if policy["metadata"]["namespace"] == target.namespace
        and policy["spec"]["podSelector"].get("matchLabels", {}).items() <= target.labels.items()
    ]


def _open_to_all(policy: Object, number: int) -> bool:
    return any(
        "from" not in rule and ("ports" not in rule or number in [port["port"] for port in rule["ports"]])
        for rule in policy["spec"].get("ingress", ())
    )


def admits(tree: Tree, policy: Object, other: Workload, number: int) -> bool:
    return _open_to_all(policy, number) or any(
        ("ports" not in rule or number in [port["port"] for port in rule["ports"]])
        and any(_means(tree, policy, peer, other) for peer in rule["from"])
        for rule in policy["spec"].get("ingress", ()) if "from" in rule
    )


def _means(tree: Tree, policy: Object, peer: Object, other: Workload) -> bool:
    """A peer names pods by their labels, of the policy's namespace or of those with certain labels."""
    if "namespaceSelector" in peer:
        wanted = peer["namespaceSelector"].get("matchLabels", {}).items()
        homes = {
            entry["metadata"]["name"] for entry in tree.of_kind("Namespace")
            if wanted <= entry["metadata"].get("labels", {}).items()
        }
    else:
        homes = {policy["metadata"]["namespace"]}
    labels = peer.get("podSelector", {"matchLabels": {"": ""}}).get("matchLabels", {})
    return other.namespace in homes and labels.items() <= other.labels.items()


CHECKS = (
    policies_fit_their_pods, namespaces_deny_by_default, made_pods_are_called_by_their_callers, users_are_admitted,
)
