"""Ports of a service as written in the inventory, and the Kubernetes Services that offer them."""

from __future__ import annotations

from typing import Any, Mapping

PROBES = ("readiness", "liveness", "startup")
#: The kinds of probe that ask a port, by its name.
PORT_PROBES = ("httpGet", "tcpSocket")


def doors(service: Mapping[str, Any], port: str) -> list[tuple[str, int]]:
    """The Kubernetes Services that offer a port, with their number for it; the one to call is the first.

    One with an address of its own comes before a headless one.
    """
    entries = sorted(
        service.get("kubernetes_services", {}).items(), key=lambda found: (found[1].get("headless", False), found[0])
    )
    offers = ((name, offered(service, entry)) for name, entry in entries)
    return [(name, numbers[port]) for name, numbers in offers if port in numbers]


def offered(service: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, int]:
    """Port name -> number of one entry of kubernetes_services.

    A headless one leads to the pods themselves, so it offers their ports as they are.
    """
    if entry.get("headless"):
        return {name: port["number"] for name, port in service.get("ports", {}).items()}
    return dict(entry.get("ports", {}))
