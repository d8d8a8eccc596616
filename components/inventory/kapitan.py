"""`python -m kapitan compile`: which target it is compiling, and what it has read of it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kapitan.resources import get_inventory
from kapitan.topics import current_target

from .files import InventoryFiles
from .inventory import INVENTORY, Target, target_of
from .origin import origin_in

# The last one: Kapitan runs the faces of a cluster one after the other.
_current: list[tuple[object, Target]] = []


def target_being_compiled() -> Target:
    """The same object for each face of a cluster."""
    # Kapitan has read it already; it keeps the folder of its command line.
    inventory = get_inventory(str(INVENTORY))
    found = inventory.targets[current_target.get()]
    if not _current or _current[0][0] is not found.parameters:
        parameters = found.parameters.model_dump(by_alias=True)
        files = _files(Path(inventory.original_inventory_path))
        target = target_of(found.name, parameters, origin_in(files, found.name))
        _current[:] = [(found.parameters, target)]
    return _current[0][1]


@lru_cache(maxsize=1)
def _files(folder: Path) -> InventoryFiles:
    return InventoryFiles(folder)
