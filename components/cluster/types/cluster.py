"""The cluster as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..input.backup import Backup
from ..input.firewall import Firewall
from ..input.machines import Hardware
from ..input.platform import Platform
from ..input.priority import PriorityClassEntry
from .balancer import BalancerHost, LoadBalancer
from .machines import CONTROL_PLANE, EVERY_NODE, Group, Node
from .manifests import ManifestFile
from .monitoring import Monitoring
from .scale import Scale
from .services import Disk, Service, Volume


@dataclass(frozen=True)
class GitSource:
    """The revision that counts; `folder` is inside the repository and holds all that was compiled for this cluster."""

    repository: str
    revision: str
    folder: str

    @property
    def path(self) -> str:
        """Where Argo CD reads the manifests."""
        return f"{self.folder}/manifests"


@dataclass(frozen=True)
class Caller:
    """A service or job that calls a port, and how its pods are known."""

    name: str
    namespace: str
    pod_labels: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True)
class Cluster:
    name: str
    release: str
    domain: str
    namespace: str
    rbac: bool
    group_label: str
    storage_class: str
    priority_classes: Mapping[str, PriorityClassEntry]
    gateway: str | None
    nodes: tuple[Node, ...]
    groups: Mapping[str, Group]
    services: tuple[Service, ...]
    #: What others run elsewhere, and services here call: nothing of them is made but the Secrets that those read.
    external: tuple[Service, ...]
    load_balancer: LoadBalancer
    scale: Scale
    platform: Platform
    git: GitSource
    reserve: Hardware
    firewall: Firewall
    backup: Backup
    monitoring: Monitoring | None
    manifests: tuple[ManifestFile, ...]
    pull_secrets: tuple[str, ...]

    def service(self, name: str) -> Service:
        """The service called `name`; KeyError if the profile does not have it."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)

    def nodes_of(self, service: Service) -> tuple[Node, ...]:
        """The nodes on which pods of a service may stand."""
        return self.nodes if service.group == EVERY_NODE else self.groups[service.group].nodes

    @property
    def brokers(self) -> Service | None:
        """The service whose pods are the MQTT brokers; None where devices do without."""
        return next((service for service in self.services if service.kind == "VerneMQ"), None)

    def callers_of(self, service: Service, port: str) -> tuple[Caller, ...]:
        """The services and jobs whose pods call a port of `service`."""
        return self._callers.get((service.name, port), ())

    @cached_property
    def _callers(self) -> Mapping[tuple[str, str], tuple[Caller, ...]]:
        """(Service, port) -> who calls it. Asked for each port, by several faces."""
        found: dict[tuple[str, str], dict[Caller, None]] = {}
        for other in self.services:
            for caller, uses in (
                (Caller(other.name, other.namespace, other.pod_labels), other.uses),
                *((Caller(job.name, other.namespace, job.pod_labels), job.uses) for job in other.jobs),
            ):
                for use in uses:
                    found.setdefault((use.service, use.port), {})[caller] = None
        return {called: tuple(callers) for called, callers in found.items()}

    @property
    def priorities(self) -> Mapping[str, PriorityClassEntry]:
        """The PriorityClasses that a service of this cluster names."""
        named = {service.spec.priority for service in self.services}
        return {name: entry for name, entry in sorted(self.priority_classes.items()) if name in named}

    @property
    def monitored(self) -> Monitoring:
        """What watches a cluster that has it: its faces are asked for no other."""
        assert self.monitoring, f"nobody watches {self.name}"
        return self.monitoring

    @property
    def argocd_group(self) -> str | None:
        """The node group that carries Argo CD; None where it is somebody else's."""
        argocd = self.platform.argocd
        return None if argocd.existing else argocd.group

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The cluster's own namespace, then those of services that have another."""
        others = {service.namespace for service in self.services} - {self.namespace}
        return (self.namespace, *sorted(others))

    @property
    def machines(self) -> tuple[Node | BalancerHost, ...]:
        """The nodes, then the hosts of the load balancer."""
        return (*self.nodes, *self.load_balancer.hosts)

    @property
    def secrets(self) -> tuple[tuple[Service, str], ...]:
        """(Who declares it, Secret) of each that there has to be; of a service elsewhere those that are read here."""
        read = {name for service in self.services for name in service.reads}
        return tuple(
            (service, name)
            for service in sorted((*self.services, *self.external), key=lambda service: service.name)
            for name in service.secrets
            if not service.spec.external or name in read
        )

    @property
    def control_planes(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.group == CONTROL_PLANE)

    @property
    def control_plane(self) -> Node:
        """The first one: `kubeadm init` makes it, all others join it."""
        return self.control_planes[0]

    @property
    def api_host(self) -> str:
        """By what every kubeconfig finds an API server: an address, or, of several, a name in each node's /etc/hosts.

        No machine can have that name: theirs are without dots.
        """
        return f"api.{self.name}" if len(self.control_planes) > 1 else self.control_plane.address

    @property
    def workers(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.group != CONTROL_PLANE)

    @property
    def disks(self) -> tuple[tuple[Service, Volume, Disk], ...]:
        return tuple(
            (service, volume, disk) for service in self.services for volume in service.volumes for disk in volume.disks
        )
