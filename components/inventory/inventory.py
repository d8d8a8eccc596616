"""An inventory folder, read and judged: its clusters, and the parameters of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from . import files_folder, wording
from .faces import Face, faces
from .files import InventoryFiles
from .finding import InvalidInventory
from .origin import Origin, origin_in
from .reclass import NotRendered
from .refused import Refused
from .rendering import Rendering
from .plain_file import Unreadable

#: Where the repository's own is, from its root.
INVENTORY = Path("inventory")
# Parameters that belong to the tools, not to the cluster.
_TOOLS = ("kapitan", "_kapitan_", "_reclass_")


@dataclass(frozen=True, eq=False)
class Target:
    """What the files say about one cluster."""

    name: str
    parameters: dict[str, Any]
    origin: Origin
    #: parameters.kapitan, which is about the tools.
    settings: Any

    @cached_property
    def faces(self) -> list[Face]:
        """What is compiled for it. Raises Refused."""
        found, findings = faces(self.settings)
        if findings:
            raise Refused(InvalidInventory(findings, self.origin).lines)
        return found


class Inventory:
    """One folder, whose files are without findings each by itself; one target is rendered at a time."""

    def __init__(self, files: InventoryFiles):
        self._files = files
        self._rendering = Rendering(files)

    @classmethod
    def read(cls, folder: Path = INVENTORY) -> Inventory:
        """Raises Refused."""
        return cls.of(InventoryFiles(folder))

    @classmethod
    def of(cls, files: InventoryFiles) -> Inventory:
        """Raises Refused."""
        if findings := files.findings + files_folder.findings(files.folder / "files"):
            raise Refused(findings)
        return cls(files)

    @property
    def clusters(self) -> list[str]:
        """Names of all clusters, sorted."""
        return sorted(self._files.targets)

    def target(self, name: str) -> Target:
        """Raises Refused, and KeyError for a cluster that is not there."""
        self._files.targets[name]
        try:
            parameters = self._rendering.render(name)
        except NotRendered as error:
            raise Refused([wording.explain(str(error), name, self._files)]) from error
        except Unreadable as error:
            raise Refused([str(error)]) from error
        return target_of(name, parameters, origin_in(self._files, name))


def target_of(name: str, parameters: dict[str, Any], origin: Origin) -> Target:
    """What reclass or Kapitan has rendered, parted into the cluster's and the tools'."""
    own = {key: value for key, value in parameters.items() if key not in _TOOLS}
    return Target(name, own, origin, parameters.get("kapitan"))
