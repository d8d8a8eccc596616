"""Volumes against their sizes, disks of the nodes."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.quantity import gibibytes
from components.cluster.types import Cluster

from .. import recordings
from ..rule import Alert


def alerts(cluster: Cluster) -> Iterator[Alert]:
    if cluster.disks:
        yield Alert(
            "VolumeFilling",
            f"100 * {recordings.VOLUME_USE} > <bound>",
            "The volume of {{ $labels.service }} on {{ $labels.node }} is almost full",
            '{{ $labels.path }} holds {{ $value | printf "%.0f" }} % of its size. Local volumes do not enforce it: the '
            "service goes on until the node's disk is full.",
            "Raise the volume's `size` in the service's class (capacity is checked against the disk), or free space. "
            "Kafka's volume is for the topics that scale.kafka.topics and scale.tenants count: correct these.",
        )
    kept = cluster.platform.kubernetes.kubelet.eviction
    yield Alert(
        "NodeDiskFilling",
        '100 * node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"} < <bound>',
        "The disk of {{ $labels.node }} is almost full",
        '{{ $value | printf "%.0f" }} % are free. '
        f"Below {gibibytes(max(kept.nodefs, kept.imagefs))} the kubelet evicts pods "
        "(platform.kubernetes.kubelet.eviction).",
        "Look for the largest folders: volumes on the dashboard Kafka and volumes, images (`crictl rmi "
        "--prune`), logs.",
    )
