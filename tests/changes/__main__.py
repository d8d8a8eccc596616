"""Find an edit for every key that an operator may write, and write down what a review says of it: outcomes.yml.

Minutes. Then `make docs` makes the table of docs/changes.md of it. Exit code: 0 done, 1 a key has neither an edit that is
taken nor a reason in keys.yml, and nothing was written.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import yaml

from tests.changes.every import HERE, Outcome, outcome, reason, said
from tests.changes.keys import Key, keys

_HEAD = """\
# What a review says of an edit of every key (tests/changes/every.py has the fields). Written by: python -m tests.changes
"""


def main() -> int:
    every = said()
    wanted = [key for key in keys() if not reason(str(key), every)]
    # Few processes: what a worker compiles first, it keeps.
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map(_outcome, wanted, chunksize=8)
    if missing := [key for key, one in zip(wanted, found, strict=True) if one is None]:
        for key in missing:
            print(f"{key}: no edit is taken. Write one into tests/changes/keys.yml, or why there is none", file=sys.stderr)
        return 1
    text = yaml.safe_dump([one.written() for one in found if one], sort_keys=False, width=120, allow_unicode=True)
    (HERE / "outcomes.yml").write_text(_HEAD + text, "utf-8")
    return 0


def _outcome(key: Key) -> Outcome | None:
    return outcome(key, said())


if __name__ == "__main__":
    sys.exit(main())
