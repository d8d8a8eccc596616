"""Who calls whom, read from the inventory's parameters without the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping


@dataclass
class Call:
    """Ports of one service that another calls, and whether it needs them at its start."""

    at_start: bool = True
    ports: set[str] = field(default_factory=set)


def calls(entry: Mapping[str, Any]) -> dict[str, Call]:
    """Service -> Call of a service or job: its `uses`, and every address in its and its sidecars' environment."""
    found = {
        name: Call(use.get("at_start", True), set(use["ports"])) for name, use in entry.get("uses", {}).items()
    }
    for holder in (entry, *entry.get("sidecars", {}).values()):
        for value in holder.get("env", {}).values():
            if isinstance(value, Mapping) and "service" in value:
                found.setdefault(value["service"], Call()).ports.add(value["port"])
    return found
