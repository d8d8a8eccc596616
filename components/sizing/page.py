"""A target as somebody would edit it: the same classes, with other numbers, in an inventory of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from components.inventory.inventory import Inventory, Target
from components.inventory.merging import Unusual, merged

from .wish import WrongWish


@dataclass(frozen=True)
class Page:
    """`folder` is the copy of `inventory`, and has one target; `classes` stand behind those of its file."""

    inventory: Path
    folder: Path
    name: str
    classes: tuple[str, ...] = ()

    def with_parameters(self, *changes: Mapping[str, Any]) -> Target:
        """The target with these over its own. Raises Refused, and WrongWish."""
        try:
            page = merged([self.own(), *({"parameters": dict(each)} for each in changes)])
        except Unusual:
            raise WrongWish(
                f"what {self.name} refers to (${{...}}) stands where another size is to be written"
            ) from None
        (self.folder / "targets" / self._file).write_text(yaml.safe_dump(page, sort_keys=False), "utf-8")
        return Inventory.read(self.folder).target(self.name)

    def own(self) -> dict[str, Any]:
        """What its file says: classes and parameters."""
        found: dict[str, Any] = yaml.safe_load((self.inventory / "targets" / self._file).read_text("utf-8"))
        found["classes"] = [*found["classes"], *(name for name in self.classes if name not in found["classes"])]
        return found

    @property
    def _file(self) -> str:
        return f"{self.name}.yml"

    def told(self, line: str) -> str:
        """A finding with the paths that its reader knows."""
        return line.replace(f"{self.folder}/", f"{self.inventory}/")


@contextmanager
def page(inventory: Path, name: str, classes: Sequence[str] = ()) -> Iterator[Page]:
    """Of a target of this inventory; the copy is gone afterwards."""
    with TemporaryDirectory(prefix="dojot-size-") as scratch:
        folder = Path(scratch, "inventory")
        (folder / "targets").mkdir(parents=True)
        for part in ("classes", "contracts", "files"):
            os.symlink((inventory / part).resolve(), folder / part)
        yield Page(inventory, folder, name, tuple(classes))
