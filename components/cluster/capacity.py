"""What the cluster needs against what it has: judged by the rules, shown on its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .brokers import broker_open_files, broker_ports, broker_processes
from .input.machines import Hardware
from .input.service import ERLANG_MOST
from .mongodb import BESIDE_THE_CACHE, MONGODB, cache_bytes
from .placement import pods_per_node
from .quantity import ceil_div, size
from .reserve import allocatable
from .sizes import KAFKA
from .types import EVERY_NODE, Cluster, Frontend, Group, LoadBalancer, Service

# What fs.nr_open, the bound of one process' open files, can be raised to on a 64-bit Linux: sysctl_nr_open_max of
# its fs/file.c, the largest multiple of 64 in a signed 32-bit number. Below it, the kernel's limits follow the need.
OPEN_FILES_CEILING = 2_147_483_584
# Of a database beside those of devices: connections, logs, collections of its own.
_SPARE_FILES = 4096


@dataclass(frozen=True)
class Limit:
    """One comparison. `unit` is cpu (millicores), bytes or count.

    `binding` limits are rules; the others are advice that the page shows.
    `path` is the key to change, `way_out` what to do when `needed` is above `available`.
    `devices` is how many of them get in all the same, where HAProxy refuses the others.
    `hardware` is what of a machine is compared: `path` leads to a node or to a host of the load balancer, and the
    reserve is not part of `available`.
    """

    what: str
    needed: int
    available: int
    unit: str
    path: tuple[str, ...]
    way_out: str
    binding: bool = True
    devices: int | None = None
    hardware: Literal["cpu", "memory", "disk"] | None = None

    @property
    def headroom(self) -> float:
        """Share of `available` that is left; negative when too little."""
        return 1 - self.needed / self.available if self.available else -1.0

    @property
    def machine(self) -> str:
        """Whose hardware is compared; empty for what is no machine's. `what` ends with it."""
        return self.path[-1] if self.hardware else ""

    @property
    def fits(self) -> bool:
        return self.needed <= self.available


def limits(cluster: Cluster) -> tuple[Limit, ...]:
    """Every limit of the cluster, in the order of the page."""
    return (
        *_brokers(cluster),
        *_load_balancer(cluster),
        *_kafka(cluster),
        *_databases(cluster),
        *(limit for group in cluster.groups.values() for limit in _nodes(cluster, group)),
    )


def _brokers(cluster: Cluster) -> Iterator[Limit]:
    scale = cluster.scale
    brokers = cluster.brokers
    if brokers is None:
        return
    path = ("services", brokers.name, "replicas")
    yield Limit(
        "devices on all brokers",
        scale.devices,
        scale.brokers * scale.devices_per_broker,
        "count",
        path,
        f"Set replicas to brokers (the rule), or to at least {ceil_div(scale.devices, scale.devices_per_broker)}",
    )
    for what, least, allowed, key in _broker_bounds(cluster, brokers):
        yield Limit(
            f"{what} of a broker" + (", one broker lost" if scale.brokers > 1 else ""),
            least,
            allowed,
            "count",
            key,
            f"Write at least {least}" if least <= ERLANG_MOST else "Add brokers, which share the devices",
        )
    memory = size(brokers.container.resources.limits.memory)
    listeners = [
        (frontend, scale.session_memory[frontend.port])
        for frontend in cluster.load_balancer.frontends
        if frontend.service == brokers.name and frontend.devices and frontend.port in scale.session_memory
    ]
    least = min((each for _, each in listeners), default=0)
    for frontend, each in listeners:
        for lost in range(min(2, scale.brokers)):
            survivors = scale.brokers - lost
            yield Limit(
                f"memory of a broker, all sessions {frontend.port}" + (", one broker lost" if lost else ""),
                scale.broker_memory + ceil_div(scale.devices, survivors) * each,
                memory,
                "bytes",
                ("services", brokers.name, "resources", "limits", "memory"),
                "Give the brokers more memory, or more brokers",
                # Where there are two listeners, devices may all use the one whose sessions are smaller.
                binding=not lost and each == least,
                devices=min(scale.devices, survivors * frontend.server_sessions),
            )


