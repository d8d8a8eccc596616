"""Who calls whom inside the cluster, as a picture."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from .markdown import section
from .mermaid import arrow, box, flowchart, node_id


def picture(cluster: Cluster) -> str:
    """The section; empty where nobody calls anybody."""
    if not any(use.port for service in cluster.services for use in service.uses):
        return ""
    return section(
        "Who calls whom",
        flowchart("LR", _lines(cluster)),
        "Solid: needed to start, so it comes up first. Dotted: called later.",
    )


def _lines(cluster: Cluster) -> Iterator[str]:
    for service in cluster.services:
        yield box(node_id("service", service.name), service.title)
    for service in cluster.services:
        called: dict[str, bool] = {}
        for use in service.uses:
            called[use.service] = called.get(use.service, False) or use.at_start
        for name, at_start in called.items():
            yield arrow(node_id("service", service.name), node_id("service", name), line="-->" if at_start else "-.->")
