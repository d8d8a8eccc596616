"""Sizes that were written by hand, judged by the rules that would have derived them."""

from __future__ import annotations

from typing import Iterator

from ..finding import Finding
from ..types import Cluster


def minimum_brokers(cluster: Cluster) -> Iterator[Finding]:
    """The guide's minimum holds whatever the device count."""
    for service in cluster.services:
        if service.kind == "VerneMQ" and service.replicas < cluster.scale.minimum_brokers:
            yield Finding(
                ("services", service.name, "replicas"), service.replicas,
                f"there must be at least {cluster.scale.minimum_brokers} brokers (scale.minimum_brokers)",
                f"Write replicas: brokers (the rule), or at least {cluster.scale.minimum_brokers}",
            )


def partitions_feed_consumers(cluster: Cluster) -> Iterator[Finding]:
    """A Kafka consumer without a partition is idle."""
    partitions = cluster.scale.kafka.partitions
    consumers = [service for service in cluster.services if service.per_node is not None]
    for service in consumers:
        if service.replicas > partitions:
            yield Finding(
                ("scale", "kafka", "partitions"), partitions,
                f"{service.title} has {service.replicas} pods, and each needs a partition of its own",
                f"Write at least {service.replicas}, or take the line out (the rule gives {cluster.scale.bridges})",
            )


def reload_outlives_sessions(cluster: Cluster) -> Iterator[Finding]:
    """After a reload the old HAProxy process lives until the broker has ended its sessions."""
    seconds = cluster.load_balancer.hard_stop_after
    if seconds * 1000 < cluster.scale.session_lifetime:
        yield Finding(
            ("platform", "haproxy", "hard_stop_after"), seconds,
            f"sessions live for {cluster.scale.session_lifetime // 1000} s (scale.session_lifetime), so a reload "
            "would cut those of the old process",
            f"Write at least {-(-cluster.scale.session_lifetime // 1000)}",
        )


RULES = (minimum_brokers, partitions_feed_consumers, reload_outlives_sessions)
