"""The AppProject: one repository, one destination, and the kinds that exist. No wildcard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.argocd.destination import destinations
from components.argocd.kinds import GroupKind, cluster_kinds, namespaced_kinds
from components.cluster.types import Cluster


def project(cluster: Cluster) -> dict[str, Any]:
    """AppProject of the cluster's name.

    What the objects bring forth (ReplicaSets, pods) is not listed, so Argo CD's tree
    ends at the objects of Git; their health is judged all the same.
    """
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": cluster.name, "namespace": cluster.platform.argocd.namespace},
        "spec": {
            "description": f"dojot on the cluster {cluster.name}",
            "sourceRepos": [cluster.git.repository],
            "destinations": destinations(cluster),
            "clusterResourceWhitelist": _entries(cluster_kinds(cluster)),
            "namespaceResourceWhitelist": _entries(namespaced_kinds(cluster)),
        },
    }


def _entries(kinds: Iterable[GroupKind]) -> list[dict[str, str]]:
    return [{"group": group, "kind": kind} for group, kind in kinds]
