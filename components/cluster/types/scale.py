"""The device count and the sizes that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..quantity import ceil_div


@dataclass(frozen=True)
class Kafka:
    """The message log: `servers` of them share `replication` copies of each partition.

    `topics` are those with device traffic, of all tenants. For each, `arriving` bytes come in during retention
    (seconds); `bytes_needed` is one copy of everything. A volume has `margin` per cent on top.
    """

    servers: int
    replication: int

    partitions: int
    segment_bytes: int
    retention: int
    topics: int
    arriving: int
    bytes_needed: int
    margin: int

    @property
    def min_insync_replicas(self) -> int:
        """Copies that have to be there before a producer is told so: all but one of three, as Kafka's manual has it.

        Two copies of two would stop with either server.
        """
        return max(1, self.replication - 1)

    @property
    def bytes_with_copies(self) -> int:
        return self.bytes_needed * self.replication

    @property
    def partitions_per_server(self) -> int:
        """The most that one server has of all copies, where they are shared evenly."""
        return ceil_div(self.topics * self.partitions * self.replication, self.servers)

    @property
    def server_bytes(self) -> int:
        """What the volume of a server has to have: its partitions with what arrives in each, and the margin."""
        partition = self.segment_bytes + ceil_div(self.arriving, self.partitions)
        return ceil_div(self.partitions_per_server * partition * (100 + self.margin), 100)

    def retention_bytes(self, volume: int) -> int:
        """Bytes at which Kafka deletes the oldest of a partition, so that a volume of `volume` bytes is never full.

        It deletes whole segments, and only while what is left is no less: a partition has up to one segment more.
        """
        return volume * 100 // (100 + self.margin) // self.partitions_per_server - self.segment_bytes


@dataclass(frozen=True)
class Scale:
    """Device count and what follows from it; session_lifetime is in milliseconds.

    Bytes of memory: `broker_memory` of a broker without sessions, `session_memory` of one session by port name.
    `sessions_per_broker` has what the inventory states, by port name.
    """

    devices: int
    devices_per_broker: int
    minimum_brokers: int
    bridges_per_broker: int
    brokers: int
    bridges: int
    keepalive: int
    session_lifetime: int
    message_interval: int
    message_bytes: int
    broker_memory: int
    #: Service -> bytes that its volume needs for the messages that others keep there, for all else, and the margin.
    databases: Mapping[str, int]
    #: The same for a database in which nobody keeps messages.
    database_base: int
    #: Bytes of the metrics of all nodes, and of a volume with room for them.
    stored_metrics: int
    metrics_volume: int
    session_memory: Mapping[str, int]
    session_processes: Mapping[str, int]
    sessions_per_broker: Mapping[str, int]
    kafka: Kafka

    def database_bytes(self, service: str) -> int:
        return self.databases.get(service, self.database_base)

    @property
    def messages_per_second(self) -> float:
        return self.devices / self.message_interval

    @property
    def session_seconds(self) -> float:
        return self.session_lifetime / 1000

    @property
    def reconnects_per_second(self) -> float:
        """Every device connects again once in a session's lifetime."""
        return self.devices * 1000 / self.session_lifetime
