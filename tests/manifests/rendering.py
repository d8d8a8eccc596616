"""The manifests face on a cluster that was changed for a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from components.cluster.types import Cluster, Service
from components.manifests.files import files as manifests
from tests import changed

Object = dict[str, Any]


def render(cluster: Cluster) -> dict[str, list[Object]]:
    """File name -> objects."""
    return {name: list(yaml.load_all(text, Loader=yaml.CSafeLoader)) for name, text in manifests(cluster).items()}


def of_kind(rendered: dict[str, list[Object]], *kinds: str) -> list[Object]:
    return [found for objects in rendered.values() for found in objects if found["kind"] in kinds]


def with_service(cluster: Cluster, service: Service, **changes: Any) -> Cluster:
    """The cluster with one service changed."""
    other = replace(service, **changes)
    return replace(cluster, services=tuple(other if one.name == service.name else one for one in cluster.services))


def with_platform(cluster: Cluster, **kubernetes: Any) -> Cluster:
    """The cluster on a Kubernetes with other abilities."""
    return changed.with_platform(cluster, kubernetes=kubernetes)


def some_service(cluster: Cluster, wanted) -> Service:
    """The first service that is `wanted`; LookupError if there is none."""
    for service in cluster.services:
        if wanted(service):
            return service
    raise LookupError(f"{cluster.name} has no such service")
