"""The lists of nodes that HAProxy sends to: apigw_nodes, mqtt_nodes and so on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .catalogue import deployment
from .hosts import members
from .inventory import AnsibleInventory, Machine
from .node_groups import Groups


@dataclass(frozen=True)
class NodeList:
    """One list; `service` is the one that listens there, None where this cluster has no such service."""

    name: str
    entries: tuple[str, ...]
    services: tuple[str, ...]
    service: str | None
    group: str | None

    def place(self, ansible: AnsibleInventory, entry: str) -> str:
        return ansible.places.get((self.name, entry), ansible.hosts_file)


def node_lists(ansible: AnsibleInventory, groups: Groups) -> Iterator[NodeList]:
    """Those with an entry."""
    for name, services in deployment()["lists"].items():
        entries = tuple(ansible.groups.get(name, ()))
        service = next((service for service in services if service in groups.services), None)
        if entries:
            group = groups.services[service] if service else None
            yield NodeList(name, entries, tuple(services), service, group)


def machine_of(ansible: AnsibleInventory, entry: str) -> Machine | None:
    """A list names a machine by its address or by Ansible's name."""
    named = ansible.machines.get(entry)
    address = named.address if named else entry
    candidates = [*members(ansible, "worker_nodes"), *members(ansible, "master_nodes")]
    return named if named in candidates else next((one for one in candidates if one.address == address), None)


def lists_of_machines(ansible: AnsibleInventory, groups: Groups) -> dict[str, dict[str, str | None]]:
    """Machine -> the lists it is in, each with the group of the service that listens there."""
    found: dict[str, dict[str, str | None]] = {}
    for one in node_lists(ansible, groups):
        for entry in one.entries:
            if machine := machine_of(ansible, entry):
                found.setdefault(machine.name, {})[one.name] = one.group
    return found
