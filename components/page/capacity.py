"""Limits with their headroom, and what stands beyond them."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.capacity import Limit, limits
from components.cluster.quantity import cores
from components.cluster.types import Cluster, Frontend

from .words import amount, count, names

_FORMAT = {"cpu": cores, "bytes": amount, "count": count}
_UNIT = {"cpu": " CPU", "bytes": "", "count": ""}


def rows(cluster: Cluster) -> Iterator[tuple[str, ...]]:
    """One row for each limit; nodes with the same figures share one."""
    alike: dict[tuple[str | int, ...], tuple[Limit, list[str]]] = {}
    for limit in limits(cluster):
        node = limit.path[2] if limit.path[:2] == ("cluster", "nodes") else ""
        key = (limit.what.removesuffix(node), limit.needed, limit.available, limit.unit, limit.binding)
        alike.setdefault(key, (limit, []))[1].append(node)
    return (_row(limit, nodes) for limit, nodes in alike.values())


def _row(limit: Limit, nodes: list[str]) -> tuple[str, ...]:
    what, headroom = sentence(limit), percent(limit.headroom)
    if len(nodes) > 1:
        what = what.removesuffix(f"node {nodes[0]}") + f"each of {names(nodes)}"
    return (
        what if limit.fits else f"**{what}**",
        figure(limit, limit.needed) + _UNIT[limit.unit],
        figure(limit, limit.available) + _UNIT[limit.unit],
        headroom if limit.fits else f"**{headroom} exceeded**",
        "rule" if limit.binding else "advice",
    )


def exceeded(cluster: Cluster) -> list[Limit]:
    return [limit for limit in limits(cluster) if not limit.fits]


def sentence(limit: Limit) -> str:
    return limit.what[0].upper() + limit.what[1:]


def figure(limit: Limit, number: int) -> str:
    return _FORMAT[limit.unit](number)


def percent(share: float) -> str:
    """0.234 -> "23 %"; what would be rounded to nothing or to all is "< 1 %" or "> 99 %"."""
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 <= share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"


def server_limit(cluster: Cluster, frontend: Frontend) -> str:
    """Where HAProxy's limit of one server's sessions comes from."""
    if frontend.port in cluster.scale.sessions_per_broker:
        return "written in the inventory"
    if frontend.server_maxconn == cluster.load_balancer.source_ports_per_server:
        return "HAProxy's source ports for each broker"
    return "what is left of a broker's memory without sessions"
