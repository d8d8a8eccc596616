#!/usr/bin/env python3
"""Why is it so? Of a key, a value, a line of the inventory or a line of a compiled file.

  why.py scale.devices                                  value, meaning, who writes it, who overrides whom, limits
  why.py 30005                                          the keys that have this value
  why.py inventory/classes/scale/guide.yml:9            the keys that this line gives their value
  why.py compiled/dojot-lab/haproxy/haproxy.cfg:15      the keys that this line follows from (some seconds: each is
                                                        changed, and the file made again)

Exit code: 0 done; 1 nothing of that name is there, or the inventory is refused; 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.cluster.read import cluster_of
from components.inventory.files import InventoryFiles
from components.inventory.finding import InvalidInventory, near
from components.inventory.inventory import INVENTORY, Inventory, Target
from components.inventory.refused import Refused
from components.why.key import has, key_of, leaves, meaning
from components.why.told import lines, shown
from components.why.trial import NoSuchLine, Trials

OK, FINDING, USAGE = 0, 1, 2
_LINE = re.compile(r"(?P<file>.+):(?P<line>[0-9]+)")


class Nothing(Exception):
    """There is no answer; the text says why."""


class Why:
    """Of some clusters of an inventory; the current folder is the root of the repository."""

    def __init__(self, inventory: Path, clusters: list[str]):
        """Raises Refused, and KeyError for a cluster that is not there."""
        self._files = InventoryFiles(inventory)
        self._inventory = Inventory.of(self._files)
        self._targets = [self._inventory.target(name) for name in clusters or self._inventory.clusters]

    def of(self, asked: str) -> Iterator[str]:
        """Raises Nothing, InvalidInventory and Refused."""
        found = _LINE.fullmatch(asked)
        if found and Path(found["file"]).parts[:1] == ("compiled",):
            return self._of_compiled(Path(found["file"]), int(found["line"]))
        if found and Path(found["file"]).is_file():
            return self._of_inventory(Path(found["file"]), int(found["line"]))
        path = tuple(asked.split("."))
        if any(has(target.parameters, path) for target in self._targets):
            return self._together({target.name: self._keys(target, [path]) for target in self._targets})
        return self._of_value(asked)

    def _of_compiled(self, file: Path, number: int) -> Iterator[str]:
        _, name, *inside = file.parts
        target = next((one for one in self._inventory.clusters if one == name), None)
        if not target or not inside:
            raise Nothing(f"{file} is no file of a cluster. The inventory has: {', '.join(self._inventory.clusters)}")
        trials = Trials(self._inventory.target(target), str(Path(*inside)))
        paths = trials.keys(number)
        yield f"{file}:{number}"
        yield f"  {trials.lines[number - 1].strip()}"
        yield ""
        if paths:
            yield "With another value of these keys it is another line:"
            yield from self._keys(self._inventory.target(target), paths)
        else:
            yield "No number, switch or text of the inventory changes it: it is what the face writes for every cluster."

    def _of_inventory(self, file: Path, number: int) -> Iterator[str]:
        there = Path(os.path.abspath(file))
        found = {target.name: self._keys(target, target.origin.at(there, number)) for target in self._targets}
        if not any(found.values()):
            why = "another file overrides it, or no target includes it"
            raise Nothing(f"{file}:{number}: no cluster has a parameter from there: {why}")
        return self._together(found)

    def _of_value(self, asked: str) -> Iterator[str]:
        found = {
            target.name: self._keys(
                target, [path for path, value in leaves(target.parameters) if shown(value) == asked]
            )
            for target in self._targets
        }
        if not any(found.values()):
            if said := meaning(tuple(asked.split("."))):
                raise Nothing(f"{asked}: no cluster writes it. It is: {said}")
            known = {".".join(path) for target in self._targets for path, _ in leaves(target.parameters)}
            guess = near(asked, known)
            raise Nothing(
                f"{asked}: no cluster has a key or a value like this" + (f". Did you mean {guess}?" if guess else "")
            )
        return self._together(found)

    def _keys(self, target: Target, paths: list[tuple[str, ...]]) -> list[str]:
        cluster = cluster_of(target) if paths else None
        found: list[str] = []
        for path in paths:
            if has(target.parameters, path):
                found += ["", *lines(key_of(self._files, target, path, cluster))]
        return found

    def _together(self, found: dict[str, list[str]]) -> Iterator[str]:
        """What is the same in several clusters, once."""
        alike: dict[tuple[str, ...], list[str]] = {}
        for cluster, text in found.items():
            if text:
                alike.setdefault(tuple(text), []).append(cluster)
        for number, (same, clusters) in enumerate(alike.items()):
            if number:
                yield ""
            yield f"{', '.join(clusters)}:"
            yield from same


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # Paths in messages are relative to the repository.
    os.chdir(ROOT)
    try:
        for number, asked in enumerate(options.asked):
            why = Why(options.inventory, options.cluster)
            text = list(why.of(asked))
            print("\n".join(["", *text] if number else text))
    except KeyError as error:
        print(f"why: no such cluster: {error.args[0]}", file=sys.stderr)
        return USAGE
    except (InvalidInventory, Refused) as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        return FINDING
    except (Nothing, NoSuchLine) as error:
        print(f"why: {error}", file=sys.stderr)
        return FINDING
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="why", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("asked", nargs="+", metavar="WHAT", help="a key, a value, or FILE:LINE")
    parser.add_argument(
        "--cluster", action="append", default=[], help="this one only; may be given again (default: all)"
    )
    parser.add_argument(
        "--inventory", type=Path, default=INVENTORY, metavar="DIR", help="folder with targets/ and classes/"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
