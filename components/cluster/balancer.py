"""The load balancer's listeners, servers and limits, all derived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .input.target import Inventory
from .types import Frontend, Group, LoadBalancer, Port, Scale, Server, Service

# HAProxy's own descriptors beside two for each connection: checks, logs, sockets,
# threads. Measured on 2.6: about 2 x maxconn + 35 + 3 x threads; this leaves ample room.
_SPARE_FILES = 4096
# Sessions end when both sides have been silent for longer than one and a half
# keepalives (MQTT 3.1.1, 3.1.2.10); a minute on top keeps the broker the one who ends them.
_KEEPALIVE_GRACE = 60


def load_balancer(
    inventory: Inventory, scale: Scale, services: tuple[Service, ...], groups: Mapping[str, Group]
) -> LoadBalancer:
    """The HAProxy host for these services."""
    entry = inventory.load_balancer
    haproxy = inventory.platform.haproxy
    device_connections = scale.devices + scale.devices * entry.reconnect_overlap // 100
    frontends = tuple(
        sorted(
            _frontends(services, groups, device_connections, entry.api_connections),
            key=lambda frontend: frontend.listen,
        )
    )
    maxconn = sum(frontend.maxconn for frontend in frontends)
    stats_port = haproxy.stats_port
    return LoadBalancer(
        hostname=entry.hostname,
        address=entry.address,
        hardware=entry.hardware,
        frontends=frontends,
        maxconn=maxconn,
        open_files=2 * maxconn + _SPARE_FILES,
        source_ports=(entry.source_ports.first, entry.source_ports.last),
        ephemeral_ports=(entry.ephemeral_ports.first, entry.ephemeral_ports.last),
        reserved_ports=tuple(sorted({stats_port, *(frontend.listen for frontend in frontends)})),
        stats_port=stats_port,
        metrics_readers=_metrics_readers(inventory, services, groups),
        session_timeout=scale.keepalive * 3 // 2 + _KEEPALIVE_GRACE,
        connect_timeout=haproxy.connect_timeout,
        client_fin_timeout=haproxy.client_fin_timeout,
        hard_stop_after=haproxy.hard_stop_after,
        check_interval=haproxy.check_interval,
        memory_per_session=entry.memory_per_session,
    )


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
    services: tuple[Service, ...], groups: Mapping[str, Group], device_connections: int, api_connections: int
) -> Iterator[Frontend]:
    for service in services:
        for port in service.exposed:
            if port.exposure.listen is None:
                continue
            yield Frontend(
                name=frontend_name(service, port),
                service=service.name,
                listen=port.exposure.listen,
                node_port=port.exposure.node_port,
                devices=port.exposure.devices,
                maxconn=device_connections if port.exposure.devices else api_connections,
                servers=tuple(
                    Server(node.name, node.address, port.exposure.node_port) for node in groups[service.group].nodes
                ),
            )


def frontend_name(service: Service, port: Port) -> str:
    """HAProxy's name for an exposed port: vernemq-mqtt, kong-http."""
    return f"{service.name}-{port.name}"
