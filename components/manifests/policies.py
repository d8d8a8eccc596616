"""NetworkPolicies: nobody may call a pod but those who say that they use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.cluster.types import Cluster, Service

from .metadata import NAMESPACE_LABEL, SUPPORT_WAVE, metadata

Peer = dict[str, Any]


def default_deny(namespace: str) -> dict[str, Any]:
    """What no other policy of the namespace admits is refused."""
    return _policy("default-deny", namespace, {}, {}, [])


def policies(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    """Who may call the pods of a service. Those with the network of their node are beyond any policy."""
    if service.spec.host_network:
        return
    labels = service.pod_labels
    rules = list(_rules(cluster, service))
    if rules:
        yield _policy(service.name, service.namespace, labels, labels, rules)
    for name, made in sorted(service.spec.makes.items()):
        peers = [
            _peer(service, other.namespace, other.pod_labels)
            for other in cluster.services
            if other.name in made.callers
        ]
        # A rule without peers would admit everyone.
        rules = [{"from": peers, "ports": [_policy_port(made.port, "TCP")]}] if peers else []
        yield _policy(name, service.namespace, made.labels, labels, rules)


def _policy(
    name: str, namespace: str, selected: Mapping[str, str], labels: Mapping[str, str], rules: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name, SUPPORT_WAVE, namespace=namespace, labels=labels),
        "spec": {
            "podSelector": {"matchLabels": dict(selected)} if selected else {},
            "policyTypes": ["Ingress"],
            **({"ingress": rules} if rules else {}),
        },
    }


def _rules(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    """One rule for all ports that the same pods may call; none for a port that nobody uses."""
    # Clients arrive from outside, or with the address of the node whose NodePort they took.
    if exposed := [_policy_port(port.entrance, port.protocol) for port in service.exposed]:
        yield {"ports": exposed}
    if service.spec.peers:
        yield {"from": [_peer(service, service.namespace, service.pod_labels)]}
    shared: list[tuple[list[Peer], list[dict[str, Any]]]] = []
    for port in service.container.ports:
        callers = [] if port.expose and not port.proxied else _callers(cluster, service, port.name)
        if not callers:
            continue
        known = next((ports for others, ports in shared if others == callers), None)
        if known is None:
            shared.append((callers, known := []))
        known.append(_policy_port(port.number, port.protocol))
    for callers, ports in shared:
        yield {"from": callers, "ports": ports}


def _callers(cluster: Cluster, service: Service, port: str) -> list[Peer]:
    return [_peer(service, caller.namespace, caller.pod_labels) for caller in cluster.callers_of(service, port)]


def _peer(service: Service, namespace: str, labels: Mapping[str, str]) -> Peer:
    """Pods with these labels; without a namespace in it, a policy means its own."""
    peer: Peer = {"podSelector": {"matchLabels": dict(labels)}}
    if namespace != service.namespace:
        peer["namespaceSelector"] = {"matchLabels": {NAMESPACE_LABEL: namespace}}
    return peer


def _policy_port(number: int, protocol: str) -> dict[str, Any]:
    return {"port": number, "protocol": protocol}
