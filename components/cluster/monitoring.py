"""The parameters under `monitoring`, where a cluster has them."""

from __future__ import annotations

from .input.target import Inventory
from .types import Monitoring

#: Scrape jobs that are no service.
HAPROXY, KUBELET, CADVISOR, LOCUST = "haproxy", "kubelet", "cadvisor", "locust"
APISERVER, ARGOCD, BALANCER_HOST = "apiserver", "argocd", "load-balancer-host"


def monitoring(inventory: Inventory) -> Monitoring | None:
    """None for a cluster that nobody watches."""
    entry = inventory.monitoring
    if entry is None:
        return None
    exporter = entry.locust_exporter
    return Monitoring(
        service=entry.service,
        interval=entry.interval,
        intervals=entry.intervals,
        retention=entry.retention_seconds,
        storage_share=entry.storage_share,
        load_balancer=entry.load_balancer and inventory.platform.haproxy.prometheus_exporter,
        series_per_node=entry.series_per_node,
        alerts=entry.alerts.by_name,
        alertmanagers=entry.alertmanagers,
        locust_exporter=f"{exporter.address}:{exporter.port}" if exporter else None,
    )
