"""Who calls whom: what an entry lists under `uses`, and where its environment leads.

Whether what they name exists is judged by the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from components.inventory.finding import Path

from .input.container import JobEntry, ServiceAddress, Sidecar
from .input.service import ServiceEntry


@dataclass
class Need:
    """What an entry needs of one service: ports to call, and whether already at its start.

    `path` is where the entry says so first, `ports` maps each port's name to where it is
    said; both paths are relative to the entry.
    """

    path: Path
    at_start: bool = True
    ports: dict[str, Path] = field(default_factory=dict)


def needs(entry: ServiceEntry | JobEntry) -> dict[str, Need]:
    """Service -> Need of a service or job; an environment's address counts like an entry of `uses`."""
    found = {
        name: Need(("uses", name), use.at_start, dict.fromkeys(use.ports, ("uses", name, "ports")))
        for name, use in entry.uses.items()
    }
    for path, address in addresses(entry):
        need = found.setdefault(address.service, Need(path))
        need.ports.setdefault(address.port, (*path, "port"))
    return found


def addresses(entry: ServiceEntry | JobEntry) -> Iterator[tuple[Path, ServiceAddress]]:
    """Each variable that holds an address of a service.

    Those of an entry's sidecars are the entry's own: they share its pod.
    """
    holders: list[tuple[Path, ServiceEntry | JobEntry | Sidecar]] = [((), entry)]
    if isinstance(entry, ServiceEntry):
        holders += [(("sidecars", name), sidecar) for name, sidecar in entry.sidecars.items()]
    for path, holder in holders:
        for variable, value in sorted((holder.env or {}).items()):
            if isinstance(value, ServiceAddress):
                yield (*path, "env", variable), value


def address_text(text: str, host: str, port: int) -> str:
    """`text` with {host} and {port} filled in; other braces stay."""
    return text.replace("{host}", host).replace("{port}", str(port))
