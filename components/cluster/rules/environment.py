"""What containers are given: variables and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.inventory.finding import Finding, Path, suggest
from components.inventory.origin import Origin

from ..containers import references_of
from ..entries import containers
from ..input.container import EnvValue, FileMount, FromCluster
from ..input.target import Inventory
from ..types import GENERATED
from .registry import Stage, rule


@rule(Stage.NAMES)
def derived(inventory: Inventory) -> Iterator[Finding]:
    """What a value is derived from must be there."""
    judges = {
        "kafka_retention_bytes": _kafka_retention_bytes,
        "storage_share": _storage_share,
        "zookeeper_servers": _zookeeper_servers,
    }
    for path, env in environments(inventory):
        for variable, value in env.items():
            if isinstance(value, FromCluster) and value.derived in judges:
                yield from judges[value.derived](inventory, path[1], (*path, variable))


def _zookeeper_servers(inventory: Inventory, name: str, path: Path) -> Iterator[Finding]:
    """ZooKeeper's list of servers is made of its own ports and headless Service."""
    service = inventory.services[name]
    headless = any(entry.headless for entry in service.kubernetes_services.values())
    if not headless or not {"server", "leader-election"} <= service.ports.keys():
        yield Finding(
            path,
            "zookeeper_servers",
            f"this is made of ports server and leader-election and of a headless Service, which {name} does not have",
            "Add them, as in service.zookeeper, or write the value",
        )


def _kafka_retention_bytes(inventory: Inventory, name: str, path: Path) -> Iterator[Finding]:
    """A partition's share of the service's one volume."""
    if (number := len(inventory.services[name].volumes)) != 1:
        yield Finding(
            path,
            "kafka_retention_bytes",
            f"this is a partition's share of the one volume of {name}, and it has {number}",
            "Give it one volume, as in service.kafka-server, or write the value",
        )


def _storage_share(inventory: Inventory, name: str, path: Path) -> Iterator[Finding]:
    """Part of the service's one volume, as monitoring says."""
    volumes = inventory.services[name].volumes
    if len(volumes) != 1 or inventory.monitoring is None:
        yield Finding(
            path,
            "storage_share",
            f"this is monitoring.storage_share of the one volume of {name}, and "
            f"{'it has ' + str(len(volumes)) if inventory.monitoring else 'this cluster has no monitoring'}",
            "Add the class monitoring, and one volume as in service.prometheus, or write the value",
        )


@rule(Stage.NAMES)
def variables(inventory: Inventory) -> Iterator[Finding]:
    """A value that quotes $(NAME) needs that variable beside it, and one that quotes none itself."""
    for path, env in environments(inventory):
        for variable, value in env.items():
            for name in references_of(value):
                if name not in env:
                    yield Finding(
                        (*path, variable),
                        f"$({name})",
                        "this container has no variable of this name",
                        suggest(name, env.keys() - {variable}),
                    )
                elif references_of(env[name]):
                    yield Finding(
                        (*path, variable),
                        f"$({name})",
                        "this variable quotes another one itself, and Kubernetes fills in one level",
                        f"Write the text of {name} here",
                    )


def environments(inventory: Inventory) -> Iterator[tuple[Path, Mapping[str, EnvValue]]]:
    """The variables of each container, and where they stand."""
    for path, container in containers(inventory):
        yield (*path, "env"), container.env or {}


@rule(Stage.FILES)
def files(inventory: Inventory, origin: Origin) -> Iterator[Finding]:
    """A file that is mounted is there."""
    known = origin.texts
    for path, entries in _file_mounts(inventory):
        for file, entry in entries.items():
            if entry.source not in GENERATED and entry.source not in known:
                yield Finding(
                    (*path, "files", file, "source"),
                    entry.source,
                    "there is no such file",
                    f"Put it into inventory/files, or name one of: {', '.join(sorted(known))}",
                )


def _file_mounts(inventory: Inventory) -> Iterator[tuple[Path, Mapping[str, FileMount]]]:
    for name, service in inventory.services.items():
        yield ("services", name), service.files
        for job, entry in service.jobs.items():
            yield ("services", name, "jobs", job), entry.files
