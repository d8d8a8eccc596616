"""Who calls whom: what an entry lists under `uses`, and where its environment leads.

Works on entries that fit the schema; whether what they name exists is judged in references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .finding import Path

#: How an address is written where no `text` says otherwise.
ADDRESS = "{host}:{port}"


@dataclass
class Need:
    """What an entry needs of one service: ports to call, and whether already at its start.

    `path` is where the entry says so first, `ports` maps each port's name to where it is
    said; both paths are relative to the entry.
    """

    path: Path
    at_start: bool = True
    ports: dict[str, Path] = field(default_factory=dict)


def needs(entry: Mapping[str, Any]) -> dict[str, Need]:
    """Service -> Need of a service or job; an environment's address counts like an entry of `uses`."""
    found = {
        name: Need(("uses", name), use.get("at_start", True), dict.fromkeys(use["ports"], ("uses", name, "ports")))
        for name, use in entry.get("uses", {}).items()
    }
    for path, address in addresses(entry):
        need = found.setdefault(address["service"], Need(path))
        need.ports.setdefault(address["port"], (*path, "port"))
    return found


def addresses(entry: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Each variable that holds an address of a service: {service: NAME, port: PORT NAME, text: TEXT}.

    Those of an entry's sidecars are the entry's own: they share its pod.
    """
    holders: list[tuple[Path, Mapping[str, Any]]] = [((), entry)]
    holders += [(("sidecars", name), sidecar) for name, sidecar in entry.get("sidecars", {}).items()]
    for path, holder in holders:
        for variable, value in sorted(holder.get("env", {}).items()):
            if is_address(value):
                yield (*path, "env", variable), value


def is_address(value: Any) -> bool:
    return isinstance(value, Mapping) and "service" in value


def address_text(text: str, host: str, port: int) -> str:
    """`text` with {host} and {port} filled in; other braces stay."""
    return text.replace("{host}", host).replace("{port}", str(port))
