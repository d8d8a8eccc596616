"""From the inventory to the model."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from components.inventory.finding import Finding, InvalidInventory
from components.inventory.inventory import INVENTORY, Inventory, Target

from .load import load
from .types import Cluster


def read_cluster(name: str, inventory: Path = INVENTORY) -> Cluster:
    """The Cluster of target `name`, read from the inventory folder.

    Raises InvalidInventory, Refused, and KeyError for an unknown target.
    """
    return cluster_of(Inventory.read(inventory).target(name))


def cluster_of(target: Target) -> Cluster:
    """Raises InvalidInventory."""
    cluster = load(target.parameters, target.origin)
    if cluster.name != target.name:
        raise InvalidInventory([_other_name(cluster, target.name)], target.origin)
    return cluster


def current_cluster() -> Cluster:
    """The Cluster of the target that Kapitan is compiling right now."""
    from components.inventory.kapitan import target_being_compiled

    return _judged(target_being_compiled())


@lru_cache(maxsize=1)
def _judged(target: Target) -> Cluster:
    return cluster_of(target)


def _other_name(cluster: Cluster, target: str) -> Finding:
    return Finding(
        ("cluster", "name"),
        cluster.name,
        f"the cluster is compiled into compiled/{target}, so that is its name",
        f"Take the line out, or call the file inventory/targets/{cluster.name}.yml",
    )
