"""The text of the nodes' firewall, which firewall.nft.j2 describes."""

from __future__ import annotations

from pathlib import Path

from components.cluster.firewall import Guard, guards
from components.cluster.types import Cluster
from components.render import template

_TEMPLATE = Path(__file__).parent / "firewall.nft.j2"


def text(cluster: Cluster) -> str:
    return template(_TEMPLATE, cluster=cluster, guards=guards(cluster), ports=_ports)


def _ports(guard: Guard) -> str:
    """As nft reads them: one, or several in braces."""
    found = [str(port) if isinstance(port, int) else f"{port[0]}-{port[1]}" for port in guard.ports]
    return found[0] if len(found) == 1 else f"{{ {', '.join(found)} }}"
