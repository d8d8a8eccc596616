"""Sizes that were written by hand, judged by the rules that would have derived them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.inventory.finding import Finding, Path, listed

from ..balancer import session_rate
from ..brokers import device_listeners, memory_limit, memory_of_sessions, sessions_in_memory
from ..quantity import ceil_div, told_apart
from ..types import Cluster, Frontend, Service
from .registry import Stage, rule


@rule(Stage.STRUCTURE)
def known_to_each_other(cluster: Cluster) -> Iterator[Finding]:
    """Pods that would be servers apart behind one name are one; pods that decide by majority are an odd number."""
    for service in cluster.services:
        if wrong := wrong_number(service):
            yield Finding(("services", service.name, "replicas"), service.replicas, *wrong)


def wrong_number(service: Service) -> tuple[str, str] | None:
    """(Rule, way out) where the service cannot have as many pods as it has."""
    count = service.replicas
    if service.spec.single and count > 1:
        return f"{service.title} has one pod: {service.spec.single}", "Write 1"
    if service.spec.quorum and count % 2 == 0:
        return (
            f"{service.title} decides by majority, and {count} pods outlive the loss of no more than {count - 1} would",
            f"Write {count - 1} or {count + 1}",
        )
    return None


@rule(Stage.STRUCTURE)
def enough_brokers(cluster: Cluster) -> Iterator[Finding]:
    """Brokers for all devices, and the guide's minimum whatever their count."""
    scale = cluster.scale
    by_devices = ceil_div(scale.devices, scale.devices_per_broker)
    if by_devices > scale.minimum_brokers:
        least, why = by_devices, f"{scale.devices:,} devices, {scale.devices_per_broker:,} to a broker"
    else:
        least, why = scale.minimum_brokers, "scale.minimum_brokers"
    for service in cluster.services:
        if service.kind == "VerneMQ" and service.replicas < least:
            yield Finding(
                ("services", service.name, "replicas"),
                service.replicas,
                f"there must be at least {least} brokers ({why})",
                f"Write {least}, or the rule: brokers",
            )


@rule(Stage.STRUCTURE)
def partitions_feed_consumers(cluster: Cluster) -> Iterator[Finding]:
    """A Kafka consumer without a partition is idle."""
    partitions = cluster.scale.kafka.partitions
    # A number of bridges that cannot be shared evenly is refused for that alone.
    consumers = [
        service
        for service in cluster.services
        if service.per_node is not None and service.replicas % cluster.scale.brokers == 0
    ]
    most = max((service.replicas for service in consumers), default=0)
    if most > partitions:
        titles = [service.title for service in consumers if service.replicas == most]
        yield Finding(
            ("scale", "kafka", "partitions"),
            partitions,
            f"{listed(titles)} {'has' if len(titles) == 1 else 'have'} {most} pods"
            f"{' each' * (len(titles) > 1)}, and every pod needs a partition of its own",
            f"Write at least {most}"
            + (
                f", or take the line out: the rule gives {cluster.scale.bridges}"
                if cluster.scale.bridges >= most
                else ""
            ),
        )


@rule(Stage.STRUCTURE)
def sessions_of_a_broker(cluster: Cluster) -> Iterator[Finding]:
    """All brokers together take every device, and none takes more than it can hold."""
    stated = cluster.scale.sessions_per_broker
    for service in cluster.services:
        listeners = device_listeners(cluster, service)
        limited = [frontend for frontend in listeners if frontend.port in stated]
        apart = [finding for frontend in limited for finding in _too_many_sessions(cluster, service, frontend)]
        yield from apart
        if apart or not limited:
            continue
        if len(limited) > 1 and service.kind == "VerneMQ":
            yield from _too_many_together(cluster, service, limited)
        # HAProxy has a server line for each node, and only those of brokers that are there lead anywhere.
        servers = cluster.scale.brokers if service.kind == "VerneMQ" else len(listeners[0].servers)
        # Devices of a listener that has no number may all use another.
        if len(limited) == len(listeners) > 1:
            together = sum(stated[frontend.port] for frontend in limited)
            yield from _too_few_sessions(cluster, service, servers, (), together)
            continue
        for frontend in limited:
            yield from _too_few_sessions(cluster, service, servers, (frontend.port,), stated[frontend.port])


