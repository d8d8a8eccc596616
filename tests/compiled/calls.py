"""Who calls whom, read from the inventory's parameters without the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """Ports of one service that another calls, and whether it needs them at its start."""

    at_start: bool = True
    ports: set[str] = field(default_factory=set)


def calls(entry: Mapping[str, Any]) -> dict[str, Call]:
    """Service -> Call of a service or job: its `uses`, and whatever names a service and its port, wherever it is."""
    found = {name: Call(use.get("at_start", True), set(use["ports"])) for name, use in entry.get("uses", {}).items()}
    for service, port in _addresses({key: value for key, value in entry.items() if key != "jobs"}):
        found.setdefault(service, Call()).ports.add(port)
    return found


def _addresses(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict) and "service" in node and "port" in node:
        yield node["service"], node["port"]
    elif isinstance(node, dict | list):
        for below in node.values() if isinstance(node, dict) else node:
            yield from _addresses(below)
