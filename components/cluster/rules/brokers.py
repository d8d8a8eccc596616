"""The MQTT brokers, and pods that stand on every node: kinds of workload with rules of their own."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding, listed

from ..input.service import ServiceEntry
from ..input.target import Inventory
from ..sizes import SIZE_RULES, brokers_of
from ..types import EVERY_NODE
from .registry import Stage, rule

#: Nodes that Kubernetes supports in one cluster, by its own documentation; brokers stand one on each.
MOST_NODES = 5000


@rule(Stage.NAMES)
def brokers(inventory: Inventory) -> Iterator[Finding]:
    """There is one VerneMQ at most, as the operator needs it, and one where sizes follow it."""
    found = [name for name, service in inventory.services.items() if service.kind == "VerneMQ"]
    sized = [name for name, service in inventory.services.items() if service.replicas in SIZE_RULES]
    if sized and not found:
        yield Finding(
            ("services", sized[0], "replicas"),
            inventory.services[sized[0]].replicas,
            f"the replicas of {listed(sized)} follow the number of brokers, and the profile has none",
            "Add service.vernemq to the profile, or write numbers",
        )
    for name, service in inventory.services.items():
        if service.kind == "VerneMQ":
            yield from _of_a_broker(name, service)
        elif service.custom_resource:
            yield Finding(
                ("services", name, "custom_resource"),
                None,
                f"{name} is of kind {service.kind}, and only a VerneMQ has a custom_resource",
                "Take it out",
            )
    for extra in found[1:]:
        yield Finding(
            ("services", extra, "kind"),
            "VerneMQ",
            f"{found[0]} is a VerneMQ cluster already, and the operator manages one for each namespace",
            "Keep one of the two",
        )


def _of_a_broker(name: str, service: ServiceEntry) -> Iterator[Finding]:
    path = ("services", name)
    if service.replicas == "bridges":
        yield Finding(
            (*path, "replicas"),
            "bridges",
            "the number of bridges follows that of the brokers",
            "Write a number, or the rule: brokers",
        )
    if not service.one_per_node:
        yield Finding(
            (*path, "one_per_node"),
            False if "one_per_node" in service.model_fields_set else None,
            "bridges speak to the broker on their own node, so brokers stand one on each",
            "Write one_per_node: true",
        )
    if service.custom_resource is None:
        yield Finding(
            (*path, "custom_resource"),
            None,
            "a service of kind VerneMQ needs its custom_resource",
            "Add it, with name, version, bundler_image, configs and conf",
        )


@rule(Stage.NAMES)
def daemons(inventory: Inventory) -> Iterator[Finding]:
    """A DaemonSet has one pod on every node, and nothing else has."""
    for name, service in inventory.services.items():
        path = ("services", name)
        stated = (("group", service.group, EVERY_NODE), ("replicas", service.replicas, "nodes"))
        if service.kind == "DaemonSet":
            for key, value, wanted in stated:
                if value != wanted:
                    yield Finding(
                        (*path, key), value, "a DaemonSet has one pod on every node", f"Write {key}: {wanted}"
                    )
            for key, entries in (("volumes", service.volumes), ("jobs", service.jobs)):
                if entries:
                    yield Finding(
                        (*path, key), None, f"a DaemonSet has no {key} here", "Take them out, or choose another kind"
                    )
            continue
        for key, value, wanted in stated:
            if value == wanted:
                yield Finding(
                    (*path, key),
                    value,
                    f"only a DaemonSet runs on every node, and {name} is of kind {service.kind}",
                    "Write kind: DaemonSet, or a group of workers and a number of replicas",
                )


@rule(Stage.NAMES)
def broker_count(inventory: Inventory) -> Iterator[Finding]:
    """Judged before anything is derived: everything of a broker would be made as many times."""
    scale = inventory.scale
    number = brokers_of(scale)
    if number > MOST_NODES:
        yield Finding(
            ("scale", "devices"),
            scale.devices,
            f"at scale.devices_per_broker = {scale.devices_per_broker} these are {number} brokers, one a node, and "
            f"Kubernetes supports {MOST_NODES} nodes in a cluster",
            "Correct one of the two, or split the devices over several clusters",
        )