def _too_many_sessions(cluster: Cluster, service: Service, frontend: Frontend) -> Iterator[Finding]:
    """Of one listener, for the memory of a broker or for the source ports."""
    stated, balancer = cluster.scale.sessions_per_broker[frontend.port], cluster.load_balancer
    held = sessions_in_memory(service, frontend.port, cluster.scale)
    path = ("scale", "sessions_per_broker", frontend.port)
    if held is not None and stated > held:
        yield Finding(
            path,
            stated,
            f"the memory of a broker (services.{service.name}.resources.limits.memory) holds {held:,} sessions of "
            f"{frontend.port}, and one more would end it with all of them",
            f"Write at most {held}, take the line out, or give the brokers more memory",
        )
    elif stated > (ports := balancer.source_ports_per_server * balancer.carriers):
        yield Finding(
            path,
            stated,
            f"every session of a server needs one of {ports:,} source ports "
            "(load_balancer.source_ports, of each source address)",
            f"Write at most {ports}, widen the range, or give each load balancer more source_addresses",
        )


def _too_many_together(cluster: Cluster, brokers: Service, limited: Sequence[Frontend]) -> Iterator[Finding]:
    """Of several listeners, for the memory of a broker."""
    needed, limit = memory_of_sessions(cluster.scale, limited), memory_limit(brokers)
    if needed > limit:
        sessions = listed([f"{cluster.scale.sessions_per_broker[one.port]:,} of {one.port}" for one in limited])
        needs, has = told_apart(needed, limit)
        yield Finding(
            ("scale", "sessions_per_broker"),
            None,
            f"a broker with the sessions of all listeners, {sessions}, takes {needs} of memory, and above {has} "
            f"(services.{brokers.name}.resources.limits.memory) it ends with all of them",
            "Write fewer of one of them, or give the brokers more memory",
        )


def _too_few_sessions(cluster: Cluster, service: Service, servers: int, port: Path, stated: int) -> Iterator[Finding]:
    """Of one listener, or of all together."""
    devices = cluster.scale.devices
    least = ceil_div(devices, max(1, servers))
    if stated < least:
        brokers = service.kind == "VerneMQ"
        who = f"{servers} {'broker' if brokers else 'server'}{'s' * (servers > 1)}"
        many = "so many" if port else f"{stated:,}"
        yield Finding(
            ("scale", "sessions_per_broker", *port),
            stated if port else None,
            f"{who} with {many} sessions{' each' * (servers > 1)} refuse{'s' * (servers == 1)} devices: they are "
            f"{devices:,}",
            f"Write at least {least}{'' if port else ' in all'}, or "
            + ("add brokers" if brokers else "take the line out"),
        )


@rule(Stage.STRUCTURE)
def devices_are_back_in_time(cluster: Cluster) -> Iterator[Finding]:
    """HAProxy lets in what reconnects every day, and a lost broker's devices before they give up and begin anew."""
    balancer = cluster.load_balancer
    if balancer.session_rate is None:
        return
    rates = [
        session_rate(cluster.scale, len(frontend.servers), balancer.recovery, balancer.carriers)
        for frontend in balancer.frontends
        if frontend.devices
    ]
    if rates and balancer.session_rate < max(rates):
        yield Finding(
            ("load_balancer", "session_rate"),
            balancer.session_rate,
            f"the devices of a lost broker would not be back after {balancer.recovery} s (load_balancer.recovery)",
            f"Write at least {max(rates)}, take the line out, or allow more time",
        )


@rule(Stage.STRUCTURE)
def reload_outlives_sessions(cluster: Cluster) -> Iterator[Finding]:
    """After a reload the old HAProxy process lives until the broker has ended its sessions."""
    seconds = cluster.load_balancer.hard_stop_after
    if seconds * 1000 < cluster.scale.session_lifetime:
        yield Finding(
            ("platform", "haproxy", "hard_stop_after"),
            seconds,
            f"sessions live for {cluster.scale.session_lifetime // 1000} s (scale.session_lifetime), so a reload "
            "would cut those of the old process",
            f"Write at least {ceil_div(cluster.scale.session_lifetime, 1000)}",
        )
