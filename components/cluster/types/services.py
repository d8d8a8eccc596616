"""A service with its volumes, routes and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .containers import Container, KubernetesService, Port
from .machines import Node

#: First word of what stands in place of a Secret's value: the bootstrap makes it up, or people bring it.
RANDOM, PROVIDED = "random", "provided"


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
class HostPath:
    """A directory of the node, mounted for reading."""

    name: str
    path: str
    mount: str


@dataclass(frozen=True)
class Metrics:
    """Where each pod shows its metrics to Prometheus: `port` is the name of a port."""

    port: str
    path: str


@dataclass(frozen=True)
class File:
    """A text file mounted into the container as mount/name.

    `source` is a file of inventory/files, or the name of one that is made from the
    cluster (references.environment.GENERATED).
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
class Use:
    """This service calls `port` of `service`; `at_start`: it cannot start without it."""

    service: str
    port: str
    at_start: bool


@dataclass(frozen=True)
class MadePods:
    """Pods that a service makes by itself; `callers` are the services that call their port."""

    name: str
    labels: Mapping[str, str]
    port: int
    callers: tuple[str, ...]


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

    `secrets`: Secret -> key -> its value, RANDOM or PROVIDED (then every key is).
    `wave` orders the sync: lower waves come first. `per_node` is the exact number
    of pods beside each broker, None where the scheduler may choose. `single`: why it has
    one pod. `quorum`: its pods decide by majority. `peers`: they call each other.
    """

    name: str
    title: str
    kind: str
    namespace: str
    group: str
    replicas: int
    per_node: int | None
    single: str | None
    quorum: bool
    one_per_node: bool
    wave: int
    container: Container
    sidecars: tuple[Container, ...]
    kubernetes_services: tuple[KubernetesService, ...]
    external_service: str | None
    volumes: tuple[Volume, ...]
    files: tuple[File, ...]
    secrets: Mapping[str, Mapping[str, str]]
    routes: tuple[Route, ...]
    uses: tuple[Use, ...]
    peers: bool
    makes: tuple[MadePods, ...]
    jobs: tuple[Job, ...]
    rbac: tuple[Mapping[str, Any], ...]
    cluster_rbac: tuple[Mapping[str, Any], ...]
    service_account: str | None
    metrics: Metrics | None
    host_network: bool
    host_pid: bool
    host_paths: tuple[HostPath, ...]
    max_unavailable: int | None
    grace_period: int | None
    progress_deadline: int | None
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
    def pods_prefix(self) -> str:
        return pods_prefix(self.name, self.custom_resource)

    @property
    def sees_its_host(self) -> bool:
        """It is given something of its node, which only a privileged namespace allows."""
        return self.host_network or self.host_pid or bool(self.host_paths)

    @property
    def exposed(self) -> tuple[Port, ...]:
        return tuple(port for port in self.container.ports if port.expose)

    @property
    def containers(self) -> tuple[Container, ...]:
        return (self.container, *self.sidecars)


def pods_prefix(service: str, custom_resource: Mapping[str, Any] | None) -> str:
    """A set's name, which its pods have before their number: the operator calls its set after the custom resource."""
    return f"vernemq-{custom_resource['name']}" if custom_resource else service
