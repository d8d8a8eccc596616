"""Kubernetes objects that people bring themselves, beside those that are compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OwnObject:
    """One document of such a file; `line` is where it begins. Only who it is and its pods' labels are looked at."""

    line: int
    content: Mapping[str, Any]

    @property
    def group(self) -> str:
        """Its API group; that of the core is empty."""
        return str(self.content["apiVersion"]).rpartition("/")[0]

    @property
    def kind(self) -> str:
        return str(self.content["kind"])

    @property
    def name(self) -> str:
        return str(self.content["metadata"]["name"])

    @property
    def namespace(self) -> str | None:
        """As stated."""
        stated: str | None = self.content["metadata"].get("namespace")
        return stated


@dataclass(frozen=True)
class ManifestFile:
    """A file of inventory/files; its text reaches the cluster as it is."""

    name: str
    text: str
    objects: tuple[OwnObject, ...]
