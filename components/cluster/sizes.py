"""Sizes that follow from the device count, each by a rule with a named source."""

from __future__ import annotations

from typing import Any

from .quantity import size
from .types import Kafka, Scale

#: The service that keeps the message log, by the name that dojot's images look up.
KAFKA = "kafka-server"
# Copies of a partition: Kafka's own recommendation, where there are that many servers.
_COPIES = 3
#: What `replicas` may say instead of a number.
SIZE_RULES = ("brokers", "bridges")


def scale(parameters: dict[str, Any]) -> Scale:
    """Brokers, bridges, partitions and the message log of `parameters`.

    An explicit number wins over its rule; the rules judge it afterwards.
    """
    entry = parameters["scale"]
    devices = entry["devices"]
    by_rule = brokers_by_rule(devices, entry["devices_per_broker"], entry["minimum_brokers"])
    brokers = _explicit_brokers(parameters) or by_rule
    # Guide: at least three bridges of each kind for each broker.
    bridges = brokers * entry["bridges_per_broker"]
    return Scale(
        devices=devices,
        devices_per_broker=entry["devices_per_broker"],
        minimum_brokers=entry["minimum_brokers"],
        bridges_per_broker=entry["bridges_per_broker"],
        brokers=brokers,
        bridges=bridges,
        keepalive=entry["keepalive"],
        session_lifetime=entry["session_lifetime"],
        message_interval=entry["message"]["interval"],
        message_bytes=entry["message"]["stored_bytes"],
        session_memory={name: size(value) for name, value in sorted(entry["session_memory"].items())},
        kafka=_kafka(parameters, brokers, bridges),
    )


def brokers_by_rule(devices: int, devices_per_broker: int, minimum_brokers: int) -> int:
    """Guide: one broker for each 33,334 devices, at least three."""
    return max(minimum_brokers, _ceil(devices, devices_per_broker))


def _explicit_brokers(parameters: dict[str, Any]) -> int | None:
    for service in parameters["services"].values():
        if service["kind"] == "VerneMQ" and isinstance(service["replicas"], int):
            return service["replicas"]
    return None


def _kafka(parameters: dict[str, Any], brokers: int, bridges: int) -> Kafka:
    """Disk that the message log needs.

    For each topic: one segment being written in every partition (retention never
    removes it), and what arrives during retention.
    """
    entry = parameters["scale"]
    kafka = entry["kafka"]
    servers = parameters["services"].get(KAFKA, {}).get("replicas", 1)
    servers = {"brokers": brokers, "bridges": bridges}.get(servers, servers)
    # Reference deployment: the bridge count is also the number of partitions.
    partitions = kafka.get("partitions", bridges)
    arriving = _ceil(
        entry["devices"] * entry["message"]["stored_bytes"] * kafka["retention"] * 60,
        entry["message"]["interval"],
    )
    return Kafka(
        servers=servers,
        replication=min(_COPIES, servers),
        partitions=partitions,
        segment_bytes=kafka["segment"],
        retention=kafka["retention"] * 60,
        topics=kafka["topics"],
        arriving=arriving,
        bytes_needed=kafka["topics"] * (partitions * kafka["segment"] + arriving),
    )


def kafka_log_size(parameters: dict[str, Any], kafka: Kafka) -> int:
    """Bytes of one server's volume: its share of the log with the margin, in whole GiB."""
    margin = 100 + parameters["scale"]["kafka"]["margin"]
    share = _ceil(kafka.bytes_with_copies, kafka.servers)
    return _ceil(share * margin, 100 * 2**30) * 2**30


def _ceil(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
