"""Machines: addresses and names."""

from __future__ import annotations

import ipaddress
from typing import Iterator

from ..finding import Finding
from ..types import CONTROL_PLANE, Cluster


def unique_addresses(cluster: Cluster) -> Iterator[Finding]:
    """Every host, the load balancer included, has an address of its own."""
    seen = {cluster.load_balancer.address: "the load balancer (load_balancer.address)"}
    for node in cluster.nodes:
        if node.address in seen:
            yield Finding(
                ("cluster", "nodes", node.name, "address"), node.address,
                f"this is also the address of {seen[node.address]}; every host needs its own",
                "Give one of the two another address",
            )
        seen.setdefault(node.address, f"node {node.name}")


def unique_names(cluster: Cluster) -> Iterator[Finding]:
    """The load balancer's host name is no node's."""
    for node in cluster.nodes:
        if node.name == cluster.load_balancer.hostname:
            yield Finding(
                ("load_balancer", "hostname"), node.name, "a node has this name; every host needs its own",
                "Rename one of the two",
            )


def addresses_outside_pods(cluster: Cluster) -> Iterator[Finding]:
    """Hosts are not inside the networks that Kubernetes gives to pods and Services."""
    networks = {
        "pods": cluster.platform.pod_network["cidr"],
        "Services": cluster.platform.kubernetes["service_subnet"],
    }
    hosts = [(("cluster", "nodes", node.name, "address"), node.address) for node in cluster.nodes]
    hosts.append((("load_balancer", "address"), cluster.load_balancer.address))
    for path, address in hosts:
        for what, network in networks.items():
            if ipaddress.ip_address(address) in ipaddress.ip_network(network):
                yield Finding(
                    path, address, f"this address is inside the network of the {what}, {network}",
                    "Choose an address outside, or another network in the platform class",
                )


def one_control_plane(cluster: Cluster) -> Iterator[Finding]:
    """The bootstrap sets up exactly one control plane node, as the guide does."""
    found = [node.name for node in cluster.nodes if node.group == CONTROL_PLANE]
    if len(found) != 1:
        yield Finding(
            ("cluster", "nodes"), ", ".join(found) or "no node",
            f"there must be exactly one node with group: {CONTROL_PLANE}, there are {len(found)}",
            f"Give exactly one node group: {CONTROL_PLANE}",
        )


def distinct_labels(cluster: Cluster) -> Iterator[Finding]:
    """Two groups with one label value would be one group to the scheduler."""
    seen: dict[str, str] = {}
    for group in cluster.groups.values():
        if group.label in seen:
            yield Finding(
                ("node_groups", group.name, "label"), group.label,
                f"group {seen[group.label]} has this label value already", "Give each group its own value",
            )
        seen.setdefault(group.label, group.name)


RULES = (unique_addresses, unique_names, addresses_outside_pods, one_control_plane, distinct_labels)
