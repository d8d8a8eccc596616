"""Dashboards of a cluster as Grafana's JSON, made with its Foundation SDK.

Each function loads the SDK when it is called: most commands never need it.
"""

from __future__ import annotations

from components.cluster.types import Cluster


def overview(cluster: Cluster) -> str:
    from .overview import overview

    return overview(cluster)


def brokers(cluster: Cluster) -> str:
    from .brokers import brokers

    return brokers(cluster)


def load_balancer(cluster: Cluster) -> str:
    from .load_balancer import load_balancer

    return load_balancer(cluster)


def storage(cluster: Cluster) -> str:
    from .storage import storage

    return storage(cluster)


def nodes(cluster: Cluster) -> str:
    from .nodes import nodes

    return nodes(cluster)
