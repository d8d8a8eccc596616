"""Clusters and entries of the inventory, changed for a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter

from components.cluster.input.entry import Entry
from components.cluster.types import Cluster, Service

Model = TypeVar("Model", bound=Entry)


def changed(entry: Model, **changes: Any) -> Model:
    """A copy with other values; a dict in place of an entry changes that one's keys, any other is read as a map."""
    return entry.model_copy(update={key: _value(entry, key, new) for key, new in changes.items()})


def _value(entry: Entry, key: str, new: Any) -> Any:
    if not isinstance(new, dict):
        return new
    if isinstance(old := getattr(entry, key), Entry):
        return changed(old, **new)
    hint = get_type_hints(type(entry), include_extras=True)[key]
    return TypeAdapter(hint).validate_python(new)


def with_spec(service: Service, **changes: Any) -> Service:
    """The service, were these keys of it written otherwise; what follows from them stays."""
    return replace(service, spec=changed(service.spec, **changes))


def with_platform(cluster: Cluster, **parts: dict[str, Any]) -> Cluster:
    """The cluster on another platform: `kubernetes={"seccomp": False}`."""
    return replace(cluster, platform=changed(cluster.platform, **parts))
