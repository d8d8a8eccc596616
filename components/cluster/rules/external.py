"""Services that others run elsewhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from components.inventory.finding import Finding

from ..input.monitoring import MonitoringEntry
from ..input.service import ServiceEntry
from ..input.target import Gateway, Inventory
from .registry import Stage, rule


@rule(Stage.NAMES)
def runs_elsewhere(inventory: Inventory) -> Iterator[Finding]:
    """What runs elsewhere is called, and does nothing else: nobody here could lead anything to it."""
    roles = {role.service: does for role, does in _roles(inventory) if role}
    for name, service in inventory.services.items():
        if service.external and (why := roles.get(name) or _needed_here(service)):
            yield Finding(
                ("services", name, "external"),
                service.external,
                f"{service.title} {why}",
                "Take the line out: only what others call and nothing leads to, such as a database, can run elsewhere",
            )


def _roles(inventory: Inventory) -> tuple[tuple[Gateway | MonitoringEntry | None, str], ...]:
    return (inventory.gateway, "is the gateway of this cluster"), (inventory.monitoring, "watches this cluster")


def _needed_here(service: ServiceEntry) -> str | None:
    reasons = {
        "stands on nodes of this cluster": service.kind in ("VerneMQ", "DaemonSet"),
        "has ports that clients reach from outside": any(port.expose for port in service.ports.values()),
        "has routes of the gateway": bool(service.routes),
        "has jobs that run beside it": bool(service.jobs),
        "has metrics that are asked of its pods": service.metrics is not None,
    }
    return next((why for why, holds in reasons.items() if holds), None)


@rule(Stage.NAMES)
def elsewhere_is_outside(inventory: Inventory) -> Iterator[Finding]:
    """An address of pods or Services is none that something outside of the cluster has."""
    platform = inventory.platform
    networks = {"pods": platform.pod_network.cidr, "Services": platform.kubernetes.service_subnet}
    for name, service in inventory.services.items():
        if not service.external or not service.external.replace(".", "").isdigit():
            continue
        path = ("services", name, "external")
        try:
            address = ipaddress.IPv4Address(service.external)
        except ValueError:
            yield Finding(path, service.external, "this is neither a name nor an IPv4 address", "Correct it")
            continue
        for what, network in networks.items():
            if address in ipaddress.ip_network(network):
                yield Finding(
                    path,
                    service.external,
                    f"this address is inside the network of the {what}, {network}, so nothing outside of the cluster "
                    "has it",
                    "Write the address of the machine that runs it",
                )
