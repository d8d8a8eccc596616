"""Volumes on the nodes, and the Secrets that the bootstrap makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.cluster.types import PROVIDED, RANDOM, Cluster

from .markdown import code, codes, link, section, table
from .operator import ROOT
from .pods import all_containers
from .words import amount


def volumes(cluster: Cluster) -> str:
    heads = ("Service", "Claim", "PersistentVolume", "Node", "Directory", ">Owner (uid)", ">Size")
    order = {node.name: position for position, node in enumerate(cluster.nodes)}
    rows = [
        (
            service.title,
            code(disk.claim),
            code(disk.persistent_volume),
            code(disk.node.name),
            code(disk.host_path),
            str(disk.owner),
            amount(disk.size),
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
    declared = [(service, name, keys) for service in cluster.services for name, keys in service.secrets.items()]
    made = [
        (
            code(name),
            service.title,
            codes(key for key, value in keys.items() if _is_random(value)),
            codes(key for key, value in keys.items() if not _is_random(value)),
            codes(_readers(cluster, name)),
        )
        for service, name, keys in declared
        if PROVIDED not in keys.values()
    ]
    brought = [
        (code(name), service.title, codes(keys), codes(_readers(cluster, name)))
        for service, name, keys in declared
        if PROVIDED in keys.values()
    ]
    if not declared:
        return ""
    return section(
        "Secrets",
        "The bootstrap makes the Secrets that are missing and leaves the others alone. The values of the random keys exist in "
        "the cluster only: they are never printed and not in Git. The other keys are names, as the inventory states them.",
        table(("Secret", "Of", "Random keys", "Other keys", "Read by"), made) if made else "",
        *_brought(brought),
    )


def _is_random(value: str) -> bool:
    """With or without a length of its own."""
    return value.split(" ")[0] == RANDOM


def _brought(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield (
            "### Secrets that you provide\n\n"
            "Nobody can make these up: create them with all their keys before their pods start. The step `secrets` gives "
            f"the command for each and fails until they exist ({link('what they hold', f'{ROOT}/docs/switches.md')})."
        )
        yield table(("Secret", "Of", "Keys", "Read by"), rows)


def _readers(cluster: Cluster, secret: str) -> list[str]:
    """Services and jobs with an environment variable or files from this Secret, each once."""
    found = (
        owner
        for owner, container in all_containers(cluster)
        if secret in {one.secret for one in container.env} | {one.secret for one in container.secret_files}
    )
    return list(dict.fromkeys(found))
