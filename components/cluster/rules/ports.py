"""Ports from outside to the container."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding
from ..types import Cluster, Port, Service


def _exposed(cluster: Cluster) -> Iterator[tuple[Service, Port]]:
    for service in cluster.services:
        for port in service.exposed:
            yield service, port


def unique_node_ports(cluster: Cluster) -> Iterator[Finding]:
    """One NodePort leads to one Service."""
    seen: dict[int, str] = {}
    for service, port in _exposed(cluster):
        number = port.expose.node_port
        here = f"{service.name} {port.name}"
        if number is None:
            continue
        if number in seen:
            yield Finding(
                ("services", service.name, "ports", port.name, "expose", "node_port"),
                number,
                f"this NodePort leads to {seen[number]} already",
                "Choose another from 30000 to 32767",
            )
        seen.setdefault(number, here)


def unique_listen_ports(cluster: Cluster) -> Iterator[Finding]:
    """One port of the load balancer leads to one listener; its statistics page has its own."""
    seen = {cluster.load_balancer.stats_port: "HAProxy's statistics (platform.haproxy.stats_port)"}
    for service, port in _exposed(cluster):
        number = port.expose.listen
        if number is None:
            continue
        if number in seen:
            yield Finding(
                ("services", service.name, "ports", port.name, "expose", "listen"),
                number,
                f"this port of the load balancer leads to {seen[number]} already",
                "Choose another",
            )
        seen.setdefault(number, f"{service.name} {port.name}")


def datagrams_bypass_the_balancer(cluster: Cluster) -> Iterator[Finding]:
    """HAProxy carries TCP only, so devices reach a UDP port on the nodes."""
    for service, port in _exposed(cluster):
        if port.protocol == "UDP" and port.expose.listen is not None:
            yield Finding(
                ("services", service.name, "ports", port.name, "expose", "listen"),
                port.expose.listen,
                "HAProxy cannot carry UDP",
                f"Take listen out: devices reach port {port.expose.node_port} on the nodes of group {service.group}",
            )


def unique_container_ports(cluster: Cluster) -> Iterator[Finding]:
    """Containers of one pod share its address, so their ports differ."""
    for service in cluster.services:
        seen: dict[tuple[int, str], str] = {}
        for container in service.containers:
            for port in container.ports:
                key = (port.number, port.protocol)
                if key in seen:
                    yield Finding(
                        ("services", service.name, "ports", port.name, "number"),
                        port.number,
                        f"{seen[key]} of the same pod has this port already",
                        "Give each its own",
                    )
                seen.setdefault(key, port.name)


def source_ports_are_free(cluster: Cluster) -> Iterator[Finding]:
    """HAProxy may not connect from a port that it, or another service of its host, listens on."""
    balancer = cluster.load_balancer
    first, last = balancer.source_ports
    if first > last:
        yield Finding(
            ("load_balancer", "source_ports"),
            f"{first}-{last}",
            "the range ends before it begins",
            "Write the smaller number under first",
        )
    listeners = {frontend.listen: f" for {frontend.name}" for frontend in balancer.frontends}
    for number in balancer.reserved_ports:
        if first <= number <= last:
            yield Finding(
                ("load_balancer", "source_ports"),
                f"{first}-{last}",
                f"the load balancer listens on {number}{listeners.get(number, '')}, which is inside this range",
                f"Listen on a port below {first}, or begin the range above {number}",
            )


def ephemeral_range(cluster: Cluster) -> Iterator[Finding]:
    """net.ipv4.ip_local_port_range goes upwards and leaves the privileged ports alone."""
    first, last = cluster.load_balancer.ephemeral_ports
    if first > last or first < 1024:
        yield Finding(
            ("load_balancer", "ephemeral_ports"),
            f"{first}-{last}",
            "the range must go upwards and begin at 1024 or above",
            "Write for example first: 1024, last: 65535",
        )


RULES = (
    unique_node_ports,
    unique_listen_ports,
    datagrams_bypass_the_balancer,
    unique_container_ports,
    source_ports_are_free,
    ephemeral_range,
)
