"""Scrape jobs: who is asked for metrics, where, and how many answers there must be.

Targets are addresses and DNS names that follow from the model, so Prometheus needs no right
to list anything. Only the kubelets and the API server ask for a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.cluster.firewall import API_PORT, KUBELET_PORT
from components.cluster.input.service import MetricsEntry
from components.cluster.monitoring import APISERVER, ARGOCD, BALANCER_HOST, CADVISOR, HAPROXY, KUBELET, LOCUST
from components.cluster.types import HOST_METRICS, Cluster, Node, Service

from .metrics import KEPT

# Of Argo CD's application controller: name and port of the Service in its install manifest, 2.2 to 3.5.
_ARGOCD_METRICS = ("argocd-metrics", 8082)
# Where a pod finds the token and the CA of its ServiceAccount.
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True)
class Job:
    """`targets` is how many there are when all is well; `config` are keys of a scrape_config."""

    name: str
    targets: int
    config: Mapping[str, Any]


def jobs(cluster: Cluster) -> tuple[Job, ...]:
    """Every job, by name."""
    found = [
        _service_job(cluster, service, service.spec.metrics) for service in cluster.services if service.spec.metrics
    ]
    found += [_kubelet_job(cluster, KUBELET, "/metrics"), _kubelet_job(cluster, CADVISOR, "/metrics/cadvisor")]
    found += [_api_server_job(cluster), _argocd_job(cluster)]
    if cluster.monitored.load_balancer:
        balancer = cluster.load_balancer
        each = [
            {"targets": [f"{host.address}:{balancer.stats_port}"], "labels": {"node": host.name}}
            for host in balancer.hosts
        ]
        found.append(Job(HAPROXY, len(each), {"static_configs": each}))
        if balancer.node_exporter:
            # They have no pods: their system's own node-exporter, behind HAProxy.
            found.append(Job(BALANCER_HOST, len(each), {"metrics_path": HOST_METRICS, "static_configs": each}))
    if cluster.monitored.locust_exporter:
        found.append(Job(LOCUST, 1, {"static_configs": [{"targets": [cluster.monitored.locust_exporter]}]}))
    return tuple(sorted(found, key=lambda job: job.name))


def _service_job(cluster: Cluster, service: Service, metrics: MetricsEntry) -> Job:
    port = next(port for port in service.container.ports if port.name == metrics.port)
    path = {"metrics_path": metrics.path}
    if service.spec.host_network:
        every = list(_targets(cluster.nodes, port.number))
        return Job(service.name, len(every), {**path, "static_configs": every})
    if service.name == cluster.monitored.service:
        return Job(service.name, 1, {**path, "static_configs": [{"targets": [f"localhost:{port.number}"]}]})
    for entry in service.kubernetes_services:
        host = f"{entry.name}.{service.namespace}.svc"
        if entry.headless:
            return Job(
                service.name,
                service.replicas,
                {**path, "dns_sd_configs": [{"names": [host], "type": "A", "port": port.number}]},
            )
    entry, number = next(
        (entry, entry.ports[port.name]) for entry in service.kubernetes_services if port.name in entry.ports
    )
    host = f"{entry.name}.{service.namespace}.svc"
    return Job(service.name, 1, {**path, "static_configs": [{"targets": [f"{host}:{number}"]}]})


def _kubelet_job(cluster: Cluster, name: str, path: str) -> Job:
    return Job(
        name,
        len(cluster.nodes),
        {
            "scheme": "https",
            "metrics_path": path,
            # The kubelet signs its own serving certificate; the token is what it asks for.
            "tls_config": {"insecure_skip_verify": True},
            "authorization": {"credentials_file": f"{_ACCOUNT}/token"},
            "static_configs": list(_targets(cluster.nodes, KUBELET_PORT)),
            "metric_relabel_configs": _kept(name),
        },
    )


def _api_server_job(cluster: Cluster) -> Job:
    return Job(
        APISERVER,
        len(cluster.control_planes),
        {
            "scheme": "https",
            # Its certificate names its address, and the cluster's CA vouches for it.
            "tls_config": {"ca_file": f"{_ACCOUNT}/ca.crt"},
            "authorization": {"credentials_file": f"{_ACCOUNT}/token"},
            "static_configs": list(_targets(cluster.control_planes, API_PORT)),
            "metric_relabel_configs": _kept(APISERVER),
        },
    )


def _argocd_job(cluster: Cluster) -> Job:
    service, port = _ARGOCD_METRICS
    host = f"{service}.{cluster.platform.argocd.namespace}.svc"
    return Job(
        ARGOCD,
        1,
        {"static_configs": [{"targets": [f"{host}:{port}"]}], "metric_relabel_configs": _kept(ARGOCD)},
    )


def _kept(job: str) -> list[dict[str, Any]]:
    """Of those that have thousands of series, the few that we read."""
    return [{"source_labels": ["__name__"], "regex": "|".join(KEPT[job]), "action": "keep"}]


def _targets(nodes: Iterable[Node], port: int) -> Iterator[dict[str, Any]]:
    """One group of targets a node, so that each carries its node's name."""
    for node in nodes:
        yield {"targets": [f"{node.address}:{port}"], "labels": {"node": node.name}}
