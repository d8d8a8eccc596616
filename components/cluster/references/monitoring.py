"""Who watches, and whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding, suggest
from ..monitoring import CADVISOR, HAPROXY, KUBELET, LOCUST
from ..ports import doors


def watcher(parameters: dict[str, Any]) -> Iterator[Finding]:
    """The service that scrapes is there; rhythms are those of jobs that there are."""
    watch, services = parameters.get("monitoring"), parameters["services"]
    if watch is None:
        return
    if watch["service"] not in services:
        yield Finding(
            ("monitoring", "service"), watch["service"], "there is no such service", suggest(watch["service"], services)
        )
    jobs = {HAPROXY, KUBELET, CADVISOR, LOCUST} | {name for name, service in services.items() if "metrics" in service}
    for job in watch.get("intervals", {}):
        if job not in jobs:
            yield Finding(
                ("monitoring", "intervals", job),
                watch["intervals"][job],
                "nothing of this name is scraped",
                suggest(job, jobs),
            )


def reachable_metrics(parameters: dict[str, Any]) -> Iterator[Finding]:
    """Prometheus finds pods by the name of a Kubernetes Service, and those with their node's network by its address."""
    watch = parameters.get("monitoring")
    for name, service in parameters["services"].items():
        port = service.get("metrics", {}).get("port")
        if watch is None or port not in service.get("ports", {}):
            continue
        if not service.get("host_network") and not doors(service, port):
            yield Finding(
                ("services", name, "metrics", "port"),
                port,
                "no entry of kubernetes_services offers this port",
                f"Add a headless entry to services.{name}.kubernetes_services, or take metrics out",
            )
