"""Services and disruption budgets: how a pod is found, and who may evict it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.cluster.types import Cluster, Service

from .metadata import api_version, metadata


def services(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    """The names that other pods look up, and the NodePort Service of exposed ports."""
    targets = {port.name: port for port in service.container.ports}
    for entry in service.kubernetes_services:
        spec: dict[str, Any] = {"type": "ClusterIP"}
        if entry.headless:
            # Members of a quorum must find each other before they are ready.
            spec.update(clusterIP="None", publishNotReadyAddresses=True)
        if entry.same_node:
            spec.update(_same_node(cluster))
        spec["selector"] = dict(service.pod_labels)
        if entry.ports:
            spec["ports"] = [
                {"name": name, "port": number, "protocol": targets[name].protocol, "targetPort": targets[name].number}
                for name, number in entry.ports.items()
            ]
        yield _object("Service", "v1", entry.name, service, spec)
    if service.exposed and service.spec.external_service:
        yield _object("Service", "v1", service.spec.external_service, service, _node_port_spec(service))


def _same_node(cluster: Cluster) -> dict[str, Any]:
    if cluster.platform.kubernetes.same_node_routing == "topologyKeys":
        return {"topologyKeys": ["kubernetes.io/hostname"]}
    return {"internalTrafficPolicy": "Local"}


def _node_port_spec(service: Service) -> dict[str, Any]:
    return {
        "type": "NodePort",
        "externalTrafficPolicy": "Local" if service.keeps_source else "Cluster",
        "selector": dict(service.pod_labels),
        "ports": [
            {
                "name": port.name,
                "port": port.number,
                "protocol": port.protocol,
                "targetPort": port.entrance,
                **({} if port.exposure.node_port is None else {"nodePort": port.exposure.node_port}),
            }
            for port in service.exposed
        ],
    }


def disruption_budgets(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    """A drain may take what stands on one node, and no more at a time."""
    if service.max_unavailable is None:
        return
    spec = {
        "maxUnavailable": service.max_unavailable,
        "selector": {"matchLabels": dict(service.pod_labels)},
    }
    version = api_version(cluster, "PodDisruptionBudget", "policy/v1")
    yield _object("PodDisruptionBudget", version, f"{service.name}-pdb", service, spec)


def _object(kind: str, version: str, name: str, service: Service, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": metadata(name, service.wave, namespace=service.namespace, labels=service.pod_labels),
        "spec": spec,
    }
