"""Breaks of tests/compiled/checks/network.py."""

from tests.compiled.breaking import breaks
from tests.compiled.checks import network
from tests.compiled.tree import Object, Tree


def _policy(tree: Tree) -> Object:
    return tree.some("NetworkPolicy", lambda entry: any("from" in rule for rule in entry["spec"].get("ingress", ())))


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def a_service_of_another_type(tree: Tree) -> str:
    found = tree.some(
        "Service", lambda entry: entry["spec"]["type"] == "ClusterIP" and "clusterIP" not in entry["spec"]
    )
    found["spec"]["type"] = "LoadBalancer"
    return found["metadata"]["name"]


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def traffic_that_leaves_its_node(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"].get("externalTrafficPolicy") == "Local")
    found["spec"]["externalTrafficPolicy"] = "Cluster"
    return found["metadata"]["name"]


@breaks(network.services_are_those_of_the_inventory, "nobody asked for it")
def a_service_more(tree: Tree) -> str:
    found = tree.some("Service")
    found["metadata"]["name"] = "more"
    return "Service more"


@breaks(network.services_are_those_of_the_inventory, "there is no Service")
def a_service_less(tree: Tree) -> str:
    name = tree.some("Service")["metadata"]["name"]
    a_service_more(tree)
    return name


@breaks(network.policies_admit_who_says_so, "its spec is")
def everybody_of_another_label(tree: Tree) -> str:
    found = _policy(tree)
    rule = next(rule for rule in found["spec"]["ingress"] if "from" in rule)
    del rule["from"][0]["podSelector"]["matchLabels"]["name"]
    return found["metadata"]["name"]


@breaks(network.policies_admit_who_says_so, "its spec is")
def a_policy_for_what_leaves(tree: Tree) -> str:
    found = _policy(tree)
    found["spec"]["policyTypes"] = ["Egress"]
    return found["metadata"]["name"]


@breaks(network.policies_admit_who_says_so, "its spec is")
def a_policy_of_other_pods(tree: Tree) -> str:
    found = _policy(tree)
    found["spec"]["podSelector"] = {"matchLabels": {"app": "dojot"}}
    return found["metadata"]["name"]


@breaks(network.policies_admit_who_says_so, "there is no NetworkPolicy default-deny")
def a_namespace_without_a_lock(tree: Tree) -> str:
    found = tree.some("NetworkPolicy", lambda entry: entry["metadata"]["name"] == "default-deny")
    found["metadata"]["name"] = "default"
    return found["metadata"]["namespace"]
