#!/usr/bin/env python3
"""Write all pages as static HTML: the clusters, their parameters, the documents, and the files that they lead to.

Nothing has to serve it: open build/site/index.html. Values of a cluster's page lead to the line of the inventory that
writes them. The folder is written anew each time, and only a folder that an earlier run has written is taken away.

Exit code: 0 done; 1 the inventory is refused, or the folder is somebody's own; 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.inventory.finding import InvalidInventory
from components.inventory.refused import Refused
from components.site.site import files

OK, FINDING = 0, 1
# In each folder that this command has written.
_MARK = ".site"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    output = Path(os.path.abspath(options.output))
    os.chdir(ROOT)
    if output.exists() and not (output / _MARK).is_file() and (not output.is_dir() or any(output.iterdir())):
        print(f"site: {output} holds something that this command has not written. Name another folder", file=sys.stderr)
        return FINDING
    try:
        site = files(ROOT)
        new = output.with_name(f".{output.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        for address, content in {**site, _MARK: b""}.items():
            (new / address).parent.mkdir(parents=True, exist_ok=True)
            (new / address).write_bytes(content)
        if output.exists():
            shutil.rmtree(output)
        new.rename(output)
    except (InvalidInventory, Refused) as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        return FINDING
    except OSError as error:
        print(f"site: {error.filename}: {error.strerror}", file=sys.stderr)
        return FINDING
    print(f"{output / 'index.html'}: {sum(address.endswith('.html') for address in site)} pages")
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="site", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build" / "site", metavar="DIR", help="(default: build/site)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
