"""What a cluster takes, as plain data: the form of `scripts/size.py --format json`."""

from __future__ import annotations

from dataclasses import dataclass

from components.cluster.capacity import limits
from components.cluster.input.machines import Hardware
from components.cluster.placement import Share, shares
from components.cluster.quantity import ceil_div
from components.cluster.sizes import KAFKA
from components.cluster.types import Cluster, Group, Node


@dataclass(frozen=True)
class Machines:
    """Of one group, or the load balancer. Millicores and bytes; None where the inventory does not say what one has."""

    group: str
    count: int
    names: tuple[str, ...]
    cpu: int | None
    memory: int | None
    disk: int | None
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Port:
    """`listens` on the load balancer, whose sessions go to `node_port` (None: Kubernetes chooses it)."""

    name: str
    listens: int
    node_port: int | None
    connections: int
    new_sessions_per_second: int | None


@dataclass(frozen=True)
class Volumes:
    """`count` of `bytes` each."""

    service: str
    count: int
    bytes: int


@dataclass(frozen=True)
class Loss:
    """The machine of a group that is missed most is away.

    `waits` has no other place, `fewer` has pods on other machines that go on, `moves` starts anew elsewhere.

    `sessions` is how many devices connect again, within `seconds`, and `refused` how many find no room; 0 where the
    group has no brokers.
    """

    group: str
    waits: tuple[str, ...]
    fewer: tuple[str, ...]
    moves: tuple[str, ...]
    sessions: int
    seconds: int
    refused: int


@dataclass(frozen=True)
class Limit:
    """`unit` is cpu (millicores), bytes or count; advice is not `binding`."""

    what: str
    needed: int
    available: int
    unit: str
    binding: bool


@dataclass(frozen=True)
class Needs:
    """Bytes and seconds. `bridges` is of each kind, `log_bytes` Kafka's with all copies."""

    devices: int
    brokers: int
    bridges: int
    partitions: int
    messages_per_second: float
    log_bytes: int
    reconnects_per_second: float
    machines: tuple[Machines, ...]
    ports: tuple[Port, ...]
    volumes: tuple[Volumes, ...]
    losses: tuple[Loss, ...]
    limits: tuple[Limit, ...]


def needs(cluster: Cluster) -> Needs:
    scale = cluster.scale
    return Needs(
        devices=scale.devices,
        brokers=scale.brokers if cluster.brokers else 0,
        bridges=scale.bridges,
        partitions=scale.kafka.partitions,
        messages_per_second=scale.messages_per_second,
        log_bytes=scale.kafka.bytes_with_copies if any(one.name == KAFKA for one in cluster.services) else 0,
        reconnects_per_second=scale.reconnects_per_second,
        machines=(*(_machines(cluster, group) for group in cluster.groups.values() if group.nodes), _balancer(cluster)),
        ports=tuple(
            Port(one.name, one.listen, one.node_port, one.maxconn, one.session_rate)
            for one in cluster.load_balancer.frontends
        ),
        volumes=tuple(
            Volumes(service.name, len(volume.disks), volume.size)
            for service in cluster.services
            for volume in service.volumes
            if volume.disks
        ),
        losses=tuple(_loss(cluster, group) for group in cluster.groups.values() if group.nodes),
        limits=tuple(Limit(one.what, one.needed, one.available, one.unit, one.binding) for one in limits(cluster)),
    )


def _machines(cluster: Cluster, group: Group) -> Machines:
    """As large as the largest of the group, where they differ."""
    found = [node.hardware for node in group.nodes if node.hardware]
    runs = dict.fromkeys(share.service.title for node in group.nodes for share in _placed(cluster, node))
    names = tuple(node.name for node in group.nodes)
    return Machines(group.name, len(names), names, *_amounts(found), tuple(runs))


def _placed(cluster: Cluster, node: Node) -> list[Share]:
    """What a node has because it is this one: pods of DaemonSets are on all."""
    return [share for share in shares(cluster, node) if share.service.kind != "DaemonSet"]


def _balancer(cluster: Cluster) -> Machines:
    hosts = cluster.load_balancer.hosts
    has = [host.hardware for host in hosts if host.hardware]
    return Machines("load balancer", len(hosts), tuple(host.name for host in hosts), *_amounts(has), ("HAProxy",))


def _amounts(found: list[Hardware]) -> tuple[int | None, int | None, int | None]:
    if not found:
        return None, None, None
    return max(one.cpu for one in found), max(one.memory for one in found), max(one.disk for one in found)


def _without(cluster: Cluster, group: Group, node: Node) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Titles of what waits for a node, of what has pods on others, and of what starts anew on others."""
    waits, fewer, moves = [], [], []
    for share in _placed(cluster, node):
        if (share.exact and share.pods < share.service.replicas) or share.service.apart:
            fewer.append(share.service.title)
        elif share.exact or len(group.nodes) == 1:
            waits.append(share.service.title)
        else:
            moves.append(share.service.title)
    return tuple(waits), tuple(fewer), tuple(moves)


def _loss(cluster: Cluster, group: Group) -> Loss:
    waits, fewer, moves = max((_without(cluster, group, node) for node in group.nodes), key=lambda found: len(found[0]))
    brokers = cluster.brokers
    if brokers is None or brokers.group != group.name:
        return Loss(group.name, waits, fewer, moves, 0, 0, 0)
    left = max(0, cluster.scale.brokers - 1)
    held = min((one.server_sessions for one in cluster.load_balancer.frontends if one.devices), default=0)
    devices = cluster.scale.devices
    return Loss(
        group.name,
        waits,
        fewer,
        moves,
        ceil_div(devices, cluster.scale.brokers),
        cluster.load_balancer.recovery,
        max(0, devices - left * held),
    )
