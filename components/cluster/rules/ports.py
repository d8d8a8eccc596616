"""Ports from outside to the container."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding, Path, suggest

from ..input.container import Sidecar
from ..input.service import ServiceEntry
from ..input.shapes import NODE_PORTS
from ..input.switched import switched_off
from ..input.target import Inventory
from ..ports import PROBES
from ..types import Cluster, Port, Service
from .registry import Stage, rule


@rule(Stage.NAMES)
def ports(inventory: Inventory) -> Iterator[Finding]:
    """Kubernetes Services offer ports that their pods have; what is exposed has a Service."""
    for name, service in inventory.services.items():
        for dns_name, entry in service.kubernetes_services.items():
            path = ("services", name, "kubernetes_services", dns_name)
            if entry.headless == (entry.ports is not None):
                yield Finding(
                    path,
                    None,
                    "a Service states its ports, and a headless one has those of its pods",
                    "Take one of ports and headless out" if entry.headless else "Add ports, or headless: true",
                )
            for port in (entry.ports or {}).keys() - switched_off(service.ports):
                if port not in service.ports:
                    yield Finding(
                        (*path, "ports", port), None, f"{name} has no port of this name", suggest(port, service.ports)
                    )
        exposed = [port for port, entry in service.ports.items() if entry.expose]
        if exposed and service.external_service is None:
            yield Finding(
                ("services", name, "external_service"),
                None,
                f"{', '.join(exposed)} of {name} is exposed, so its NodePort Service needs a name",
                "Add external_service",
            )


@rule(Stage.NAMES)
def probes(inventory: Inventory) -> Iterator[Finding]:
    """A probe asks a port that is open."""
    for name, service in inventory.services.items():
        holders: list[tuple[Path, ServiceEntry | Sidecar]] = [(("services", name), service)]
        holders += [(("services", name, "sidecars", inner), sidecar) for inner, sidecar in service.sidecars.items()]
        for path, holder in holders:
            for key in PROBES:
                probe = getattr(holder, key)
                if probe and probe.port and probe.port not in holder.ports:
                    yield Finding(
                        (*path, key, probe.handler, "port"),
                        probe.port,
                        f"{path[-1]} has no port of this name",
                        suggest(probe.port, holder.ports),
                    )


@rule(Stage.NAMES)
def metrics(inventory: Inventory) -> Iterator[Finding]:
    """Metrics are asked of a port that is open."""
    for name, service in inventory.services.items():
        if service.metrics and service.metrics.port not in service.ports:
            yield Finding(
                ("services", name, "metrics", "port"),
                service.metrics.port,
                f"{name} has no port of this name",
                suggest(service.metrics.port, service.ports),
            )


_SSH = 22


def _exposed(cluster: Cluster) -> Iterator[tuple[Service, Port]]:
    for service in cluster.services:
        for port in service.exposed:
            yield service, port


@rule(Stage.STRUCTURE)
def unique_node_ports(cluster: Cluster) -> Iterator[Finding]:
    """One NodePort leads to one Service."""
    seen: dict[int, str] = {}
    for service, port in _exposed(cluster):
        number = port.exposure.node_port
        here = f"{service.name} {port.name}"
        if number is None:
            continue
        if number in seen:
            yield Finding(
                ("services", service.name, "ports", port.name, "expose", "node_port"),
                number,
                f"this NodePort leads to {seen[number]} already",
                "Choose another from {} to {}".format(*NODE_PORTS),
            )
        seen.setdefault(number, here)


@rule(Stage.STRUCTURE)
def unique_listen_ports(cluster: Cluster) -> Iterator[Finding]:
    """One port of the load balancer leads to one listener; its statistics and node-exporter have their own."""
    seen = {cluster.load_balancer.stats_port: "HAProxy's statistics (platform.haproxy.stats_port)"}
    if exporter := cluster.load_balancer.node_exporter:
        seen[exporter.port] = "node-exporter (platform.operating_system.node_exporter.port)"
    for service, port in _exposed(cluster):
        number = port.exposure.listen
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


@rule(Stage.STRUCTURE)
def way_in_stays_open(cluster: Cluster) -> Iterator[Finding]:
    """SSH is how people, and the bootstrap, come to the load balancer's host."""
    for service, port in _exposed(cluster):
        if port.exposure.listen == _SSH:
            yield Finding(
                ("services", service.name, "ports", port.name, "expose", "listen"),
                _SSH,
                "SSH listens on this port of the load balancer's host",
                "Choose another",
            )


