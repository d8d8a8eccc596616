"""Every alert of a cluster, by area."""

from __future__ import annotations

from components.cluster.types import Cluster

from ..rule import Alert
from . import argocd, balancer, brokers, data, kubernetes, storage, watching

#: Name of the group of rules -> its alerts.
AREAS = {
    "brokers": brokers.alerts,
    "load balancer": balancer.alerts,
    "storage": storage.alerts,
    "data": data.alerts,
    "kubernetes": kubernetes.alerts,
    "argocd": argocd.alerts,
    "watching": watching.alerts,
}


def alerts(cluster: Cluster) -> dict[str, tuple[Alert, ...]]:
    """Those that can fire in this cluster: without brokers there is none about sessions."""
    return {area: tuple(found(cluster)) for area, found in AREAS.items()}
