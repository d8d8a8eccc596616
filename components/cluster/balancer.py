"""The load balancer's listeners, servers and limits, all derived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Literal

from .brokers import sessions_in_memory
from .input.target import Inventory
from .quantity import ceil_div
from .types import BalancerHost, Frontend, Group, Keepalived, LoadBalancer, Port, Scale, Server, Service

# HAProxy's own descriptors beside two for each connection: checks, logs, sockets,
# threads. Measured on 2.6: about 2 x maxconn + 35 + 3 x threads; this leaves ample room.
_SPARE_FILES = 4096
# Sessions end when both sides have been silent for longer than one and a half
# keepalives (MQTT 3.1.1, 3.1.2.10); a minute on top keeps the broker the one who ends them.
_KEEPALIVE_GRACE = 60


def load_balancer(
    inventory: Inventory, scale: Scale, services: tuple[Service, ...], groups: Mapping[str, Group]
) -> LoadBalancer:
    """The HAProxy hosts for these services."""
    entry = inventory.load_balancer
    haproxy = inventory.platform.haproxy
    carriers = _carriers(inventory)
    frontends = tuple(
        sorted(
            _frontends(inventory, scale, services, groups),
            key=lambda frontend: frontend.listen,
        )
    )
    maxconn = sum(frontend.maxconn for frontend in frontends)
    stats_port = haproxy.stats_port
    readers = _metrics_readers(inventory, services, groups) if haproxy.prometheus_exporter else ()
    exporter = inventory.platform.operating_system.node_exporter if readers else None
    own_ports = {stats_port} | ({exporter.port} if exporter else set())
    return LoadBalancer(
        hosts=tuple(
            BalancerHost(name, host.address, host.hardware or entry.hardware, host.source_addresses)
            for name, host in inventory.load_balancers.items()
        ),
        carriers=carriers,
        keepalived=_keepalived(inventory),
        frontends=frontends,
        maxconn=maxconn,
        open_files=2 * maxconn + _SPARE_FILES,
        source_ports=(entry.source_ports.first, entry.source_ports.last),
        ephemeral_ports=(entry.ephemeral_ports.first, entry.ephemeral_ports.last),
        reserved_ports=tuple(sorted({*own_ports, *(frontend.listen for frontend in frontends)})),
        stats_port=stats_port,
        metrics_readers=readers,
        node_exporter=exporter,
        session_timeout=scale.keepalive * 3 // 2 + _KEEPALIVE_GRACE,
        connect_timeout=haproxy.connect_timeout,
        client_fin_timeout=haproxy.client_fin_timeout,
        hard_stop_after=haproxy.hard_stop_after,
        max_reloads=haproxy.max_reloads,
        check_interval=haproxy.check_interval,
        check_timeout=haproxy.check_timeout,
        slow_start=haproxy.slow_start,
        recovery=entry.recovery,
        session_rate=entry.session_rate,
        oldest_tls=entry.tls.minimum,
        memory_per_session=entry.memory_per_session,
        memory_per_tls_connection=entry.memory_per_tls_connection,
        follow=entry.follow,
    )


def _carriers(inventory: Inventory) -> int:
    """By DNS, devices choose one by chance, and with one lost the others have to carry all of them."""
    if _keepalived(inventory):
        return 1
    return max(1, len(inventory.load_balancers) - 1)


def _keepalived(inventory: Inventory) -> Keepalived | None:
    shared = inventory.load_balancer.shared
    if shared is None or shared.address is None or shared.interface is None:
        return None
    return Keepalived(shared.address, shared.interface, inventory.platform.operating_system.keepalived)


def _metrics_readers(
    inventory: Inventory, services: tuple[Service, ...], groups: Mapping[str, Group]
) -> tuple[str, ...]:
    """What a pod sends out of the pod network has its node's address."""
    watch = inventory.monitoring
    if not watch or not watch.load_balancer:
        return ()
    return tuple(
        node.address for service in services if service.name == watch.service for node in groups[service.group].nodes
    )


def _frontends(
    inventory: Inventory, scale: Scale, services: tuple[Service, ...], groups: Mapping[str, Group]
) -> Iterator[Frontend]:
    entry = inventory.load_balancer
    carriers = _carriers(inventory)
    share = ceil_div(scale.devices, carriers)
    device_connections = share + share * entry.reconnect_overlap // 100
    for service in services:
        for port in service.exposed:
            if port.exposure.listen is None:
                continue
            nodes = groups[service.group].nodes
            devices = port.exposure.devices
            yield Frontend(
                name=frontend_name(service, port),
                service=service.name,
                port=port.name,
                listen=port.exposure.listen,
                node_port=port.exposure.node_port,
                devices=devices,
                check=_check(port),
                proxy_protocol=port.proxied is not None,
                tls=port.exposure.tls,
                maxconn=device_connections if devices else entry.api_connections,
                server_maxconn=_server_maxconn(inventory, scale, service, port) if devices else None,
                session_rate=(entry.session_rate or session_rate(scale, len(nodes), entry.recovery, carriers))
                if devices
                else None,
                servers=tuple(Server(node.name, node.address, port.exposure.node_port) for node in nodes),
                carriers=carriers,
            )


def _check(port: Port) -> Literal["mqtt", "tls", "tcp"]:
    """The kernel accepts connections of a broker that is frozen, so brokers have to answer themselves."""
    if not port.exposure.devices:
        return "tcp"
    if port.tls:
        return "tls"
    return "mqtt" if port.listener == "tcp" else "tcp"


def _server_maxconn(inventory: Inventory, scale: Scale, service: Service, port: Port) -> int:
    """A load balancer's sessions of one server: as stated, or what its source ports and the broker's memory allow."""
    ports = inventory.load_balancer.source_ports
    if stated := scale.sessions_per_broker.get(port.name):
        return max(1, stated // _carriers(inventory))
    held = sessions_in_memory(service, port.name, scale)
    addresses = min(1 + len(host.source_addresses) for host in inventory.load_balancers.values())
    by_ports = (ports.last - ports.first + 1) * addresses
    # To HAProxy, 0 would mean no limit; what is as small as that is refused.
    return max(1, by_ports if held is None else min(by_ports, held // _carriers(inventory)))


def session_rate(scale: Scale, servers: int, recovery: int, carriers: int) -> int:
    """New sessions a second of one of `carriers`: those of every day, and of one lost server within `recovery` s."""
    return ceil((scale.reconnects_per_second + ceil_div(scale.devices, max(1, servers)) / recovery) / carriers)


def frontend_name(service: Service, port: Port) -> str:
    """HAProxy's name for an exposed port: vernemq-mqtt, kong-http."""
    return f"{service.name}-{port.name}"
