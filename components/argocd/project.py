"""The AppProject: one repository, one destination, and the kinds that exist. No wildcard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.argocd.destination import destinations
from components.cluster.types import Cluster


def project(cluster: Cluster, objects: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """AppProject of the cluster's name, for these objects.

    What the objects bring forth (ReplicaSets, pods) is not listed, so Argo CD's tree
    ends at the objects of Git; their health is judged all the same.
    """
    # Name of the AppProject's list -> (API group, kind) of what it allows; the core group is "".
    allowed: dict[str, set[tuple[str, str]]] = {"clusterResourceWhitelist": set(), "namespaceResourceWhitelist": set()}
    for manifest in objects:
        scope = "namespace" if "namespace" in manifest["metadata"] else "cluster"
        allowed[f"{scope}ResourceWhitelist"].add((manifest["apiVersion"].rpartition("/")[0], manifest["kind"]))
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": cluster.name, "namespace": cluster.platform.argocd.namespace},
        "spec": {
            "description": f"dojot on the cluster {cluster.name}",
            "sourceRepos": [cluster.git.repository],
            "destinations": destinations(cluster),
            **{
                name: [{"group": group, "kind": kind} for group, kind in sorted(kinds)]
                for name, kinds in allowed.items()
            },
        },
    }
