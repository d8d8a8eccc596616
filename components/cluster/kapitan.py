"""The bridge between Kapitan and the model: the only module here that knows Kapitan."""

from __future__ import annotations

from pathlib import Path

from kapitan import cached
from kapitan.resources import get_inventory
from kapitan.topics import current_target

from .finding import Finding, InvalidInventory
from .load import load
from .origin import origin_of
from .types import Cluster

INVENTORY = Path("inventory")
# Parameters that belong to the tools, not to the cluster.
_TOOLS = {"kapitan", "_kapitan_", "_reclass_"}

# One entry a target, kept with the parameters it was made of: a second compile in
# the same process may bring other parameters under the same name.
_loaded: dict[str, tuple[object, Cluster]] = {}


def read_cluster(name: str, inventory: Path = INVENTORY) -> Cluster:
    """The Cluster of target `name`, read from the inventory folder.

    Raises InvalidInventory, and KeyError for an unknown target.
    """
    target = get_inventory(str(inventory)).targets[name]
    parameters = target.parameters
    if name in _loaded and _loaded[name][0] is parameters:
        return _loaded[name][1]
    plain = parameters.model_dump(by_alias=True, exclude=_TOOLS)
    origin = origin_of(inventory.resolve(), name, target.classes)
    cluster = load({key: value for key, value in plain.items() if key not in _TOOLS}, origin)
    if cluster.name != name:
        raise InvalidInventory([_other_name(cluster, name)], origin)
    _loaded[name] = (parameters, cluster)
    return cluster


def _other_name(cluster: Cluster, target: str) -> Finding:
    return Finding(
        ("cluster", "name"),
        cluster.name,
        f"the cluster is compiled into compiled/{target}, so that is its name",
        f"Take the line out, or call the file inventory/targets/{cluster.name}.yml",
    )


def current_cluster() -> Cluster:
    """The Cluster of the target that Kapitan is compiling right now."""
    return read_cluster(current_target.get(), Path(cached.args.inventory_path))
