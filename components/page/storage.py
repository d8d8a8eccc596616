"""Volumes on the nodes, and the Secrets that the bootstrap makes."""

from __future__ import annotations

from collections.abc import Mapping

from components.cluster.databases import databases
from components.cluster.input.service import Database
from components.cluster.types import PROVIDED, RANDOM, Cluster, Disk, Service, Volume


def disks(cluster: Cluster) -> list[tuple[Service, Volume, Disk]]:
    """By node, as the inventory lists them, and directory."""
    order = {node.name: position for position, node in enumerate(cluster.nodes)}
    return sorted(cluster.disks, key=lambda item: (order[item[2].node.name], item[2].host_path))


def secrets(cluster: Cluster, provided: bool) -> list[tuple[Service, str, Mapping[str, str]]]:
    """Whose, name and keys of the Secrets that people provide, or of those that the bootstrap makes."""
    return [
        (service, name, keys)
        for service, name in cluster.secrets
        for keys in [service.secrets[name]]
        if (PROVIDED in keys.values()) == provided
    ]


def random_keys(keys: Mapping[str, str]) -> list[str]:
    """With or without a length of their own."""
    return [key for key, value in keys.items() if value.split(" ")[0] == RANDOM]


def other_keys(keys: Mapping[str, str]) -> list[str]:
    return [key for key in keys if key not in random_keys(keys)]


def readers(cluster: Cluster, secret: str) -> list[str]:
    """Services and jobs with an environment variable or files from this Secret, each once."""
    found = (
        owner
        for service in cluster.services
        for owner, containers in (
            (service.name, service.containers),
            *((job.name, (job.container,)) for job in service.jobs),
        )
        for container in containers
        if secret
        in {variable.secret for variable in container.env} | {files.secret for files in container.secret_files}
    )
    return list(dict.fromkeys(found))


def databases_elsewhere(cluster: Cluster) -> list[tuple[Service, Database]]:
    """(Server, database) that somebody has to make on a server that is not part of this cluster."""
    servers = {service.name: service for service in cluster.external}
    wanted = [service.spec.database for service in cluster.services if service.spec.database]
    return [(servers[one.server], one) for one in wanted if one.server in servers]


def saved(cluster: Cluster) -> list[str]:
    """Titles of the databases that a backup holds."""
    return [service.title for service, _ in databases(cluster.services)]
