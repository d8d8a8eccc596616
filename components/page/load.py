"""What the device count means in rates, times and bytes."""

from __future__ import annotations

from components.cluster.quantity import ceil_div
from components.cluster.sizes import KAFKA
from components.cluster.types import Cluster

from .markdown import section, table
from .words import amount, count, plural, seconds

_MILLISECONDS = 1000


def section_of(cluster: Cluster) -> str:
    return section(
        "Load",
        table(("What", ">Value", "Follows from"), _rates(cluster)),
        "### Times, from the shortest",
        table(("What", ">Time"), _times(cluster)),
        *_log(cluster),
    )


def _rates(cluster: Cluster) -> list[tuple[str, str, str]]:
    scale = cluster.scale
    devices, per_second = plural(scale.devices, "device"), scale.messages_per_second
    lifetime = scale.session_lifetime / _MILLISECONDS
    rows = [
        (
            "Messages from devices",
            f"{count(per_second)}/s",
            f"{devices}, one message each {seconds(scale.message_interval)}",
        ),
        (
            "Written to each Kafka topic",
            f"{amount(round(per_second * scale.message_bytes))}/s",
            f"{amount(scale.message_bytes)} a message as stored",
        ),
        (
            "Messages in each partition",
            f"{count(per_second / scale.kafka.partitions)}/s",
            plural(scale.kafka.partitions, "partition"),
        ),
    ]
    if not cluster.brokers:
        return rows
    rows += [
        (
            "Reconnects in normal operation",
            f"{count(scale.devices / lifetime)}/s",
            f"the broker ends every session after {seconds(lifetime)}",
        ),
        ("Sessions of each broker", count(_shared(scale.devices, scale.brokers)), plural(scale.brokers, "broker")),
    ]
    if scale.brokers > 1:
        rows.append(
            (
                "Sessions of each, one broker lost",
                count(_shared(scale.devices, scale.brokers - 1)),
                f"about {count(_shared(scale.devices, scale.brokers))} devices reconnect at once",
            )
        )
    return rows


def _shared(devices: int, brokers: int) -> int:
    return ceil_div(devices, brokers)


def _times(cluster: Cluster) -> list[tuple[str, str]]:
    scale, balancer = cluster.scale, cluster.load_balancer
    times: list[tuple[str, float]] = [
        ("HAProxy gives up connecting to a server", balancer.connect_timeout),
        ("After a reload HAProxy's old process lets its sessions run", balancer.hard_stop_after),
        ("HAProxy gives up a silent connection", balancer.session_timeout),
    ]
    if any(frontend.devices for frontend in balancer.frontends):
        times += [
            ("Longest keepalive that a device may ask for", scale.keepalive),
            # MQTT 3.1.1, 3.1.2.10.
            ("The broker gives up a silent device: one and a half keepalives", scale.keepalive * 3 / 2),
        ]
    if cluster.brokers:
        times.append(
            ("The broker ends a device's session, and the device reconnects", scale.session_lifetime / _MILLISECONDS)
        )
    return [(what, seconds(time)) for what, time in sorted(times, key=lambda row: row[1])]


def _log(cluster: Cluster) -> tuple[str, ...]:
    kafka, scale = cluster.scale.kafka, cluster.scale
    servers = next((service for service in cluster.services if service.name == KAFKA), None)
    if servers is None:
        return ()
    size = " + ".join(f"{plural(servers.replicas, 'volume')} of {amount(volume.size)}" for volume in servers.volumes)
    rows = [
        (
            "Segments being written",
            amount(kafka.partitions * kafka.segment_bytes),
            f"{plural(kafka.partitions, 'partition')} × {amount(kafka.segment_bytes)}; retention never removes these",
        ),
        (
            "Arriving during retention",
            amount(kafka.arriving),
            f"{count(scale.messages_per_second)} messages/s × {amount(scale.message_bytes)} × {seconds(kafka.retention)}",
        ),
        ("Both, in every topic of device traffic", amount(kafka.bytes_needed), plural(kafka.topics, "topic")),
        (
            "With all copies",
            amount(kafka.bytes_with_copies),
            f"{count(kafka.replication)} of each partition; there {'is' if servers.replicas == 1 else 'are'} {size}",
        ),
    ]
    return ("### Kafka's message log", table(("What", ">Bytes", "Follows from"), rows))
