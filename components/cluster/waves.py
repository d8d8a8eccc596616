"""The order of a sync, from who needs whom at start."""

from __future__ import annotations

from collections.abc import Mapping

from .input.service import ServiceEntry
from .uses import needs

#: Distance between two ranks of services; a job runs half-way before or after its service.
STEP = 10


def waves(services: Mapping[str, ServiceEntry]) -> dict[str, int]:
    """Service name -> wave: above every service that it needs at start. Free of cycles."""
    found: dict[str, int] = {}

    def wave(name: str) -> int:
        if name not in found:
            needed = [wave(other) for other, need in needs(services[name]).items() if need.at_start and other != name]
            found[name] = max(needed, default=0) + STEP
        return found[name]

    for name in services:
        wave(name)
    return found


def job_wave(service_wave: int, when: str) -> int:
    """Wave of a job that runs `before` or `after` its service."""
    return service_wave + (STEP // 2 if when == "after" else -STEP // 2)
