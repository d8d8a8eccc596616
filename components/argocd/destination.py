"""Where the Application's objects go: into the cluster that runs Argo CD."""

from __future__ import annotations

from components.cluster.types import Cluster

#: Argo CD's name for its own cluster.
IN_CLUSTER = "https://kubernetes.default.svc"


def destination(cluster: Cluster) -> dict[str, str]:
    """Server and namespace, the same for the project's limit and the Application."""
    return {"server": IN_CLUSTER, "namespace": cluster.namespace}
