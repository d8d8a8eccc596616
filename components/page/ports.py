"""Cells of the tables of ports."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster, Frontend, KubernetesService, Port, Service

from .markdown import code, codes
from .words import node_port


def frontend(cluster: Cluster, port: Port) -> Frontend | None:
    """The load balancer's listener for an exposed port; None where clients call the nodes themselves."""
    return next((each for each in cluster.load_balancer.frontends if each.listen == port.exposure.listen), None)


def on_the_nodes(port: Port) -> str:
    """The NodePort, with its protocol where that is not the usual one."""
    if port.exposure.node_port is None:
        return node_port(None)
    return code(port.exposure.node_port) + ("" if port.protocol == "TCP" else f" {port.protocol}")


def inside(service: Service) -> Iterator[tuple[str, Port]]:
    """Service object (none for probes and metrics, which are reached at the pod's own address) and port behind it.

    A second port for the load balancer is in the table of those.
    """
    for port in service.container.ports:
        entries = [entry for entry in service.kubernetes_services if port.name in entry.ports]
        yield from ((_entry(entry, port), port) for entry in entries)
        if not entries:
            yield "", port


def plain(cluster: Cluster) -> list[int]:
    """Ports on which brokers speak MQTT without TLS to the outside."""
    return [port.number for service in cluster.services for port in service.exposed if port.listener]


def _entry(entry: KubernetesService, port: Port) -> str:
    kinds = [kind for kind, is_so in (("headless", entry.headless), ("same node only", entry.same_node)) if is_so]
    return code(f"{entry.name}:{entry.ports[port.name]}") + (f" *{', '.join(kinds)}*" if kinds else "")


def admits(cluster: Cluster, service: Service, port: Port) -> str:
    if (port.expose and not port.proxied) or service.spec.host_network:
        return "**everybody**"
    return codes(caller.name for caller in cluster.callers_of(service, port.name))
