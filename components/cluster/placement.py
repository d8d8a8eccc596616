"""Where the pods of a service stand, as far as the cluster fixes it."""

from __future__ import annotations

from dataclasses import dataclass

from .quantity import ceil_div
from .types import Cluster, Group, Node, Service


@dataclass(frozen=True)
class Share:
    """Pods of one service on one node; not `exact`: the scheduler chooses, at most so many."""

    service: Service
    pods: int
    exact: bool


def shares(cluster: Cluster, node: Node) -> tuple[Share, ...]:
    """What runs on `node`, in the order of the services."""
    found = (_share(cluster, service, node) for service in cluster.services if node in cluster.nodes_of(service))
    return tuple(share for share in found if share.pods)


def _share(cluster: Cluster, service: Service, node: Node) -> Share:
    if service.per_node is not None:
        return Share(service, service.per_node, True)
    if service.spec.one_per_node or service.kind == "DaemonSet":
        return Share(service, 1, True)
    volumes = [volume for volume in service.volumes if volume.disks]
    if volumes:
        # A pod stands where its volume is.
        return Share(service, sum(disk.node.name == node.name for disk in volumes[0].disks), True)
    alone = len(cluster.nodes_of(service)) == 1
    return Share(service, service.replicas, alone)


def pods_per_node(service: Service, group: Group) -> int:
    """The most pods of a service that one node of the group carries, shared evenly."""
    if service.kind == "DaemonSet":
        return 1
    return ceil_div(service.replicas, max(1, len(group.nodes)))
