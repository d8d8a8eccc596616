"""Who calls whom, as a diagram."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from .mermaid import arrow, box, flowchart, node_id


def calls(cluster: Cluster) -> str:
    """Who calls whom inside the cluster; empty where nobody calls anybody."""
    if not any(use.port for service in cluster.services for use in service.uses):
        return ""
    return flowchart("LR", _calls(cluster))


def _calls(cluster: Cluster) -> Iterator[str]:
    for service in cluster.services:
        yield box(node_id("service", service.name), service.title)
    for service in cluster.services:
        called: dict[str, bool] = {}
        for use in service.uses:
            called[use.service] = called.get(use.service, False) or use.at_start
        for name, at_start in called.items():
            yield arrow(node_id("service", service.name), node_id("service", name), line="-->" if at_start else "-.->")
