"""PersistentVolumes and claims. Each volume is bound beforehand to the one claim it is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.cluster.quantity import binary
from components.cluster.types import Cluster, Disk, Service, Volume, pod_labels

from .metadata import SUPPORT_WAVE, metadata, protection
from .placement import group_term


def persistent_volumes(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    """One for each pod, pinned to the group and to the node that holds the directory."""
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
                    "nodeAffinity": {"required": {"nodeSelectorTerms": [_on_node(cluster, disk)]}},
                },
            }


def _on_node(cluster: Cluster, disk: Disk) -> dict[str, Any]:
    # By host as well as by group: the data do not follow the label to another node.
    term = group_term(cluster, disk.node.group)
    term["matchExpressions"].append({"key": "kubernetes.io/hostname", "operator": "In", "values": [disk.node.name]})
    return term


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
                "spec": _claim_spec(cluster, volume),
            }


def claim_template(cluster: Cluster, volume: Volume) -> dict[str, Any]:
    """A volumeClaimTemplate; with its type, or Argo CD sees a difference for ever."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": volume.name},
        "spec": _claim_spec(cluster, volume),
    }


def _claim_spec(cluster: Cluster, volume: Volume) -> dict[str, Any]:
    return {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": binary(volume.size)}},
        "storageClassName": cluster.storage_class,
        "volumeMode": "Filesystem",
    }
