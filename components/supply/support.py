"""Which parts of a cluster's platform are mended, until when, and which newer ones this repository has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yaml.constructor import SafeConstructor

from components.cluster.types import Cluster
from components.inventory import yaml_file

_CLASSES = Path("classes", "platform")
#: What is counted as soon, in months.
SOON = 3


@dataclass(frozen=True)
class Part:
    """A part of the platform: `until` is the last month in which its project mends it, None where nobody says.

    `newer` are classes of this inventory with a later version, by their name, the newest last.
    """

    cluster: str
    part: str
    name: str
    version: str
    until: str | None
    newer: tuple[tuple[str, str], ...] = ()

    def months_left(self, today: str) -> int | None:
        """Full months after that of `today` (2027-01); below 0 where it is over."""
        if self.until is None:
            return None
        (year, month), (this_year, this_month) = (map(int, each.split("-")) for each in (self.until, today))
        return (year - this_year) * 12 + month - this_month


def parts(cluster: Cluster, known: Mapping[str, Mapping[str, tuple[str, str]]]) -> Iterator[Part]:
    """`known`: part -> class -> name and version (see classes)."""
    platform = cluster.platform
    entries: dict[str, Any] = {
        "kubernetes": (platform.kubernetes, "Kubernetes"),
        "runtime": (platform.runtime, platform.runtime.name),
        "operating_system": (platform.operating_system, platform.operating_system.name.capitalize()),
        "haproxy": (platform.haproxy, "HAProxy"),
    }
    if not platform.argocd.existing:
        entries["argocd"] = (platform.argocd, "Argo CD")
    for part, (entry, name) in entries.items():
        newer = sorted(
            (numbers(version), (found, version))
            for found, (called, version) in known.get(part, {}).items()
            # A newer Docker is no newer containerd.
            if called == getattr(entry, "name", "") and numbers(version) > numbers(entry.version)
        )
        yield Part(cluster.name, part, name, entry.version, entry.supported_until, tuple(each for _, each in newer))


def classes(inventory: Path) -> dict[str, dict[str, tuple[str, str]]]:
    """Part -> class -> name (of a part that has one) and version, of all platform classes that state one in full.

    Raises Unreadable.
    """
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for path in sorted((inventory / _CLASSES).glob("*.yml")):
        node = yaml_file.read(path)
        content = SafeConstructor().construct_document(node) if node else {}
        platform = (content.get("parameters") or {}).get("platform") or {}
        for part, entry in platform.items():
            version = entry.get("version") if isinstance(entry, dict) else None
            if isinstance(version, str) and "${" not in version:
                found.setdefault(part, {})[f"platform.{path.stem}"] = (entry.get("name", ""), version)
    return found


def numbers(version: str) -> tuple[int, ...]:
    """v1.36.5 -> (1, 36, 5)."""
    return tuple(int(part) for part in version.removeprefix("v").split(".") if part.isdigit())
