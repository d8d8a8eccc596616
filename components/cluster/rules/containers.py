"""Containers that Kubernetes would refuse."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding, Path

from ..quantity import millicores, size
from ..types import Cluster, Container
from .registry import Stage, rule

_NUMBER = {"cpu": millicores, "memory": size}


@rule(Stage.STRUCTURE)
def requests_within_limits(cluster: Cluster) -> Iterator[Finding]:
    """A container may not request more than it is allowed to use."""
    for path, container in _containers(cluster):
        written = container.resources.written()
        for kind, request in written["requests"].items():
            limit = written["limits"].get(kind)
            if limit is not None and _NUMBER[kind](request) > _NUMBER[kind](limit):
                yield Finding(
                    (*path, "resources", "requests", kind),
                    request,
                    f"this is more than its limit, {limit}",
                    "Request less, or raise the limit",
                )


@rule(Stage.STRUCTURE)
def secret_files_can_be_read(cluster: Cluster) -> Iterator[Finding]:
    """Files of Secrets belong to root and to the pod's group, and are closed to others."""
    for service in cluster.services:
        jobs = [(("services", service.name, "jobs", job.name), job.container) for job in service.jobs]
        pod = [(("services", service.name), container) for container in service.containers]
        for path, container in [*pod, *jobs]:
            if container.secret_files and container.security.user != 0 and service.spec.security.fs_group is None:
                yield Finding(
                    (*path, "secret_files"),
                    None,
                    f"user {container.security.user} could not read them: they are root's and the pod's group's",
                    f"Add services.{service.name}.security.fs_group",
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
