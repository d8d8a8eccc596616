"""What a container is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..input.container import Resources, Security
from ..input.contract import Contract


@dataclass(frozen=True)
class Expose:
    """How a port is reached from outside: node_port on the group's nodes, listen on HAProxy.

    `node_port` is None where Kubernetes chooses it, `listen` for a port that clients reach on the nodes themselves.
    `devices` marks the ports on which devices hold their sessions open. `tls`: HAProxy speaks TLS with clients.
    `proxied` is the container's port that expects the PROXY protocol, None where who comes from outside is led to the
    port itself.
    """

    node_port: int | None
    listen: int | None
    devices: bool
    tls: bool
    proxied: int | None


@dataclass(frozen=True)
class Port:
    """A port that a container listens on.

    `tls`: clients speak TLS with the container itself, so routes and probes do.
    `listener` (tcp, websocket) is set where the port speaks MQTT without TLS; a custom resource opens it.
    """

    name: str
    number: int
    protocol: str
    expose: Expose | None
    tls: bool
    listener: str | None

    @property
    def proxied(self) -> int | None:
        """The port of the container to which the load balancer's connections lead, where it is another one."""
        return self.expose.proxied if self.expose else None

    @property
    def entrance(self) -> int:
        """The port of the container to which connections from outside lead."""
        return self.proxied or self.number

    @property
    def exposure(self) -> Expose:
        """`expose` of a port that has it (see Service.exposed)."""
        assert self.expose, f"{self.name} is not exposed"
        return self.expose


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
class SecretFiles:
    """A Secret of which every key appears as a file in the directory `mount`."""

    secret: str
    mount: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Container:
    """`startup` is asked before `liveness` where the platform has startup probes; elsewhere
    liveness alone has to wait long enough (its initialDelaySeconds). `contract` is what is known of its image; None:
    nothing is, and nobody judges what only that could tell.
    """

    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[EnvVar, ...]
    ports: tuple[Port, ...]
    readiness: Mapping[str, Any] | None
    liveness: Mapping[str, Any] | None
    startup: Mapping[str, Any] | None
    secret_files: tuple[SecretFiles, ...]
    resources: Resources
    security: Security
    contract: Contract | None = None
