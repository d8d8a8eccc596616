"""The way of a message from a device to Kafka and back, as two pictures and in words.

Two pictures, because a circle in one has no layout that can be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.cluster.types import Cluster, Frontend, Service

from .markdown import code, codes, section, steps
from .mermaid import arrow, box, cylinder, flowchart, node_id, rounded, subgraph
from .words import count, names, node_port, plural

# What dojot's bridges do is in their code, not in the inventory: v2k takes messages from
# the broker to the topic of device data, the loopback copies that topic to the one of
# actuations, k2v takes those to the broker.
_UP, _BACK, _LOOPBACK, _LOG = "v2k-bridge", "k2v-bridge", "kafka-loopback", "kafka-server"
_DATA_TOPIC, _ACTUATION_TOPIC = "device-data", "dojot.device-manager.device"

#: With more nodes than this, one box stands for all of them.
_DRAWN = 4

_DEVICES = node_id("devices")
_DATA, _ACTUATIONS = node_id("topic", "data"), node_id("topic", "actuations")
_COPIES, _BALANCER = node_id("loopback"), node_id("balancer")


def way(cluster: Cluster) -> str:
    """The section; empty for a cluster without brokers."""
    brokers = cluster.brokers
    if brokers is None:
        return ""
    return section(
        "The way of a message",
        "### From a device to Kafka",
        flowchart("LR", _there(cluster, brokers)),
        steps(_there_in_words(cluster, brokers)),
        *_return(cluster, brokers),
    )


def _return(cluster: Cluster, brokers: Service) -> tuple[str, ...]:
    if not _has(cluster, _BACK):
        return ()
    return (
        "### From Kafka to a device",
        flowchart("LR", _back(cluster, brokers)),
        steps(_back_in_words(cluster)),
    )


def _there(cluster: Cluster, brokers: Service) -> Iterator[str]:
    balancer, frontends = cluster.load_balancer, _listeners(cluster, brokers)
    yield _devices(cluster)
    yield from subgraph(
        node_id("host", balancer.hostname),
        ["HAProxy", f"{balancer.hostname} {balancer.address}"],
        [box(_listener(frontend), f"port {frontend.listen}") for frontend in frontends],
    )
    places = _places(cluster, brokers)
    for place, title in places:
        inside = [_broker(brokers, place), *_bridge(cluster, _UP, place)]
        yield from subgraph(node_id("node", place), title, inside)
    if _has(cluster, _UP):
        yield from _topics(cluster, [cylinder(_DATA, _DATA_TOPIC, _partitions(cluster))])
    for frontend in frontends:
        yield arrow(_DEVICES, _listener(frontend))
        for place, _ in places:
            yield arrow(_listener(frontend), _broker_id(place), f"NodePort {node_port(frontend.node_port)}")
    if _has(cluster, _UP):
        for place, _ in places:
            yield arrow(_broker_id(place), _bridge_id(_UP, place))
            if _has(cluster, _LOG):
                yield arrow(_bridge_id(_UP, place), _DATA)


def _back(cluster: Cluster, brokers: Service) -> Iterator[str]:
    balancer, places = cluster.load_balancer, _places(cluster, brokers)
    inside = [cylinder(_ACTUATIONS, _ACTUATION_TOPIC, _partitions(cluster))]
    if _has(cluster, _LOOPBACK):
        loopback = cluster.service(_LOOPBACK)
        copies = f"{count(loopback.replicas)} × {loopback.title}"
        inside.insert(0, cylinder(_DATA, _DATA_TOPIC, _partitions(cluster)))
        if _has(cluster, _LOG) and loopback.group == cluster.service(_LOG).group:
            inside.insert(1, box(_COPIES, copies))
        else:
            yield box(_COPIES, copies, _where(cluster, loopback))
    yield from _topics(cluster, inside)
    for place, title in places:
        yield from subgraph(node_id("node", place), title, [*_bridge(cluster, _BACK, place), _broker(brokers, place)])
    yield box(_BALANCER, "HAProxy", f"{balancer.hostname} {balancer.address}")
    yield _devices(cluster)
    if _has(cluster, _LOG) and _has(cluster, _LOOPBACK):
        yield arrow(_DATA, _COPIES)
        yield arrow(_COPIES, _ACTUATIONS)
    for place, _ in places:
        if _has(cluster, _LOG):
            yield arrow(_ACTUATIONS, _bridge_id(_BACK, place))
        yield arrow(_bridge_id(_BACK, place), _broker_id(place))
        yield arrow(_broker_id(place), _BALANCER)
    yield arrow(_BALANCER, _DEVICES)


def _there_in_words(cluster: Cluster, brokers: Service) -> Iterator[str]:
    balancer, frontends = cluster.load_balancer, _listeners(cluster, brokers)
    if frontends:
        yield (
            f"A device connects to {code(cluster.domain)} ({code(balancer.address)}), port "
            f"{' or '.join(code(frontend.listen) for frontend in frontends)}, and stays connected."
        )
        yield (
            f"HAProxy hands the connection to one of the nodes, at {_doors(frontends)}; "
            + ("the broker on that node takes it." if brokers.spec.one_per_node else "one of the brokers takes it.")
        )
    if _has(cluster, _UP):
        yield (
            f"{_pods(cluster.service(_UP))} take the messages from {_own_broker(brokers)} "
            f"and write them to Kafka, topic {code('<tenant>.' + _DATA_TOPIC)}."
        )


def _back_in_words(cluster: Cluster) -> Iterator[str]:
    if _has(cluster, _LOOPBACK):
        yield (
            f"{_pods(cluster.service(_LOOPBACK))} copy {code('<tenant>.' + _DATA_TOPIC)} to "
            f"{code('<tenant>.' + _ACTUATION_TOPIC)}, so that a load test measures both directions."
        )
    yield (
        f"{_pods(cluster.service(_BACK))} read that topic; each hands its messages to the broker on its node, "
        "which passes them to the broker that holds the device's connection."
    )
    yield "The message travels on the connection that the device opened: back through HAProxy, no new one."


def _has(cluster: Cluster, name: str) -> bool:
    return any(service.name == name for service in cluster.services)


def _listeners(cluster: Cluster, brokers: Service) -> tuple[Frontend, ...]:
    return tuple(frontend for frontend in cluster.load_balancer.frontends if frontend.service == brokers.name)


def _doors(frontends: Sequence[Frontend]) -> str:
    numbers = [frontend.node_port for frontend in frontends if frontend.node_port is not None]
    if len(numbers) < len(frontends):
        return "the NodePort that Kubernetes has chosen"
    return f"NodePort {' or '.join(map(code, numbers))}"


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
    if not _has(cluster, _LOG):
        return []
    log = cluster.service(_LOG)
    return subgraph(node_id("service", log.name), [log.title, _where(cluster, log)], inside)


def _partitions(cluster: Cluster) -> str:
    return plural(cluster.scale.kafka.partitions, "partition")


def _where(cluster: Cluster, service: Service) -> str:
    nodes = cluster.nodes_of(service)
    return f"{nodes[0].name} {nodes[0].address}" if len(nodes) == 1 else f"on {names([node.name for node in nodes])}"


def _pods(service: Service) -> str:
    """How many pods, for the beginning of a sentence."""
    if service.per_node is not None:
        return f"On each broker's node {count(service.per_node)} × {service.title}"
    return f"{count(service.replicas)} × {service.title}"


def _own_broker(brokers: Service) -> str:
    """The Service that answers on the client's own node only."""
    local = [entry.name for entry in brokers.kubernetes_services if entry.same_node]
    if local:
        return f"the broker on their node (Service {codes(local)} answers on the own node only)"
    return "a broker"
