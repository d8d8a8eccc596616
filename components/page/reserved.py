"""Values that still name one of the domains reserved for examples (RFC 2606)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from components.cluster.input.service import ServiceEntry
from components.cluster.types import Cluster

_HOST = re.compile(r"(?<![\w.-])(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?![\w-])")
_TOP = {"test", "example", "invalid", "localhost"}
_SECOND = {("example", "com"), ("example", "net"), ("example", "org")}


def reserved_host(text: str) -> str | None:
    """The first host name in `text` that is reserved for examples."""
    for host in _HOST.findall(text):
        labels = tuple(host.lower().split("."))
        if labels[-1] in _TOP or labels[-2:] in _SECOND:
            return host
    return None


def reserved_values(cluster: Cluster) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Each such value of the cluster -> the places where the model has it."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for place, text in _texts((), cluster):
        if reserved_host(text):
            found.setdefault(text, []).append(place)
    return {text: tuple(places) for text, places in found.items()}


def _texts(place: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in the model with the names that lead to it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, ServiceEntry):
        # All else of it is in what was made of it.
        yield from _texts(place, value.custom_resource)
    elif isinstance(value, BaseModel):
        for name, inner in value:
            yield from _texts((*place, name), inner)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts((*place, field.name), getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts((*place, str(key)), inner)
    elif isinstance(value, (tuple, list)):
        for position, inner in enumerate(value):
            yield from _texts((*place, getattr(inner, "name", str(position))), inner)
