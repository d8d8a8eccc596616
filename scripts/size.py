#!/usr/bin/env python3
"""What a cluster of so many devices takes: machines, memory, ports, volumes, rates, and what a loss does.

The compiler is the calculator: the target of a cluster is compiled with that number, and with the machines
that its rules ask for. Nothing is written. `--format yaml` gives what is to stand below `parameters` of that
target.

Exit code: 0 done, 1 something beside machines stands in the way, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

import yaml
from rich.console import Console

from components.cluster import InvalidInventory
from components.cluster.read import read_cluster
from components.inventory.files import InventoryFiles
from components.inventory.inventory import INVENTORY
from components.inventory.refused import Refused
from components.sizing import plot
from components.sizing.needs import needs
from components.sizing.page import Page, page
from components.sizing.sized import Sized, sized
from components.sizing.text import text
from components.sizing.wish import Wish, WrongWish

OK, FINDING, USAGE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    inventory = options.inventory.absolute() if options.inventory else INVENTORY
    # Paths in messages are relative to the repository.
    os.chdir(ROOT)
    known = sorted(InventoryFiles(inventory).targets)
    if options.cluster and options.cluster not in known:
        print(f"size: no such cluster: {options.cluster}. The inventory has: {', '.join(known)}", file=sys.stderr)
        return USAGE
    wish = Wish(options.devices, options.tls, options.rate, options.retention, options.lose)
    try:
        name = options.cluster or largest(inventory, known)
        with page(inventory, name, options.classes) as made:
            return _told(made, wish, options)
    except WrongWish as error:
        print(f"size: {error}", file=sys.stderr)
        return USAGE
    except (InvalidInventory, Refused) as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        return FINDING


def _told(made: Page, wish: Wish, options: argparse.Namespace) -> int:
    try:
        found = sized(made, wish)
    except (InvalidInventory, Refused) as refusal:
        lines = [made.told(line) for line in refusal.lines]
        print("\n".join(lines), file=sys.stderr)
        print(f"size: more than machines stands in the way of {wish.devices:,} devices in {made.name}", file=sys.stderr)
        return FINDING
    _print(found, made, options.format)
    if options.plot:
        options.plot.parent.mkdir(parents=True, exist_ok=True)
        options.plot.write_text(plot.svg(made, wish), "utf-8")
        print(f"size: {options.plot} written", file=sys.stderr)
    return OK


def _print(found: Sized, made: Page, form: str) -> None:
    if form == "json":
        print(json.dumps({"cluster": made.name, **asdict(needs(found.cluster))}, indent=2))
    elif form == "yaml":
        print(yaml.safe_dump(dict(found.parameters), default_flow_style=None, sort_keys=False, width=120), end="")
    else:
        console = Console(highlight=False, soft_wrap=False)
        console.print(f"As {made.name} is, with another size:")
        console.print(text(needs(found.cluster)))


def largest(inventory: Path, known: list[str]) -> str:
    """The cluster for the most devices of those with the fewest Kafka servers; of several that of the newest platform.

    Its classes are meant for many devices, and more than one of each is somebody's choice (--class).
    """

    def rank(name: str) -> tuple[int, int, tuple[int, ...]]:
        cluster = read_cluster(name, inventory)
        version = tuple(map(int, cluster.platform.kubernetes.version.lstrip("v").split(".")))
        return -cluster.scale.kafka.servers, cluster.scale.devices, version

    return max(known, key=rank)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="size", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("devices", type=devices, metavar="DEVICES", help="how many: 250000")
    parser.add_argument("--cluster", metavar="NAME", help="whose target is taken (default: that for the most devices)")
    add_class(parser)
    parser.add_argument("--inventory", type=Path, metavar="FOLDER", help="default: inventory")
    parser.add_argument("--tls", action="store_true", help="all devices speak TLS (insecure_mqtt: false)")
    parser.add_argument("--rate", type=devices, metavar="N", help="messages a second of all devices together")
    parser.add_argument("--retention", type=devices, metavar="MIN", help="minutes for which Kafka keeps messages")
    parser.add_argument(
        "--lose",
        type=_not_negative,
        default=0,
        metavar="N",
        help="brokers that may be lost at once, and every device still gets in, whatever it speaks (default: 0)",
    )
    parser.add_argument("--format", choices=("text", "json", "yaml"), default="text", help="default: text")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw each resource against devices")
    return parser


def add_class(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        default=[],
        metavar="CLASS",
        help="a class behind those of the target: availability.high",
    )


def devices(given: str) -> int:
    """A number of at least 1, with or without separators of thousands. ArgumentTypeError."""
    return _number(given, 1)


def _not_negative(given: str) -> int:
    return _number(given, 0)


def _number(given: str, least: int) -> int:
    try:
        number = int(given.replace(",", "").replace("_", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{given!r} is not a whole number") from None
    if number < least:
        raise argparse.ArgumentTypeError(f"{given} is less than {least}")
    return number


if __name__ == "__main__":
    sys.exit(main())
