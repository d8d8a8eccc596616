"""Alerts that a healthy cluster does not raise, and metrics that fit their volume."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding, suggest

from ..conntrack import conntrack_min, healthy_connections
from ..input.target import Inventory
from ..monitoring import APISERVER, ARGOCD, BALANCER_HOST, CADVISOR, HAPROXY, KUBELET, LOCUST
from ..ports import doors
from ..quantity import ceil_div, told_apart
from ..sizes import KAFKA
from ..types import Cluster, Monitoring
from .calls import NO_DOOR
from .registry import Stage, rule


@rule(Stage.NAMES)
def watcher(inventory: Inventory) -> Iterator[Finding]:
    """The service that scrapes is there; rhythms are those of jobs that there are."""
    watch, services = inventory.monitoring, inventory.services
    if watch is None:
        return
    if watch.service not in services:
        yield Finding(
            ("monitoring", "service"), watch.service, "there is no such service", suggest(watch.service, services)
        )
    jobs = {APISERVER, ARGOCD, BALANCER_HOST, CADVISOR, HAPROXY, KUBELET, LOCUST} | {
        name for name, service in services.items() if service.metrics
    }
    for job in watch.intervals:
        if job not in jobs:
            yield Finding(
                ("monitoring", "intervals", job),
                watch.intervals[job],
                "nothing of this name is scraped",
                suggest(job, jobs),
            )


@rule(Stage.NAMES)
def reachable_metrics(inventory: Inventory) -> Iterator[Finding]:
    """Prometheus finds pods by the name of a Kubernetes Service, and those with their node's network by its address."""
    if inventory.monitoring is None:
        return
    for name, service in inventory.services.items():
        if service.metrics is None or service.metrics.port not in service.ports:
            continue
        if not service.host_network and not doors(service, service.metrics.port):
            yield Finding(
                ("services", name, "metrics", "port"),
                service.metrics.port,
                NO_DOOR,
                f"Add a headless entry to services.{name}.kubernetes_services, or take metrics out",
            )


@rule(Stage.MONITORING)
def quiet_when_healthy(cluster: Cluster) -> Iterator[Finding]:
    """With every device connected and every broker there, nothing may fire."""
    watch = cluster.monitoring
    if watch is None:
        return
    highest: dict[str, tuple[int, str]] = {}
    for alert, load, what in _healthy_loads(cluster, watch):
        highest[alert] = max(highest.get(alert, (0, "")), (load, what))
    for alert, (load, what) in highest.items():
        bound = watch.alerts[alert].bound
        if bound is not None and load >= bound:
            yield Finding(
                ("monitoring", "alerts", alert, "above"),
                bound,
                f"{what} stands at {load} % with every device connected, so the alert would never end",
                f"Write more than {load}, or give the cluster more room",
            )


def _healthy_loads(cluster: Cluster, watch: Monitoring) -> Iterator[tuple[str, int, str]]:
    """(alert, per cent of its limit in a healthy cluster, what is meant)."""
    scale = cluster.scale
    if cluster.brokers:
        yield "BrokerSessionsHigh", _per_cent(scale.devices, scale.brokers * scale.devices_per_broker), "a broker"
        yield "DevicesAboveScale", 100, "the number of sessions"
        yield "ReconnectsHigh", 100, "the rate of connects"
        tracked = _per_cent(healthy_connections(cluster), conntrack_min(cluster))
        yield "ConnectionTrackingFull", tracked, "the table of connections of a broker's node"
    balancer = cluster.load_balancer
    listeners = [frontend for frontend in balancer.frontends if frontend.devices]
    if watch.load_balancer:
        for frontend in listeners:
            yield "LoadBalancerListenerFull", _per_cent(scale.devices, frontend.sessions), f"{frontend.name} of HAProxy"
            ports = len(frontend.servers) * balancer.source_ports_per_server * balancer.carriers
            yield "SourcePortsShort", _per_cent(scale.devices, ports), f"a server of {frontend.name}"
        if listeners:
            yield "LoadBalancerFull", _per_cent(scale.devices, balancer.maxconn * balancer.carriers), "HAProxy"
    if any(service.name == KAFKA for service, _, _ in cluster.disks):
        # At most: there it deletes by bytes.
        yield "VolumeFilling", _per_cent(100, 100 + scale.kafka.margin), "Kafka's volume (scale.kafka.margin)"
    if any(service.name == watch.service for service, _, _ in cluster.disks):
        yield "VolumeFilling", watch.storage_share, "the volume of metrics (monitoring.storage_share)"


@rule(Stage.MONITORING)
def metrics_fit_their_volume(cluster: Cluster) -> Iterator[Finding]:
    """What Prometheus stores within its retention has room in the share of its volume that is for it."""
    watch = cluster.monitoring
    if watch is None:
        return
    needed = cluster.scale.stored_metrics
    for volume in cluster.service(watch.service).volumes:
        room = volume.size * watch.storage_share // 100
        if needed > room:
            wanted, left = told_apart(needed, room)
            yield Finding(
                ("services", watch.service, "volumes", volume.name, "size"),
                None,
                f"{watch.series_per_node * len(cluster.nodes):,} series every {watch.interval} s for "
                f"{watch.retention // 3600} h need {wanted}, and "
                f"{left} of this volume are for them",
                "Write size: stored_metrics (the rule), shorten monitoring.retention or lengthen monitoring.interval",
            )


def _per_cent(part: int, whole: int) -> int:
    return ceil_div(100 * part, whole)
