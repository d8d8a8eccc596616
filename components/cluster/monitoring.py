"""The parameters under `monitoring`, where a cluster has them."""

from __future__ import annotations

from typing import Any

from .types import AlertLimit, Monitoring

#: Scrape jobs that are no service.
HAPROXY, KUBELET, CADVISOR, LOCUST = "haproxy", "kubelet", "cadvisor", "locust"
_UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}


def monitoring(parameters: dict[str, Any]) -> Monitoring | None:
    """None for a cluster that nobody watches."""
    entry = parameters.get("monitoring")
    if entry is None:
        return None
    exporter = entry.get("locust_exporter")
    return Monitoring(
        service=entry["service"],
        interval=entry["interval"],
        intervals=entry.get("intervals", {}),
        retention=int(entry["retention"][:-1]) * _UNITS[entry["retention"][-1]],
        storage_share=entry["storage_share"],
        load_balancer=entry["load_balancer"] and parameters["platform"]["haproxy"]["prometheus_exporter"],
        series_per_node=entry["series_per_node"],
        alerts={
            name: AlertLimit(alert["severity"], alert["for"], alert.get("above", alert.get("below")))
            for name, alert in sorted(entry["alerts"].items())
        },
        alertmanagers=tuple(entry.get("alertmanagers", ())),
        locust_exporter=f"{exporter['address']}:{exporter['port']}" if exporter else None,
    )
