"""Containers: environment, ports, files and rights of one entry of the inventory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .ports import PORT_PROBES, address
from .quantity import millicores, size
from .types import Container, EnvVar, Expose, File, Port, Resources, Scale, SecretFiles, Security, Use
from .uses import ADDRESS, address_text, needs

_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


@dataclass(frozen=True)
class Context:
    """What an environment variable may be derived from; `node_address` is the first node's of the service's group."""

    parameters: dict[str, Any]
    scale: Scale
    service: str
    replicas: int
    node_address: str

    def secret_keys(self, secret: str) -> tuple[str, ...]:
        """The keys of a Secret, whichever service declares it."""
        declared = (service.get("secrets", {}).get(secret, {}) for service in self.parameters["services"].values())
        return tuple(sorted(key for keys in declared for key in keys))


def container(name: str, entry: dict[str, Any], context: Context) -> Container:
    """The container that `entry` (a service, sidecar or job) describes."""
    variables = sorted(entry.get("env", {}).items(), key=lambda item: (bool(references_of(item[1])), item[0]))
    env = [_env(key, value, context) for key, value in variables]
    if entry.get("database_server"):
        env += _databases(context)
    return Container(
        name=name,
        image=entry["image"],
        command=tuple(entry.get("command", ())),
        args=tuple(entry.get("args", ())),
        env=tuple(env),
        ports=tuple(
            _port(port, value, context.parameters["nodeports"]["fixed"])
            for port, value in entry.get("ports", {}).items()
        ),
        readiness=_probe(entry, "readiness"),
        liveness=_probe(entry, "liveness"),
        startup=_probe(entry, "startup"),
        secret_files=tuple(
            SecretFiles(secret, value["mount"], context.secret_keys(secret))
            for secret, value in sorted(entry.get("secret_files", {}).items())
        ),
        resources=_resources(entry["resources"]),
        security=_security(entry["security"]),
    )


def references_of(value: Any) -> tuple[str, ...]:
    """Names of the variables that a value of `env` quotes as $(NAME); Kubernetes fills in those that come before it."""
    if isinstance(value, list):
        return tuple(name for item in value for name in references_of(item))
    text = value.get("text", value.get("value", "")) if isinstance(value, dict) else value
    return tuple(_REFERENCE.findall(text)) if isinstance(text, str) else ()


def files(entry: dict[str, Any]) -> tuple[File, ...]:
    return tuple(File(name, value["source"], value["mount"]) for name, value in sorted(entry.get("files", {}).items()))


def uses(entry: dict[str, Any]) -> tuple[Use, ...]:
    """One Use a port; a service that is needed but never called has the port name ""."""
    return tuple(
        Use(name, port, need.at_start) for name, need in sorted(needs(entry).items()) for port in (need.ports or [""])
    )


def _env(name: str, value: Any, context: Context) -> EnvVar:
    if isinstance(value, list):
        return EnvVar(name, value=",".join(_text(item) for item in value))
    if not isinstance(value, dict) or "value" in value:
        return EnvVar(name, value=_text(value))
    if "derived" in value:
        return EnvVar(name, value=_derived(value["derived"], context))
    if "service" in value:
        return EnvVar(name, value=_address(value, context))
    return EnvVar(name, secret=value.get("secret"), key=value.get("key"), field=value.get("field"))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = value["value"]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _address(value: dict[str, str], context: Context) -> str:
    host, port = address(context.parameters, context.service, value["service"], value["port"])
    return address_text(value.get("text", ADDRESS), host, port)


def _derived(what: str, context: Context) -> str:
    services = context.parameters["services"]
    if what == "kafka_partitions":
        return str(context.scale.kafka.partitions)
    if what == "kafka_replication":
        return str(context.scale.kafka.replication)
    if what == "node_address":
        return context.node_address
    if what == "storage_share":
        # Prometheus' MB are of 2**20 bytes.
        (volume,) = services[context.service]["volumes"].values()
        return f"{size(volume['size']) * context.parameters['monitoring']['storage_share'] // 100 // 2**20}MB"
    # zookeeper_servers: host:server:election of every pod, in the order of their ids.
    ports = services[context.service]["ports"]
    governing = next(
        name
        for name, entry in sorted(services[context.service]["kubernetes_services"].items())
        if entry.get("headless")
    )
    return ";".join(
        f"{context.service}-{ordinal}.{governing}:{ports['server']['number']}:{ports['leader-election']['number']}"
        for ordinal in range(context.replicas)
    )


def _databases(context: Context) -> list[EnvVar]:
    """What the init script needs: how many databases, and of each its name, role and rights."""
    owners = [
        (service["database"])
        for _, service in sorted(context.parameters["services"].items())
        if service.get("database", {}).get("server") == context.service
    ]
    env = [EnvVar("DATABASES", value=str(len(owners)))]
    for number, database in enumerate(owners, start=1):
        env += [
            EnvVar(f"DATABASE_{number}_NAME", value=database["name"]),
            EnvVar(f"DATABASE_{number}_USER", secret=database["secret"], key="user"),
            EnvVar(f"DATABASE_{number}_PASSWORD", secret=database["secret"], key="password"),
            EnvVar(f"DATABASE_{number}_CREATEDB", value=_text(database.get("create_databases", False))),
        ]
    return env


def _probe(entry: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The probe with the number of the port that it names."""
    probe = entry.get(name)
    if probe is None:
        return None
    return {
        key: _asked(key, value, entry["ports"][value["port"]]) if key in PORT_PROBES else value
        for key, value in probe.items()
    }


def _asked(handler: str, value: dict[str, Any], port: dict[str, Any]) -> dict[str, Any]:
    scheme = {"scheme": "HTTPS"} if handler == "httpGet" and port.get("tls") else {}
    return {**value, "port": port["number"], **scheme}


def _expose(entry: dict[str, Any], fixed: bool) -> Expose:
    listen = entry.get("listen")
    # Who calls the node itself has to know the number.
    return Expose(entry["node_port"] if fixed or listen is None else None, listen, entry.get("devices", False))


def _port(name: str, entry: dict[str, Any], fixed: bool) -> Port:
    return Port(
        name=name,
        number=entry["number"],
        protocol=entry.get("protocol", "TCP"),
        expose=_expose(entry["expose"], fixed) if "expose" in entry else None,
        tls=entry.get("tls", False),
        listener=entry.get("listener"),
    )


def _resources(entry: dict[str, Any]) -> Resources:
    requests = {key: str(value) for key, value in entry["requests"].items()}
    return Resources(
        requests=requests,
        limits={key: str(value) for key, value in entry["limits"].items()},
        cpu=millicores(requests["cpu"]),
        memory=size(requests["memory"]),
    )


def _security(entry: dict[str, Any]) -> Security:
    return Security(
        user=entry["user"],
        group=entry["group"],
        read_only_root=entry.get("read_only_root", False),
        writable=tuple(entry.get("writable", ())),
        capabilities=tuple(entry.get("capabilities", ())),
    )
