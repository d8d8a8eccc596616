"""What a change reaches, by every cluster compiled on both sides: none is left out, and none is named in vain."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from components.cluster import InvalidInventory
from components.inventory.inventory import Inventory
from components.inventory.refused import Refused
from components.review.review import review
from components.review.side import Side, read_inventory
from scripts.affected import reached
from tests.compile.random_edits import World
from tests.rendered import files_of


def side(inventory: Path) -> Side:
    return Side("a side", inventory, *read_inventory(inventory), None)


def everything(inventory: Path) -> dict[str, dict[str, bytes] | None]:
    """Cluster -> its files, None where it is refused; each compiled, whatever was compiled before."""
    try:
        read = Inventory.read(inventory)
    except Refused:
        return {}
    found: dict[str, dict[str, bytes] | None] = {}
    for name in read.clusters:
        try:
            found[name] = files_of(read.target(name))
        except (InvalidInventory, Refused):
            found[name] = None
    return found


def expected(before: dict, after: dict) -> dict[str, tuple[str, list[str]]]:
    """Cluster -> how it is reached, and by which files."""
    found = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name) or {}, after.get(name)
        if name in after and new is None:
            # Refused before as well, for the same reasons or for others: of interest once its files have changed.
            found[name] = ("refused", [])
        elif not new and old:
            found[name] = ("removed", [])
        elif new and not old:
            found[name] = ("added", sorted(new))
        elif new and old != new:
            found[name] = (
                "changed",
                sorted(file for file in old.keys() | new.keys() if old.get(file) != new.get(file)),
            )
    return found


@settings(
    max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
)
@given(st.data())
def test_nothing_is_left_out_and_nothing_named_in_vain(data):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), data.draw)
        before = Path(folder) / "before"
        shutil.copytree(world.inventory, before)
        for _ in range(data.draw(st.integers(1, 4))):
            world.step()
        old, new = everything(before), everything(world.inventory)
        if not new:
            return
        found = {each.name: reached(each) for each in review(side(before), side(world.inventory)).clusters}
        wanted = expected(old, new)
        # A cluster that was refused and is refused is named where what it is made of has changed.
        stale = {name for name, files in new.items() if files is None and name in old and old[name] is None}
        assert found.keys() - stale == wanted.keys() - stale
        for name in found.keys() - stale:
            assert (found[name]["how"], found[name]["files"]) == wanted[name], name
