"""Services and the nodes that must carry them."""

from __future__ import annotations

from typing import Iterator

from ..finding import Finding
from ..types import Cluster, Group, Service


def enough_nodes(cluster: Cluster) -> Iterator[Finding]:
    """Each service's group has the nodes that its pods need."""
    for service in cluster.services:
        group = cluster.groups[service.group]
        needed, why = _nodes_needed(service)
        missing = needed - len(group.nodes)
        if missing > 0:
            yield Finding(
                ("cluster", "nodes"), f"{len(group.nodes)} in group {group.name}",
                f"{service.title} ({service.replicas} pods{_because(cluster, service)}) needs {needed} "
                f"node{'s' * (needed != 1)} of group {group.name}: {why}",
                f"Add {missing} under cluster.nodes: {', '.join(_names(cluster, group, missing))}",
            )


def brokers_fill_their_group(cluster: Cluster) -> Iterator[Finding]:
    """Every node of the brokers' group has a broker, because bridges stand on each of them."""
    for service in cluster.services:
        group = cluster.groups[service.group]
        if service.one_per_node and len(group.nodes) > service.replicas:
            yield Finding(
                ("services", service.name, "replicas"), service.replicas,
                f"group {group.name} has {len(group.nodes)} nodes, so {len(group.nodes) - service.replicas} "
                f"would carry bridges without a broker beside them",
                f"Write replicas: {len(group.nodes)}, or take nodes out of the group",
            )


def even_shares(cluster: Cluster) -> Iterator[Finding]:
    """Bridges: at least the guide's number for each broker, and the same number beside each."""
    brokers, least = cluster.scale.brokers, cluster.scale.bridges_per_broker
    for service in cluster.services:
        if service.per_node is None:
            continue
        path = ("services", service.name, "replicas")
        if service.replicas % brokers:
            yield Finding(
                path, service.replicas,
                f"{service.replicas} pods cannot be shared evenly by {brokers} brokers",
                f"Write a multiple of {brokers}, at least {brokers * least}, or the rule: bridges",
            )
        elif service.replicas < brokers * least:
            yield Finding(
                path, service.replicas,
                f"{brokers} brokers need at least {least} bridges each, {brokers * least} in all (guide)",
                f"Write replicas: {brokers * least}, or the rule: bridges",
            )


def single_writer(cluster: Cluster) -> Iterator[Finding]:
    """A local volume has one writer, so a Deployment that has one runs one pod."""
    for service in cluster.services:
        if service.kind == "Deployment" and service.replicas > 1 and any(v.persistent for v in service.volumes):
            yield Finding(
                ("services", service.name, "replicas"), service.replicas,
                "its volume is a directory of one node, which only one pod may write",
                "Write replicas: 1, or persistent: false for its volumes",
            )


def _nodes_needed(service: Service) -> tuple[int, str]:
    if service.one_per_node:
        return service.replicas, "one pod on each node"
    if service.kind != "Deployment" and any(volume.persistent for volume in service.volumes):
        return service.replicas, "each pod keeps its volume on a node of its own"
    return 1, "its pods run nowhere else"


def _because(cluster: Cluster, service: Service) -> str:
    return f" for {cluster.scale.devices} devices" if service.kind == "VerneMQ" else ""


def _names(cluster: Cluster, group: Group, count: int) -> list[str]:
    """Names for missing nodes, continuing the group's own: verne-3 -> verne-4, verne-5."""
    taken = {node.name for node in cluster.nodes} | {cluster.load_balancer.hostname}
    stem = group.nodes[-1].name.rstrip("0123456789").rstrip("-") if group.nodes else group.name
    names: list[str] = []
    number = 1
    while len(names) < count:
        name = f"{stem}-{number}"
        if name not in taken:
            names.append(name)
        number += 1
    return [f"{name} (group: {group.name})" for name in names]


RULES = (enough_nodes, brokers_fill_their_group, even_shares, single_writer)
