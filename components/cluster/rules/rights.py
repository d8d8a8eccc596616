"""What services may do with the API server."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding

from ..types import Cluster
from .registry import Stage, rule


@rule(Stage.STRUCTURE)
def roles_are_of_a_namespace(cluster: Cluster) -> Iterator[Finding]:
    """A Role is of one namespace, and paths of the API server are of none: it refuses such a Role."""
    for service in cluster.services:
        for number, entry in enumerate(service.spec.rbac):
            for path in entry.nonResourceURLs or ():
                yield Finding(
                    ("services", service.name, "rbac", str(number), "nonResourceURLs"),
                    path,
                    "a Role is of one namespace, and this path of the API server is of none",
                    f"Move this rule to services.{service.name}.cluster_rbac",
                )