def _broker_bounds(cluster: Cluster, brokers: Service) -> Iterator[tuple[str, int, int, tuple[str, ...]]]:
    """(What, needed, allowed, key that says so) of what each session takes a piece of, beside memory."""
    if allowed := cluster.platform.runtime.open_files:
        yield "open files", broker_open_files(cluster), allowed, ("platform", "runtime", "open_files")
    assert brokers.spec.custom_resource, "a VerneMQ without one is refused"
    erlang, path = brokers.spec.custom_resource.erlang, ("services", brokers.name, "custom_resource", "erlang")
    yield "Erlang processes", broker_processes(cluster), erlang.processes, (*path, "processes")
    yield "Erlang ports", broker_ports(cluster), erlang.ports, (*path, "ports")


def _load_balancer(cluster: Cluster) -> Iterator[Limit]:
    balancer, scale = cluster.load_balancer, cluster.scale
    brokers = cluster.brokers
    for frontend in balancer.frontends:
        if not frontend.devices:
            continue
        more = (
            "add brokers"
            if brokers and frontend.service == brokers.name
            else "take VerneMQ, whose brokers share the devices"
        )
        lacking = _more_addresses(balancer, scale.devices, frontend)
        # With one server there is nobody to take over what it had.
        for lost in (0, 1) if len(frontend.servers) > 1 else (0,):
            yield Limit(
                f"source ports of {frontend.name}" + (", one broker lost" if lost else ""),
                scale.devices,
                max(0, len(frontend.servers) - lost) * balancer.source_ports_per_server * balancer.carriers,
                "count",
                ("load_balancer", "source_ports"),
                f"Widen the range, {more}, or give each load balancer {lacking} more source_addresses: from each it "
                "connects from this range of ports, to each server",
            )
        yield Limit(
            f"connections of {frontend.name}",
            scale.devices,
            frontend.sessions,
            "count",
            ("load_balancer", "reconnect_overlap"),
            "Allow a larger overlap",
        )
    both = sum(frontend.devices for frontend in balancer.frontends) > 1
    yield Limit(
        "open files of HAProxy",
        balancer.open_files,
        OPEN_FILES_CEILING,
        "count",
        ("scale", "devices"),
        "Add load balancers, which share the devices"
        + (", or write insecure_mqtt: false: one listener for all devices takes half of it" if both else ""),
    )
    for host in balancer.hosts:
        if host.hardware is None:
            continue
        yield Limit(
            f"memory of sessions on load balancer {host.name}",
            ceil_div(scale.devices, balancer.carriers) * balancer.memory_per_session + balancer.memory_of_tls,
            host.hardware.memory - cluster.reserve.memory,
            "bytes",
            ("load_balancers", host.name),
            "add load balancers, which share the devices",
            hardware="memory",
        )


def _more_addresses(balancer: LoadBalancer, devices: int, frontend: Frontend) -> int:
    """How many a load balancer lacks for sessions to the servers that are left when one is lost."""
    each = max(1, max(1, len(frontend.servers) - 1) * balancer.source_ports_per_line * balancer.carriers)
    return max(1, ceil_div(devices, each) - min(len(host.sources) for host in balancer.hosts))


