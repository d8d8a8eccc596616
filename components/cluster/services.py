"""The services of a cluster: sizes, placement, volumes and containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from . import containers
from .contracts import ContractOf
from .input.container import JobEntry, ServiceAddress
from .input.service import RouteEntry, ServiceEntry, VolumeEntry
from .input.target import Inventory
from .ports import address, offered
from .quantity import ceil_div
from .sizes import volume_size
from .types import (
    EVERY_NODE,
    Disk,
    Group,
    Job,
    KubernetesService,
    Node,
    Plugin,
    Route,
    Scale,
    Service,
    Use,
    Volume,
    pods_prefix,
)
from .uses import address_text
from .waves import waves


def services(
    inventory: Inventory,
    texts: Mapping[str, str],
    scale: Scale,
    groups: Mapping[str, Group],
    contract_of: ContractOf,
) -> tuple[Service, ...]:
    """Every service of the profile, by name."""
    order = waves(inventory.services)
    calls = _calls_by_role(inventory)
    return tuple(
        _Builder(inventory, texts, scale, groups, contract_of, name, order[name], calls.get(name, ())).service()
        for name in sorted(inventory.services)
    )


def _calls_by_role(inventory: Inventory) -> dict[str, tuple[Use, ...]]:
    """Service -> what it calls because others say so: the gateway their routes, Prometheus their metrics."""
    services = sorted(inventory.services.items())
    routed = (Use(name, route.port, False) for name, one in services for route in one.routes.values())
    measured = (Use(name, one.metrics.port, False) for name, one in services if one.metrics)
    roles = (inventory.gateway, routed), (inventory.monitoring, measured)
    return {role.service: tuple(dict.fromkeys(calls)) for role, calls in roles if role}


def _nodes(groups: Mapping[str, Group], group: str) -> tuple[Node, ...]:
    if group == EVERY_NODE:
        return tuple(node for each in groups.values() for node in each.nodes)
    return groups[group].nodes


def _keeps_source(entry: ServiceEntry, nodes: tuple[Node, ...]) -> bool:
    """May what comes in at a NodePort stay on its node, so that it keeps its address? A pod has to be on each of them.

    Asked for only where somebody looks at the address, because other nodes' NodePorts lead nowhere then.
    """
    proxied = any(
        port.expose and port.expose.proxy_protocol and port.expose.proxy_protocol.enabled
        for port in entry.ports.values()
    )
    return entry.one_per_node or (proxied and len(nodes) == 1)


class _Builder:
    """Turns one entry of `services` into a Service."""

    def __init__(
        self,
        inventory: Inventory,
        texts: Mapping[str, str],
        scale: Scale,
        groups: Mapping[str, Group],
        contract_of: ContractOf,
        name: str,
        wave: int,
        calls: tuple[Use, ...],
    ):
        self.inventory = inventory
        self.texts = texts
        self.scale = scale
        self.name = name
        self.wave = wave
        self.calls = calls
        self.entry: ServiceEntry = inventory.services[name]
        self.nodes = _nodes(groups, self.entry.group)
        self.replicas = self._replicas()
        first = self.nodes[0].address if self.nodes else ""
        self.keeps_source = _keeps_source(self.entry, self.nodes)
        self.context = containers.Context(
            inventory, texts, scale, name, self.replicas, first, self.keeps_source, contract_of
        )

    def service(self) -> Service:
        entry = self.entry
        return Service(
            name=self.name,
            spec=entry,
            namespace=self.inventory.namespace_of(self.name),
            replicas=self.replicas,
            keeps_source=self.keeps_source,
            per_node=self.replicas // self.scale.brokers if entry.spread_evenly else None,
            apart=self._apart(),
            max_unavailable=self._max_unavailable(),
            wave=self.wave,
            container=containers.container(self.name, entry, self.context),
            sidecars=tuple(
                containers.container(name, sidecar, self.context) for name, sidecar in sorted(entry.sidecars.items())
            ),
            kubernetes_services=tuple(
                KubernetesService(name, door.headless, door.same_node, offered(entry, door))
                for name, door in sorted(entry.kubernetes_services.items())
            ),
            volumes=tuple(self._volume(name, volume) for name, volume in sorted(entry.volumes.items())),
            files=containers.files(entry.files, self.texts),
            routes=tuple(self._route(name, route) for name, route in sorted(entry.routes.items())),
            uses=self._uses(),
            jobs=tuple(self._job(name, job) for name, job in sorted(entry.jobs.items())),
        )

    def _replicas(self) -> int:
        stated = self.entry.replicas
        by_rule = {"brokers": self.scale.brokers, "bridges": self.scale.bridges, "nodes": len(self.nodes)}
        return stated if isinstance(stated, int) else by_rule[stated]

    def _apart(self) -> bool:
        """Several pods are there for the loss of a node only where the inventory says so: elsewhere they share work."""
        several, entry = self.inventory.availability, self.entry
        asked = {"Deployment": several.replicas > 1, "StatefulSet": several.members > 1 and entry.peers}
        return self.replicas > 1 and asked.get(entry.kind, False)

    def _max_unavailable(self) -> int | None:
        """How many pods a drain may take at once: all that stand on one node."""
        if self.entry.max_unavailable:
            return self.entry.max_unavailable
        # A drain leaves the pods of a DaemonSet alone.
        if self.replicas == 1 or self.entry.kind == "DaemonSet":
            return None
        return ceil_div(self.replicas, max(1, len(self.nodes)))

    def _volume(self, name: str, entry: VolumeEntry) -> Volume:
        persistent = self.inventory.volumes.persistent if entry.persistent is None else entry.persistent
        number = volume_size(self.name, entry, self.scale)
        return Volume(
            name=name,
            mount=entry.mount,
            size=number,
            persistent=persistent,
            owner=entry.owner,
            disks=tuple(self._disks(name, entry, number)) if persistent else (),
        )

    def _disks(self, name: str, entry: VolumeEntry, number: int) -> Iterator[Disk]:
        # The nth pod's data stay on the nth node of the group; too few nodes is a finding.
        for ordinal, node in zip(range(self.replicas), self.nodes, strict=False):
            if self.entry.kind == "Deployment":
                claim = name
            else:
                claim = f"{name}-{pods_prefix(self.name, self.entry)}-{ordinal}"
            yield Disk(
                claim=claim,
                persistent_volume=self._persistent_volume(claim, node, entry.host_path),
                host_path=entry.host_path,
                node=node,
                size=number,
                owner=entry.owner,
            )

    def _persistent_volume(self, claim: str, node: Node, host_path: str) -> str:
        """Its claim's name, and eight hexadecimal digits of what it is: machine, directory, class, claim.

        An API server refuses to change the first two, and the data are that claim's. So a change of any of the four
        is another volume, beside the one of before.
        """
        claimed = f"{self.inventory.namespace_of(self.name)}/{claim}"
        identity = "\n".join((node.name, host_path, self.inventory.volumes.storage_class, claimed))
        return f"local-pv-{claim}-{sha256(identity.encode()).hexdigest()[:8]}"

    def _route(self, name: str, entry: RouteEntry) -> Route:
        gateway = self.inventory.gateway
        assert gateway, "a route without a gateway is refused"
        plugins = {**entry.plugins, **(gateway.authentication if entry.authenticated else {})}
        host, number = address(self.inventory, gateway.service, self.name, entry.port)
        scheme = "https" if self.entry.ports[entry.port].tls else "http"
        return Route(
            name=name,
            url=f"{scheme}://{host}:{number}{entry.path or ''}",
            paths=entry.paths,
            strip_path=entry.strip_path,
            plugins=tuple(
                Plugin(plugin, self._settings(gateway.service, config)) for plugin, config in sorted(plugins.items())
            ),
            timeout=entry.timeout,
        )

    def _settings(self, gateway: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of a plugin of the gateway, with the addresses that it calls filled in."""
        return {
            key: address_text(value.text, *address(self.inventory, gateway, value.service, value.port))
            if isinstance(value, ServiceAddress)
            else value
            for key, value in config.items()
        }

    def _uses(self) -> tuple[Use, ...]:
        own = tuple(use for use in self._here(containers.uses(self.entry)) if use.service != self.name)
        known = {(use.service, use.port) for use in own}
        return own + tuple(use for use in self.calls if (use.service, use.port) not in known)

    def _here(self, uses: tuple[Use, ...]) -> tuple[Use, ...]:
        """Who calls a host elsewhere asks no pod of this cluster."""
        return tuple(use for use in uses if not self.inventory.services[use.service].external)

    def _job(self, name: str, entry: JobEntry) -> Job:
        # Without an environment of its own it has the service's, and calls what that leads to.
        calling = entry if entry.env is not None else entry.model_copy(update={"env": self.entry.env})
        return Job(
            name=name,
            when=entry.when,
            container=containers.job_container(name, entry, self.context),
            files=containers.files(entry.files, self.texts),
            uses=self._here(containers.uses(calling)),
        )
