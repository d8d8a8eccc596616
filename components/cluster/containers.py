"""Containers: environment, ports, files and rights of one entry of the inventory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .contracts import ContractOf
from .input.container import (
    ContainerPort,
    EnvValue,
    FileMount,
    FromCluster,
    FromField,
    FromSecret,
    JobEntry,
    Probe,
    ServiceAddress,
    Sidecar,
)
from .input.container import (
    Expose as ExposeEntry,
)
from .input.service import ServiceEntry
from .input.target import Inventory
from .ports import PROBES, address
from .sizes import volume_size
from .types import Container, EnvVar, Expose, File, Port, Scale, SecretFiles, Use, governing_service
from .uses import address_text, needs

_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


@dataclass(frozen=True)
class Context:
    """What an environment variable may be derived from; `node_address` is the first node's of the service's group.

    `keeps_source`: connections from outside come with the address of who opened them. `contract_of` says what is known
    of an image.
    """

    inventory: Inventory
    texts: Mapping[str, str]
    scale: Scale
    service: str
    replicas: int
    node_address: str
    keeps_source: bool
    contract_of: ContractOf

    @property
    def entry(self) -> ServiceEntry:
        return self.inventory.services[self.service]

    def secret_keys(self, secret: str) -> tuple[str, ...]:
        """The keys of a Secret, whichever service declares it."""
        services = self.inventory.services.values()
        declared = (service.secrets[secret].values for service in services if secret in service.secrets)
        return tuple(sorted(key for keys in declared for key in keys))


def container(name: str, entry: ServiceEntry | Sidecar, context: Context) -> Container:
    """The container that `entry` describes."""
    fixed = context.inventory.nodeports.fixed
    probes = {probe: _probe(getattr(entry, probe), entry.ports) for probe in PROBES}
    return Container(
        name=name,
        image=entry.image,
        command=entry.command,
        args=entry.args,
        env=_environment(entry.env, context) + _databases(entry, context),
        ports=tuple(_port(port, value, fixed) for port, value in entry.ports.items()),
        **probes,
        secret_files=_secret_files(entry, context),
        resources=entry.resources,
        security=entry.security,
        contract=context.contract_of(entry.image),
    )


def job_container(name: str, entry: JobEntry, context: Context) -> Container:
    """The container of a job: without an image or environment of its own it is a run of the service's container."""
    service = context.entry
    image = entry.image or service.image
    return Container(
        name=name,
        image=image,
        command=entry.command,
        args=entry.args,
        env=_environment(service.env if entry.env is None else entry.env, context),
        ports=(),
        readiness=None,
        liveness=None,
        startup=None,
        secret_files=_secret_files(entry, context),
        resources=entry.resources or service.resources,
        security=entry.security or service.security,
        contract=context.contract_of(image),
    )


def references_of(value: EnvValue) -> tuple[str, ...]:
    """Names of the variables that a value of `env` quotes as $(NAME); Kubernetes fills in those that come before it."""
    if isinstance(value, tuple):
        return tuple(name for item in value for name in references_of(item))
    text = value.text if isinstance(value, ServiceAddress) else value
    return tuple(_REFERENCE.findall(text)) if isinstance(text, str) else ()


def files(entries: Mapping[str, FileMount], texts: Mapping[str, str]) -> tuple[File, ...]:
    return tuple(
        File(name, entry.source, entry.mount, texts.get(entry.source)) for name, entry in sorted(entries.items())
    )


def uses(entry: ServiceEntry | JobEntry) -> tuple[Use, ...]:
    """One Use a port; a service that is needed but never called has the port name ""."""
    return tuple(
        Use(name, port, need.at_start) for name, need in sorted(needs(entry).items()) for port in (need.ports or [""])
    )


def _environment(variables: Mapping[str, EnvValue], context: Context) -> tuple[EnvVar, ...]:
    ordered = sorted(variables.items(), key=lambda item: (bool(references_of(item[1])), item[0]))
    return tuple(_variable(name, value, context) for name, value in ordered)