def carriers_needed(cluster: Cluster) -> int:
    """How many load balancers it takes to share the devices when one is lost, by memory and source ports of each.

    Never fewer than there are, and no more than brokers: machines that small have to become larger, too.
    """
    balancer, devices = cluster.load_balancer, cluster.scale.devices
    taken = cluster.reserve.memory + balancer.memory_of_tls
    rooms = [host.hardware.memory - taken for host in balancer.hosts if host.hardware]
    sessions = [room // balancer.memory_per_session for room in rooms]
    sessions += [
        max(1, len(frontend.servers) - 1) * balancer.source_ports_per_server
        for frontend in balancer.frontends
        if frontend.devices
    ]
    needed = ceil_div(devices, max(1, min(sessions, default=devices)))
    return max(balancer.carriers, min(needed, cluster.scale.brokers))


def _kafka(cluster: Cluster) -> Iterator[Limit]:
    for service in cluster.services:
        if service.name != KAFKA:
            continue
        for volume in service.volumes:
            yield Limit(
                "Kafka's message log, with its margin",
                cluster.scale.kafka.server_bytes * service.replicas,
                volume.size * service.replicas,
                "bytes",
                ("services", service.name, "volumes", volume.name, "size"),
                "Write size: kafka_log (the rule), or shorten scale.kafka.retention or segment",
            )


def _databases(cluster: Cluster) -> Iterator[Limit]:
    """Of each service in which others keep messages of devices: its disk, open files and memory."""
    for service in cluster.services:
        storers = [one for one in cluster.services if one.spec.stores and one.spec.stores.service == service.name]
        if not storers:
            continue
        path, stores = ("services", service.name), [one.spec.stores for one in storers if one.spec.stores]
        for volume in service.volumes:
            yield Limit(
                f"messages in {service.title}, with their margin",
                cluster.scale.database_bytes(service.name),
                volume.size,
                "bytes",
                (*path, "volumes", volume.name, "size"),
                "Write size: stored_messages (the rule), keep them for fewer hours, or correct "
                "scale.message.average_interval",
            )
        files = cluster.scale.devices * sum(one.device_files for one in stores)
        if files and (allowed := cluster.platform.runtime.open_files):
            yield Limit(
                f"open files of {service.title}",
                files + _SPARE_FILES,
                allowed,
                "count",
                ("platform", "runtime", "open_files"),
                f"Write at least {files + _SPARE_FILES}",
            )
        memory = cluster.scale.devices * sum(one.device_memory or 0 for one in stores)
        if memory:
            known = service.name == MONGODB
            beside = BESIDE_THE_CACHE + (cache_bytes(service.container.args) or 0) if known else 0
            yield Limit(
                f"memory of {service.title}, its open files" + (", its cache and all else" if known else ""),
                beside + memory,
                size(service.container.resources.limits.memory),
                "bytes",
                (*path, "resources", "limits", "memory"),
                f"Give {service.title} more memory, or share the devices between several clusters",
            )


def _nodes(cluster: Cluster, group: Group) -> Iterator[Limit]:
    """The fullest node of each group, by requests. Volumes are counted node by node."""
    members = [service for service in cluster.services if service.group in (group.name, EVERY_NODE)]
    if not group.nodes or not members:
        return
    cpu, memory = (
        sum(pods_per_node(service, group) * service.request(kind) for service in members)
        + max((getattr(job.container.resources, kind) for service in members for job in service.jobs), default=0)
        + argocd_request(cluster, group, kind)
        for kind in ("cpu", "memory")
    )
    for node in group.nodes:
        if node.hardware is None:
            continue
        where = f"node {node.name}"
        path = ("cluster", "nodes", node.name)
        fix = "move a service to another group, or request less"
        free = allocatable(cluster, node.hardware)
        yield Limit(f"CPU requests on {where}", cpu, free.cpu, "cpu", path, fix, hardware="cpu")
        yield Limit(f"memory requests on {where}", memory, free.memory, "bytes", path, fix, hardware="memory")
        disk = sum(disk.size for _, _, disk in cluster.disks if disk.node == node)
        if disk:
            fix = "make the volumes smaller"
            yield Limit(f"volumes on {where}", disk, free.disk, "bytes", path, fix, hardware="disk")


def enough(cluster: Cluster, limit: Limit, has: Hardware) -> Hardware:
    """What a machine has to have for a limit of hardware: whole cores or GiB with the reserve, no less than `has`."""
    assert limit.hardware, f"{limit.what} is about no machine"
    needed = limit.needed + getattr(cluster.reserve, limit.hardware)
    unit = 1000 if limit.hardware == "cpu" else 2**30
    return has.model_copy(update={limit.hardware: max(getattr(has, limit.hardware), ceil_div(needed, unit) * unit)})


def machine_of(cluster: Cluster, limit: Limit) -> Hardware:
    """What the machine of a limit of hardware has."""
    found = next(machine.hardware for machine in cluster.machines if machine.name == limit.machine)
    assert found, f"{limit.what} is not judged"
    return found


def argocd_request(cluster: Cluster, group: Group, kind: str) -> int:
    """What Argo CD's own pods are counted with on the group that carries them."""
    if cluster.argocd_group != group.name:
        return 0
    requests = cluster.platform.argocd.requests
    total = requests.cpu if kind == "cpu" else requests.memory
    return ceil_div(total, len(group.nodes))
