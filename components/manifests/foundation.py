"""What services stand on: the namespace, the storage class of their volumes, priorities, and VerneMQ's kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from components.cluster.input.priority import PriorityClassEntry
from components.cluster.types import Cluster

from .metadata import FOUNDATION_WAVE, NAMESPACE_LABEL, NAMESPACE_WAVE, metadata, protection

# What the API server reads on a namespace: which pods it refuses there.
_ENFORCE = "pod-security.kubernetes.io/enforce"
_VERNEMQ = Path(__file__).parent / "vernemq-crd.yml"


def namespace(cluster: Cluster, name: str) -> dict[str, Any]:
    """One of the cluster's namespaces. Where a service sees its host, no lower standard admits its pods."""
    kubernetes = cluster.platform.kubernetes
    meta = metadata(name, NAMESPACE_WAVE, options=protection(cluster))
    meta["labels"][NAMESPACE_LABEL] = name
    if kubernetes.pod_security != "none":
        sees_hosts = any(service.sees_its_host for service in cluster.services if service.namespace == name)
        meta["labels"][_ENFORCE] = "privileged" if sees_hosts else kubernetes.pod_security
        # As this release understands it: an upgrade must not refuse pods that run today.
        meta["labels"][f"{_ENFORCE}-version"] = f"v{kubernetes.minor}"
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


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


def priority_class(name: str, entry: PriorityClassEntry) -> dict[str, Any]:
    """Who is evicted first from a full node, and who makes room for a pod that finds none."""
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": metadata(name, FOUNDATION_WAVE),
        "description": entry.description,
        "value": entry.value,
    }


def vernemq_definition(cluster: Cluster) -> dict[str, Any]:
    """The CustomResourceDefinition, whose schema stands in a file of its own."""
    definition: dict[str, Any] = yaml.load(_VERNEMQ.read_text("utf-8"), Loader=yaml.CSafeLoader)
    name = definition["metadata"]["name"]
    return definition | {"metadata": metadata(name, FOUNDATION_WAVE, options=protection(cluster))}
