"""What watches the cluster, and the numbers by which it judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..input.monitoring import AlertEntry


@dataclass(frozen=True)
class Monitoring:
    """`service` scrapes all others, every `interval` seconds where `intervals` (by job) has no other.

    Samples are kept for `retention` seconds, in `storage_share` per cent of the volume;
    `load_balancer`: HAProxy is asked, too. `series_per_node` is how many series the rule counts
    with. `alertmanagers` and `locust_exporter` are addresses (host:port) outside the cluster.
    """

    service: str
    interval: int
    intervals: Mapping[str, int]
    retention: int
    storage_share: int
    load_balancer: bool
    series_per_node: int
    alerts: Mapping[str, AlertEntry]
    alertmanagers: tuple[str, ...]
    locust_exporter: str | None

    def interval_of(self, job: str) -> int:
        return self.intervals.get(job, self.interval)
