"""What a machine has, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .quantity import millicores, size
from .types import Hardware


def hardware(entry: Mapping[str, Any] | None) -> Hardware | None:
    """{cpu, memory, disk} as quantities -> numbers; None where the inventory does not say."""
    if entry is None:
        return None
    return Hardware(millicores(entry["cpu"]), size(entry["memory"]), size(entry["disk"]))
