"""The services of a cluster: sizes, placement, volumes and containers."""

from __future__ import annotations

from typing import Any, Mapping

from . import containers
from .ports import doors, offered
from .quantity import size
from .sizes import kafka_log_size
from .types import (
    Disk, Group, Job, KubernetesService, Plugin, Route, Scale, Service, Use, Volume,
)
from .waves import waves

#: What a job takes from its service where it says nothing of its own.
JOB_DEFAULTS = ("image", "env", "resources", "security")


def services(parameters: dict[str, Any], scale: Scale, groups: Mapping[str, Group]) -> tuple[Service, ...]:
    """Every service of the profile, by name."""
    order = waves(parameters["services"])
    gateway_uses = _gateway_uses(parameters)
    return tuple(
        _Builder(parameters, scale, groups, name, order[name], gateway_uses).service()
        for name in sorted(parameters["services"])
    )


def _gateway_uses(parameters: dict[str, Any]) -> tuple[Use, ...]:
    """The gateway calls every port that a route leads to."""
    return tuple(
        dict.fromkeys(
            Use(name, route["port"], at_start=False)
            for name, service in sorted(parameters["services"].items())
            for route in service.get("routes", {}).values()
        )
    )


class _Builder:
    """Turns one entry of `services` into a Service."""

    def __init__(
        self, parameters: dict[str, Any], scale: Scale, groups: Mapping[str, Group],
        name: str, wave: int, gateway_uses: tuple[Use, ...],
    ):
        self.parameters = parameters
        self.scale = scale
        self.group = groups[parameters["services"][name]["group"]]
        self.name = name
        self.wave = wave
        self.gateway_uses = gateway_uses
        self.entry = parameters["services"][name]
        self.replicas = self._replicas(self.entry["replicas"])
        self.context = containers.Context(parameters, scale, name, self.replicas)

    def service(self) -> Service:
        entry = self.entry
        return Service(
            name=self.name,
            title=entry["title"],
            kind=entry["kind"],
            group=self.group.name,
            replicas=self.replicas,
            per_node=self.replicas // self.scale.brokers if entry.get("spread_evenly") else None,
            one_per_node=entry.get("one_per_node", False),
            wave=self.wave,
            container=containers.container(self.name, entry, self.context),
            sidecars=tuple(
                containers.container(name, sidecar, self.context)
                for name, sidecar in sorted(entry.get("sidecars", {}).items())
            ),
            kubernetes_services=self._kubernetes_services(),
            external_service=entry.get("external_service"),
            volumes=tuple(self._volume(name, volume) for name, volume in sorted(entry.get("volumes", {}).items())),
            files=containers.files(entry),
            secrets=entry.get("secrets", {}),
            routes=tuple(self._route(name, route) for name, route in sorted(entry.get("routes", {}).items())),
            uses=self._uses(),
            jobs=tuple(self._job(name, job) for name, job in sorted(entry.get("jobs", {}).items())),
            rbac=tuple(entry.get("rbac", ())),
            service_account=entry.get("service_account"),
            max_unavailable=self._max_unavailable(),
            grace_period=entry.get("grace_period"),
            update_strategy=entry.get("update_strategy"),
            pod_management=entry.get("pod_management"),
            hostname=entry.get("hostname"),
            fs_group=entry["security"].get("fs_group"),
            custom_resource=entry.get("custom_resource"),
        )

    def _replicas(self, replicas: int | str) -> int:
        by_rule = {"brokers": self.scale.brokers, "bridges": self.scale.bridges}
        return replicas if isinstance(replicas, int) else by_rule[replicas]

    def _max_unavailable(self) -> int | None:
        """How many pods a drain may take at once: all that stand on one node."""
        if "max_unavailable" in self.entry:
            return self.entry["max_unavailable"]
        if self.replicas == 1:
            return None
        return -(-self.replicas // max(1, len(self.group.nodes)))

    def _kubernetes_services(self) -> tuple[KubernetesService, ...]:
        return tuple(
            KubernetesService(
                name=name,
                headless=entry.get("headless", False),
                same_node=entry.get("same_node", False),
                ports=offered(self.entry, entry),
            )
            for name, entry in sorted(self.entry.get("kubernetes_services", {}).items())
        )

    def _volume(self, name: str, entry: dict[str, Any]) -> Volume:
        persistent = entry.get("persistent", self.parameters["volumes"]["persistent"])
        capacity = entry["size"]
        if capacity == "kafka_log":
            number = kafka_log_size(self.parameters, self.scale.kafka)
        else:
            number = size(capacity)
        return Volume(
            name=name, mount=entry["mount"], size=number, persistent=persistent, owner=entry["owner"],
            disks=tuple(self._disks(name, entry, number)) if persistent else (),
        )

    def _disks(self, name: str, entry: dict[str, Any], number: int):
        # The nth pod's data stay on the nth node of the group; too few nodes is a finding.
        for ordinal, node in zip(range(self.replicas), self.group.nodes):
            if self.entry["kind"] == "Deployment":
                claim, volume = name, f"local-pv-{name}"
            else:
                claim, volume = f"{name}-{self._pods_prefix()}-{ordinal}", f"local-pv-{name}-{ordinal}"
            yield Disk(
                claim=claim, persistent_volume=volume, host_path=entry["host_path"], node=node,
                size=number, owner=entry["owner"],
            )

    def _pods_prefix(self) -> str:
        """Pods of the operator's StatefulSet are called after the custom resource."""
        resource = self.entry.get("custom_resource")
        return f"vernemq-{resource['name']}" if resource else self.name

    def _route(self, name: str, entry: dict[str, Any]) -> Route:
        plugins = dict(entry.get("plugins", {}))
        if entry.get("authenticated"):
            plugins.update(self.parameters["gateway"]["authentication"])
        host, number = doors(self.entry, entry["port"])[0]
        return Route(
            name=name,
            url=f"http://{host}:{number}{entry.get('path', '')}",
            paths=tuple(entry["paths"]),
            strip_path=entry["strip_path"],
            plugins=tuple(Plugin(plugin, config) for plugin, config in sorted(plugins.items())),
            timeout=entry.get("timeout"),
        )

    def _uses(self) -> tuple[Use, ...]:
        own = tuple(use for use in containers.uses(self.entry) if use.service != self.name)
        if self.name != self.parameters.get("gateway", {}).get("service"):
            return own
        known = {(use.service, use.port) for use in own}
        return own + tuple(use for use in self.gateway_uses if (use.service, use.port) not in known)

    def _job(self, name: str, entry: dict[str, Any]) -> Job:
        # A job without an image or environment of its own is a run of the service's container.
        defaults = {key: self.entry[key] for key in JOB_DEFAULTS if key in self.entry}
        return Job(
            name=name,
            when=entry["when"],
            container=containers.container(name, {**defaults, **entry}, self.context),
            files=containers.files(entry),
            uses=containers.uses({**defaults, **entry}),
        )
