"""Who may call whom: breaks of tests/compiled/checks/network.py."""

from tests.compiled.breaking import breaks, gateway_of
from tests.compiled.checks import network
from tests.compiled.tree import Object, Tree, first


def _policy(tree: Tree, wanted: str = "from") -> Object:
    """A policy of one service, not a namespace's; its last rule has the key `wanted`."""
    return tree.some(
        "NetworkPolicy",
        lambda entry: (
            entry["spec"]["podSelector"]
            and wanted in entry["spec"]["ingress"][-1]
            and "ports" in entry["spec"]["ingress"][-1]
            and "name" in entry["metadata"]["labels"]
        ),
    )


@breaks(network.policies_admit_who_says_so, "{'app': 'nobody'}")
def a_policy_for_nobody(tree: Tree) -> str:
    found = _policy(tree)
    found["spec"]["podSelector"]["matchLabels"] = {"app": "nobody"}
    return found["metadata"]["name"]


@breaks(network.policies_admit_who_says_so, "4711")
def a_policy_for_a_closed_port(tree: Tree) -> str:
    found = _policy(tree)
    found["spec"]["ingress"][-1]["ports"][0]["port"] = 4711
    return found["metadata"]["name"]


@breaks(network.policies_admit_who_says_so, "its spec is")
def a_policy_that_admits_nobody_known(tree: Tree) -> str:
    found = _policy(tree)
    found["spec"]["ingress"][-1]["from"][0]["podSelector"]["matchLabels"] = {"app": "dojot", "name": "nobody"}
    return found["metadata"]["name"]


@breaks(network.policies_admit_who_says_so, "its spec is")
def a_policy_that_closes_the_gateway(tree: Tree) -> str:
    gateway = gateway_of(tree)
    found = tree.some("NetworkPolicy", lambda entry: entry["metadata"]["name"] == gateway)
    found["spec"]["ingress"] = [rule for rule in found["spec"]["ingress"] if "from" in rule]
    return found["metadata"]["name"]


@breaks(network.policies_admit_who_says_so, "there is no NetworkPolicy default-deny")
def a_namespace_that_admits_everybody(tree: Tree) -> str:
    found = tree.some("NetworkPolicy", lambda entry: entry["spec"]["podSelector"] == {})
    for documents in tree.documents.values():
        if found in documents:
            documents.remove(found)
    return found["metadata"]["namespace"]


@breaks(network.policies_admit_who_says_so, "frozenset({(None, None)})")
def a_default_that_admits(tree: Tree) -> str:
    found = tree.some("NetworkPolicy", lambda entry: entry["spec"]["podSelector"] == {})
    found["spec"]["ingress"] = [{}]
    return found["metadata"]["name"]


@breaks(network.policies_admit_who_says_so, "its spec is")
def a_policy_that_forgets_what_a_service_makes(tree: Tree) -> str:
    made = first(
        (made for entry in tree.parameters["services"].values() for made in entry.get("makes", {}).values()),
        "no service makes pods of its own",
    )
    found = tree.some("NetworkPolicy", lambda entry: entry["spec"]["podSelector"].get("matchLabels") == made["labels"])
    found["spec"]["ingress"] = []
    return str(made["port"])


@breaks(network.policies_admit_who_says_so, "its spec is")
def a_policy_that_forgets_a_user(tree: Tree) -> str:
    found = _policy(tree)
    return found["spec"]["ingress"][-1]["from"].pop()["podSelector"]["matchLabels"].get("name", "VerneMQ")


@breaks(network.policies_admit_who_says_so, "its spec is")
def a_user_looked_for_in_another_namespace(tree: Tree) -> str:
    found = _policy(tree)
    peer = found["spec"]["ingress"][-1]["from"][0]
    peer["namespaceSelector"] = {"matchLabels": {"dojot.components/namespace": "elsewhere"}}
    return peer["podSelector"]["matchLabels"].get("name", "VerneMQ")


@breaks(network.policies_admit_who_says_so, "its spec is")
def a_port_open_to_everybody(tree: Tree) -> str:
    found = _policy(tree)
    del found["spec"]["ingress"][-1]["from"]
    return found["metadata"]["labels"]["name"]
