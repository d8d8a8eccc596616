"""What a cluster takes, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from components.cluster.quantity import cores
from components.page.words import amount, count, names, node_port, plural, seconds

from .needs import Limit, Loss, Machines, Needs

#: Limits that are shown.
_TIGHTEST = 8
_FIGURES = {"cpu": cores, "bytes": amount, "count": count}


def text(found: Needs) -> RenderableType:
    parts: list[RenderableType] = [Text(_first(found), style="bold")]
    machines = [_machine(one) for one in found.machines]
    parts += _table("Machines", ("Group", "Machines", "CPU", "Memory", "Disk", "Runs"), machines)
    parts += _table(
        "Ports of the load balancer",
        ("Port", "NodePort", "For", "Connections", "New sessions"),
        [
            (
                str(one.listens),
                node_port(one.node_port),
                one.name,
                count(one.connections),
                f"{count(one.new_sessions_per_second)}/s" if one.new_sessions_per_second else "",
            )
            for one in found.ports
        ],
    )
    parts += _table(
        "Volumes",
        ("Service", "Volumes", "Each"),
        [(one.service, count(one.count), amount(one.bytes)) for one in found.volumes],
    )
    parts += _table("When one is lost", ("One of", "What happens"), [(one.group, _loss(one)) for one in found.losses])
    tight = sorted(_alike(found.limits), key=_used, reverse=True)[:_TIGHTEST]
    parts += _table(
        "Closest to its limit",
        ("", "Needed", "Available", "Used"),
        [
            (one.what, _FIGURES[one.unit](one.needed), _FIGURES[one.unit](one.available), _used_in_words(one))
            for one in tight
        ],
    )
    return Group(*parts)


def _first(found: Needs) -> str:
    machines = sum(one.count for one in found.machines)
    parts = [f"{plural(found.devices, 'device')}: {plural(machines, 'machine')}"]
    if found.brokers:
        parts.append(f"{plural(found.brokers, 'broker')}, {plural(found.bridges, 'bridge')} of each kind")
        parts.append(f"{count(found.reconnects_per_second)} reconnects/s every day")
    if found.log_bytes:
        parts.append(f"{plural(found.partitions, 'partition')}, a log of {amount(found.log_bytes)}")
    parts.append(f"{count(found.messages_per_second)} messages/s from devices")
    return "; ".join(parts) + "."


def _machine(one: Machines) -> tuple[str, ...]:
    has = (
        ("", "", "")
        if one.cpu is None or one.memory is None or one.disk is None
        else (cores(one.cpu), amount(one.memory), amount(one.disk))
    )
    return one.group, count(one.count), *has, ", ".join(one.runs)


def _loss(one: Loss) -> str:
    said = []
    if one.sessions:
        said.append(
            f"{plural(one.sessions, 'device')} connect again within {seconds(one.seconds)}"
            + (f"; in the worst case {count(one.refused)} find no room until it is back" if one.refused else "")
        )
    if one.waits:
        said.append(f"until it is back without {names(one.waits)}")
    if one.fewer:
        said.append(f"with fewer pods go on {names(one.fewer)}")
    if one.moves:
        said.append(f"on another machine start anew {names(one.moves)}")
    return "; ".join(said) or "what runs goes on; nothing is started anew until it is back"


def _alike(limits: Iterable[Limit]) -> list[Limit]:
    """Machines with the same figures once."""
    return list({(one.unit, one.needed, one.available): one for one in reversed(list(limits))}.values())


def _used(one: Limit) -> float:
    return one.needed / max(1, one.available)


def _used_in_words(one: Limit) -> str:
    return f"{_used(one) * 100:.0f} %{'' if one.needed <= one.available else ' (advice)'}"


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[RenderableType]:
    found = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="bold")
    for column in columns:
        found.add_column(column, overflow="fold")
    filled = False
    for row in rows:
        filled = True
        found.add_row(*row)
    return [Text(), found] if filled else []
