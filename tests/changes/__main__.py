"""Write tests/changes/outcomes.yml: an edit of every key that an operator may write, and what a review says of it.

A quarter of an hour of one core; with keys as arguments, only those are looked at again. `make docs` then makes the
table of docs/changes.md of it. Run it as `python -m tests.changes` in the root.

Exit code: 0 done; 1 a key has neither an edit that is taken nor a reason in keys.yml, and nothing was written;
2 no such key.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from functools import partial

from tests.changes.every import outcome
from tests.changes.keys import keys
from tests.changes.outcomes import Outcome, outcomes, reason, said, write


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="changes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("keys", nargs="*", metavar="KEY", help="as docs/inventory.md has it: services.<name>.replicas")
    chosen = parser.parse_args().keys
    every = said()
    wanted = [key for key in keys() if not reason(str(key), every)]
    if unknown := set(chosen) - set(map(str, wanted)):
        parser.error(f"{', '.join(sorted(unknown))}: there is no such key, or keys.yml says why it has no edit")
    anew = [key for key in wanted if not chosen or str(key) in chosen]
    # What a process has compiled, it keeps.
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found: dict[str, Outcome | None] = {one.key: one for one in outcomes()} if chosen else {}
        found |= dict(zip(map(str, anew), pool.map(partial(outcome, every=every), anew, chunksize=8), strict=True))
    missing = [str(key) for key in wanted if not found.get(str(key))]
    for key in missing:
        print(f"{key}: no edit is taken. Write one into tests/changes/keys.yml, or why there is none", file=sys.stderr)
    if not missing:
        write([one for key in wanted if (one := found[str(key)])])
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
