"""Clusters that differ from another one in a single thing."""

from __future__ import annotations

from dataclasses import replace


def with_service(cluster, name, **changes):
    services = tuple(replace(each, **changes) if each.name == name else each for each in cluster.services)
    return replace(cluster, services=services)


def without(cluster, name):
    """The cluster without a service and without what others use of it."""
    services = tuple(
        replace(each, uses=tuple(use for use in each.uses if use.service != name))
        for each in cluster.services
        if each.name != name
    )
    return replace(cluster, services=services)


def with_nodes(cluster, group, nodes):
    groups = {**cluster.groups, group: replace(cluster.groups[group], nodes=tuple(nodes))}
    others = tuple(node for node in cluster.nodes if node.group != group)
    by_name = {node.name: node for node in nodes}
    services = tuple(
        replace(service, volumes=tuple(_moved(volume, by_name) for volume in service.volumes))
        for service in cluster.services
    )
    return replace(cluster, groups=groups, nodes=(*others, *nodes), services=services)


def _moved(volume, nodes):
    return replace(
        volume, disks=tuple(replace(disk, node=nodes.get(disk.node.name, disk.node)) for disk in volume.disks)
    )
