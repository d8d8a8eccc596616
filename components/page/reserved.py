"""Values that still name one of the domains reserved for examples (RFC 2606)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.cluster.types import Cluster, Container

_HOST = re.compile(r"(?<![\w.-])(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?![\w-])")
_TOP = {"test", "example", "invalid", "localhost"}
_SECOND = {("example", "com"), ("example", "net"), ("example", "org")}


def reserved_host(text: str) -> str | None:
    """The first host name in `text` that is reserved for examples."""
    for host in _HOST.finditer(text):
        labels = tuple(host[0].lower().split("."))
        if labels[-1] in _TOP or labels[-2:] in _SECOND:
            return host[0]
    return None


def values(cluster: Cluster) -> dict[str, list[str]]:
    """Each such value, of those that say where something is -> the places that have it, in the inventory's words."""
    found: dict[str, list[str]] = {}
    for place, text in _addresses(cluster):
        if reserved_host(text):
            found.setdefault(text, []).append(place)
    return found


def images(cluster: Cluster) -> dict[str, list[str]]:
    """Each image in such a registry -> the services that have it."""
    found: dict[str, list[str]] = {}
    for service in cluster.services:
        containers = (*service.containers, *(job.container for job in service.jobs))
        bundler = [service.spec.custom_resource.bundler_image] if service.spec.custom_resource else []
        for image in dict.fromkeys([*bundler, *(container.image for container in containers)]):
            if reserved_host(image):
                found.setdefault(image, []).append(service.name)
    return found


def _addresses(cluster: Cluster) -> Iterator[tuple[str, str]]:
    yield "domain", cluster.domain
    for service in cluster.services:
        place = f"services.{service.name}"
        yield from _environment(f"{place}.container", service.container)
        for sidecar in service.sidecars:
            yield from _environment(f"{place}.sidecars.{sidecar.name}", sidecar)
        for job in service.jobs:
            yield from _environment(f"{place}.jobs.{job.name}.container", job.container)
    if cluster.monitoring:
        for alertmanager in cluster.monitoring.alertmanagers:
            yield "monitoring.alertmanagers", alertmanager
        yield "monitoring.locust_exporter", cluster.monitoring.locust_exporter or ""


def _environment(place: str, container: Container) -> Iterator[tuple[str, str]]:
    """The e-mail host, for one, is there, and what has the domain in it."""
    return ((f"{place}.env.{variable.name}.value", variable.value or "") for variable in container.env)
