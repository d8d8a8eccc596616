"""From the parameters of a target to a judged, immutable Cluster."""

from __future__ import annotations

from typing import Any

from components.inventory.finding import Finding, InvalidInventory
from components.inventory.origin import Origin

from .build import build
from .causes import causes
from .contracts import contracts_in
from .growth import Growth, grown
from .input.read import read
from .input.target import Inventory
from .rules import Stage, findings
from .rules.placement import enough_nodes
from .runs import Runs
from .types import Cluster


def load(parameters: dict[str, Any], origin: Origin) -> Cluster:
    """Check `parameters` and derive the Cluster.

    Gates, each of which reports all that it finds: the shape of each key, names that must exist, and the rules of
    structure and images, of capacity, and of monitoring. A gate is passed only by an inventory without findings, but
    where nothing is wrong except that nodes are missing, capacity is judged as if they were there. What is switched
    off is judged by its shape alone.

    Raises InvalidInventory, and Refused for a contract of an image that is no YAML.
    """
    inventory = read(parameters, origin.written)
    if not isinstance(inventory, Inventory):
        raise _refusal(inventory, origin)
    return judged(inventory, origin)


def judged(inventory: Inventory, origin: Origin) -> Cluster:
    """The Cluster of an inventory whose shape is right. Raises InvalidInventory, and Refused as above."""
    _refuse([*findings(Stage.NAMES, inventory), *findings(Stage.FILES, inventory, origin)], origin)
    contracts = contracts_in(origin.contracts)
    cluster = build(inventory, origin.texts, contracts)
    found = [*findings(Stage.STRUCTURE, cluster), *findings(Stage.IMAGES, Runs(cluster))]
    growth = None
    if not found:
        if found := findings(Stage.CAPACITY, cluster):
            growth = grown(inventory, origin.texts, contracts)
    elif all(each.by == enough_nodes.__name__ for each in found):
        # All that is missing is told at once: how many machines, and what each has to have.
        growth = grown(inventory, origin.texts, contracts)
        found += findings(Stage.CAPACITY, growth.with_nodes)
    if found:
        raise _refusal(found, origin, growth)
    _refuse(findings(Stage.MONITORING, cluster), origin)
    return cluster


def _refuse(found: list[Finding], origin: Origin) -> None:
    if found:
        raise _refusal(found, origin)


def _refusal(found: list[Finding], origin: Origin, growth: Growth | None = None) -> InvalidInventory:
    return InvalidInventory(causes(found, origin), origin, growth.parameters() if growth else None)