@rule(Stage.STRUCTURE)
def datagrams_bypass_the_balancer(cluster: Cluster) -> Iterator[Finding]:
    """HAProxy carries TCP only, so devices reach a UDP port on the nodes."""
    for service, port in _exposed(cluster):
        if port.protocol == "UDP" and port.exposure.listen is not None:
            yield Finding(
                ("services", service.name, "ports", port.name, "expose", "listen"),
                port.exposure.listen,
                "HAProxy cannot carry UDP",
                f"Take listen out: devices reach port {port.exposure.node_port} on the nodes of group {service.group}",
            )


@rule(Stage.STRUCTURE)
def unique_container_ports(cluster: Cluster) -> Iterator[Finding]:
    """Containers of one pod share its address, so their ports differ."""
    for service in cluster.services:
        seen: dict[tuple[int, str], str] = {}
        for port, number, place in sorted(_numbers(service), key=lambda found: len(found[2])):
            key = (number, port.protocol)
            if key in seen:
                yield Finding(
                    ("services", service.name, "ports", port.name, *place, "number"),
                    number,
                    f"{seen[key]} of the same pod has this port already",
                    "Give each its own",
                )
            seen.setdefault(key, port.name)


def _numbers(service: Service) -> Iterator[tuple[Port, int, Path]]:
    """Ports that the pod listens on: each port, its number, and where in the port's entry that stands."""
    for container in service.containers:
        for port in container.ports:
            yield port, port.number, ()
            if port.proxied:
                yield port, port.proxied, ("expose", "proxy_protocol")


@rule(Stage.STRUCTURE)
def tls_ends_at_the_balancer(cluster: Cluster) -> Iterator[Finding]:
    """HAProxy ends TLS only of what comes through it, speaks no TLS behind it, and is no device's own partner."""
    for service, port in _exposed(cluster):
        if not port.exposure.tls:
            continue
        path = ("services", service.name, "ports", port.name, "expose", "tls")
        if port.exposure.listen is None:
            yield Finding(
                path,
                True,
                "clients call the nodes themselves here, so HAProxy speaks no TLS with them",
                "Take it out, or add listen: the load balancer's port",
            )
        elif port.exposure.devices:
            yield Finding(
                path,
                True,
                "devices show their certificates to the broker, so TLS has to reach it",
                "Take it out: MQTT over TLS is a port of the broker (docs/switches.md)",
            )
        elif port.tls:
            yield Finding(
                path,
                True,
                f"{service.name} speaks TLS on this port itself, with a certificate of its own",
                "Take it out: the load balancer passes TLS on as it comes",
            )


@rule(Stage.STRUCTURE)
def only_the_balancer_speaks_proxy(cluster: Cluster) -> Iterator[Finding]:
    """The PROXY protocol is HAProxy's to speak, and devices' brokers do not understand it."""
    for service, port in _exposed(cluster):
        if port.proxied is None:
            continue
        path = ("services", service.name, "ports", port.name, "expose", "proxy_protocol")
        if port.exposure.listen is None:
            yield Finding(
                path,
                None,
                "clients call the nodes themselves here, and none of them speaks the PROXY protocol",
                "Take it out, or add listen: the load balancer's port",
            )
        elif port.exposure.devices:
            yield Finding(
                path,
                None,
                "brokers do not understand the PROXY protocol (docs/decisions.md, Load balancer)",
                "Take it out",
            )


@rule(Stage.STRUCTURE)
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


@rule(Stage.STRUCTURE)
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
