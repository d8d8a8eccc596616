#!/usr/bin/env python3
"""Write into the inventory which digest the tag of each image has now, as its registry says: REPOSITORY:TAG@sha256:...

A tag can be given another content, a digest cannot. Run it for a cluster; a class counts for all that include it, so
that one of them pins for all. Run again, it takes what the tags have then. Read `git diff`, `make compile`, commit.

Exit code: 0 done, 1 the inventory is refused, or a registry has not said the digest of one (the others are written),
2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.inventory.inventory import INVENTORY, Inventory
from components.inventory.refused import Refused
from components.supply.pins import Named, named, pinned
from components.supply.registry import NotAnswered, Registries, logins

OK, FINDING, USAGE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        known = logins(json.loads(Path(options.logins).read_text("utf-8"))) if options.logins else {}
    except (OSError, ValueError, AttributeError) as error:
        print(f"pin-images: {options.logins}: no config.json as docker login writes it: {error}", file=sys.stderr)
        return USAGE
    # Paths of the inventory are relative to the repository.
    os.chdir(options.root)
    try:
        images = sorted({*named(Inventory.read(INVENTORY).target(options.cluster))})
    except KeyError:
        print(f"pin-images: there is no cluster {options.cluster} in inventory/targets", file=sys.stderr)
        return USAGE
    except Refused as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        return FINDING
    digests, unknown = _asked(images, Registries(known, frozenset(options.plain)))
    for file in sorted({each.file for each in digests}):
        path = Path(file)
        path.write_text(pinned(path.read_text("utf-8"), {each: d for each, d in digests.items() if each.file == file}))
    for each, digest in digests.items():
        print(f"{each.file}:{each.line}: {each.repository}:{each.tag}@{digest}")
    for line in unknown:
        print(f"pin-images: {line}", file=sys.stderr)
    return FINDING if unknown else OK


def _asked(images: list[Named], registries: Registries) -> tuple[Mapping[Named, str], list[str]]:
    """The digest of each image, and why one is not known."""
    digests: dict[Named, str] = {}
    unknown = []
    for each in images:
        try:
            digests[each] = registries.digest(each.repository, each.tag)
        except NotAnswered as error:
            unknown.append(f"{each.file}:{each.line}: {error}")
    return digests, unknown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pin-images", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cluster", help="name of the target, such as dojot-lab")
    parser.add_argument(
        "--logins", metavar="FILE", help="the config.json of docker login, for registries that ask for it"
    )
    parser.add_argument(
        "--plain",
        metavar="REGISTRY",
        action="append",
        default=[],
        help="a registry that speaks http, such as localhost:5000",
    )
    parser.add_argument("--root", default=str(ROOT), help="the repository (default: this one)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
