"""Valid fixtures, compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from components.cluster import read as model
from components.inventory.inventory import Inventory
from tests.compiled.tree import Tree, name_of, read
from tests.compiled.tree import documents as documents_of
from tests.inventory.targets import GUIDE, Fixture, write_inventory
from tests.rendered import write


@dataclass(frozen=True)
class Variant:
    """One compiled fixture; `files` as if it had the guide's name, so that only the change shows."""

    tree: Tree
    files: dict[str, str]

    def changed(self, other: Variant) -> set[str]:
        """Names of files that are not the same in both, or only in one."""
        names = self.files.keys() | other.files.keys()
        return {name for name in names if self.files.get(name) != other.files.get(name)}


@dataclass(frozen=True)
class Difference:
    """What a variant has that the other has not, what it lacks, and what is not the same in both.

    Each a set of "KIND NAME" for Kubernetes objects, of paths for all other files.
    """

    made: set[str]
    gone: set[str]
    altered: set[str]


def difference(variant: Variant, other: Variant) -> Difference:
    new, old = _things(variant), _things(other)
    return Difference(
        made=new.keys() - old.keys(),
        gone=old.keys() - new.keys(),
        altered={thing for thing in new.keys() & old.keys() if new[thing] != old[thing]},
    )


def _things(variant: Variant) -> dict[str, Any]:
    documents = documents_of(variant.files)
    things: dict[str, Any] = {path: text for path, text in variant.files.items() if path not in documents}
    for found in documents.values():
        things.update({name_of(entry): entry for entry in found})
    return things


class Variants:
    """Fixtures by name, each compiled as `make compile` does it, when it is first asked for.

    They are targets of one inventory, which is read once.
    """

    def __init__(self, targets: list[Fixture], new_folder: Callable[[str], Path]):
        self._targets = targets
        self._new_folder = new_folder
        self._compiled: dict[str, Variant] = {}

    def __getitem__(self, name: str) -> Variant:
        if name not in self._compiled:
            self._compiled[name] = self._compile(name)
        return self._compiled[name]

    def _compile(self, name: str) -> Variant:
        folder = self._new_folder(name)
        target = self._inventory.target(name)
        write(target, folder)
        tree = read(folder / name, model.cluster_of(target), target.parameters)
        return Variant(tree, {path: text.replace(name, GUIDE.name) for path, text in tree.files.items()})

    @cached_property
    def _inventory(self) -> Inventory:
        return Inventory.read(write_inventory(self._new_folder("inventory"), self._targets))
