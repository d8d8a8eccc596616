"""`python -m kapitan compile`: which target it is compiling, and what it has read of it."""

from __future__ import annotations

from pathlib import Path

from kapitan.resources import get_inventory
from kapitan.topics import current_target

from .inventory import INVENTORY, Target, target_of
from .origin import origin_of

# The last one: Kapitan runs the faces of a cluster one after the other.
_current: list[tuple[object, Target]] = []


def target_being_compiled() -> Target:
    """The same object for each face of a cluster."""
    # Kapitan has read it already; it keeps the folder of its command line.
    inventory = get_inventory(str(INVENTORY))
    found = inventory.targets[current_target.get()]
    if not _current or _current[0][0] is not found.parameters:
        folder = Path(inventory.original_inventory_path).resolve()
        parameters = found.parameters.model_dump(by_alias=True)
        target = target_of(found.name, parameters, origin_of(folder, found.name, found.classes))
        _current[:] = [(found.parameters, target)]
    return _current[0][1]
