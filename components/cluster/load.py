"""From the parameters of a target to a judged, immutable Cluster."""

from __future__ import annotations

from typing import Any

from components.inventory.finding import Finding, InvalidInventory
from components.inventory.origin import Origin

from .build import build
from .causes import causes
from .contracts import contracts_in
from .input.read import read
from .input.target import Inventory
from .rules import Stage, findings
from .runs import Runs
from .types import Cluster


def load(parameters: dict[str, Any], origin: Origin) -> Cluster:
    """Check `parameters` and derive the Cluster.

    Gates, each of which reports all that it finds: the shape of each key, names that must exist, and the rules of
    structure and images, of capacity, and of monitoring. A gate is passed only by an inventory without findings. What
    is switched off is judged by its shape alone.

    Raises InvalidInventory, and Refused for a contract of an image that is no YAML.
    """
    inventory = read(parameters, origin.written)
    if not isinstance(inventory, Inventory):
        raise _refusal(inventory, origin)
    _refuse([*findings(Stage.NAMES, inventory), *findings(Stage.FILES, inventory, origin)], origin)
    cluster = build(inventory, origin.texts, contracts_in(origin.contracts))
    _refuse([*findings(Stage.STRUCTURE, cluster), *findings(Stage.IMAGES, Runs(cluster))], origin)
    for stage in (Stage.CAPACITY, Stage.MONITORING):
        _refuse(findings(stage, cluster), origin)
    return cluster


def _refuse(found: list[Finding], origin: Origin) -> None:
    if found:
        raise _refusal(found, origin)


def _refusal(found: list[Finding], origin: Origin) -> InvalidInventory:
    return InvalidInventory(causes(found, origin), origin)
