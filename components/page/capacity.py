"""Limits with their headroom, and what stands beyond them."""

from __future__ import annotations

from components.cluster.capacity import Limit, limits
from components.cluster.quantity import cores
from components.cluster.types import Cluster

from .markdown import code, note, section, table
from .words import amount, count, names

_FORMAT = {"cpu": cores, "bytes": amount, "count": count}
_UNIT = {"cpu": " CPU", "bytes": "", "count": ""}

# Key of the inventory (its end) -> what an exceeded advice means there.
_MEANING = {
    ("resources", "limits", "memory"): (
        "A broker that reaches its memory limit is killed, and its devices move on to the brokers that are left."
    ),
}


def section_of(cluster: Cluster) -> str:
    found = limits(cluster)
    memory = ", ".join(f"{amount(size)} ({name})" for name, size in cluster.scale.session_memory.items())
    return section(
        "Capacity",
        "A *rule* that does not hold is refused by `make compile`. *Advice* is an estimate for the operator to judge; "
        f"a session in a broker is counted with {memory}.",
        table(("Limit", ">Needed", ">Available", ">Headroom", "Kind"), _rows(found)),
        *(_warning(cluster, limit) for limit in found if not limit.fits),
    )


def _rows(found: tuple[Limit, ...]) -> list[tuple[str, ...]]:
    """One row for each limit; nodes with the same figures share one."""
    rows: dict[tuple, tuple[Limit, list[str]]] = {}
    for limit in found:
        node = _node(limit)
        key = (limit.what.removesuffix(node), limit.needed, limit.available, limit.unit, limit.binding)
        rows.setdefault(key, (limit, []))[1].append(node)
    return [_row(limit, nodes) for limit, nodes in rows.values()]


def _node(limit: Limit) -> str:
    """The name of the node that the limit is about; empty for others."""
    return limit.path[2] if limit.path[:2] == ("cluster", "nodes") and len(limit.path) > 2 else ""


def _row(limit: Limit, nodes: list[str]) -> tuple[str, ...]:
    what = _sentence(limit.what)
    if len(nodes) > 1:
        what = what.removesuffix(f"node {nodes[0]}") + f"each of {names(nodes)}"
    form = _FORMAT[limit.unit]
    headroom = percent(limit.headroom)
    return (
        what if limit.fits else f"**{what}**",
        form(limit.needed) + _UNIT[limit.unit],
        form(limit.available) + _UNIT[limit.unit],
        headroom if limit.fits else f"**{headroom} exceeded**",
        "rule" if limit.binding else "advice",
    )


def _sentence(what: str) -> str:
    return what[0].upper() + what[1:]


def percent(share: float) -> str:
    """0.234 -> "23 %"; what would be rounded to nothing or to all is "< 1 %" or "> 99 %"."""
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 <= share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"


def _warning(cluster: Cluster, limit: Limit) -> str:
    form = _FORMAT[limit.unit]
    meaning = next((text for end, text in _MEANING.items() if limit.path[-len(end) :] == end), "")
    # What is needed grows with the devices.
    carried = cluster.scale.devices * limit.available // limit.needed
    parts = (
        f"**{_sentence(limit.what)}**: {form(limit.needed)} needed, {form(limit.available)} there.",
        meaning,
        f"There is enough for about {count(_rounded_down(carried))} of {count(cluster.scale.devices)} devices."
        if meaning
        else "",
        f"{limit.way_out}: {code('.'.join(limit.path))}.",
    )
    return note("WARNING", "\n".join(part for part in parts if part))


def _rounded_down(number: int) -> int:
    """To three significant digits: it is an estimate."""
    step = 10 ** max(0, len(str(number)) - 3)
    return number // step * step
