#!/usr/bin/env python3
"""What the hosts of a cluster fetch from elsewhere: images, packages and files, with versions and checksums.

As a CycloneDX document, which programs compare with databases of known vulnerabilities, or as a table: what a mirror
has to hold where hosts cannot reach the Internet. It is made of the inventory, and the same whenever it is made.

Exit code: 0 done, 1 the inventory is refused, 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.cluster import InvalidInventory
from components.cluster.read import read_cluster
from components.inventory.refused import Refused
from components.supply.cyclonedx import document
from components.supply.items import Item, items

OK, FINDING, USAGE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # Paths of the inventory are relative to the repository.
    os.chdir(ROOT)
    try:
        cluster = read_cluster(options.cluster)
    except KeyError:
        print(f"sbom: there is no cluster {options.cluster} in inventory/targets", file=sys.stderr)
        return USAGE
    except (InvalidInventory, Refused) as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        return FINDING
    found = items(cluster)
    print(document(cluster, found) if options.format == "cyclonedx" else table(found), end="")
    return OK


def table(found: Sequence[Item]) -> str:
    """A line for each: kind, name and version, where it is fetched with its checksum, hosts."""
    rows = [
        (
            item.kind,
            item.name + (f":{item.version}" if item.kind == "image" and item.version else ""),
            "" if item.kind == "image" else item.version,
            " ".join(filter(None, (item.source, item.sha256 and f"sha256:{item.sha256}"))),
            ",".join(item.hosts),
        )
        for item in found
    ]
    return "".join("\t".join(row) + "\n" for row in (("kind", "name", "version", "source", "hosts"), *rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sbom", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cluster", help="name of the target, such as dojot-lab")
    parser.add_argument(
        "--format",
        choices=("cyclonedx", "table"),
        default="cyclonedx",
        help="CycloneDX 1.6 as JSON (default), or a table whose columns tabs part",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
