"""Where the Application's objects go: into the cluster that runs Argo CD."""

from __future__ import annotations

from components.cluster.types import Cluster

#: Argo CD's name for its own cluster.
IN_CLUSTER = "https://kubernetes.default.svc"


def destinations(cluster: Cluster) -> list[dict[str, str]]:
    """Server and namespace: the Application's own comes first, the project's limits are all of them."""
    own = {each.namespace for file in cluster.manifests for each in file.objects if each.namespace}
    namespaces = (*cluster.namespaces, *sorted(own - set(cluster.namespaces)))
    return [{"server": IN_CLUSTER, "namespace": name} for name in namespaces]
