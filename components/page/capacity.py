"""Limits with their headroom, and what stands beyond them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from components.cluster.capacity import Limit, limits
from components.cluster.quantity import cores
from components.cluster.types import Cluster, Frontend

from .words import amount, count, names

_FORMAT = {"cpu": cores, "bytes": amount, "count": count}
_UNIT = {"cpu": " CPU", "bytes": "", "count": ""}


def rows(cluster: Cluster) -> Iterator[tuple[str, ...]]:
    """One row for each limit; nodes with the same figures share one."""
    return (_row(limit, nodes) for limit, nodes in _alike(cluster))


def tightest(cluster: Cluster, most: int) -> list[tuple[str, Limit]]:
    """(What, limit) of those with the least headroom, the least first. Of several with the same way out, one."""
    least: dict[tuple[object, ...], tuple[str, Limit]] = {}
    for limit, nodes in sorted(_alike(cluster), key=lambda found: found[0].headroom):
        least.setdefault((limit.path, limit.unit), (_what(limit, nodes), limit))
    return list(least.values())[:most]


def _alike(cluster: Cluster) -> Iterable[tuple[Limit, list[str]]]:
    """Each limit, and the machines for which it has the same figures."""
    alike: dict[tuple[str | int, ...], tuple[Limit, list[str]]] = {}
    for limit in limits(cluster):
        key = (limit.what.removesuffix(limit.machine), limit.needed, limit.available, limit.unit, limit.binding)
        alike.setdefault(key, (limit, []))[1].append(limit.machine)
    return alike.values()


def _what(limit: Limit, nodes: list[str]) -> str:
    what = sentence(limit)
    return what if len(nodes) == 1 else f"{what.rpartition(' on ')[0]} on each of {names(nodes)}"


def _row(limit: Limit, nodes: list[str]) -> tuple[str, ...]:
    what, headroom = _what(limit, nodes), percent(limit.headroom)
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
