"""The page of all clusters, README.md beside their folders: made of what each folder says of itself.

So it is right, too, when one cluster alone is compiled. Kapitan has no place for what several clusters share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.inventory.files import InventoryFiles
from components.page.marks import FLEET, SUMMARY

from .trees import Change, difference, write

#: In the output.
PAGE = "README.md"


@dataclass(frozen=True)
class Fleet:
    """The clusters in `output` that the inventory still has."""

    files: InventoryFiles
    output: Path

    def is_ours(self) -> bool:
        """May the page be written? Somebody's own README.md stays, and there is no page then."""
        try:
            with (self.output / PAGE).open("rb") as page:
                return page.read(len(FLEET)) == FLEET.encode()
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def summaries(self, made: Mapping[str, bytes | None]) -> dict[str, bytes]:
        """Cluster -> its summary; those that were `made` now have theirs there, or None."""
        found = {}
        for cluster in sorted(self.files.targets):
            content = made[cluster] if cluster in made else _read(self.output / cluster / SUMMARY)
            if content is not None:
                found[cluster] = content
        return found

    def page(self) -> bytes | None:
        """As it is now."""
        return _read(self.output / PAGE)

    def write(self, summaries: Mapping[str, bytes], folder: Path | None) -> tuple[Change, bytes | None]:
        """What that changes, and the new page, which a folder gets, too; None where no cluster says anything."""
        from components.page import fleet

        from .differences import differences

        page = fleet.page(summaries, differences(self.files, list(summaries))) if summaries else None
        change = difference(self.output / PAGE, {} if page is None else {"": page}).summed_up(1)
        if page is not None and folder and change:
            write(folder, {PAGE: page})
        return change, page


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
