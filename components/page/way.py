"""The way of a message: from a device to Kafka and back, step by step."""

from __future__ import annotations

from components.cluster.sizes import KAFKA
from components.cluster.types import Cluster, Frontend, Service

from .words import count

# What dojot's bridges do is in their code, not in the inventory: v2k takes messages from
# the broker to the topic of device data, the loopback copies that topic to the one of
# actuations, k2v takes those to the broker.
UP, BACK, LOOPBACK, LOG = "v2k-bridge", "k2v-bridge", "kafka-loopback", KAFKA
DATA_TOPIC, ACTUATION_TOPIC = "device-data", "dojot.device-manager.device"


def steps(cluster: Cluster) -> dict[str, int]:
    """Step -> its number, in the picture and on the page; those that the cluster has."""
    enters = bool(listeners(cluster))
    returns = cluster.brokers is not None and runs(cluster, BACK)
    taken = {
        "connect": enters,
        "balance": enters,
        "write": cluster.brokers is not None and runs(cluster, UP),
        "loop": returns and runs(cluster, LOOPBACK),
        "read": returns,
        "answer": returns,
    }
    return {step: number for number, step in enumerate((step for step, is_so in taken.items() if is_so), start=1)}


def runs(cluster: Cluster, name: str) -> bool:
    return any(service.name == name for service in cluster.services)


def pods(service: Service) -> str:
    """How many pods, for the beginning of a sentence."""
    if service.per_node is not None:
        return f"On each broker's node {count(service.per_node)} × {service.title}"
    return f"{count(service.replicas)} × {service.title}"


def listeners(cluster: Cluster) -> tuple[Frontend, ...]:
    """The load balancer's, which lead to the brokers."""
    brokers = cluster.brokers.name if cluster.brokers else ""
    return tuple(frontend for frontend in cluster.load_balancer.frontends if frontend.service == brokers)
