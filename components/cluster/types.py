"""The cluster as every face sees it: immutable, complete, already judged by the rules.

Units: CPU in millicores, memory and disk in bytes, times in seconds. Optional
values are None. Collections are tuples, sorted or in the order of the inventory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

CONTROL_PLANE = "control-plane"


@dataclass(frozen=True)
class Hardware:
    """What one machine has (the guide's hardware table)."""

    cpu: int
    memory: int
    disk: int


@dataclass(frozen=True)
class Node:
    """One machine of the Kubernetes cluster."""

    name: str
    address: str
    group: str
    hardware: Hardware


@dataclass(frozen=True)
class Group:
    """Nodes that carry one value of the group label; `label` is that value."""

    name: str
    label: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Expose:
    """How a port is reached from outside: node_port on the group's nodes, listen on HAProxy.

    `listen` is None for a port that clients reach on the nodes themselves.
    `devices` marks the ports on which devices hold their sessions open.
    """

    node_port: int
    listen: int | None
    devices: bool


@dataclass(frozen=True)
class Port:
    """A port that a container listens on; `restricted` ones admit declared users only.

    `listener` (tcp, websocket) is set where the custom resource opens the port.
    """

    name: str
    number: int
    protocol: str
    expose: Expose | None
    restricted: bool
    listener: str | None


@dataclass(frozen=True)
class KubernetesService:
    """A Service object inside the cluster: its DNS name and port name -> port number.

    The names are those of the container's ports, which are the targets.
    """

    name: str
    headless: bool
    same_node: bool
    ports: Mapping[str, int]


@dataclass(frozen=True)
class EnvVar:
    """One environment variable: a literal value, a key of a Secret, or a pod field."""

    name: str
    value: str | None = None
    secret: str | None = None
    key: str | None = None
    field: str | None = None


@dataclass(frozen=True)
class Resources:
    """Requests and limits as written (Kubernetes quantities), and the requests as numbers."""

    requests: Mapping[str, str]
    limits: Mapping[str, str]
    cpu: int
    memory: int


@dataclass(frozen=True)
class Security:
    """What a container may do; `writable` paths become emptyDirs under a read-only root."""

    user: int
    group: int
    read_only_root: bool
    writable: tuple[str, ...]
    capabilities: tuple[str, ...]


@dataclass(frozen=True)
class Container:
    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[EnvVar, ...]
    ports: tuple[Port, ...]
    readiness: Mapping[str, Any] | None
    liveness: Mapping[str, Any] | None
    resources: Resources
    security: Security


@dataclass(frozen=True)
class Disk:
    """One local volume: claim <-> PersistentVolume <-> directory on a node."""

    claim: str
    persistent_volume: str
    host_path: str
    node: Node
    size: int
    owner: int


@dataclass(frozen=True)
class Volume:
    """A volume of a service; `disks` has one entry a replica, none when not persistent."""

    name: str
    mount: str
    size: int
    persistent: bool
    owner: int
    disks: tuple[Disk, ...]


@dataclass(frozen=True)
class File:
    """A text file mounted into the container as mount/name.

    `source` is a file of components/manifests/files, or "gateway_calls" for the
    calls that configure the API gateway.
    """

    name: str
    source: str
    mount: str


@dataclass(frozen=True)
class Plugin:
    """A Kong plugin on a route's Kong service."""

    name: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Route:
    """One endpoint of the API gateway: Kong service and route; timeout in milliseconds."""

    name: str
    url: str
    paths: tuple[str, ...]
    strip_path: bool
    plugins: tuple[Plugin, ...]
    timeout: int | None


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database; name, user and password are keys of the Secret."""

    server: str
    secret: str
    name: str
    user: str
    create_databases: bool


@dataclass(frozen=True)
class Use:
    """This service calls `port` of `service`; `at_start`: it cannot start without it."""

    service: str
    port: str
    at_start: bool


@dataclass(frozen=True)
class Job:
    """A run-to-completion pod of a service, `before` or `after` its workload."""

    name: str
    when: str
    container: Container
    files: tuple[File, ...]
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Service:
    """All about one dojot service.

    `wave` orders the sync: lower waves come first. `per_node` is the exact number
    of pods beside each broker, None where the scheduler may choose.
    """

    name: str
    title: str
    kind: str
    group: str
    replicas: int
    per_node: int | None
    one_per_node: bool
    wave: int
    container: Container
    sidecars: tuple[Container, ...]
    kubernetes_services: tuple[KubernetesService, ...]
    external_service: str | None
    volumes: tuple[Volume, ...]
    files: tuple[File, ...]
    secrets: Mapping[str, Mapping[str, str]]
    database: Database | None
    routes: tuple[Route, ...]
    uses: tuple[Use, ...]
    jobs: tuple[Job, ...]
    rbac: tuple[Mapping[str, Any], ...]
    service_account: str | None
    max_unavailable: int | None
    grace_period: int | None
    update_strategy: str | None
    pod_management: str | None
    hostname: str | None
    fs_group: int | None
    custom_resource: Mapping[str, Any] | None

    @property
    def pod_labels(self) -> Mapping[str, str]:
        """Labels of the service's pods; the operator chooses those of the brokers."""
        if self.custom_resource:
            return {"app": "vernemq", "vernemq": self.custom_resource["name"]}
        return {"app": "dojot", "name": self.name}

    @property
    def exposed(self) -> tuple[Port, ...]:
        return tuple(port for port in self.container.ports if port.expose)

    @property
    def containers(self) -> tuple[Container, ...]:
        return (self.container, *self.sidecars)


@dataclass(frozen=True)
class Server:
    """One line of an HAProxy backend."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Frontend:
    """A TCP listener of the load balancer and where it leads."""

    name: str
    service: str
    listen: int
    node_port: int
    devices: bool
    maxconn: int
    servers: tuple[Server, ...]


@dataclass(frozen=True)
class LoadBalancer:
    """The HAProxy host with every limit derived from the device count.

    `source_ports` is the range each server line connects from; `reserved_ports`
    are the host's own listeners, kept out of the kernel's ephemeral choice.
    """

    hostname: str
    address: str
    hardware: Hardware
    frontends: tuple[Frontend, ...]
    maxconn: int
    open_files: int
    source_ports: tuple[int, int]
    ephemeral_ports: tuple[int, int]
    reserved_ports: tuple[int, ...]
    stats_port: int
    session_timeout: int
    connect_timeout: int
    client_fin_timeout: int
    hard_stop_after: int
    check_interval: int
    memory_per_session: int


@dataclass(frozen=True)
class Kafka:
    """Sizes of the message log."""

    partitions: int
    segment_bytes: int
    retention: int
    topics: int
    bytes_needed: int


@dataclass(frozen=True)
class Scale:
    """Device count and what follows from it; session_lifetime is in milliseconds."""

    devices: int
    devices_per_broker: int
    minimum_brokers: int
    bridges_per_broker: int
    brokers: int
    bridges: int
    keepalive: int
    session_lifetime: int
    message_interval: int
    message_bytes: int
    session_memory: Mapping[str, int]
    kafka: Kafka

    @property
    def messages_per_second(self) -> float:
        return self.devices / self.message_interval


@dataclass(frozen=True)
class Platform:
    """Versions and abilities of what dojot runs on, as written in the platform classes.

    `kubernetes`, `runtime`, `pod_network`, `operating_system`, `haproxy` and
    `argocd` are plain mappings: see inventory/classes/platform/.
    """

    kubernetes: Mapping[str, Any]
    runtime: Mapping[str, Any]
    pod_network: Mapping[str, Any]
    operating_system: Mapping[str, Any]
    haproxy: Mapping[str, Any]
    argocd: Mapping[str, Any]


@dataclass(frozen=True)
class GitSource:
    """Where Argo CD reads the compiled manifests; `path` is inside the repository."""

    repository: str
    revision: str
    path: str


@dataclass(frozen=True)
class Cluster:
    name: str
    release: str
    domain: str
    namespace: str
    rbac: bool
    group_label: str
    storage_class: str
    volumes_root: str
    gateway: str | None
    nodes: tuple[Node, ...]
    groups: Mapping[str, Group]
    services: tuple[Service, ...]
    load_balancer: LoadBalancer
    scale: Scale
    platform: Platform
    git: GitSource
    reserve: Hardware

    def service(self, name: str) -> Service:
        """The service called `name`; KeyError if the profile does not have it."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)

    @property
    def control_plane(self) -> Node:
        return next(node for node in self.nodes if node.group == CONTROL_PLANE)

    @property
    def workers(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.group != CONTROL_PLANE)

    @property
    def disks(self) -> tuple[tuple[Service, Volume, Disk], ...]:
        return tuple(
            (service, volume, disk)
            for service in self.services
            for volume in service.volumes
            for disk in volume.disks
        )
