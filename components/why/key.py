"""What there is to say of a key: its value, what it means, who writes it, and which limits ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from components.cluster.capacity import Limit, limits
from components.cluster.input.meanings import meanings
from components.cluster.input.target import Inventory as Shape
from components.cluster.input.words import parts, shape_at
from components.cluster.types import Cluster
from components.inventory.files import InventoryFiles
from components.inventory.finding import Path
from components.inventory.inventory import Target
from components.inventory.places import layers


@dataclass(frozen=True)
class Key:
    """A key of a cluster's parameters.

    `places` has a pair for each file that writes it: where, and its text (None for a map or a list); the last one wins.
    `of` are the keys that its text refers to (${scale:devices}), `limits` those whose way out it is.
    """

    path: Path
    value: Any
    meaning: str
    places: tuple[tuple[str, str | None], ...]
    of: tuple[Key, ...]
    limits: tuple[Limit, ...]

    @property
    def name(self) -> str:
        return ".".join(self.path)


def key_of(files: InventoryFiles, target: Target, path: Path, cluster: Cluster | None = None) -> Key:
    """Raises KeyError where the cluster has no such parameter. Without the `cluster` no limits are named."""
    return _key(files, target, path, cluster, ())


def _key(files: InventoryFiles, target: Target, path: Path, cluster: Cluster | None, above: tuple[Path, ...]) -> Key:
    value = value_at(target.parameters, path)
    referred = [other for other in target.origin.references(path) if other not in (*above, path)]
    found = limits(cluster) if cluster else ()
    return Key(
        path,
        value,
        meaning(path),
        _places(files, target, path),
        tuple(_key(files, target, other, None, (*above, path)) for other in referred if has(target.parameters, other)),
        tuple(limit for limit in found if limit.path == path),
    )


def _places(files: InventoryFiles, target: Target, path: Path) -> tuple[tuple[str, str | None], ...]:
    if any(part.isdigit() for part in path):
        # Lists of several files are one: of an item only the last of them is known.
        return ((target.origin(path), target.origin.written(path)),)
    return tuple(layers(files, target.name, path)) or ((target.origin(path), None),)


def meaning(path: Path) -> str:
    """What docs/inventory.md says of the key; nothing where it is a name that the inventory chose."""
    try:
        model, _ = parts(shape_at(Shape, path[:-1]))
        return meanings()[model.__name__].get(path[-1], "")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return ""


def value_at(parameters: Any, path: Path) -> Any:
    """Raises KeyError."""
    for part in path:
        if isinstance(parameters, list) and part.isdigit() and int(part) < len(parameters):
            parameters = parameters[int(part)]
        elif isinstance(parameters, dict):
            parameters = parameters[next((key for key in parameters if str(key) == part), part)]
        else:
            raise KeyError(part)
    return parameters


def has(parameters: Any, path: Path) -> bool:
    try:
        value_at(parameters, path)
    except KeyError:
        return False
    return True


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every key whose value is no map and no list, with that value; items of lists by their number."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*path, str(key)))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from leaves(below, (*path, str(number)))
    else:
        yield path, value
