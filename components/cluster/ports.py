"""Ports of a service as written in the inventory, and the Kubernetes Services that offer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def namespace_of(parameters: Mapping[str, Any], service: str) -> str:
    """The namespace of a service: its own, or the cluster's."""
    return parameters["services"][service].get("namespace", parameters["cluster"]["namespace"])


def address(parameters: Mapping[str, Any], caller: str, service: str, port: str) -> tuple[str, int]:
    """Host name and number by which `caller` reaches a port of `service`; across namespaces, the name tells which."""
    host, number = doors(parameters["services"][service], port)[0]
    namespace = namespace_of(parameters, service)
    return (host if namespace == namespace_of(parameters, caller) else f"{host}.{namespace}"), number


def offered(service: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, int]:
    """Port name -> number of one entry of kubernetes_services.

    A headless one leads to the pods themselves, so it offers their ports as they are.
    """
    if entry.get("headless"):
        return {name: port["number"] for name, port in service.get("ports", {}).items()}
    return dict(entry.get("ports", {}))
