"""Pictures: the way of a message from a device to Kafka and back, and who calls whom.

The way is two pictures, because a circle in one has no layout that can be read.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.sizes import KAFKA
from components.cluster.types import Cluster, Frontend, Service

from .mermaid import arrow, box, cylinder, flowchart, node_id, rounded, subgraph
from .words import count, names, node_port, plural

# What dojot's bridges do is in their code, not in the inventory: v2k takes messages from
# the broker to the topic of device data, the loopback copies that topic to the one of
# actuations, k2v takes those to the broker.
UP, BACK, LOOPBACK, LOG = "v2k-bridge", "k2v-bridge", "kafka-loopback", KAFKA
DATA_TOPIC, ACTUATION_TOPIC = "device-data", "dojot.device-manager.device"

#: With more nodes than this, one box stands for all of them.
_DRAWN = 4

_DEVICES = node_id("devices")
_DATA, _ACTUATIONS = node_id("topic", "data"), node_id("topic", "actuations")
_COPIES, _BALANCER = node_id("loopback"), node_id("balancer")


def calls(cluster: Cluster) -> str:
    """Who calls whom inside the cluster; empty where nobody calls anybody."""
    if not any(use.port for service in cluster.services for use in service.uses):
        return ""
    return flowchart("LR", _calls(cluster))


def _calls(cluster: Cluster) -> Iterator[str]:
    for service in cluster.services:
        yield box(node_id("service", service.name), service.title)
    for service in cluster.services:
        called: dict[str, bool] = {}
        for use in service.uses:
            called[use.service] = called.get(use.service, False) or use.at_start
        for name, at_start in called.items():
            yield arrow(node_id("service", service.name), node_id("service", name), line="-->" if at_start else "-.->")


def there(cluster: Cluster) -> str:
    """From a device to Kafka."""
    return flowchart("LR", _there(cluster, cluster.brokers)) if cluster.brokers else ""


def back(cluster: Cluster) -> str:
    """From Kafka to a device; empty where no bridge brings messages back."""
    return flowchart("LR", _back(cluster, cluster.brokers)) if cluster.brokers and _has(cluster, BACK) else ""


def _there(cluster: Cluster, brokers: Service) -> Iterator[str]:
    balancer, frontends = cluster.load_balancer, listeners(cluster)
    yield _devices(cluster)
    yield from subgraph(
        node_id("host", balancer.hostname),
        ["HAProxy", f"{balancer.hostname} {balancer.address}"],
        [box(_listener(frontend), f"port {frontend.listen}") for frontend in frontends],
    )
    places = _places(cluster, brokers)
    for place, title in places:
        inside = [_broker(brokers, place), *_bridge(cluster, UP, place)]
        yield from subgraph(node_id("node", place), title, inside)
    if _has(cluster, UP):
        yield from _topics(cluster, [cylinder(_DATA, DATA_TOPIC, _partitions(cluster))])
    for frontend in frontends:
        yield arrow(_DEVICES, _listener(frontend))
        for place, _ in places:
            yield arrow(_listener(frontend), _broker_id(place), f"NodePort {node_port(frontend.node_port)}")
    if _has(cluster, UP):
        for place, _ in places:
            yield arrow(_broker_id(place), _bridge_id(UP, place))
            if _has(cluster, LOG):
                yield arrow(_bridge_id(UP, place), _DATA)


def _back(cluster: Cluster, brokers: Service) -> Iterator[str]:
    balancer, places = cluster.load_balancer, _places(cluster, brokers)
    inside = [cylinder(_ACTUATIONS, ACTUATION_TOPIC, _partitions(cluster))]
    if _has(cluster, LOOPBACK):
        loopback = cluster.service(LOOPBACK)
        copies = f"{count(loopback.replicas)} × {loopback.title}"
        inside.insert(0, cylinder(_DATA, DATA_TOPIC, _partitions(cluster)))
        if _has(cluster, LOG) and loopback.group == cluster.service(LOG).group:
            inside.insert(1, box(_COPIES, copies))
        else:
            yield box(_COPIES, copies, _where(cluster, loopback))
    yield from _topics(cluster, inside)
    for place, title in places:
        yield from subgraph(node_id("node", place), title, [*_bridge(cluster, BACK, place), _broker(brokers, place)])
    yield box(_BALANCER, "HAProxy", f"{balancer.hostname} {balancer.address}")
    yield _devices(cluster)
    if _has(cluster, LOG) and _has(cluster, LOOPBACK):
        yield arrow(_DATA, _COPIES)
        yield arrow(_COPIES, _ACTUATIONS)
    for place, _ in places:
        if _has(cluster, LOG):
            yield arrow(_ACTUATIONS, _bridge_id(BACK, place))
        yield arrow(_bridge_id(BACK, place), _broker_id(place))
        yield arrow(_broker_id(place), _BALANCER)
    yield arrow(_BALANCER, _DEVICES)


def _has(cluster: Cluster, name: str) -> bool:
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


def _listener(frontend: Frontend) -> str:
    return node_id("listen", frontend.listen)


def _devices(cluster: Cluster) -> str:
    return rounded(_DEVICES, plural(cluster.scale.devices, "device"))


def _places(cluster: Cluster, brokers: Service) -> list[tuple[str, list[str]]]:
    """Name and title of each box of brokers: a node, or all of them in one."""
    nodes = cluster.nodes_of(brokers)
    if len(nodes) <= _DRAWN:
        return [(node.name, [f"{node.name} {node.address}"]) for node in nodes]
    return [("each", [f"on each of {names([node.name for node in nodes])}"])]


def _broker_id(place: str) -> str:
    return node_id("broker", place)


def _broker(brokers: Service, place: str) -> str:
    return box(_broker_id(place), brokers.title)


def _bridge_id(name: str, place: str) -> str:
    return node_id("bridge", name, place)


def _bridge(cluster: Cluster, name: str, place: str) -> list[str]:
    if not _has(cluster, name):
        return []
    service = cluster.service(name)
    return [box(_bridge_id(name, place), f"{count(service.per_node or service.replicas)} × {service.title}")]


def _topics(cluster: Cluster, inside: list[str]) -> list[str]:
    if not _has(cluster, LOG):
        return []
    log = cluster.service(LOG)
    return subgraph(node_id("service", log.name), [log.title, _where(cluster, log)], inside)


def _partitions(cluster: Cluster) -> str:
    return plural(cluster.scale.kafka.partitions, "partition")


def _where(cluster: Cluster, service: Service) -> str:
    nodes = cluster.nodes_of(service)
    return f"{nodes[0].name} {nodes[0].address}" if len(nodes) == 1 else f"on {names([node.name for node in nodes])}"
