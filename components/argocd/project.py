"""The AppProject: one repository, one destination, and what exists: kinds, and where they are cluster-wide, names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.argocd.destination import destinations
from components.cluster.types import Cluster


def project(cluster: Cluster, objects: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """AppProject of the cluster's name, for these objects.

    Cluster-wide objects are allowed one by one where the release can: a kind alone would allow whoever may push any
    ClusterRoleBinding. What the objects bring forth (ReplicaSets, pods) is not listed, so Argo CD's tree ends at the
    objects of Git; their health is judged all the same.
    """
    argocd = cluster.platform.argocd
    # Name of the AppProject's list -> (API group, kind, name, where it counts); the core group is "".
    allowed: dict[str, set[tuple[str, ...]]] = {"clusterResourceWhitelist": set(), "namespaceResourceWhitelist": set()}
    for manifest in objects:
        kind = (manifest["apiVersion"].rpartition("/")[0], manifest["kind"])
        if "namespace" in manifest["metadata"]:
            allowed["namespaceResourceWhitelist"].add(kind)
        else:
            named = (manifest["metadata"]["name"],) if argocd.cluster_resource_names else ()
            allowed["clusterResourceWhitelist"].add((*kind, *named))
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": cluster.name, "namespace": argocd.namespace},
        "spec": {
            "description": f"dojot on the cluster {cluster.name}",
            "sourceRepos": [cluster.git.repository],
            "destinations": destinations(cluster),
            **{
                name: [dict(zip(("group", "kind", "name"), entry, strict=False)) for entry in sorted(entries)]
                for name, entries in allowed.items()
            },
        },
    }
