"""The MQTT brokers, and what one of them needs once another is lost."""

from __future__ import annotations

from collections.abc import Iterable

from .quantity import ceil_div, size
from .types import Cluster, Frontend, Scale, Service

# Files of a broker beside its sessions. VerneMQ 1.10 keeps 22 LevelDB stores (12 for messages, 10 for its metadata):
# some five files each, and tables of 2 MiB or more, of which a volume of 5 GiB holds 2,560 at most. Erlang's own, the
# other brokers, bridges, probes and metrics take a few hundred.
_SPARE_FILES = 4096
# Processes and ports beside those of sessions: the virtual machine's own, listeners with their acceptors, stores,
# other brokers. An idle VerneMQ has some two thousand processes, and a few hundred ports.
_SPARE_PROCESSES = _SPARE_PORTS = 4096


def sessions_in_memory(service: Service, port: str, scale: Scale) -> int | None:
    """Sessions of a port that one broker's memory holds beside what it takes itself; None where nobody knows."""
    each = scale.session_memory.get(port)
    if service.kind != "VerneMQ" or each is None:
        return None
    return max(0, memory_limit(service) - scale.broker_memory) // each


def device_listeners(cluster: Cluster, service: Service) -> tuple[Frontend, ...]:
    """The load balancer's listeners over which devices reach a service."""
    frontends = cluster.load_balancer.frontends
    return tuple(frontend for frontend in frontends if frontend.devices and frontend.service == service.name)


def memory_of_sessions(scale: Scale, listeners: Iterable[Frontend]) -> int:
    """What a broker takes with the most sessions of each listener that HAProxy gives it, as far as that is known."""
    return scale.broker_memory + sum(
        frontend.server_sessions * scale.session_memory.get(frontend.port, 0) for frontend in listeners
    )


def hold_together(cluster: Cluster) -> bool:
    """Whether HAProxy's limits keep a broker alive however many listeners its devices use at once."""
    listeners = [frontend for frontend in cluster.load_balancer.frontends if frontend.devices]
    brokers = cluster.brokers
    if len(listeners) < 2:
        return True
    return brokers is not None and memory_of_sessions(cluster.scale, listeners) <= memory_limit(brokers)


def memory_limit(service: Service) -> int:
    return size(service.container.resources.limits.memory)


def survivor_sessions(cluster: Cluster) -> int:
    """Sessions that HAProxy lets in, shared by the brokers that are left; a single broker has no others."""
    brokers = cluster.brokers
    sessions = max(
        (
            frontend.sessions
            for frontend in cluster.load_balancer.frontends
            if frontend.devices and brokers and frontend.service == brokers.name
        ),
        default=cluster.scale.devices,
    )
    return ceil_div(sessions, max(1, cluster.scale.brokers - 1))


def broker_open_files(cluster: Cluster) -> int:
    """A file for each session of a survivor, and its own."""
    return survivor_sessions(cluster) + _SPARE_FILES


def broker_processes(cluster: Cluster) -> int:
    """Erlang processes of a survivor whose sessions are all of the dearest listener that devices have."""
    exposed = {port.name for port in cluster.brokers.exposed} if cluster.brokers else set()
    each = (number for name, number in cluster.scale.session_processes.items() if name in exposed)
    return survivor_sessions(cluster) * max(each, default=0) + _SPARE_PROCESSES


def broker_ports(cluster: Cluster) -> int:
    """An Erlang port for each session of a survivor, and its own."""
    return survivor_sessions(cluster) + _SPARE_PORTS
