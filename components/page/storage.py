"""Volumes on the nodes, and the Secrets that the bootstrap makes."""

from __future__ import annotations

from components.cluster.types import Cluster

from .markdown import code, codes, section, table
from .pods import all_containers
from .words import amount

#: In the inventory: the bootstrap makes the value.
_RANDOM = "random"


def volumes(cluster: Cluster) -> str:
    heads = ("Service", "Claim", "PersistentVolume", "Node", "Directory", ">Owner (uid)", ">Size")
    order = {node.name: position for position, node in enumerate(cluster.nodes)}
    rows = [
        (
            service.title, code(disk.claim), code(disk.persistent_volume), code(disk.node.name), code(disk.host_path),
            str(disk.owner), amount(disk.size),
        )
        for service, _, disk in sorted(cluster.disks, key=lambda item: (order[item[2].node.name], item[2].host_path))
    ]
    if not rows:
        return ""
    return section(
        "Volumes",
        f"Directories on the nodes' own disks, StorageClass {code(cluster.storage_class)}. A pod with a volume runs on the "
        "node that has the directory and on no other; the data stay when the claim goes.",
        table(heads, rows),
    )


def secrets(cluster: Cluster) -> str:
    rows = [
        (
            code(name), service.title, codes(key for key, value in keys.items() if value.startswith(_RANDOM)),
            codes(key for key, value in keys.items() if not value.startswith(_RANDOM)), codes(_readers(cluster, name)),
        )
        for service in cluster.services
        for name, keys in service.secrets.items()
    ]
    if not rows:
        return ""
    return section(
        "Secrets",
        "The bootstrap makes the Secrets that are missing and leaves the others alone. The values of the random keys exist in "
        "the cluster only: they are never printed and not in Git. The other keys are names, as the inventory states them.",
        table(("Secret", "Of", "Random keys", "Other keys", "Read by"), rows),
    )


def _readers(cluster: Cluster, secret: str) -> list[str]:
    """Services and jobs with an environment variable from this Secret, each once."""
    found = (
        owner for owner, container in all_containers(cluster) if any(variable.secret == secret for variable in container.env)
    )
    return list(dict.fromkeys(found))
