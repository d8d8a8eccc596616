"""Names that stand for something elsewhere: node groups, objects, entries that classes refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.inventory.finding import Finding, Path, suggest
from components.inventory.origin import Origin

from ..input.service import ServiceEntry
from ..input.target import Inventory
from ..types import CONTROL_PLANE, EVERY_NODE
from .registry import Stage, rule
from .secrets import instead


@rule(Stage.NAMES)
def groups(inventory: Inventory) -> Iterator[Finding]:
    """A node group that something is placed on is there."""
    places: list[tuple[Path, str]] = [
        (("cluster", "nodes", name, "group"), node.group) for name, node in inventory.cluster.nodes.items()
    ]
    places += [(("placement", part), group) for part, group in inventory.placement.items()]
    # What placement has wrong is wrong once, however many services follow it.
    placed = set(inventory.placement.values())
    places += [
        (("services", name, "group"), service.group)
        for name, service in inventory.services.items()
        if service.group not in {*placed, EVERY_NODE}
    ]
    if inventory.platform.argocd.group not in placed:
        places.append((("platform", "argocd", "group"), inventory.platform.argocd.group))
    for path, group in places:
        if group not in inventory.node_groups:
            workers = inventory.node_groups.keys() - ({CONTROL_PLANE} if path[0] != "cluster" else set())
            yield Finding(path, group, "there is no such node group", suggest(group, workers))
    for name, service in inventory.services.items():
        if service.group == CONTROL_PLANE:
            yield Finding(
                ("services", name, "group"),
                CONTROL_PLANE,
                "no dojot service runs on the control plane",
                "Choose a group of workers",
            )


@rule(Stage.NAMES)
def priorities(inventory: Inventory) -> Iterator[Finding]:
    """A PriorityClass that a service names is there: Kubernetes would refuse its pods."""
    for name, service in inventory.services.items():
        if service.priority and service.priority not in inventory.priority_classes:
            yield Finding(
                ("services", name, "priority"),
                service.priority,
                "there is no such entry in priority_classes",
                suggest(service.priority, inventory.priority_classes),
            )


@rule(Stage.NAMES)
def names(inventory: Inventory) -> Iterator[Finding]:
    """Objects and routes are declared by one service each: a second one would overwrite the first."""
    owner: dict[tuple[str, str], str] = {}
    for user, path, kind, name in _declared(inventory.services):
        if (kind, name) in owner:
            yield Finding(path, None, f"{owner[kind, name]} has a {kind} {name} already", "Choose another name")
        owner.setdefault((kind, name), user)


def _declared(services: Mapping[str, ServiceEntry]) -> Iterator[tuple[str, Path, str, str]]:
    for name, service in services.items():
        path = ("services", name)
        declared: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
            ("kubernetes_services", "Service", service.kubernetes_services),
            ("secrets", "Secret", service.secrets),
            ("routes", "route", service.routes),
        )
        for key, kind, entries in declared:
            for inner in entries:
                yield name, (*path, key, inner), kind, inner
        if service.external_service:
            yield name, (*path, "external_service"), "Service", service.external_service
        if service.service_account:
            yield name, (*path, "service_account"), "ServiceAccount", service.service_account


#: Maps whose entries the classes refer to by name: ${placement:kafka}; an entry in words.
_REFERRED_TO: dict[Path, str] = {
    ("release", "images"): "an image",
    ("placement",): "a part of dojot",
}


@rule(Stage.FILES)
def unread_names(inventory: Inventory, origin: Origin) -> Iterator[Finding]:
    """What is written down and asked for by nobody is mostly misspelt.

    Services that this cluster does not have count: a release has the images of all.
    """
    for path, what in _REFERRED_TO.items():
        entries: Any = inventory
        for name in path:
            entries = getattr(entries, name)
        known = origin.referred_to(path)
        for name in sorted(entries.keys() - known):
            yield Finding(
                (*path, name),
                entries[name],
                f"nothing in this inventory asks for {what} of this name",
                instead(name, known) or f"Take it out, or refer to it in a service: ${{{':'.join((*path, name))}}}",
            )
