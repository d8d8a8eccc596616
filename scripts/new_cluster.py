#!/usr/bin/env python3
"""A new cluster: writes inventory/targets/NAME.yml, after the pattern of another one, for so many devices.

Machines are as many as the devices need, and get addresses one after another, the load balancer the last one.
What is not given is asked for. The page is written only when a compile would accept it, and never over another.

Exit code: 0 done, 1 such a cluster is refused, 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from rich.prompt import Prompt

from components.cluster import InvalidInventory
from components.cluster.read import read_cluster
from components.inventory.files import InventoryFiles
from components.inventory.inventory import INVENTORY
from components.inventory.refused import Refused
from components.sizing.new import New, written
from components.sizing.page import page
from components.sizing.wish import WrongWish
from scripts.size import add_class, devices, largest

OK, FINDING, USAGE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    inventory = options.inventory.absolute() if options.inventory else INVENTORY
    # Paths in messages are relative to the repository.
    os.chdir(ROOT)
    try:
        return _write(inventory, options)
    except (WrongWish, argparse.ArgumentTypeError) as error:
        print(f"new-cluster: {error}", file=sys.stderr)
        return USAGE
    except (InvalidInventory, Refused) as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        print("new-cluster: nothing was written", file=sys.stderr)
        return FINDING
    except (EOFError, KeyboardInterrupt):
        print("\nnew-cluster: nothing was written", file=sys.stderr)
        return USAGE


def _write(inventory: Path, options: argparse.Namespace) -> int:
    known = sorted(InventoryFiles(inventory).targets)
    file = inventory / "targets" / f"{options.name}.yml"
    if options.name in known or file.exists():
        raise WrongWish(f"there is a cluster {options.name} already: {file}")
    like = options.like or largest(inventory, known)
    if like not in known:
        raise WrongWish(f"no such cluster: {like}. The inventory has: {', '.join(known)}")
    pattern = read_cluster(like, inventory)
    number = devices(_asked(options.devices, "How many devices", str(pattern.scale.devices), "--devices"))
    domain = _asked(options.domain, "Name or address that devices use", "", "--domain")
    first = _asked(options.first_address, "Address of the first machine", "", "--first-address")
    with page(inventory, like, options.classes) as made:
        text = written(made, New(options.name, number, domain, first))
    with open(file, "x", encoding="utf-8") as opened:
        opened.write(text)
    print(f"{file} written, as {like} is. Look at names, addresses and hardware; then make compile")
    return OK


def _asked(given: str | None, question: str, default: str, option: str) -> str:
    """From the command line, or from whoever sits there."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        if default:
            return default
        raise WrongWish(f"{option} is missing, and nobody is there to be asked (see --help)")
    return Prompt.ask(question, default=default) if default else _insisted(question)


def _insisted(question: str) -> str:
    while not (said := Prompt.ask(question)):
        pass
    return said


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="new-cluster", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", metavar="NAME", help="of the cluster and of its file")
    parser.add_argument("--like", metavar="CLUSTER", help="its pattern (default: the cluster for the most devices)")
    add_class(parser)
    parser.add_argument("--devices", metavar="N", help="how many (default: as many as its pattern)")
    parser.add_argument("--domain", metavar="NAME", help="name or address that devices use")
    parser.add_argument("--first-address", metavar="ADDRESS", help="of the first machine: 192.168.0.10")
    parser.add_argument("--inventory", type=Path, metavar="FOLDER", help="default: inventory")
    return parser


if __name__ == "__main__":
    sys.exit(main())
