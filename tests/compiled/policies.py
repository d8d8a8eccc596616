"""NetworkPolicies, by what they mean: whom they let in."""

from __future__ import annotations

from tests.compiled.tree import Object, Tree
from tests.compiled.workloads import Workload


def policies_of(tree: Tree, target: Workload) -> list[Object]:
    """The policies that select the pods of a workload."""
    return [
        policy
        for policy in tree.of_kind("NetworkPolicy")
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
        for rule in policy["spec"].get("ingress", ())
        if "from" in rule
    )


def _means(tree: Tree, policy: Object, peer: Object, other: Workload) -> bool:
    """A peer names pods by their labels, of the policy's namespace or of those with certain labels."""
    if "namespaceSelector" in peer:
        wanted = peer["namespaceSelector"].get("matchLabels", {}).items()
        homes = {
            entry["metadata"]["name"]
            for entry in tree.of_kind("Namespace")
            if wanted <= entry["metadata"].get("labels", {}).items()
        }
    else:
        homes = {policy["metadata"]["namespace"]}
    labels = peer.get("podSelector", {"matchLabels": {"": ""}}).get("matchLabels", {})
    return other.namespace in homes and labels.items() <= other.labels.items()
