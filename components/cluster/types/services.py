"""A service with its volumes, routes and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..input.service import ServiceEntry
from .containers import Container, KubernetesService, Port
from .machines import Node

#: Files that are made from the cluster, by the name that `source` gives them.
GENERATED = (
    "dashboard_brokers",
    "dashboard_load_balancer",
    "dashboard_nodes",
    "dashboard_overview",
    "dashboard_storage",
    "gateway_calls",
    "prometheus_config",
    "prometheus_rules",
    "volume_directories",
)
#: On every object that is not of one service or job alone.
DOJOT_LABEL = {"app": "dojot"}
#: First word of what stands in place of a Secret's value: the bootstrap makes it up, or people bring it.
RANDOM, PROVIDED = "random", "provided"
#: The key of a Secret that opens registries, by Kubernetes' rule.
PULL_KEY = ".dockerconfigjson"


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

    `source` is a file of the inventory's files/, or the name of one that is made from the
    cluster (GENERATED); `text` is what the file says, None for one that is made.
    """

    name: str
    source: str
    mount: str
    text: str | None


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
class Job:
    """A run-to-completion pod of a service, `before` or `after` its workload."""

    name: str
    when: str
    container: Container
    files: tuple[File, ...]
    uses: tuple[Use, ...]

    @property
    def pod_labels(self) -> Mapping[str, str]:
        return pod_labels(self.name)


@dataclass(frozen=True)
class Service:
    """One dojot service: `spec`, what the inventory says of it, and what follows from that.

    `replicas` is the number of its pods, `per_node` the exact number of them beside each broker, None where the
    scheduler may choose. `apart`: no two of them share a node, so that one outlives the other's. `max_unavailable` is
    how many a drain may take at once, None where there is nothing to say.
    `keeps_source`: what comes in at a NodePort stays on that node, and comes with the address of who opened it.
    `wave` orders the sync: lower waves come first.
    """

    name: str
    spec: ServiceEntry
    namespace: str
    replicas: int
    keeps_source: bool
    per_node: int | None
    apart: bool
    max_unavailable: int | None
    wave: int
    container: Container
    sidecars: tuple[Container, ...]
    kubernetes_services: tuple[KubernetesService, ...]
    volumes: tuple[Volume, ...]
    files: tuple[File, ...]
    routes: tuple[Route, ...]
    uses: tuple[Use, ...]
    jobs: tuple[Job, ...]

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.spec.title

    @property
    def kind(self) -> str:
        """Deployment, StatefulSet, DaemonSet or VerneMQ."""
        return self.spec.kind

    @property
    def group(self) -> str:
        """The node group that carries it, or EVERY_NODE."""
        return self.spec.group

    @property
    def secrets(self) -> Mapping[str, Mapping[str, str]]:
        """Secret -> key -> its value, RANDOM or PROVIDED (then every key is)."""
        return {name: entry.values for name, entry in self.spec.secrets.items()}

    @property
    def reads(self) -> frozenset[str]:
        """Secrets that its containers and those of its jobs read."""
        containers = (*self.containers, *(job.container for job in self.jobs))
        variables = {each.secret for container in containers for each in container.env if each.secret}
        return frozenset(variables | {each.secret for container in containers for each in container.secret_files})

    @property
    def pod_labels(self) -> Mapping[str, str]:
        """Labels of the service's pods; the operator chooses those of the brokers."""
        if self.spec.custom_resource:
            return {"app": "vernemq", "vernemq": self.spec.custom_resource.name}
        return pod_labels(self.name)

    def request(self, kind: str) -> int:
        """CPU (millicores) or memory (bytes) that one of its pods requests."""
        return sum(getattr(container.resources, kind) for container in self.containers)

    @property
    def pods_prefix(self) -> str:
        return pods_prefix(self.name, self.spec)

    @property
    def sees_its_host(self) -> bool:
        """It is given something of its node, which only a privileged namespace allows."""
        return self.spec.host_network or self.spec.host_pid or bool(self.spec.host_paths)

    @property
    def exposed(self) -> tuple[Port, ...]:
        return tuple(port for port in self.container.ports if port.expose)

    @property
    def containers(self) -> tuple[Container, ...]:
        return (self.container, *self.sidecars)


def pod_labels(name: str) -> Mapping[str, str]:
    """Labels by which the pods of a service or job are known."""
    return {**DOJOT_LABEL, "name": name}


def pods_prefix(name: str, spec: ServiceEntry) -> str:
    """A set's name, which its pods have before their number: the operator calls its set after the custom resource."""
    return f"vernemq-{spec.custom_resource.name}" if spec.custom_resource else name


def governing_service(name: str, spec: ServiceEntry) -> str:
    """The Service that names the pods of a set: a headless one where there is one, and of several that of its own name.

    A set never takes another one in a running cluster, so a name more for its pods should not come first.
    """
    doors = spec.kubernetes_services
    return min(doors, key=lambda door: (not doors[door].headless, door != name, door))
