"""What happens to the pods when one node of a group is drained."""

from __future__ import annotations

from components.cluster.types import CONTROL_PLANE, Cluster, Group

from .markdown import code, codes, note, section, table
from .pods import Share, shares
from .words import count, names


def section_of(cluster: Cluster) -> str:
    groups = [group for name, group in cluster.groups.items() if name != CONTROL_PLANE]
    drains = [(group, found, nodes) for group in groups for found, nodes in _alike(cluster, group)]
    blocked = dict.fromkeys(share.service.name for _, found, _ in drains for share in found if _blocks(share))
    return section(
        "Draining a node",
        "*Pending*: no other node may run the pod, because of its group's label, its volume, or the rule of so many pods "
        "a node. It starts again when the node is back. *Budget*: pods of the service that may be missing at a time.",
        table(
            ("Drained", "Pending until it is back", "Moves to another node", "Budget"),
            [_row(cluster, *drain) for drain in drains],
        ),
        _spread(cluster),
        note(
            "WARNING",
            f"The budget of {codes(blocked)} is smaller than the number of pods on one node, and evicted pods stay Pending: "
            "the drain never ends.",
        )
        if blocked
        else "",
    )


def _spread(cluster: Cluster) -> str:
    """What the scheduler's even spread costs while a node has no pods; sets do not have this price."""
    spread = [service.name for service in cluster.services if service.per_node is not None]
    if not spread or cluster.platform.kubernetes.pod_spread != "topology-spread":
        return ""
    return (
        f"{codes(spread)} are spread by the scheduler. While one node has none of their pods, those on the other nodes "
        "run on, but one that is deleted or updated waits until the node is back."
    )


def _alike(cluster: Cluster, group: Group) -> list[tuple[tuple[Share, ...], list[str]]]:
    """What runs on a node, and the group's nodes with just that: volumes make nodes differ."""
    alike: list[tuple[tuple[Share, ...], list[str]]] = []
    for node in group.nodes:
        # kubectl drain leaves the pods of DaemonSets where they are.
        found = tuple(share for share in shares(cluster, node) if share.service.kind != "DaemonSet")
        for other, nodes in alike:
            if other == found:
                nodes.append(node.name)
                break
        else:
            alike.append((found, [node.name]))
    return alike


def _row(cluster: Cluster, group: Group, found: tuple[Share, ...], nodes: list[str]) -> tuple[str, ...]:
    alone = len(group.nodes) == 1
    pending = [_pods(share) for share in found if stays(share)]
    moving = [_pods(share) for share in found if not stays(share)]
    if cluster.platform.argocd.group == group.name:
        (pending if alone else moving).append("Argo CD")
    budgets = [
        f"{code(share.service.name)} {count(share.service.max_unavailable)}"
        for share in found
        if share.service.max_unavailable is not None
    ]
    drained = names([code(node) for node in nodes])
    return (
        drained if len(nodes) == 1 else f"one of {drained}",
        ", ".join(pending),
        ", ".join(moving),
        ", ".join(budgets),
    )


def stays(share: Share) -> bool:
    """Pods that have their place on this node and on no other."""
    return share.exact


def _pods(share: Share) -> str:
    text = code(share.service.name)
    if share.pods == 1:
        return text
    return f"{count(share.pods)} × {text}" if share.exact else f"up to {count(share.pods)} × {text}"


def _blocks(share: Share) -> bool:
    budget = share.service.max_unavailable
    return share.exact and budget is not None and share.pods > budget
