"""Sizes that follow from the device count, each by a rule with a named source."""

from __future__ import annotations

from .input.scale import ScaleEntry
from .input.service import Stores, VolumeEntry
from .input.target import Inventory
from .quantity import ceil_div, size
from .types import Kafka, Scale

#: The service that keeps the message log, by the name that dojot's images look up.
KAFKA = "kafka-server"
#: What every claim requests, in bytes, whatever the size of its volume. Claims, and the templates of sets above all,
#: are never changed in a running cluster, and sizes are (they follow from the devices). Nobody reads the request: each
#: PersistentVolume is kept for its one claim, and the binder asks of it to be no smaller.
CLAIM_REQUEST = 2**20
# Copies of a partition: Kafka's own recommendation, where there are that many servers.
_COPIES = 3
# Prometheus' own figure for a stored sample is one to two bytes.
_BYTES_PER_SAMPLE = 2
# What its volume has all the same: the series of a few nodes are not as many as there are nodes.
_LEAST_FOR_METRICS = 4 * 2**30
#: What `replicas` may say instead of a number.
SIZE_RULES = ("brokers", "bridges")


def scale(inventory: Inventory) -> Scale:
    """Brokers, bridges, partitions and the message log.

    An explicit number wins over its rule; the rules judge it afterwards.
    """
    entry = inventory.scale
    brokers = _explicit_brokers(inventory) or brokers_of(entry)
    # Guide: at least three bridges of each kind for each broker.
    bridges = brokers * entry.bridges_per_broker
    return Scale(
        devices=entry.devices,
        devices_per_broker=entry.devices_per_broker,
        minimum_brokers=entry.minimum_brokers,
        bridges_per_broker=entry.bridges_per_broker,
        brokers=brokers,
        bridges=bridges,
        keepalive=entry.keepalive,
        session_lifetime=entry.session_lifetime,
        message_interval=entry.message.interval,
        message_bytes=entry.message.stored_bytes,
        broker_memory=entry.broker_memory,
        databases=_databases(inventory),
        database_base=entry.database.base,
        stored_metrics=_stored_metrics(inventory),
        metrics_volume=_metrics_volume(inventory),
        session_memory={name: number for name, number in entry.session_memory if number is not None},
        session_processes={name: number for name, number in entry.session_processes if number is not None},
        sessions_per_broker={name: number for name, number in entry.sessions_per_broker if number is not None},
        kafka=_kafka(inventory, brokers, bridges),
    )


def brokers_of(entry: ScaleEntry) -> int:
    return brokers_by_rule(entry.devices, entry.devices_per_broker, entry.minimum_brokers)


def brokers_by_rule(devices: int, devices_per_broker: int, minimum_brokers: int) -> int:
    """Guide: one broker for each 33,334 devices, at least three."""
    return max(minimum_brokers, ceil_div(devices, devices_per_broker))


def _explicit_brokers(inventory: Inventory) -> int | None:
    for service in inventory.services.values():
        if service.kind == "VerneMQ" and isinstance(service.replicas, int):
            return service.replicas
    return None


def _kafka(inventory: Inventory, brokers: int, bridges: int) -> Kafka:
    """Disk that the message log needs.

    For each topic: one segment being written in every partition (retention never
    removes it), and what arrives during retention.
    """
    entry = inventory.scale
    kafka = entry.kafka
    server = inventory.services.get(KAFKA)
    stated = server.replicas if server else 1
    servers = stated if isinstance(stated, int) else {"brokers": brokers, "bridges": bridges}.get(stated, 1)
    # Reference deployment: the bridge count is also the number of partitions.
    partitions = kafka.partitions or bridges
    # Any tenant may have all the devices.
    topics = entry.tenants * kafka.topics
    arriving = ceil_div(
        entry.devices * entry.message.stored_bytes * kafka.retention * 60,
        entry.message.interval,
    )
    return Kafka(
        servers=servers,
        replication=min(_COPIES, servers),
        partitions=partitions,
        segment_bytes=kafka.segment,
        retention=kafka.retention * 60,
        topics=topics,
        arriving=arriving,
        bytes_needed=topics * (partitions * kafka.segment + arriving),
        margin=kafka.margin,
    )


def average_interval(entry: ScaleEntry) -> int:
    """Seconds between two messages of a device, over the time for which databases keep them."""
    return entry.message.average_interval or entry.message.interval


def _databases(inventory: Inventory) -> dict[str, int]:
    """Of each service in which others keep messages of devices, the bytes that its volume needs."""
    entry = inventory.scale
    found: dict[str, int] = {}
    for service in inventory.services.values():
        if stores := service.stores:
            found[stores.service] = found.get(stores.service, 0) + _stored_bytes(entry, stores)
    return {
        name: entry.database.base + ceil_div(number * (100 + entry.database.margin), 100)
        for name, number in found.items()
    }


def _stored_bytes(entry: ScaleEntry, stores: Stores) -> int:
    """What of each message is kept, for each of its attributes, and what each device takes by itself."""
    seconds = (stores.hours + stores.deleted_hours) * 3600
    messages = ceil_div(entry.devices * seconds, average_interval(entry))
    return messages * entry.message.attributes * stores.attribute_bytes + entry.devices * stores.device_bytes


def _stored_metrics(inventory: Inventory) -> int:
    """What Prometheus stores within its retention, by the number of series that the inventory counts with."""
    watch = inventory.monitoring
    if watch is None:
        return 0
    series = watch.series_per_node * len(inventory.cluster.nodes)
    return series * watch.retention_seconds // watch.interval * _BYTES_PER_SAMPLE


def _metrics_volume(inventory: Inventory) -> int:
    watch = inventory.monitoring
    share = watch.storage_share if watch else 100
    return max(_LEAST_FOR_METRICS, ceil_div(_stored_metrics(inventory) * 100, share))


def volume_size(service: str, entry: VolumeEntry, scale: Scale) -> int:
    """Bytes of a volume of a service. By rule in whole GiB: a server's share of Kafka's log, messages, or metrics."""
    by_rule = {
        "kafka_log": scale.kafka.server_bytes,
        "stored_messages": scale.database_bytes(service),
        "stored_metrics": scale.metrics_volume,
    }
    needed = by_rule.get(entry.size)
    return size(entry.size) if needed is None else ceil_div(needed, 2**30) * 2**30
