"""What every service stands on: the namespace and the storage class."""

from __future__ import annotations

from typing import Any

from components.cluster.types import Cluster

from .metadata import FOUNDATION_WAVE, NAMESPACE_WAVE, metadata, protection


def namespace(cluster: Cluster) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": metadata(cluster.namespace, NAMESPACE_WAVE, options=protection(cluster)),
    }


def storage_class(cluster: Cluster) -> dict[str, Any]:
    """Local volumes: made by hand (the bootstrap), bound when their pod is placed."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata(cluster.storage_class, FOUNDATION_WAVE, options=protection(cluster)),
        "provisioner": "kubernetes.io/no-provisioner",
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
