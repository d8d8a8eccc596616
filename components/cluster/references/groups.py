"""Node groups, and who needs the brokers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding, listed, suggest
from ..sizes import SIZE_RULES, brokers_by_rule
from ..types import CONTROL_PLANE, EVERY_NODE


def groups(parameters: dict[str, Any]) -> Iterator[Finding]:
    groups = parameters["node_groups"]
    places = [
        (("cluster", "nodes", name, "group"), node["group"]) for name, node in parameters["cluster"]["nodes"].items()
    ]
    places += [(("placement", part), group) for part, group in parameters["placement"].items()]
    # What placement has wrong is wrong once, however many services follow it.
    placed = set(parameters["placement"].values())
    places += [
        (("services", name, "group"), service["group"])
        for name, service in parameters["services"].items()
        if service["group"] not in {*placed, EVERY_NODE}
    ]
    if parameters["platform"]["argocd"]["group"] not in placed:
        places.append((("platform", "argocd", "group"), parameters["platform"]["argocd"]["group"]))
    for path, group in places:
        if group not in groups:
            workers = groups.keys() - ({CONTROL_PLANE} if path[0] != "cluster" else set())
            yield Finding(path, group, "there is no such node group", suggest(group, workers))
    for name, service in parameters["services"].items():
        if service["group"] == CONTROL_PLANE:
            yield Finding(
                ("services", name, "group"),
                CONTROL_PLANE,
                "no dojot service runs on the control plane",
                "Choose a group of workers",
            )


def brokers(parameters: dict[str, Any]) -> Iterator[Finding]:
    brokers = [name for name, service in parameters["services"].items() if service["kind"] == "VerneMQ"]
    sized = [name for name, service in parameters["services"].items() if service["replicas"] in SIZE_RULES]
    if sized and not brokers:
        yield Finding(
            ("services", sized[0], "replicas"),
            parameters["services"][sized[0]]["replicas"],
            f"the replicas of {listed(sized)} follow the number of brokers, and the profile has none",
            "Add service.vernemq to the profile, or write numbers",
        )
    for name, service in parameters["services"].items():
        if service["kind"] == "VerneMQ" and service["replicas"] == "bridges":
            yield Finding(
                ("services", name, "replicas"),
                "bridges",
                "the number of bridges follows that of the brokers",
                "Write a number, or the rule: brokers",
            )
        if service["kind"] == "VerneMQ" and not service.get("one_per_node"):
            yield Finding(
                ("services", name, "one_per_node"),
                service.get("one_per_node"),
                "bridges speak to the broker on their own node, so brokers stand one on each",
                "Write one_per_node: true",
            )
        if service.get("custom_resource") and service["kind"] != "VerneMQ":
            yield Finding(
                ("services", name, "custom_resource"),
                None,
                f"{name} is of kind {service['kind']}, and only a VerneMQ has a custom_resource",
                "Take it out",
            )
        if service.get("custom_resource") is None and service["kind"] == "VerneMQ":
            yield Finding(
                ("services", name, "custom_resource"),
                None,
                "a service of kind VerneMQ needs its custom_resource",
                "Add it, with name, version, bundler_image, configs and conf",
            )
    for extra in brokers[1:]:
        yield Finding(
            ("services", extra, "kind"),
            "VerneMQ",
            f"{brokers[0]} is a VerneMQ cluster already, and the operator manages one for each namespace",
            "Keep one of the two",
        )


def daemons(parameters: dict[str, Any]) -> Iterator[Finding]:
    """A DaemonSet has one pod on every node, and nothing else has."""
    for name, service in parameters["services"].items():
        path = ("services", name)
        wanted = {"group": EVERY_NODE, "replicas": "nodes"}
        if service["kind"] == "DaemonSet":
            for key, value in wanted.items():
                if service[key] != value:
                    yield Finding(
                        (*path, key), service[key], "a DaemonSet has one pod on every node", f"Write {key}: {value}"
                    )
            for key in ("volumes", "jobs"):
                if service.get(key):
                    yield Finding(
                        (*path, key), None, f"a DaemonSet has no {key} here", "Take them out, or choose another kind"
                    )
            continue
        for key, value in wanted.items():
            if service[key] == value:
                yield Finding(
                    (*path, key),
                    value,
                    f"only a DaemonSet runs on every node, and {name} is of kind {service['kind']}",
                    "Write kind: DaemonSet, or a group of workers and a number of replicas",
                )


#: Nodes that Kubernetes supports in one cluster, by its own documentation; brokers stand one on each.
MOST_NODES = 5000


def broker_count(parameters: dict[str, Any]) -> Iterator[Finding]:
    """Judged before anything is derived: everything of a broker would be made as many times."""
    scale = parameters["scale"]
    brokers = brokers_by_rule(scale["devices"], scale["devices_per_broker"], scale["minimum_brokers"])
    if brokers > MOST_NODES:
        yield Finding(
            ("scale", "devices"),
            scale["devices"],
            f"at scale.devices_per_broker = {scale['devices_per_broker']} these are {brokers} brokers, one a node, and "
            f"Kubernetes supports {MOST_NODES} nodes in a cluster",
            "Correct one of the two, or split the devices over several clusters",
        )
