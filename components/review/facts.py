"""The cluster before and after, in the numbers and names that people know it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.cluster.capacity import Limit, limits
from components.cluster.quantity import cores
from components.cluster.types import BalancerHost, Cluster, Node
from components.page import capacity
from components.page.words import amount, count, node_port, seconds

from .types import Fact
from .verdicts.secrets import keys


def facts(before: Cluster, after: Cluster) -> tuple[Fact, ...]:
    """Those that differ, in the order of importance."""
    old, new = dict(_facts(before)), dict(_facts(after))
    subjects = [*new, *(subject for subject in old if subject not in new)]
    return tuple(
        Fact(subject, old.get(subject), new.get(subject))
        for subject in subjects
        if old.get(subject) != new.get(subject)
    )


def _facts(cluster: Cluster) -> Iterator[tuple[str, str]]:
    yield from _sizes(cluster)
    yield from _software(cluster)
    yield from _services(cluster)
    yield from _machines(cluster)
    yield from _ways_in(cluster)
    yield from _secrets(cluster)
    yield from _headroom(cluster)


def _sizes(cluster: Cluster) -> Iterator[tuple[str, str]]:
    scale, balancer = cluster.scale, cluster.load_balancer
    yield "devices", count(scale.devices)
    yield "messages a second", count(scale.messages_per_second)
    yield "length of a session", seconds(scale.session_seconds)
    if cluster.brokers:
        yield "MQTT brokers", count(scale.brokers)
        yield "bridges of each kind", count(scale.bridges)
        yield "partitions of a topic", count(scale.kafka.partitions)
    yield "connections through the load balancer", count(balancer.maxconn)
    yield "source ports of the load balancer for each server", count(balancer.source_ports_per_server)


def _software(cluster: Cluster) -> Iterator[tuple[str, str]]:
    platform = cluster.platform
    yield "dojot", cluster.release
    yield "Kubernetes", platform.kubernetes.version
    yield "operating system", f"{platform.operating_system.name} {platform.operating_system.version}"
    yield platform.runtime.name, platform.runtime.version
    yield "Argo CD", platform.argocd.version
    yield "HAProxy", platform.haproxy.version
    yield "repository", f"{cluster.git.repository} {cluster.git.revision} {cluster.git.path}"
    yield "domain", cluster.domain
    yield "namespace", cluster.namespace


def _services(cluster: Cluster) -> Iterator[tuple[str, str]]:
    for service in cluster.services:
        images = ", ".join(dict.fromkeys(container.image for container in service.containers))
        yield f"service {service.name}", f"{count(service.replicas)} × {images}"


def _machines(cluster: Cluster) -> Iterator[tuple[str, str]]:
    for node in cluster.nodes:
        yield f"machine {node.name}", f"{node.address}, {node.group}{_hardware(node)}"
    for host in cluster.load_balancer.hosts:
        yield f"machine {host.name}", f"{host.address}, load balancer{_hardware(host)}"


def _hardware(machine: Node | BalancerHost) -> str:
    found = machine.hardware
    return f", {cores(found.cpu)} CPU, {amount(found.memory)}, disk {amount(found.disk)}" if found else ""


def _ways_in(cluster: Cluster) -> Iterator[tuple[str, str]]:
    for frontend in cluster.load_balancer.frontends:
        tls = " with TLS" if frontend.tls else ""
        yield f"port {frontend.name}", f"{frontend.listen}{tls}, NodePort {node_port(frontend.node_port)}"


def _secrets(cluster: Cluster) -> Iterator[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for namespace, secret, key in sorted(keys(cluster)):
        found.setdefault(f"{namespace}/{secret}", []).append(key)
    for name, names in found.items():
        yield f"Secret {name}", ", ".join(names)


def _headroom(cluster: Cluster) -> Iterator[tuple[str, str]]:
    for name, limit in _by_name(cluster).items():
        share = capacity.percent(limit.headroom)
        yield (
            f"headroom: {name}",
            f"{share} ({capacity.figure(limit, limit.needed)} of {capacity.figure(limit, limit.available)})",
        )


def _by_name(cluster: Cluster) -> Mapping[str, Limit]:
    """The tightest of those with one name."""
    found: dict[str, Limit] = {}
    for limit in limits(cluster):
        if limit.what not in found or limit.headroom < found[limit.what].headroom:
            found[limit.what] = limit
    return found
