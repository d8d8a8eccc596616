"""The Application: Git to cluster, by itself and for good."""

from __future__ import annotations

from typing import Any

from components.argocd.destination import destinations
from components.cluster.types import Cluster


def application(cluster: Cluster) -> dict[str, Any]:
    """Application of the cluster's name, in the AppProject of the same name.

    It has no finalizer: deleting it leaves its objects in the cluster, on a release that
    can exempt single objects from deletion as on one that cannot.
    It ignores no differences: what controllers and defaults add to the objects is not
    in Git, and Argo CD compares only fields that are.
    """
    argocd = cluster.platform.argocd
    retry = argocd.retry
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": cluster.name, "namespace": argocd.namespace},
        "spec": {
            "project": cluster.name,
            "source": {
                "repoURL": cluster.git.repository,
                "targetRevision": cluster.git.revision,
                "path": cluster.git.path,
            },
            "destination": destinations(cluster)[0],
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
                "syncOptions": list(argocd.sync_options),
                "retry": {
                    "limit": retry.limit,
                    **({"refresh": True} if retry.refresh else {}),
                    "backoff": {
                        "duration": f"{retry.first_wait}s",
                        "factor": retry.factor,
                        "maxDuration": f"{retry.longest_wait}s",
                    },
                },
            },
            "revisionHistoryLimit": argocd.revision_history,
        },
    }
