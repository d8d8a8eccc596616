"""The way of a message from a device to Kafka and back, as a picture and in words."""

from __future__ import annotations

from typing import Iterator

from components.cluster.types import Cluster, Frontend, Node, Service

from .markdown import code, codes, section, steps
from .mermaid import arrow, box, cylinder, flowchart, node_id, rounded, subgraph
from .words import count, names, plural

# What dojot's bridges do is in their code, not in the inventory: v2k takes messages from
# the broker to the topic of device data, the loopback copies that topic to the one of
# actuations, k2v takes those to the broker.
_UP, _BACK, _LOOPBACK, _LOG = "v2k-bridge", "k2v-bridge", "kafka-loopback", "kafka-server"
_DATA_TOPIC, _ACTUATION_TOPIC = "device-data", "dojot.device-manager.device"

#: With more nodes than this, one box stands for all of them.
_DRAWN = 4

_DEVICES = "devices_"
_DATA, _ACTUATIONS = node_id("topic", "data"), node_id("topic", "actuations")


def way(cluster: Cluster) -> str:
    """The section; empty for a cluster without brokers."""
    brokers = _brokers(cluster)
    if brokers is None:
        return ""
    return section(
        "The way of a message",
        flowchart("LR", _picture(cluster, brokers)),
        "Solid: from the device to Kafka. Dotted: the way back. A device's connection carries both.",
        steps(_words(cluster, brokers)),
    )


def _brokers(cluster: Cluster) -> Service | None:
    return next((service for service in cluster.services if service.kind == "VerneMQ"), None)


def _find(cluster: Cluster, name: str) -> Service | None:
    return next((service for service in cluster.services if service.name == name), None)


def _listeners(cluster: Cluster, brokers: Service) -> tuple[Frontend, ...]:
    return tuple(frontend for frontend in cluster.load_balancer.frontends if frontend.service == brokers.name)


def _picture(cluster: Cluster, brokers: Service) -> Iterator[str]:
    balancer, frontends = cluster.load_balancer, _listeners(cluster, brokers)
    yield rounded(_DEVICES, plural(cluster.scale.devices, "device"))
    listeners = [box(_listener(frontend), f"HAProxy listens on {frontend.listen}") for frontend in frontends]
    yield from subgraph(node_id("host", balancer.hostname), [balancer.hostname, balancer.address], listeners)
    places = _places(cluster, brokers)
    for place, title in places:
        yield from subgraph(node_id("node", place), title, _beside_broker(cluster, brokers, place))
    yield from _log(cluster)
    for frontend in frontends:
        yield arrow(_DEVICES, _listener(frontend), line="<-->")
    for frontend in frontends:
        for place, _ in places:
            yield arrow(_listener(frontend), node_id("broker", place), f"NodePort {frontend.node_port}", "<-->")
    for place, _ in places:
        if _find(cluster, _UP):
            yield arrow(node_id("broker", place), node_id("up", place))
            if _find(cluster, _LOG):
                yield arrow(node_id("up", place), _DATA)
        if _find(cluster, _BACK):
            if _find(cluster, _LOG):
                yield arrow(_ACTUATIONS, node_id("back", place), line="-.->")
            yield arrow(node_id("back", place), node_id("broker", place), line="-.->")
    if _find(cluster, _LOG) and _find(cluster, _LOOPBACK):
        yield arrow(_DATA, node_id("loopback"), line="-.->")
        yield arrow(node_id("loopback"), _ACTUATIONS, line="-.->")


def _listener(frontend: Frontend) -> str:
    return node_id("listen", frontend.listen)


def _places(cluster: Cluster, brokers: Service) -> list[tuple[str, list[str]]]:
    """Name and title of each box of brokers: a node, or all of them in one."""
    nodes = cluster.groups[brokers.group].nodes
    if len(nodes) <= _DRAWN:
        return [(node.name, [node.name, node.address]) for node in nodes]
    return [("each", [f"each of {names([node.name for node in nodes])}"])]


def _beside_broker(cluster: Cluster, brokers: Service, place: str) -> Iterator[str]:
    ports = " and ".join(str(port.number) for port in brokers.exposed)
    yield box(node_id("broker", place), brokers.title, f"ports {ports}" if " " in ports else f"port {ports}")
    for name, role in ((_UP, "up"), (_BACK, "back")):
        bridge = _find(cluster, name)
        if bridge:
            yield box(node_id(role, place), f"{count(bridge.per_node or bridge.replicas)} × {bridge.title}")


def _log(cluster: Cluster) -> list[str]:
    log, loopback = _find(cluster, _LOG), _find(cluster, _LOOPBACK)
    if log is None:
        return []
    partitions = plural(cluster.scale.kafka.partitions, "partition")
    inside = [cylinder(_DATA, _DATA_TOPIC, partitions), cylinder(_ACTUATIONS, _ACTUATION_TOPIC, partitions)]
    if loopback and loopback.group == log.group:
        inside.insert(1, _loopback_box(loopback))
    nodes = cluster.groups[log.group].nodes
    title = [log.title, _where(nodes)]
    found = subgraph(node_id("group", log.group), title, inside)
    if loopback and loopback.group != log.group:
        found.append(_loopback_box(loopback))
    return found


def _loopback_box(loopback: Service) -> str:
    return box(node_id("loopback"), f"{count(loopback.replicas)} × {loopback.title}")


def _where(nodes: tuple[Node, ...]) -> str:
    if len(nodes) == 1:
        return f"{nodes[0].name} {nodes[0].address}"
    return names([node.name for node in nodes])


def _words(cluster: Cluster, brokers: Service) -> Iterator[str]:
    balancer, frontends = cluster.load_balancer, _listeners(cluster, brokers)
    node_ports = codes(frontend.node_port for frontend in frontends)
    yield (
        f"A device connects to {code(cluster.domain)} ({code(balancer.address)}), port "
        f"{' or '.join(code(frontend.listen) for frontend in frontends)}, and stays connected."
    )
    yield (
        f"HAProxy passes the connection on to a NodePort ({node_ports}) of the node with the fewest connections; "
        "the broker on that node answers."
    )
    up, back, loopback = (_find(cluster, name) for name in (_UP, _BACK, _LOOPBACK))
    if up:
        yield (
            f"{_on_its_node(up)} {plural(up.replicas, 'pod')} of {up.title} read from the broker beside them{_dns(brokers)} "
            f"and write to Kafka's topics {code('<tenant>.' + _DATA_TOPIC)}."
        )
    if loopback:
        yield (
            f"{plural(loopback.replicas, 'pod')} of {loopback.title} copy these messages to "
            f"{code('<tenant>.' + _ACTUATION_TOPIC)}, so that a load test measures both directions."
        )
    if back:
        yield (
            f"{_on_its_node(back)} {plural(back.replicas, 'pod')} of {back.title} read that topic and hand each message to "
            "the broker beside them, which passes it to the broker that holds the device's connection."
        )


def _on_its_node(bridge: Service) -> str:
    return f"{count(bridge.per_node)} on each broker's node:" if bridge.per_node else ""


def _dns(brokers: Service) -> str:
    """The Service that answers on the own node only."""
    local = [entry.name for entry in brokers.kubernetes_services if entry.same_node]
    return f" (Service {codes(local)}, same node only)" if local else ""
