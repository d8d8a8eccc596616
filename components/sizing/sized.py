"""A wish and a target -> the cluster of that size, with the machines that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.cluster import InvalidInventory
from components.cluster.contracts import contracts_in
from components.cluster.growth import Growth, grown
from components.cluster.input.read import read
from components.cluster.input.target import Inventory
from components.cluster.quantity import ceil_div
from components.cluster.read import cluster_of
from components.cluster.sizes import scale
from components.cluster.types import Cluster
from components.inventory.inventory import Target
from components.inventory.merging import merged

from .page import Page
from .wish import Wish


@dataclass(frozen=True)
class Sized:
    """`cluster` is what a compile accepts once `parameters` stand over the target's own."""

    cluster: Cluster
    parameters: Mapping[str, Any]


def sized(page: Page, wish: Wish) -> Sized:
    """Raises InvalidInventory where more than machines stands in the way, Refused, and WrongWish."""
    found = _sized(page, wish.parameters())
    if (least := _brokers_for(found.cluster, wish)) > found.cluster.scale.brokers:
        found = _sized(page, merged([wish.parameters(), {"scale": {"minimum_brokers": least}}]))
    return found


def on_its_machines(page: Page, wish: Wish) -> Cluster:
    """The same size with the machines of the target, none of them larger, and brokers' machines as many as it takes.

    For its limits: it is not judged. Raises as sized().
    """
    return _grown(page.with_parameters(wish.parameters()))[2].with_nodes


def _sized(page: Page, changes: dict[str, Any]) -> Sized:
    more = _parameters(*_grown(page.with_parameters(changes)))
    return Sized(cluster_of(page.with_parameters(changes, more)), merged([changes, more]))


def _grown(target: Target) -> tuple[Inventory, Inventory, Growth]:
    """The inventory, the same without machines that would be idle, and what that takes."""
    inventory = _read(target)
    kept = _without_idle(inventory)
    return inventory, kept, grown(kept, target.origin.texts, contracts_in(target.origin.contracts))


def _read(target: Target) -> Inventory:
    found = read(target.parameters, target.origin.written)
    if not isinstance(found, Inventory):
        raise InvalidInventory(found, target.origin)
    return found


def _without_idle(inventory: Inventory) -> Inventory:
    """A smaller cluster has fewer brokers, and every machine of their group has one."""
    brokers = scale(inventory).brokers
    nodes = dict(inventory.cluster.nodes)
    for service in inventory.services.values():
        if service.kind == "VerneMQ" and service.one_per_node:
            for name in [name for name, node in nodes.items() if node.group == service.group][brokers:]:
                del nodes[name]
    return inventory.model_copy(update={"cluster": inventory.cluster.model_copy(update={"nodes": nodes})})


def _parameters(inventory: Inventory, kept: Inventory, growth: Growth) -> dict[str, Any]:
    """What is to be written beside the wish; where machines go, all that stay."""
    found = growth.parameters()
    if len(kept.cluster.nodes) < len(inventory.cluster.nodes):
        found.setdefault("cluster", {}).pop("nodes", None)
        found["cluster"]["~nodes"] = {
            name: {
                "address": node.address,
                "group": node.group,
                **({"hardware": node.hardware.written()} if node.hardware else {}),
            }
            for name, node in growth.inventory.cluster.nodes.items()
        }
    return found


def _brokers_for(cluster: Cluster, wish: Wish) -> int:
    """So many that those left hold every device, whichever of its listeners all devices use."""
    each = [one.server_sessions for one in cluster.load_balancer.frontends if one.server_sessions]
    if not wish.lose or not each or not cluster.brokers:
        return 0
    return wish.lose + ceil_div(wish.devices, min(each))
