"""PersistentVolumes and claims. Each volume is bound beforehand to the one claim it is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.cluster.quantity import binary
from components.cluster.sizes import CLAIM_REQUEST
from components.cluster.types import Cluster, Service, Volume, pod_labels

from .metadata import SUPPORT_WAVE, metadata, protection
from .placement import on_host


def persistent_volumes(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    """One for each pod, pinned to the node that holds the directory.

    Only the capacity may change in a running cluster: where the rest of the spec changes, so does the name, and the
    volume of before stays beside this one (pruning spares it). Both name the same claim then. One that is bound stays
    with the volume of before, and this one waits, Available. Once claim and pod are deleted, the volume of before is
    Released, with the uid of the claim that is gone: a new claim of the same name can only have this one.
    """
    for volume in service.volumes:
        for disk in volume.disks:
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": metadata(
                    disk.persistent_volume,
                    SUPPORT_WAVE,
                    labels={**pod_labels(service.name), "type": "local"},
                    options=protection(cluster),
                ),
                "spec": {
                    "capacity": {"storage": binary(disk.size)},
                    "accessModes": ["ReadWriteOnce"],
                    "volumeMode": "Filesystem",
                    "persistentVolumeReclaimPolicy": "Retain",
                    "storageClassName": cluster.storage_class,
                    "claimRef": {
                        "apiVersion": "v1",
                        "kind": "PersistentVolumeClaim",
                        "namespace": service.namespace,
                        "name": disk.claim,
                    },
                    "local": {"path": disk.host_path},
                    # Not by group: the data are on this machine whatever its label is, and an affinity never changes.
                    "nodeAffinity": {"required": {"nodeSelectorTerms": [on_host(disk.node)]}},
                },
            }


def claims(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    """Claims of a Deployment, in the wave of their pod; StatefulSets make their own."""
    if service.kind != "Deployment":
        return
    for volume in service.volumes:
        for disk in volume.disks:
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": metadata(
                    disk.claim,
                    service.wave,
                    namespace=service.namespace,
                    labels=service.pod_labels,
                    options=protection(cluster),
                ),
                "spec": _claim_spec(cluster),
            }


def claim_template(cluster: Cluster, volume: Volume) -> dict[str, Any]:
    """A volumeClaimTemplate; with its type, or Argo CD sees a difference for ever."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": volume.name},
        "spec": _claim_spec(cluster),
    }


def _claim_spec(cluster: Cluster) -> dict[str, Any]:
    """Alike for all volumes, and nothing in it follows from what people change: an API server refuses another one."""
    return {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": binary(CLAIM_REQUEST)}},
        "storageClassName": cluster.storage_class,
        "volumeMode": "Filesystem",
    }
