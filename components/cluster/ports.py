"""The Kubernetes Services that offer a service's ports, and the address by which another reaches them."""

from __future__ import annotations

from collections.abc import Mapping

from .input.service import KubernetesServiceEntry, ServiceEntry
from .input.target import Inventory

PROBES = ("readiness", "liveness", "startup")


def doors(service: ServiceEntry, port: str) -> list[tuple[str, int]]:
    """The Kubernetes Services that offer a port, with their number for it; the one to call is the first.

    One with an address of its own comes before a headless one.
    """
    entries = sorted(service.kubernetes_services.items(), key=lambda found: (found[1].headless, found[0]))
    offers = ((name, offered(service, entry)) for name, entry in entries)
    return [(name, numbers[port]) for name, numbers in offers if port in numbers]


def address(inventory: Inventory, caller: str, service: str, port: str) -> tuple[str, int]:
    """Host name and number by which `caller` reaches a port of `service`; across namespaces, the name tells which."""
    if elsewhere := inventory.services[service].external:
        return elsewhere, inventory.services[service].ports[port].number
    host, number = doors(inventory.services[service], port)[0]
    namespace = inventory.namespace_of(service)
    return (host if namespace == inventory.namespace_of(caller) else f"{host}.{namespace}"), number


def offered(service: ServiceEntry, entry: KubernetesServiceEntry) -> Mapping[str, int]:
    """Port name -> number of one entry of kubernetes_services.

    A headless one leads to the pods themselves, so it offers their ports as they are. None offers a port that its
    pods do not open.
    """
    if entry.headless:
        return {name: port.number for name, port in service.ports.items()}
    return {name: number for name, number in (entry.ports or {}).items() if name in service.ports}
