"""Ports: from outside to a container, and inside the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster, KubernetesService, Port, Service

from .markdown import code, codes, note, section, table
from .words import count, names, node_port


def section_of(cluster: Cluster) -> str:
    return section("Ports", *_outside(cluster), *_inside(cluster))


def _outside(cluster: Cluster) -> Iterator[str]:
    heads = (
        "Client connects to",
        ">NodePort",
        "on",
        "Service",
        ">Container port",
        "For",
        ">Connections at most",
    )
    rows = [_outside_row(cluster, service, port) for service in cluster.services for port in service.exposed]
    if not rows:
        return
    yield "### From outside to the container"
    yield table(heads, rows)
    balancer = cluster.load_balancer
    metrics = (
        f" Its metrics alone are also there for {codes(balancer.metrics_readers)}." if balancer.metrics_readers else ""
    )
    yield (
        f"The load balancer's own page (state and metrics) listens on {code(f'127.0.0.1:{balancer.stats_port}')} "
        f"of its host only.{metrics}"
    )
    plain = [port for service in cluster.services for port in service.exposed if port.listener]
    if plain:
        yield note(
            "CAUTION",
            f"Port {codes(port.number for port in plain)} of the brokers has neither TLS nor authentication: who reaches it "
            f"may read and write every device's messages. {code('insecure_mqtt: false')} in the inventory removes it; "
            "until then, let only the devices' network reach it.",
        )


def _outside_row(cluster: Cluster, service: Service, port: Port) -> tuple[str, ...]:
    expose = port.exposure
    nodes = names([node.name for node in cluster.nodes_of(service)])
    balancer = cluster.load_balancer
    entry = "the node itself" if expose.listen is None else code(f"{balancer.hostname}:{expose.listen}")
    frontend = next((each for each in balancer.frontends if each.listen == expose.listen), None)
    return (
        entry,
        _node_port(port),
        nodes,
        code(f"{service.spec.external_service}:{port.number}"),
        f"{service.title} {code(port.number)}",
        "devices" if expose.devices else "clients",
        count(frontend.maxconn) if frontend else "",
    )


def _node_port(port: Port) -> str:
    if port.exposure.node_port is None:
        return node_port(None)
    return code(port.exposure.node_port) + ("" if port.protocol == "TCP" else f" {port.protocol}")


def _inside(cluster: Cluster) -> Iterator[str]:
    rows = [row for service in cluster.services for row in _inside_rows(cluster, service)]
    if not rows:
        return
    yield "### Inside the cluster"
    yield (
        f"NetworkPolicies ({cluster.platform.pod_network.policy.name} enforces it) admit to a port the users named here and nobody else; "
        "**everybody** where a NodePort leads to it from outside, or where pods have the network of their node."
    )
    yield table(("Service", "Leads to", ">Container port", "Admits"), rows)


def _inside_rows(cluster: Cluster, service: Service) -> Iterator[tuple[str, ...]]:
    for port in service.container.ports:
        entries = [entry for entry in service.kubernetes_services if port.name in entry.ports]
        for entry in entries:
            yield (_entry(entry, port), *_target(cluster, service, port))
        if not entries:
            # Probes and metrics, reached at the pod's own address.
            yield ("", *_target(cluster, service, port))


def _entry(entry: KubernetesService, port: Port) -> str:
    kinds = [kind for kind, is_so in (("headless", entry.headless), ("same node only", entry.same_node)) if is_so]
    return code(f"{entry.name}:{entry.ports[port.name]}") + (f" *{', '.join(kinds)}*" if kinds else "")


def _target(cluster: Cluster, service: Service, port: Port) -> tuple[str, ...]:
    return (
        service.title,
        f"{code(port.number)} {port.name}",
        "**everybody**"
        if port.expose or service.spec.host_network
        else codes([caller.name for caller in cluster.callers_of(service, port.name)]),
    )
