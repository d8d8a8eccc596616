"""The entries of an inventory that are containers, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Path

from .input.container import JobEntry, Sidecar
from .input.service import ServiceEntry
from .input.target import Inventory


def containers(inventory: Inventory) -> Iterator[tuple[Path, ServiceEntry | Sidecar | JobEntry]]:
    """Each service, its sidecars and its jobs."""
    for name, service in inventory.services.items():
        yield ("services", name), service
        for inner, sidecar in service.sidecars.items():
            yield ("services", name, "sidecars", inner), sidecar
        for inner, job in service.jobs.items():
            yield ("services", name, "jobs", inner), job