def _variable(name: str, value: EnvValue, context: Context) -> EnvVar:
    if isinstance(value, tuple):
        return EnvVar(name, value=",".join(_text(item) for item in value))
    if isinstance(value, FromSecret):
        return EnvVar(name, secret=value.secret, key=value.key)
    if isinstance(value, FromField):
        return EnvVar(name, field=value.field)
    if isinstance(value, FromCluster):
        return EnvVar(name, value=_derived(value.derived, context))
    if isinstance(value, ServiceAddress):
        host, port = address(context.inventory, context.service, value.service, value.port)
        return EnvVar(name, value=address_text(value.text, host, port))
    return EnvVar(name, value=_text(value))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _derived(what: str, context: Context) -> str:
    entry = context.entry
    if what == "gateway_listen":
        return ",".join(_listened_on(entry))
    if what == "load_balancer_address":
        shared = context.inventory.load_balancer.shared
        first = next(iter(context.inventory.load_balancers.values())).address
        return shared.address or first if shared else first
    if what == "load_balancer_source":
        # What comes in at a NodePort and may leave for another node has the address that the pod network gives a node:
        # with vxlan one of its own. Others are refused (rules/gateway.py).
        inventory = context.inventory
        # A value of nginx ends with its line, and Kong takes one value a directive: the others follow behind it.
        sources = (host.address for host in inventory.load_balancers.values())
        return "; set_real_ip_from ".join(sources) if context.keeps_source else inventory.platform.pod_network.cidr
    if what == "kafka_partitions":
        return str(context.scale.kafka.partitions)
    if what == "kafka_min_insync_replicas":
        return str(context.scale.kafka.min_insync_replicas)
    if what == "kafka_replication":
        return str(context.scale.kafka.replication)
    if what == "kafka_retention_bytes":
        (volume,) = entry.volumes.values()
        return str(context.scale.kafka.retention_bytes(volume_size(context.service, volume, context.scale)))
    if what == "node_address":
        return context.node_address
    if what == "storage_share" and context.inventory.monitoring:
        # Prometheus' MB are of 2**20 bytes.
        (volume,) = entry.volumes.values()
        there = volume_size(context.service, volume, context.scale)
        return f"{there * context.inventory.monitoring.storage_share // 100 // 2**20}MB"
    # zookeeper_servers: host:server:election of every pod, in the order of their ids.
    governing = governing_service(context.service, entry)
    return ";".join(
        f"{context.service}-{ordinal}.{governing}:"
        f"{entry.ports['server'].number}:{entry.ports['leader-election'].number}"
        for ordinal in range(context.replicas)
    )


def _listened_on(entry: ServiceEntry) -> Iterator[str]:
    """Each exposed port as Kong's proxy_listen has it; again where the load balancer has a port of its own."""
    for port in entry.ports.values():
        if port.expose:
            tls = " ssl" if port.tls else ""
            yield f"0.0.0.0:{port.number}{tls}"
            if proxied := _expose(port.expose, True).proxied:
                yield f"0.0.0.0:{proxied}{tls} proxy_protocol"


def _databases(entry: ServiceEntry | Sidecar, context: Context) -> tuple[EnvVar, ...]:
    """What the init script needs: how many databases, and of each its name, role and rights."""
    if not isinstance(entry, ServiceEntry) or not entry.database_server:
        return ()
    services = [service for _, service in sorted(context.inventory.services.items())]
    owners = [one.database for one in services if one.database and one.database.server == context.service]
    env = [EnvVar("DATABASES", value=str(len(owners)))]
    for number, database in enumerate(owners, start=1):
        env += [
            EnvVar(f"DATABASE_{number}_NAME", value=database.name),
            EnvVar(f"DATABASE_{number}_USER", secret=database.secret, key="user"),
            EnvVar(f"DATABASE_{number}_PASSWORD", secret=database.secret, key="password"),
            EnvVar(f"DATABASE_{number}_CREATEDB", value=_text(database.create_databases)),
        ]
    return tuple(env)


def _secret_files(entry: ServiceEntry | Sidecar | JobEntry, context: Context) -> tuple[SecretFiles, ...]:
    return tuple(
        SecretFiles(secret, value.mount, context.secret_keys(secret))
        for secret, value in sorted(entry.secret_files.items())
    )


def _probe(probe: Probe | None, ports: Mapping[str, ContainerPort]) -> dict[str, Any] | None:
    """The probe as Kubernetes takes it, with the number of the port that it names."""
    if probe is None:
        return None
    found = probe.model_dump(exclude_none=True)
    if probe.port:
        port = ports[probe.port]
        found[probe.handler]["port"] = port.number
        if probe.httpGet and port.tls:
            found[probe.handler]["scheme"] = "HTTPS"
    return found


def _expose(entry: ExposeEntry, fixed: bool) -> Expose:
    # Who calls the node itself has to know the number.
    return Expose(
        node_port=entry.node_port if fixed or entry.listen is None else None,
        listen=entry.listen,
        devices=entry.devices,
        tls=entry.tls,
        proxied=entry.proxy_protocol.number if entry.proxy_protocol and entry.proxy_protocol.enabled else None,
    )


def _port(name: str, entry: ContainerPort, fixed: bool) -> Port:
    return Port(
        name=name,
        number=entry.number,
        protocol=entry.protocol,
        expose=_expose(entry.expose, fixed) if entry.expose else None,
        tls=entry.tls,
        listener=entry.listener,
    )
