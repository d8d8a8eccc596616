"""What the classes alone amount to, and what `make compile` would say about a target."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from components.cluster import InvalidInventory
from components.cluster.read import cluster_of
from components.inventory.inventory import Inventory, Target
from components.inventory.refused import Refused


class Workshop:
    """A copy of the inventory's classes, to read one target at a time with."""

    def __init__(self, inventory: Path):
        self._folder = Path(tempfile.mkdtemp(prefix="from-ansible-"))
        self._inventory = self._folder / "inventory"
        for part in ("classes", "contracts", "files"):
            shutil.copytree(inventory / part, self._inventory / part)
        (self._inventory / "targets").mkdir()

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def parameters(self, name: str, text: str) -> dict[str, Any]:
        """The parameters of a target as its classes give them. Raises Refused."""
        try:
            return self._read(name, text).parameters
        except Refused as refusal:
            raise Refused(self._outside(line) for line in refusal.lines) from refusal

    def findings(self, name: str, text: str) -> list[str]:
        """Why the compiler would refuse a target; nothing where it would not."""
        try:
            cluster_of(self._read(name, text))
        except (Refused, InvalidInventory) as refusal:
            return [self._outside(line) for line in refusal.lines]
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return [f"components/cluster: {name}: {reason}: this is a bug in the model. Report it with this target"]
        return []

    def _read(self, name: str, text: str) -> Target:
        (self._inventory / "targets" / f"{name}.yml").write_text(text, encoding="utf-8")
        return Inventory.read(self._inventory).target(name)

    def _outside(self, line: str) -> str:
        return line.replace(f"{self._folder}/", "")
