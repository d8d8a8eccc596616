#!/usr/bin/env python3
"""Which parts of each cluster's platform their projects mend no more, and until when they mend the others.

The months stand beside the versions, in the platform classes of the inventory. Newer versions are those that another
class of this inventory has. Nothing is asked for over the network.

Exit code: 0 all are mended, 1 one is past its end (or the inventory is refused), 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.cluster import InvalidInventory
from components.cluster.read import cluster_of
from components.inventory.inventory import INVENTORY, Inventory
from components.inventory.plain_file import Unreadable
from components.inventory.refused import Refused
from components.supply.support import SOON, Part, classes, parts

OK, FINDING, USAGE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # Paths of the inventory are relative to the repository.
    os.chdir(ROOT)
    try:
        inventory = Inventory.read(INVENTORY)
        if unknown := sorted({*options.cluster} - {*inventory.clusters}):
            print(f"outdated: there is no cluster {', '.join(unknown)} in inventory/targets", file=sys.stderr)
            return USAGE
        known = classes(INVENTORY)
        names = options.cluster or inventory.clusters
        found = [part for name in names for part in parts(cluster_of(inventory.target(name)), known)]
    except (InvalidInventory, Refused) as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        return FINDING
    except Unreadable as error:
        print(error, file=sys.stderr)
        return FINDING
    for part in found:
        print(line(part, options.today))
    over = [part for part in found if (left := part.months_left(options.today)) is not None and left < 0]
    return FINDING if over else OK


def line(part: Part, today: str) -> str:
    """CLUSTER: NAME VERSION: how long, and what is newer."""
    left = part.months_left(today)
    if left is None:
        state = "nobody says how long it is mended"
    elif left < 0:
        state = f"OVER since the end of {part.until}"
    else:
        state = f"mended until the end of {part.until}{', which is SOON' if left < SOON else ''}"
    newer = ", ".join(f"{version} ({name})" for name, version in part.newer)
    return f"{part.cluster}: {part.name} {part.version}: {state}{f'; newer here: {newer}' if newer else ''}"


def _month(text: str) -> str:
    if not re.fullmatch("20[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise argparse.ArgumentTypeError(f"{text} is no month such as 2027-01")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="outdated", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cluster", nargs="*", help="names of targets (default: all)")
    parser.add_argument(
        "--today",
        type=_month,
        default=datetime.now(UTC).strftime("%Y-%m"),
        metavar="MONTH",
        help="look as if it were another month, such as 2027-06",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
