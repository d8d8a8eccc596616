"""What happens to the pods when one node of a group is drained."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.placement import Share, shares
from components.cluster.types import CONTROL_PLANE, Cluster, Group

from .markdown import code
from .words import count, names, pods


def rows(cluster: Cluster) -> Iterator[tuple[str, ...]]:
    """One for the nodes of a group with the same pods: volumes make nodes differ."""
    for group in _groups(cluster):
        alike: list[tuple[list[Share], list[str]]] = []
        for node in group.nodes:
            # kubectl drain leaves the pods of DaemonSets where they are.
            found = [share for share in shares(cluster, node) if share.service.kind != "DaemonSet"]
            nodes = next((nodes for others, nodes in alike if others == found), None)
            if nodes is None:
                alike.append((found, nodes := []))
            nodes.append(code(node.name))
        yield from (_row(cluster, group, found, nodes) for found, nodes in alike)


def _groups(cluster: Cluster) -> list[Group]:
    return [group for name, group in cluster.groups.items() if name != CONTROL_PLANE]


def _row(cluster: Cluster, group: Group, found: list[Share], nodes: list[str]) -> tuple[str, ...]:
    # Exact: pods that have their place on this node and on no other.
    pending = [_pods(share) for share in found if share.exact]
    moving = [_pods(share) for share in found if not share.exact]
    if cluster.argocd_group == group.name:
        (pending if len(group.nodes) == 1 else moving).append("Argo CD")
    budgets = [
        f"{code(share.service.name)} {count(share.service.max_unavailable)}"
        for share in found
        if share.service.max_unavailable is not None
    ]
    drained = names(nodes) if len(nodes) == 1 else f"one of {names(nodes)}"
    return drained, ", ".join(pending), ", ".join(moving), ", ".join(budgets)


def _pods(share: Share) -> str:
    name = code(share.service.name)
    return name if share.pods == 1 else pods(share, name)


def blocked(cluster: Cluster) -> list[str]:
    """Services with more pods on one node than may be missing at a time, each once."""
    found = (share for group in _groups(cluster) for node in group.nodes for share in shares(cluster, node))
    return list(
        dict.fromkeys(
            share.service.name
            for share in found
            if share.exact and share.service.max_unavailable is not None and share.pods > share.service.max_unavailable
        )
    )


def emptied(cluster: Cluster) -> list[str]:
    """Nodes that the load balancer can relieve of their devices before, because others take these in."""
    found = (frontend.servers for frontend in cluster.load_balancer.frontends if frontend.devices)
    return list(dict.fromkeys(server.name for servers in found if len(servers) > 1 for server in servers))


def spread(cluster: Cluster) -> list[str]:
    """Services that the scheduler spreads evenly, which has its price while a node has no pods; sets have not."""
    by_scheduler = cluster.platform.kubernetes.pod_spread == "topology-spread"
    return [service.name for service in cluster.services if by_scheduler and service.per_node is not None]


def volatile(cluster: Cluster) -> list[str]:
    """Services whose data are gone with their pod."""
    return [
        service.name
        for service in cluster.services
        if service.volumes and not any(volume.persistent for volume in service.volumes)
    ]
