"""Volumes: directories that no two services share, sizes that fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from components.inventory.finding import Finding

from ..quantity import binary, ceil_div
from ..sizes import CLAIM_REQUEST, KAFKA
from ..types import Cluster
from .registry import Stage, rule

#: Directories that belong to the system with all that is in them, by the Filesystem Hierarchy Standard 3.0 and the
#: defaults of Kubernetes and of its runtimes.
_SYSTEM = tuple(
    PurePosixPath(path)
    for path in (
        "/bin",
        "/boot",
        "/dev",
        "/etc",
        "/lib",
        "/lib64",
        "/proc",
        "/root",
        "/run",
        "/sbin",
        "/sys",
        "/tmp",
        "/usr",
        "/var/lib/cni",
        "/var/lib/containerd",
        "/var/lib/docker",
        "/var/lib/dpkg",
        "/var/lib/etcd",
        "/var/lib/kubelet",
        "/var/log",
        "/var/run",
        "/var/tmp",
    )
)
#: Kafka's bound of one partition of a topic; -1 is none.
_RETENTION_BYTES, _WHOLE = "KAFKA_LOG_RETENTION_BYTES", re.compile("[0-9]+")
#: Directories in which there is room for others.
_SHARED = tuple(PurePosixPath(path) for path in ("/home", "/media", "/mnt", "/opt", "/srv", "/var", "/var/lib"))


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
def directories_of_the_system(cluster: Cluster) -> Iterator[Finding]:
    """A volume's directory is made for its service's user, so it is none that the machine needs itself."""
    for service, volume, disk in cluster.disks:
        path = PurePosixPath(disk.host_path)
        taken = next((each for each in _SYSTEM if each == path or each in path.parents), None)
        if taken or path in _SHARED:
            yield Finding(
                ("services", service.name, "volumes", volume.name, "host_path"),
                disk.host_path,
                f"{taken or path} is the operating system's or Kubernetes' own",
                "Choose a directory such as /mnt/data/NAME",
            )


@rule(Stage.STRUCTURE)
def bounded_log(cluster: Cluster) -> Iterator[Finding]:
    """Kafka deletes by bytes, too: more than the volume has it never keeps, and no message goes before its time."""
    for service in cluster.services:
        if service.name != KAFKA or len(service.volumes) != 1:
            continue
        log, volume = cluster.scale.kafka, service.volumes[0]
        least, most = ceil_div(log.arriving, log.partitions), log.retention_bytes(volume.size)
        if most < least:
            continue  # The volume itself is too small, which is refused.
        stated = {variable.name: variable.value for variable in service.container.env}.get(_RETENTION_BYTES)
        path = ("services", KAFKA, "env", _RETENTION_BYTES)
        if stated is None or not _WHOLE.fullmatch(stated):
            yield Finding(
                path,
                stated,
                "Kafka deletes by age alone, so a fleet that sends more than scale.message says fills its disk",
                "Write {derived: kafka_retention_bytes} (the rule)",
            )
        elif not least <= int(stated) <= most:
            yield Finding(
                path,
                stated,
                f"with less than {least} bytes in each partition messages go before scale.kafka.retention, and "
                f"with more than {most} the volume of a server can be full",
                "Write {derived: kafka_retention_bytes} (the rule)",
            )


@rule(Stage.STRUCTURE)
def volumes_hold_their_claims(cluster: Cluster) -> Iterator[Finding]:
    """A claim requests the same whatever its volume's size is, and binds to none that is smaller."""
    for service in cluster.services:
        for volume in service.volumes:
            if volume.persistent and volume.size < CLAIM_REQUEST:
                yield Finding(
                    ("services", service.name, "volumes", volume.name, "size"),
                    binary(volume.size),
                    f"every claim requests {binary(CLAIM_REQUEST)}, and never binds to a smaller volume",
                    f"Write {binary(CLAIM_REQUEST)} or more",
                )


@rule(Stage.STRUCTURE)
def distinct_claims(cluster: Cluster) -> Iterator[Finding]:
    """A volume's name is also its claim's, so it is used once."""
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
