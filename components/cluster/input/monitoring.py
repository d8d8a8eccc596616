"""What watches the cluster, and the numbers by which it judges."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .entry import NOTHING, Entry, Map, Maybe
from .scalar import Scalar
from .shapes import PORT_NUMBER, Domain, Name, Port, Positive, Switch

# Below 5 s, scraping itself becomes a load (the reference deployment asked the brokers each second).
ScrapeInterval = Annotated[int, Scalar("a whole number of seconds from 5 to 300", minimum=5, maximum=300)]
_UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}


class LocustExporter(Entry):
    """A load test's exporter, outside the cluster."""

    wanted: ClassVar = "address and port of the exporter, such as {address: 192.168.0.20, port: 9646}"

    address: Domain
    """its address"""
    port: Port
    """its port"""


class AlertEntry(Entry):
    """An alert without a number of its own."""

    wanted: ClassVar = "severity and for, such as {severity: warning, for: 300}"

    severity: Annotated[Literal["warning", "critical"], Scalar("warning or critical")]
    """warning or critical"""
    wait: Positive = Field(alias="for")
    """seconds for which its condition has to hold"""

    @property
    def bound(self) -> int | None:
        """The number beyond which the condition holds; None where it has none."""
        return None


class AlertAbove(AlertEntry):
    """An alert that speaks above a number."""

    wanted: ClassVar = "severity, for and above, such as {severity: warning, for: 300, above: 90}"

    above: Positive
    """the bound"""

    @property
    def bound(self) -> int:
        return self.above


class AlertBelow(AlertEntry):
    """An alert that speaks below a number."""

    wanted: ClassVar = "severity, for and below, such as {severity: warning, for: 300, below: 15}"

    below: Positive
    """the bound"""

    @property
    def bound(self) -> int:
        return self.below


class Alerts(Entry):
    """Each alert is listed: one that is missing would silently never fire."""

    BrokerSessionsHigh: AlertAbove
    DevicesAboveScale: AlertAbove
    ReconnectsHigh: AlertAbove
    MessagesDropped: AlertAbove
    BrokersApart: AlertEntry
    BridgesMissing: AlertEntry
    LoadBalancerServerDown: AlertEntry
    LoadBalancerWithoutServer: AlertEntry
    LoadBalancerListenerFull: AlertAbove
    LoadBalancerFull: AlertAbove
    SourcePortsShort: AlertAbove
    KafkaLogAboveRetention: AlertAbove
    VolumeFilling: AlertAbove
    NodeDiskFilling: AlertBelow
    NodeMemoryLow: AlertBelow
    NodeNotReady: AlertEntry
    NodeUnderPressure: AlertEntry
    ConnectionTrackingFull: AlertAbove
    PodNotReady: AlertEntry
    PodRestarting: AlertAbove
    WorkloadShort: AlertEntry
    ContainerMemoryHigh: AlertAbove
    CertificateExpiring: AlertBelow
    TargetDown: AlertEntry
    TargetsMissing: AlertEntry
    RuleFailing: AlertEntry

    @property
    def by_name(self) -> dict[str, AlertEntry]:
        return {name: getattr(self, name) for name in sorted(type(self).model_fields)}


class MonitoringEntry(Entry):
    """Prometheus and its alerts."""

    wanted: ClassVar = "as in inventory/classes/monitoring.yml"

    namespace: Name
    """namespace of what watches"""
    service: Name
    """the service that asks all others for metrics (their `metrics`)"""
    interval: ScrapeInterval
    """seconds between two scrapes"""
    intervals: Map[Name, ScrapeInterval] = NOTHING
    """seconds between two scrapes of jobs that need another rhythm"""
    retention: Annotated[str, Scalar("a time such as 80h, 14d or 4w", pattern=r"[1-9][0-9]*[hdw]")]
    """how long samples are kept (`80h`)"""
    load_balancer: Switch
    """whether HAProxy is asked, too"""
    storage_share: Annotated[int, Scalar("a whole number from 1 to 100 (per cent)", minimum=1, maximum=100)]
    """per cent of the volume for samples"""
    series_per_node: Positive
    """series that the volume is checked with"""
    alertmanagers: tuple[
        Annotated[
            str,
            Scalar("an address with its port such as 192.168.0.20:9093", pattern=rf"[^\s:/]+:{PORT_NUMBER}"),
        ],
        ...,
    ] = ()
    """where alerts go, outside the cluster (`[host:port]`)"""
    locust_exporter: Maybe[LocustExporter] = None
    """a load test's exporter, outside the cluster (`{address, port}`)"""
    alerts: Alerts
    """numbers of each alert: severity, for (seconds) and the bound, above or below"""

    @property
    def retention_seconds(self) -> int:
        return int(self.retention[:-1]) * _UNITS[self.retention[-1]]
