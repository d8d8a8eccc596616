"""The services of a cluster: sizes, placement, volumes and containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import containers
from .ports import address, namespace_of, offered
from .quantity import size
from .sizes import kafka_log_size
from .types import (
    EVERY_NODE,
    Disk,
    Group,
    HostPath,
    Job,
    KubernetesService,
    MadePods,
    Metrics,
    Node,
    Plugin,
    Route,
    Scale,
    Service,
    Use,
    Volume,
    pods_prefix,
)
from .uses import ADDRESS, address_text, is_address
from .waves import waves

#: What a job takes from its service where it says nothing of its own.
JOB_DEFAULTS = ("image", "env", "resources", "security")


def services(parameters: dict[str, Any], scale: Scale, groups: Mapping[str, Group]) -> tuple[Service, ...]:
    """Every service of the profile, by name."""
    order = waves(parameters["services"])
    calls = _calls_by_role(parameters)
    return tuple(
        _Builder(parameters, scale, groups, name, order[name], calls.get(name, ())).service()
        for name in sorted(parameters["services"])
    )


def _calls_by_role(parameters: dict[str, Any]) -> dict[str, tuple[Use, ...]]:
    """Service -> what it calls because others say so: the gateway their routes, Prometheus their metrics."""
    services = sorted(parameters["services"].items())
    routed = (Use(name, route["port"], False) for name, one in services for route in one.get("routes", {}).values())
    measured = (Use(name, one["metrics"]["port"], False) for name, one in services if "metrics" in one)
    roles = (parameters.get("gateway"), routed), (parameters.get("monitoring"), measured)
    return {role["service"]: tuple(dict.fromkeys(found)) for role, found in roles if role}


def _nodes(groups: Mapping[str, Group], group: str) -> tuple[Node, ...]:
    if group == EVERY_NODE:
        return tuple(node for found in groups.values() for node in found.nodes)
    return groups[group].nodes


class _Builder:
    """Turns one entry of `services` into a Service."""

    def __init__(
        self,
        parameters: dict[str, Any],
        scale: Scale,
        groups: Mapping[str, Group],
        name: str,
        wave: int,
        calls: tuple[Use, ...],
    ):
        self.parameters = parameters
        self.scale = scale
        self.name = name
        self.wave = wave
        self.calls = calls
        self.entry = parameters["services"][name]
        self.nodes = _nodes(groups, self.entry["group"])
        self.replicas = self._replicas(self.entry["replicas"])
        first = self.nodes[0].address if self.nodes else ""
        self.context = containers.Context(parameters, scale, name, self.replicas, first)

    def service(self) -> Service:
        entry = self.entry
        return Service(
            name=self.name,
            title=entry["title"],
            kind=entry["kind"],
            namespace=namespace_of(self.parameters, self.name),
            group=entry["group"],
            replicas=self.replicas,
            per_node=self.replicas // self.scale.brokers if entry.get("spread_evenly") else None,
            single=entry.get("single"),
            quorum=entry.get("quorum", False),
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
            peers=entry.get("peers", False),
            makes=tuple(
                MadePods(name, made["labels"], made["port"], tuple(made["callers"]))
                for name, made in sorted(entry.get("makes", {}).items())
            ),
            jobs=tuple(self._job(name, job) for name, job in sorted(entry.get("jobs", {}).items())),
            rbac=tuple(entry.get("rbac", ())),
            cluster_rbac=tuple(entry.get("cluster_rbac", ())),
            service_account=entry.get("service_account"),
            metrics=self._metrics(),
            host_network=entry.get("host_network", False),
            host_pid=entry.get("host_pid", False),
            host_paths=tuple(
                HostPath(name, path["path"], path["mount"])
                for name, path in sorted(entry.get("host_paths", {}).items())
            ),
            max_unavailable=self._max_unavailable(),
            grace_period=entry.get("grace_period"),
            progress_deadline=entry.get("progress_deadline"),
            update_strategy=entry.get("update_strategy"),
            pod_management=entry.get("pod_management"),
            hostname=entry.get("hostname"),
            fs_group=entry["security"].get("fs_group"),
            custom_resource=entry.get("custom_resource"),
        )

    def _replicas(self, replicas: int | str) -> int:
        by_rule = {"brokers": self.scale.brokers, "bridges": self.scale.bridges, "nodes": len(self.nodes)}
        return replicas if isinstance(replicas, int) else by_rule[replicas]

    def _max_unavailable(self) -> int | None:
        """How many pods a drain may take at once: all that stand on one node."""
        if "max_unavailable" in self.entry:
            return self.entry["max_unavailable"]
        # A drain leaves the pods of a DaemonSet alone.
        if self.replicas == 1 or self.entry["kind"] == "DaemonSet":
            return None
        return -(-self.replicas // max(1, len(self.nodes)))

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
            name=name,
            mount=entry["mount"],
            size=number,
            persistent=persistent,
            owner=entry["owner"],
            disks=tuple(self._disks(name, entry, number)) if persistent else (),
        )

    def _disks(self, name: str, entry: dict[str, Any], number: int):
        # The nth pod's data stay on the nth node of the group; too few nodes is a finding.
        for ordinal, node in zip(range(self.replicas), self.nodes, strict=False):
            if self.entry["kind"] == "Deployment":
                claim, volume = name, f"local-pv-{name}"
            else:
                pods = pods_prefix(self.name, self.entry.get("custom_resource"))
                claim, volume = f"{name}-{pods}-{ordinal}", f"local-pv-{name}-{ordinal}"
            yield Disk(
                claim=claim,
                persistent_volume=volume,
                host_path=entry["host_path"],
                node=node,
                size=number,
                owner=entry["owner"],
            )

    def _route(self, name: str, entry: dict[str, Any]) -> Route:
        plugins = dict(entry.get("plugins", {}))
        if entry.get("authenticated"):
            plugins.update(self.parameters["gateway"]["authentication"])
        host, number = address(self.parameters, self.parameters["gateway"]["service"], self.name, entry["port"])
        scheme = "https" if self.entry["ports"][entry["port"]].get("tls") else "http"
        return Route(
            name=name,
            url=f"{scheme}://{host}:{number}{entry.get('path', '')}",
            paths=tuple(entry["paths"]),
            strip_path=entry["strip_path"],
            plugins=tuple(Plugin(plugin, self._settings(config)) for plugin, config in sorted(plugins.items())),
            timeout=entry.get("timeout"),
        )

    def _settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of a plugin of the gateway, with the addresses that it calls filled in."""
        gateway = self.parameters["gateway"]["service"]
        return {
            key: address_text(
                value.get("text", ADDRESS), *address(self.parameters, gateway, value["service"], value["port"])
            )
            if is_address(value)
            else value
            for key, value in config.items()
        }

    def _uses(self) -> tuple[Use, ...]:
        own = tuple(use for use in containers.uses(self.entry) if use.service != self.name)
        known = {(use.service, use.port) for use in own}
        return own + tuple(use for use in self.calls if (use.service, use.port) not in known)

    def _metrics(self) -> Metrics | None:
        entry = self.entry.get("metrics")
        return Metrics(entry["port"], entry.get("path", "/metrics")) if entry else None

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
