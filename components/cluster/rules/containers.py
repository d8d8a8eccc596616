"""Containers that Kubernetes would refuse."""

from __future__ import annotations

from typing import Iterator

from ..finding import Finding, Path
from ..quantity import millicores, size
from ..types import Cluster, Container

_NUMBER = {"cpu": millicores, "memory": size}


def requests_within_limits(cluster: Cluster) -> Iterator[Finding]:
    """A container may not request more than it is allowed to use."""
    for path, container in _containers(cluster):
        resources = container.resources
        for kind, request in sorted(resources.requests.items()):
            limit = resources.limits.get(kind)
            if limit is not None and _NUMBER[kind](request) > _NUMBER[kind](limit):
                yield Finding(
                    (*path, "resources", "requests", kind), request,
                    f"this is more than its limit, {limit}", "Request less, or raise the limit",
                )


def _containers(cluster: Cluster) -> Iterator[tuple[Path, Container]]:
    for service in cluster.services:
        path = ("services", service.name)
        yield path, service.container
        for sidecar in service.sidecars:
            yield (*path, "sidecars", sidecar.name), sidecar
        for job in service.jobs:
            # A job without resources of its own has the service's.
            if job.container.resources != service.container.resources:
                yield (*path, "jobs", job.name), job.container


RULES = (requests_within_limits,)
