"""Volumes: directories that no two services share, sizes that fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from ..finding import Finding
from ..types import Cluster
from .registry import Stage, rule


@rule(Stage.STRUCTURE)
def separate_directories(cluster: Cluster) -> Iterator[Finding]:
    """No volume's directory is, or lies inside, another volume's on the same node."""
    disks = cluster.disks
    for position, (service, volume, disk) in enumerate(disks):
        for other_service, other, other_disk in disks[:position]:
            if disk.node != other_disk.node or (service, volume) == (other_service, other):
                continue
            mine, theirs = PurePosixPath(disk.host_path), PurePosixPath(other_disk.host_path)
            if mine == theirs or mine in theirs.parents or theirs in mine.parents:
                yield Finding(
                    ("services", service.name, "volumes", volume.name, "host_path"),
                    disk.host_path,
                    f"volume {other.name} of {other_service.name} has {theirs} on {disk.node.name} too"
                    if mine == theirs
                    else f"volume {other.name} of {other_service.name} has {theirs} on {disk.node.name}, "
                    "and neither may be inside the other",
                    "Give each volume a directory of its own",
                )


@rule(Stage.STRUCTURE)
def distinct_claims(cluster: Cluster) -> Iterator[Finding]:
    """A volume's name is also its PersistentVolume's, so it is used once."""
    seen: dict[str, str] = {}
    for service in cluster.services:
        for volume in service.volumes:
            if volume.name in seen:
                yield Finding(
                    ("services", service.name, "volumes", volume.name),
                    None,
                    f"{seen[volume.name]} has a volume of this name already",
                    "Rename one of them",
                )
            seen.setdefault(volume.name, service.name)
