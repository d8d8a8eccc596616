"""Machines, and cells of the table of services."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.input.machines import Hardware
from components.cluster.placement import shares
from components.cluster.quantity import cores
from components.cluster.types import CONTROL_PLANE, Cluster, Node, Service

from .markdown import code, codes
from .words import amount, count, pods


def machines(cluster: Cluster) -> Iterator[tuple[str, ...]]:
    for node in cluster.nodes:
        label = "" if node.group == CONTROL_PLANE else code(cluster.groups[node.group].label)
        runs = ", ".join(_runs(cluster, node))
        yield code(node.name), code(node.address), node.group, label, *_hardware(node.hardware), runs
    for host in cluster.load_balancer.hosts:
        yield code(host.name), codes(host.sources), "outside Kubernetes", "", *_hardware(host.hardware), "HAProxy"


def _hardware(found: Hardware | None) -> tuple[str, str, str]:
    return (cores(found.cpu), amount(found.memory), amount(found.disk)) if found else ("", "", "")


def _runs(cluster: Cluster, node: Node) -> list[str]:
    """What stands on a node, the control plane and Argo CD included."""
    found = ["Kubernetes control plane"] if node.group == CONTROL_PLANE else []
    found += [pods(share, share.service.title) for share in shares(cluster, node)]
    return found + ["Argo CD"] * (cluster.argocd_group == node.group)


def kind(cluster: Cluster, service: Service) -> str:
    """Where pods are spread by anti-affinity, one set for each place beside a broker."""
    if service.per_node is not None and cluster.platform.kubernetes.pod_spread == "anti-affinity":
        return f"{count(service.per_node)} × {service.kind}"
    return service.kind


def replicas(service: Service) -> str:
    each = service.per_node or (1 if service.spec.one_per_node else None)
    return count(service.replicas) + (f" ({count(each)} a node)" if each is not None else "")


def requests(service: Service, of: str) -> int:
    """CPU (millicores) or memory (bytes) that all pods of the service request."""
    return service.replicas * service.request(of)


def calls(service: Service) -> str:
    called: dict[tuple[str, bool], list[str]] = {}
    for use in service.uses:
        called.setdefault((use.service, use.at_start), []).append(use.port)
    return ", ".join(
        code(name)
        + (f" ({', '.join(port for port in ports if port)})" if any(ports) else "")
        + ("" if at_start else " *(later)*")
        for (name, at_start), ports in called.items()
    )
