"""What is the same in several clusters, told once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ..types import ClusterReview, HostStep, ObjectChange
from . import values

Item = TypeVar("Item")


@dataclass(frozen=True)
class Told(Generic[Item]):
    """One thing, and the clusters it is true of, in their order."""

    what: Item
    clusters: tuple[str, ...]


def together(clusters: Iterable[ClusterReview], items: Callable[[ClusterReview], Iterable[Item]]) -> list[Told[Item]]:
    """The items of all clusters in the order in which they come first; equal ones are one."""
    found: dict[object, tuple[Item, dict[str, None]]] = {}
    for cluster in clusters:
        for item in items(cluster):
            _, names = found.setdefault(_told_of(item), (item, {}))
            names[cluster.name] = None
    return [Told(item, tuple(names)) for item, names in found.values()]


def _told_of(item: object) -> object:
    """What two items have in common that are told in the same words."""
    if isinstance(item, ObjectChange):
        # The rest is not told, and clusters differ in it: replicas, addresses, their names in a file.
        fields = tuple((values.told(each), type(each.before), type(each.after)) for each in item.fields)
        return item.identity, item.service, item.wave, item.how, fields
    if isinstance(item, HostStep) and item.place:
        # Each cluster has names of its own for every node.
        return replace(item, hosts=())
    return item
