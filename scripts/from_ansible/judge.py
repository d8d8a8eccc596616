"""What the classes alone amount to, and what `make compile` would say about a target."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from components.cluster import InvalidInventory
from components.cluster.kapitan import read_cluster
from scripts import in_process
from scripts.in_process import Kapitan, Refused

_TOOLS = {"kapitan", "_kapitan_", "_reclass_"}


class Workshop:
    """A copy of the inventory's classes, to read one target at a time with."""

    def __init__(self, inventory: Path):
        self._folder = Path(tempfile.mkdtemp(prefix="from-ansible-"))
        self._inventory = self._folder / "inventory"
        for part in ("classes", "files"):
            shutil.copytree(inventory / part, self._inventory / part)
        (self._inventory / "targets").mkdir()

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def parameters(self, name: str, text: str) -> dict[str, Any]:
        """The parameters of a target as its classes give them. Raises Refused."""
        try:
            with self._read(name, text) as kapitan:
                plain = kapitan.inventory.targets[name].parameters.model_dump(by_alias=True)
        except Refused as refusal:
            raise Refused([self._outside(line) for line in refusal.lines]) from refusal
        return {key: value for key, value in plain.items() if key not in _TOOLS}

    def findings(self, name: str, text: str) -> list[str]:
        """Why the compiler would refuse a target; nothing where it would not."""
        try:
            with self._read(name, text):
                read_cluster(name, self._inventory)
        except (Refused, InvalidInventory) as refusal:
            return [self._outside(line) for line in refusal.lines]
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return [f"components/cluster: {name}: {reason}: this is a bug in the model. Report it with this target"]
        return []

    def _read(self, name: str, text: str) -> _Reading:
        return _Reading(self._inventory, name, text)

    def _outside(self, line: str) -> str:
        return line.replace(f"{self._folder}/", "")


class _Reading:
    """The workshop's inventory inside this process; afterwards Kapitan knows what it knew before."""

    def __init__(self, inventory: Path, name: str, text: str):
        self._inventory, self._name, self._text = inventory, name, text

    def __enter__(self) -> Kapitan:
        self._before = in_process.cached.args
        (self._inventory / "targets" / f"{self._name}.yml").write_text(self._text, encoding="utf-8")
        try:
            return Kapitan.read(self._inventory)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        in_process.forget()
        in_process.cached.args = self._before
