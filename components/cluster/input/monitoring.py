"""What watches the cluster, and the numbers by which it judges."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

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

    # What is not stated is the default's.
    model_config = ConfigDict(json_schema_extra=lambda schema: schema.pop("required", None))
    wanted: ClassVar = "severity and for, such as {severity: warning, for: 300}"

    severity: Annotated[Literal["warning", "critical", "none"], Scalar("warning, critical or none")]
    """warning, critical, or none: it is no alarm"""
    wait: Positive = Field(alias="for")
    """seconds for which its condition has to hold"""

    @classmethod
    def of(cls, severity: str, wait: int, **bound: int) -> Self:
        return cls.model_validate({"severity": severity, "for": wait, **bound})

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
    """Every alert with its numbers: bounds in per cent of the limit where nothing else is said.

    An inventory states what it wants otherwise, be it one number of an alert.
    """

    # Of devices_per_broker. A full cluster stands at 100; with one broker of three lost, at 150.
    BrokerSessionsHigh: AlertAbove = AlertAbove.of("warning", 600, above=110)
    # Of scale.devices.
    DevicesAboveScale: AlertAbove = AlertAbove.of("warning", 600, above=105)
    # Of the rate at which the session lifetime alone makes devices connect again.
    ReconnectsHigh: AlertAbove = AlertAbove.of("warning", 600, above=300)
    # Of the messages that enter the brokers' queues.
    MessagesDropped: AlertAbove = AlertAbove.of("warning", 600, above=1)
    BrokersApart: AlertEntry = AlertEntry.of("critical", 120)
    BridgesMissing: AlertEntry = AlertEntry.of("warning", 600)
    LoadBalancerServerDown: AlertEntry = AlertEntry.of("warning", 60)
    LoadBalancerWithoutServer: AlertEntry = AlertEntry.of("critical", 30)
    LoadBalancerServersFull: AlertEntry = AlertEntry.of("critical", 120)
    # Of the listener's maxconn. All devices on one listener stand at 91.
    LoadBalancerListenerFull: AlertAbove = AlertAbove.of("critical", 120, above=95)
    # Of the process's maxconn.
    LoadBalancerFull: AlertAbove = AlertAbove.of("critical", 120, above=90)
    # Of the source ports of one server line.
    SourcePortsShort: AlertAbove = AlertAbove.of("critical", 120, above=85)
    # Minutes since it had the commit that is wanted. A reload may wait for the half hour of an old process.
    LoadBalancerStale: AlertAbove = AlertAbove.of("warning", 300, above=60)
    LoadBalancerRefusesCommit: AlertEntry = AlertEntry.of("warning", 120)
    LoadBalancerStepDue: AlertEntry = AlertEntry.of("warning", 3600)
    KafkaDeletesEarly: AlertEntry = AlertEntry.of("warning", 120)
    # Seconds of what its topic takes in.
    KafkaConsumerLate: AlertAbove = AlertAbove.of("warning", 600, above=60)
    KafkaServersMissing: AlertEntry = AlertEntry.of("critical", 300)
    KafkaCopiesMissing: AlertEntry = AlertEntry.of("warning", 900)
    PostgresUnreachable: AlertEntry = AlertEntry.of("critical", 120)
    # Of max_connections.
    PostgresConnectionsHigh: AlertAbove = AlertAbove.of("warning", 600, above=80)
    # Of the volume's size. Kafka's log may come to 91 (scale.kafka.margin).
    VolumeFilling: AlertAbove = AlertAbove.of("warning", 600, above=95)
    # Of the node's disk and memory.
    NodeDiskFilling: AlertBelow = AlertBelow.of("warning", 600, below=15)
    NodeMemoryLow: AlertBelow = AlertBelow.of("warning", 600, below=5)
    NodeNotReady: AlertEntry = AlertEntry.of("critical", 300)
    NodeUnderPressure: AlertEntry = AlertEntry.of("warning", 300)
    # Of the kernel's table.
    ConnectionTrackingFull: AlertAbove = AlertAbove.of("warning", 300, above=80)
    PodNotReady: AlertEntry = AlertEntry.of("warning", 900)
    # Restarts of one container within an hour.
    PodRestarting: AlertAbove = AlertAbove.of("warning", 60, above=3)
    WorkloadShort: AlertEntry = AlertEntry.of("warning", 900)
    # Of the requests that the API server answers.
    ApiServerFailing: AlertAbove = AlertAbove.of("critical", 600, above=5)
    # Milliseconds that etcd takes on average.
    EtcdSlow: AlertAbove = AlertAbove.of("warning", 600, above=100)
    # Of the container's memory limit, without page cache.
    ContainerMemoryHigh: AlertAbove = AlertAbove.of("warning", 600, above=95)
    # Days that are left.
    CertificateExpiring: AlertBelow = AlertBelow.of("warning", 3600, below=30)
    # Hours since the last whole one. One is made each day, and takes its time.
    BackupTooOld: AlertAbove = AlertAbove.of("warning", 3600, above=30)
    # A merge is synced within minutes.
    NotSynced: AlertEntry = AlertEntry.of("warning", 3600)
    SyncedUnhealthy: AlertEntry = AlertEntry.of("warning", 1800)
    # Seen by make verify: longer than a rollout takes.
    Drifted: AlertEntry = AlertEntry.of("warning", 3600)
    TargetDown: AlertEntry = AlertEntry.of("warning", 300)
    TargetsMissing: AlertEntry = AlertEntry.of("warning", 900)
    RuleFailing: AlertEntry = AlertEntry.of("warning", 300)
    # It fires always: who receives it no more knows that nobody watches.
    Watchdog: AlertEntry = AlertEntry.of("none", 1)

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, stated: Any) -> Any:
        """What is stated of an alert, beside its other numbers."""
        if not isinstance(stated, dict):
            return stated
        defaults = {name: cls.model_fields[name].default for name in stated if name in cls.model_fields}
        return stated | {
            name: default.model_dump(by_alias=True) | stated[name]
            for name, default in defaults.items()
            if isinstance(stated[name], dict)
        }

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
    alerts: Alerts = Alerts()
    """other numbers of an alert: severity, for (seconds) and the bound, above or below"""

    @property
    def retention_seconds(self) -> int:
        return int(self.retention[:-1]) * _UNITS[self.retention[-1]]
