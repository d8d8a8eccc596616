"""What watches the cluster, and at which numbers it speaks up."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from .markdown import code, codes, section, table
from .words import count, seconds


def section_of(cluster: Cluster) -> str:
    """The section; empty for a cluster that nobody watches."""
    watch = cluster.monitoring
    if watch is None:
        return ""
    watcher = cluster.service(watch.service)
    rows = [
        (code(name), limit.severity, "" if limit.bound is None else count(limit.bound), seconds(limit.wait))
        for name, limit in watch.alerts.items()
    ]
    return section(
        "Monitoring",
        f"{watcher.title} asks every node and service for metrics each {seconds(watch.interval)} and keeps them for "
        f"{watch.retention // 3600} h. {''.join(_viewers(cluster, watcher.name))}What each alert means, what to do and the unit "
        "of its bound: `docs/monitoring.md` and `inventory/classes/monitoring.yml`.",
        table(("Alert", "Severity", ">Bound", ">Once it holds for"), rows),
    )


def _viewers(cluster: Cluster, watcher: str) -> Iterator[str]:
    """Who shows the metrics to people: services that use the watcher and are reached from outside."""
    for service in cluster.services:
        entries = [
            f"http://{cluster.domain}:{port.exposure.listen}" for port in service.exposed if port.exposure.listen
        ]
        if entries and any(use.service == watcher for use in service.uses):
            yield f"{service.title} shows them at {codes(entries)} (user and password: Secret {codes(service.secrets)}). "
